"""Every metric on DuckDB and on a local Spark session: integers and texts equal, floats to one part in 10^12."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import narwhals as nw
import pytest

from tests.parity.made_facts import AS_OF, made_facts
from tierwise.definitions.activity import Activity
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.lifecycle import Lifecycle, Silence, Stage
from tierwise.definitions.rfm import High, Rfm, Scale
from tierwise.definitions.rule import All, AnyOf, Comparison, Not
from tierwise.metrics.activity import activity_classes
from tierwise.metrics.customer import customer_metrics
from tierwise.metrics.deciles import decile_parts, decile_table
from tierwise.metrics.frame import Frame
from tierwise.metrics.lifecycle import lifecycle_stages, transitions
from tierwise.metrics.rfm import rfm_scores, rfm_summary
from tierwise.metrics.rfm_scales import rfm_scales
from tierwise.metrics.rules import RuleColumn, rule_expr
from tierwise.metrics.store_totals import store_totals

pytestmark = pytest.mark.spark

Facts = dict[str, Frame]

# PySpark's own warnings are not ours to answer.
_QUIET = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def both(spark: Any) -> Iterator[tuple[Facts, Facts]]:
    """The same facts on DuckDB and on Spark."""
    connection = duckdb.connect()
    on_duckdb: Facts = {}
    on_spark: Facts = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, table in made_facts().items():
            connection.register(f"made_{name}", table)
            on_duckdb[name] = nw.from_native(connection.table(f"made_{name}"))
            on_spark[name] = nw.from_native(spark.createDataFrame(table))
    yield on_duckdb, on_spark
    connection.close()


@pytest.fixture(scope="module")
def metrics(both: tuple[Facts, Facts]) -> tuple[Frame, Frame]:
    """customer_metrics on both, computed once."""
    found = []
    for facts in both:
        result = customer_metrics(
            facts["orders"],
            as_of=AS_OF,
            windows=(90,),
            **{name: facts[name] for name in facts if name != "orders"},
        )
        native: Any = nw.to_native(result)
        kept = native.execute() if isinstance(native, duckdb.DuckDBPyRelation) else native.localCheckpoint()
        found.append(nw.from_native(kept))
    return found[0], found[1]


def rows(frame: Frame, *order: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = frame.collect(backend="pyarrow").to_native().to_pylist()
    return sorted(found, key=lambda row: [str(row[name]) for name in order])


def assert_same(left: Frame, right: Frame, *order: str) -> None:
    one, two = rows(left, *order), rows(right, *order)
    assert one
    assert len(one) == len(two)
    for mine, other in zip(one, two, strict=True):
        assert mine.keys() == other.keys()
        for name, value in mine.items():
            if isinstance(value, float) and isinstance(other[name], float):
                assert math.isclose(value, other[name], rel_tol=1e-12), (name, value, other[name])
            else:
                assert (value, type(value)) == (other[name], type(other[name])), name


@_QUIET
def test_customer_metrics(metrics: tuple[Frame, Frame]) -> None:
    assert_same(*metrics, "customer_key")


@_QUIET
@pytest.mark.parametrize(
    "definition",
    [
        Rfm(),
        Rfm(name="rfm_quarter", last_days=90, money="gross", high_monetary=High(against="median")),
        Rfm(name="rfm_profit", money="profit", monetary=Scale(method="jenks", bins=4)),
    ],
    ids=lambda definition: definition.name,
)
def test_rfm(metrics: tuple[Frame, Frame], definition: Rfm) -> None:
    scales = [rfm_scales(frame, definition) for frame in metrics]
    assert scales[0] == scales[1]
    scored = [rfm_scores(frame, definition, scales[0]) for frame in metrics]
    assert_same(*scored, "customer_key")
    assert rfm_summary(scored[0], definition) == rfm_summary(scored[1], definition)


@_QUIET
@pytest.mark.parametrize("metric", ["monetary_amount", "mean_interval_days"])
def test_deciles(metrics: tuple[Frame, Frame], metric: str) -> None:
    definition = Deciles(metric=metric)
    parts = [decile_parts(frame, definition, tie_by="customer_key") for frame in metrics]
    assert_same(*parts, "customer_key")
    one, two = (decile_table(frame, definition) for frame in parts)
    assert [row.customers for row in one.parts] == [row.customers for row in two.parts]
    assert [row.total for row in one.parts] == pytest.approx([row.total for row in two.parts], rel=1e-12)


@_QUIET
@pytest.mark.parametrize("count", ["orders", "visits", "interactions"])
def test_activity(metrics: tuple[Frame, Frame], count: Any) -> None:
    classed = [activity_classes(frame, Activity(count=count), as_of=AS_OF) for frame in metrics]
    assert_same(*classed, "customer_key")


LADDER = Lifecycle(
    silence=Silence(since="last_contact", normal="category"),
    population=AnyOf(
        any=(
            Comparison(attribute="frequency_count", op=">=", value=1),
            Comparison(attribute="registered_on", op="present"),
        )
    ),
    stages=(
        Stage(name="lost", when=Comparison(attribute="closed_on", op="present")),
        Stage(name="dormant", when=Comparison(attribute="overdue_days", op=">", value=0)),
        Stage(name="vip", when=Comparison(attribute="monetary_amount", op=">=", value=Decimal("60.5"))),
        Stage(name="rest"),
    ),
)


@_QUIET
def test_lifecycle_and_its_moves(both: tuple[Facts, Facts], metrics: tuple[Frame, Frame]) -> None:
    staged = [lifecycle_stages(frame, LADDER, as_of=AS_OF) for frame in metrics]
    assert_same(*staged, "customer_key")
    earlier = [
        customer_metrics(facts["orders"], as_of=date(2026, 3, 31), customers=facts["customers"], windows=())
        for facts in both
    ]
    before = [lifecycle_stages(frame, LADDER, as_of=date(2026, 3, 31)) for frame in earlier]
    moves = [transitions(before[i], staged[i], "lifecycle_stage") for i in (0, 1)]
    assert moves[0] == moves[1]
    assert len(moves[0]) > 4


@_QUIET
def test_store_totals(both: tuple[Facts, Facts]) -> None:
    totals = [store_totals(facts["orders"], as_of=AS_OF, refunds=facts["refunds"]) for facts in both]
    assert_same(*totals, "store_id")


RULES = [
    Comparison(attribute="main_store_id", op="!=", value="s1"),
    Not(not_=Comparison(attribute="main_store_id", op="in", value=("s1", "店"))),
    Comparison(attribute="main_store_id", op="matches", value=r"^[sS]\d"),
    Comparison(attribute="main_store_id", op="contains", value="1"),
    Comparison(attribute="monetary_amount", op="between", value=(Decimal("-1"), Decimal("50.255"))),
    Comparison(attribute="frequency_count", op="<", value=2**70),
    Comparison(attribute="mean_interval_days", op=">", value=Decimal("12.5")),
    Comparison(attribute="last_ordered_on", op="within_last_days", value=30),
    Comparison(attribute="birth_day", op="day_of_year_within_days", value=20),
    Comparison(attribute="source", op=">", value=1),
    All(
        all=(
            Comparison(attribute="last_visited_on", op="missing"),
            Not(not_=Comparison(attribute="last_ordered_on", op="before", value=date(2026, 1, 1))),
        )
    ),
]


@_QUIET
def test_rules(metrics: tuple[Frame, Frame]) -> None:
    schema: Any = {
        "main_store_id": "text",
        "monetary_amount": RuleColumn("monetary_amount_minor", "integer", 2),
        "frequency_count": "integer",
        "mean_interval_days": "number",
        "last_ordered_on": "date",
        "last_visited_on": "date",
        "birth_day": RuleColumn("first_visited_on", "date"),
        "source": RuleColumn("source", "source_text"),
    }
    verdicts = [rule_expr(rule, schema, AS_OF).alias(f"r{i}") for i, rule in enumerate(RULES)]
    source = nw.col("main_store_id").str.slice(1).alias("source")
    one, two = (frame.with_columns(source).select("customer_key", *verdicts) for frame in metrics)
    assert_same(one, two, "customer_key")
