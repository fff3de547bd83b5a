"""Paths, first purchases, funnels, promotion and the loyalty ladder: the same from every kind of frame and on Spark."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pyarrow as pa
import pytest

import tierwise as tw
from tests.parity.made_facts import AS_OF, made_facts
from tests.parity.test_frame_kinds import KINDS
from tierwise.metrics.first_purchase import with_trial_before
from tierwise.metrics.frame import Frame
from tierwise.metrics.loyalty_ladder import loyalty_ladder
from tierwise.metrics.promotion import promotion_dependence


def made() -> pa.Table:
    draw = random.Random(3)
    rows = [(draw.randrange(30), draw.choice("aabbcde"), draw.randrange(150)) for _ in range(300)]
    return pa.table(
        {
            "customer_id": pa.array([f"c{row[0]}" for row in rows]),
            "product_id": pa.array([row[1] for row in rows]),
            "ordered_day": pa.array([date(2026, 1, 1) + timedelta(days=row[2]) for row in rows], pa.date32()),
        }
    )


CALLS: dict[str, Callable[[Any], Any]] = {
    "later_purchases": lambda lines: tw.later_purchases(lines, as_of=AS_OF, within_days=60, min_customers=3),
    "next_products": lambda lines: tw.next_products(lines, as_of=AS_OF, min_count=2),
    "next_products of first ones": lambda lines: tw.next_products(lines, as_of=AS_OF, min_count=1, from_first=True),
    "common_paths": lambda lines: tw.common_paths(lines, as_of=AS_OF, min_customers=12),
    "first_purchases": lambda lines: tw.first_purchases(
        lines, by="product_id", as_of=AS_OF, within_days=40, min_customers=1
    ),
}


def plain(frame: Any) -> list[dict[str, Any]]:
    known = nw.from_native(frame)
    table = known.collect(backend="pyarrow") if isinstance(known, nw.LazyFrame) else known
    rows = table.to_arrow().to_pylist()
    return [{name: None if value != value else value for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("kind", ["pandas", "polars lazy"])
@pytest.mark.parametrize("name", CALLS)
def test_the_same_type_comes_back_in_the_same_order(name: str, kind: str) -> None:
    given = KINDS[kind](made())
    found = CALLS[name](given)
    assert type(found) is type(given)
    assert plain(found) == CALLS[name](made()).to_pylist()
    assert len(plain(found)) > 3


def events() -> pa.Table:
    return made().rename_columns(["customer_id", "step", "occurred_day"])


def people() -> pa.Table:
    who = sorted(set(made().column("customer_id").to_pylist()))
    return pa.table({"customer_id": who, "town": [(None, "x", "y")[int(key[1:]) % 3] for key in who]})


@pytest.mark.parametrize("kind", ["pandas", "polars lazy", "duckdb"])
def test_who_stops_comes_back_in_the_same_type(kind: str) -> None:
    given = KINDS[kind](events())
    found = tw.funnel_stops(given, ["a", "d", "e"], as_of=AS_OF)
    assert type(found) is type(given)
    expected = tw.funnel_stops(events(), ["a", "d", "e"], as_of=AS_OF).to_pylist()
    rows = [
        {**row, "start_day": row["start_day"].date() if kind == "pandas" else row["start_day"]} for row in plain(found)
    ]
    assert sorted(rows, key=lambda row: row["customer_id"]) == expected
    assert {row["outcome"] for row in expected} == {"stopped", "went_on"}
    assert {(row["at"], row["wait_days"]) for row in expected} == {("d", 69)}


def test_nobody_who_stops_is_no_row() -> None:
    both = pl.DataFrame({"customer_id": ["a"] * 2, "step": ["x", "y"], "occurred_day": [date(2026, 5, 1)] * 2})
    found = tw.funnel_stops(both, ["x", "y"], as_of=AS_OF)
    assert found.columns == ["customer_id", "start_day", "at", "wait_days", "outcome"]
    assert found.is_empty()


def test_a_funnel_by_value_of_frames_of_a_caller() -> None:
    found = tw.funnel_by_value(
        events().to_pandas(), ["a", "c"], people().to_pandas(), by="town", as_of=date(2026, 3, 31)
    )
    assert found == tw.funnel_by_value(events(), ["a", "c"], people(), by="town", as_of=date(2026, 3, 31))
    assert [each.value for each in found.values] == ["x", "y", None]
    with pytest.raises(tw.TierwiseError, match="several rows of one customer_id: 30 of them"):
        tw.funnel_by_value(events(), ["a", "c"], pa.concat_tables([people()] * 2), by="town", as_of=AS_OF)


def test_instants_fall_on_days_of_the_zone() -> None:
    lines = pl.DataFrame(
        {
            "customer_id": ["a", "a"],
            "product_id": ["x", "y"],
            "ordered_at": [datetime(2026, 6, 1, 15, tzinfo=UTC), datetime(2026, 6, 1, 17, tzinfo=UTC)],
        }
    )
    found = [
        tw.next_products(lines, as_of=AS_OF, day="ordered_at", min_count=1, timezone=zone).height
        for zone in ("UTC", "Asia/Shanghai")
    ]
    assert found == [0, 1]


def same(one: list[dict[str, Any]], two: list[dict[str, Any]]) -> None:
    def by(row: dict[str, Any]) -> list[str]:
        return [str(value) for value in row.values() if not isinstance(value, float)]

    assert len(one) == len(two) > 0
    for mine, other in zip(sorted(one, key=by), sorted(two, key=by), strict=True):
        assert mine.keys() == other.keys()
        for name, value in mine.items():
            if isinstance(value, float):
                assert math.isclose(value, other[name], rel_tol=1e-12), name
            else:
                assert value == other[name], name


@pytest.fixture(scope="module")
def both(spark: Any) -> Iterator[tuple[dict[str, Frame], dict[str, Frame]]]:
    facts = {name: made_facts()[name] for name in ("orders", "visits")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield (
            {name: nw.from_native(duckdb.from_arrow(table)) for name, table in facts.items()},
            {name: nw.from_native(spark.createDataFrame(table)) for name, table in facts.items()},
        )


_QUIET = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")


@_QUIET
@pytest.mark.spark
@pytest.mark.parametrize("name", [name for name in CALLS if name != "next_products"])
def test_spark_gives_what_duckdb_gives(spark: Any, name: str) -> None:
    found = CALLS[name](spark.createDataFrame(made())).toArrow().to_pylist()
    same(found, CALLS[name](made()).to_pylist())


@_QUIET
@pytest.mark.spark
@pytest.mark.soak
def test_funnels_promotion_and_ladder_on_spark(spark: Any, both: tuple[dict[str, Frame], dict[str, Frame]]) -> None:
    steps, here = ["a", "b", "c"], events()
    assert tw.funnel(spark.createDataFrame(here), steps, as_of=AS_OF) == tw.funnel(here, steps, as_of=AS_OF)
    ladders = [loyalty_ladder(facts["orders"], as_of=AS_OF, within_days=60, min_followed=2) for facts in both]
    assert ladders[0] == ladders[1]
    assert len(ladders[0].steps) > 2
    promoted = [promotion_dependence(facts["orders"], as_of=AS_OF) for facts in both]
    same(*(frame.collect(backend="pyarrow").to_native().to_pylist() for frame in promoted))
    tried = [
        with_trial_before(facts["orders"], facts["visits"], kind="visited_day", trial_day="visited_day").select(
            "customer_key", "order_id", "trial"
        )
        for facts in both
    ]
    same(*(frame.collect(backend="pyarrow").to_native().to_pylist() for frame in tried))


@_QUIET
@pytest.mark.spark
@pytest.mark.soak
def test_a_funnel_by_value_and_who_stops_on_spark(spark: Any) -> None:
    there = spark.createDataFrame(events())
    day = date(2026, 3, 31)
    found = tw.funnel_by_value(there, ["a", "c"], spark.createDataFrame(people()), by="town", as_of=day)
    assert found == tw.funnel_by_value(events(), ["a", "c"], people(), by="town", as_of=day)
    assert [each.kind for each in found.values] == ["value", "value", "missing"]
    assert all(each.funnel.steps[1].lag_days for each in found.values)
    stops = tw.funnel_stops(there, ["a", "d", "e"], as_of=AS_OF).toArrow().to_pylist()
    same(stops, tw.funnel_stops(events(), ["a", "d", "e"], as_of=AS_OF).to_pylist())
