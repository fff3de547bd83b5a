"""KPIs by hand: counts, shares, sums, averages, medians; targets and benchmarks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa

from tests.metrics.conftest import MakeFrame
from tierwise.definitions.kpi import Kpi
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.read import parse_definition
from tierwise.metrics.customer import Keep
from tierwise.metrics.kpi import (
    KpiValue,
    ahead,
    changes,
    in_unit,
    kpi_problems,
    kpi_values,
    nearest,
    standing,
)
from tierwise.metrics.kpi_facts import facts_of, lacking_facts
from tierwise.metrics.rules import RuleColumn, Schema
from tierwise.metrics.world import World

AS_OF = date(2026, 6, 30)

ROWS = [
    (1, 1, 10_001, 10.5, "上海"), (2, 2, 20_000, 20.25, "上海"), (3, 3, -5_000, None, None), (4, 0, None, None, "北京"),
    (5, 5, 70_002, 0.125, "北京"),
]  # fmt: skip
"""customer, orders, money in minor units, days between orders, city."""

SCHEMA: Schema = {
    "frequency_count": "integer",
    "monetary_amount": RuleColumn("monetary_amount_minor", "integer", 2),
    "mean_interval_days": "number",
    "city": "text",
}

BUYERS = {"attribute": "frequency_count", "op": ">=", "value": 1}
AGAIN = {"attribute": "frequency_count", "op": ">=", "value": 2}
NOBODY = {"attribute": "frequency_count", "op": ">", "value": 99}
BEIJING = {"attribute": "city", "op": "=", "value": "北京"}


def world(frame: MakeFrame) -> World:
    key, orders, money, days, city = zip(*ROWS, strict=True)
    people = frame(
        pa.table(
            {
                "customer_key": pa.array(key, pa.int64()),
                "frequency_count": pa.array(orders, pa.int64()),
                "monetary_amount_minor": pa.array(money, pa.int64()),
                "mean_interval_days": pa.array(days, pa.float64()),
                "city": pa.array(city, pa.string()),
            }
        )
    )
    return World(people=people, schema=SCHEMA, as_of=AS_OF)


def kpi(name: str, unit: str, of: dict[str, Any], **more: Any) -> Kpi:
    return Kpi.model_validate({"name": name, "unit": unit, "of": of, **more})


def of_money(name: str, aggregate: str, among: dict[str, Any] | None = None) -> Kpi:
    return kpi(name, "money", {"metric": "monetary_amount", "aggregate": aggregate, "among": among})


def test_values_by_hand(frame: MakeFrame, keep: Keep) -> None:
    defined = [
        kpi("again", "rate", {"customers": AGAIN, "share_of": BUYERS}),
        kpi("again_of_all", "rate", {"customers": AGAIN}),
        kpi("outside", "rate", {"customers": BEIJING, "share_of": BUYERS}),
        kpi("buyers", "count", {"customers": BUYERS}),
        kpi("of_nobody", "rate", {"customers": AGAIN, "share_of": NOBODY}),
        of_money("sum", "sum"),
        of_money("sum_of_nobody", "sum", NOBODY),
        of_money("average", "average"),
        of_money("median", "median"),
        of_money("average_of_two", "average", BEIJING),
        of_money("average_of_nobody", "average", NOBODY),
        of_money("unknown", "sum", {"attribute": "frequency_count", "op": "=", "value": 0}),
        kpi("days", "days", {"metric": "mean_interval_days", "aggregate": "average"}),
        kpi("middle_days", "days", {"metric": "mean_interval_days", "aggregate": "median"}),
        kpi("later", "number", {"metric": "visit_count", "aggregate": "average"}),
    ]
    found = kpi_values(defined, world(frame), keep)
    assert found == {
        "again": KpiValue(Fraction(3, 4), part=3, of=4),
        "again_of_all": KpiValue(Fraction(3, 5), part=3, of=5),
        "outside": KpiValue(Fraction(1, 4), part=1, of=4),  # of two in Beijing one has bought
        "buyers": KpiValue(Fraction(4), part=4),
        "of_nobody": KpiValue(None, part=0, of=0, reason="nobody"),
        "sum": KpiValue(Fraction(95_003), of=4),
        "sum_of_nobody": KpiValue(Fraction(0), of=0),
        "average": KpiValue(Fraction(23_751), of=4),  # 23,750.75
        "median": KpiValue(Fraction(15_001), of=4),  # between 10,001 and 20,000: 15,000.5, away from zero
        "average_of_two": KpiValue(Fraction(70_002), of=1),  # the other's is not known
        "average_of_nobody": KpiValue(None, of=0, reason="nobody"),
        "unknown": KpiValue(None, of=0, reason="no_value"),
        "days": KpiValue(Fraction(30_875, 3_000), of=3),
        "middle_days": KpiValue(Fraction(21, 2), of=3),
        "later": KpiValue(None, reason="not_in_run"),
    }


def test_facts_that_were_never_imported_make_no_zero(frame: MakeFrame, keep: Keep) -> None:
    visits = {"behaviour": {"fact": "visits", "aggregate": "ever"}}
    defined = [
        kpi("visitors", "rate", {"customers": visits, "share_of": BUYERS}),
        kpi("money", "money", {"metric": "monetary_amount_365d", "aggregate": "sum"}),
    ]
    assert [facts_of(each) for each in defined] == [{"visits", "orders"}, {"orders"}]
    found = kpi_values(defined[:1], world(frame), keep, there=["orders"])
    assert found["visitors"] == KpiValue(None, reason="no_facts", lacking=("visits",))


def test_what_tiers_tags_and_segments_lead_to_lacks_where_none_of_it_is_there() -> None:
    """keen <- regular (a tag) <- frequent (a segment) <- orders or visits; the decile of spending <- orders."""
    defined = [
        parse_definition(each)
        for each in (
            {
                "kind": "segment",
                "name": "frequent",
                "when": {
                    "any": [
                        {"attribute": "frequency_count", "op": ">=", "value": 3},
                        {"behaviour": {"fact": "visits", "aggregate": "count"}, "op": ">=", "value": 3},
                    ]
                },
            },
            {"kind": "tag", "name": "regular", "class": "behaviour", "when": {"segment": "frequent"}},
            {"kind": "deciles", "name": "spend_decile", "metric": "monetary_amount"},
        )
    ]
    regular = kpi("keen", "rate", {"customers": {"attribute": "regular", "op": "=", "value": True}})
    best = kpi("best", "count", {"customers": {"attribute": "spend_decile", "op": "=", "value": 1}})
    plain = kpi("plain", "count", {"customers": {"attribute": "trait.city", "op": "=", "value": "x"}})
    assert facts_of(regular) == set()
    assert lacking_facts(regular, ["customers"], defined) == ("orders", "visits")
    assert lacking_facts(regular, ["visits"], defined) == ()  # one of them is enough
    assert lacking_facts(best, ["visits"], defined) == ("orders",)
    assert lacking_facts(plain, [], defined) == ()
    stages = kpi("new", "count", {"customers": {"attribute": "lifecycle_stage", "op": "=", "value": "new"}})
    assert lacking_facts(stages, [], [Lifecycle.model_validate(LADDER)]) == ("orders",)


LADDER = {
    "name": "lifecycle_stage",
    "stages": [
        {"name": "new", "when": {"attribute": "tenure_days", "op": "<", "value": 30}},
        {"name": "known"},
    ],
}


def test_ahead_of_a_target_is_signed_by_what_is_better() -> None:
    assert ahead(Fraction(3, 4), Fraction(1, 2), "higher") == Fraction(1, 4)
    assert ahead(Fraction(3, 4), Fraction(1, 2), "lower") == Fraction(-1, 4)
    assert ahead(Fraction(1, 2), Fraction(1, 2), "lower") == 0
    assert in_unit(of_money("m", "sum"), Decimal("1234.5"), 2) == 123_450
    now, before = {"a": KpiValue(Fraction(3)), "b": KpiValue(None)}, {"a": KpiValue(Fraction(5)), "b": KpiValue(None)}
    assert changes(now, before) == {"a": -2, "b": None}
    assert changes(now, {}) == {"a": None, "b": None}


def test_of_each_stage_the_benchmark_nearest_in_date(frame: MakeFrame) -> None:
    given = [
        {"value": 0.1, "source": "old", "date": "2019"},
        {"value": 0.2, "source": "newer", "date": "2025"},
        {"value": 0.3, "source": "before", "date": "2026-06-20", "stage": "growing"},
        {"value": 0.4, "source": "after", "date": "2026-07-10", "stage": "growing"},
    ]
    rate = kpi("r", "rate", {"customers": AGAIN}, benchmarks=given)
    found = nearest(rate.benchmarks, AS_OF)
    assert {stage: each.source for stage, each in found.items()} == {None: "newer", "growing": "after"}  # 10 days each


def test_how_a_value_stands_to_a_benchmark() -> None:
    def stands(told: Fraction, better: str, **benchmark: Any) -> str:
        one = {"source": "s", "date": "2025"} | benchmark
        rate = kpi("r", "rate", {"customers": AGAIN}, better=better, benchmarks=[one])
        return standing(told, rate, rate.benchmarks[0], 2)

    three_tenths = Fraction(3, 10)
    assert stands(three_tenths, "higher", value=0.3) == "equal"
    assert stands(three_tenths, "higher", value=0.2) == "better"
    assert stands(three_tenths, "lower", value=0.2) == "worse"
    assert stands(three_tenths, "higher", low=0.3, high=0.5) == "within"
    assert stands(three_tenths, "lower", low=0.4, high=0.5) == "better"
    assert stands(three_tenths, "higher", low=0.4) == "worse"
    assert stands(three_tenths, "higher", high=0.2) == "better"
    money = of_money("m", "sum").model_copy(update={"benchmarks": ()})
    paid = Kpi.model_validate(money.model_dump() | {"benchmarks": [{"value": 100, "source": "s", "date": "2025"}]})
    assert standing(Fraction(10_000), paid, paid.benchmarks[0], 2) == "equal"  # 100.00 in minor units


def test_a_metric_must_be_a_number_of_its_unit() -> None:
    assert kpi_problems(of_money("m", "sum"), SCHEMA, "p") == []
    wrong = [
        kpi("a", "number", {"metric": "monetary_amount", "aggregate": "sum"}),
        kpi("b", "money", {"metric": "frequency_count", "aggregate": "sum"}),
        kpi("c", "number", {"metric": "city", "aggregate": "average"}),
    ]
    assert [kpi_problems(each, SCHEMA, "p")[0].message for each in wrong] == [
        'unit: "monetary_amount" is money, and unit says number',
        'unit: "frequency_count" is no money, and unit says money',
        'metric: "city" is no number',
    ]
