"""The customers behind an insight's numbers: the rule that a number leads to is true of as many as it says."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tierwise.app import segments
from tierwise.app.among import InAnswer, among_address, among_in
from tierwise.app.among_keys import said_of
from tierwise.app.context import Context
from tierwise.app.defining import change_definitions
from tierwise.app.insights import catalogue
from tierwise.app.insights.asking import insight
from tierwise.app.insights.insight_views import InsightView
from tierwise.app.insights.who import rules_of_row
from tierwise.app.principal import Principal
from tierwise.app.remembered import Answers
from tierwise.app.searching import search
from tierwise.definitions.base import Definition
from tierwise.definitions.kpi import Kpi
from tierwise.definitions.read import parse_definition
from tierwise.kernel.errors import TierwiseError
from tierwise.state import definitions as stored

KPIS = [
    {
        "kind": "kpi",
        "name": "often",
        "unit": "rate",
        "of": {
            "customers": {"attribute": "frequency_count", "op": ">=", "value": 4},
            "share_of": {"attribute": "monetary_amount", "op": ">", "value": 0},
        },
    },
    {"kind": "kpi", "name": "spent", "unit": "money", "of": {"metric": "monetary_amount", "aggregate": "average"}},
]


@pytest.mark.parametrize(
    ("name", "asked"),
    [("ladder", {}), ("panorama", {}), ("panorama", {"against": "rfm_cell"}), ("cohorts", {"months": 6}),
     ("cohorts", {"by": "registration", "months": 4})],
)  # fmt: skip
def test_a_number_leads_to_as_many(retailer: Context, name: str, asked: dict[str, Any]) -> None:
    view = insight(retailer, name, asked, limit=40)
    names = [column.name for column in view.columns]
    told = 0
    for values in view.rows[:: max(1, len(view.rows) // 6)]:
        row = dict(zip(names, values, strict=True))
        for column, rule in rules_of_row(view, row, {}).items():
            assert segments.count(retailer, rule).customers == row[column], (column, row)
            told += 1
    assert told >= 5


@pytest.fixture(scope="module")
def serving(retailer: Context) -> Context:
    """As a serving process, which answers the same question once."""
    return replace(retailer, answers=Answers())


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("funnel", {}),
        ("funnel", {"within_days": "60"}),
        ("ladder", {"within_days": "60", "min_followed": "1"}),
        ("promotion", {}),
        ("paths", {"by": "category", "min_customers": "5"}),
        ("common_paths", {"by": "category", "min_customers": "5"}),
        ("first_purchases", {"by": "channel", "min_customers": "1"}),
        ("first_purchases", {"by": "product", "min_customers": "3"}),
        ("sources", {}),
        ("idle", {"level": "rfm_cell", "since": "first_ordered_on", "idle_days": "60"}),
        ("funnel", {"by": "rfm_cell"}),
        ("funnel", {"by": "start.channel", "steps": "order,again"}),
        ("funnel_stops", {}),
        ("replenishment", {"by": "category", "min_intervals": "5", "min_customers": "2"}),
        ("wallet", {"peers": "rfm_cell", "min_peers": "2"}),
        ("panorama", {"show": "matrix", "most": "2"}),
    ],
)
def test_a_number_tells_its_customers(serving: Context, name: str, asked: dict[str, str]) -> None:
    view = insight(serving, name, asked, limit=2)
    names = [column.name for column in view.columns]
    assert view.told
    told = 0
    for values in view.rows:
        row = dict(zip(names, values, strict=True))
        known = tuple((each, None if row[each] is None else str(row[each])) for each in view.known_by)
        for column in view.told:
            among = InAnswer(name, column, known, tuple(asked.items()))
            assert among_in(among_address(among)) == among
            if row[column]:
                assert search(serving, among=among, limit=1).of == row[column], (column, row)
                assert said_of(serving, among)[-1] in [each.title for each in view.columns]
                told += 1
    assert told >= 2


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("funnel_stops", {"steps": "order,again"}),
        ("first_purchases", {"by": "channel"}),
        ("habits", {"min_days": "4", "level": "0.5"}),
        ("abnormal", {"from_score": "10"}),
        ("clv", {}),
        ("wallet", {"peers": "rfm_cell", "min_peers": "2"}),
        ("panorama", {}),
    ],
)
def test_a_headline_tells_its_customers(serving: Context, name: str, asked: dict[str, str]) -> None:
    told = 0
    for figure in insight(serving, name, asked, limit=1).figures:
        if figure.told and figure.value:
            among = InAnswer(name, figure.name, None, tuple(asked.items()))
            assert among_in(among_address(among)) == among
            assert search(serving, among=among, limit=1).of == figure.value, figure.name
            assert said_of(serving, among)[-1] == figure.title
            told += 1
    assert told


OTHER_THINGS = {
    "*": {"orders", "promotion_orders", "order_count", "paths", "basket_count"},
    "abnormal": {"abnormal_score", "most_orders_a_day", "bulk_unit_count"},
    "clv": {"repeat_orders"},
    "cohorts": {"month_number"},
    "common_paths": {"step_count"},
    "due_backtest": {"due_count", "hit_count", "bought_count", "dates"},
    "habits": {"day_count", "habit_count"},
    "increment": {"increment_count", "need_count", "stocking_up_count", "undecided_count"},
    "interactions": {
        "interaction_count", "interaction_days_count", "interaction_seconds", "preferred_hour",
    },
    "kpis": {"kpis", "with_target", "reached"},
    "ladder": {"purchase", "bottleneck", "steepest"},
    "next_products": {"count", "first_count", "next_count", "transitions"},
    "pairs": {"count", "left_count", "right_count", "baskets", "rules", "sure_rules"},
    "replenishment": {"interval_count", "left_out_count", "with_cycle", "not_regular", "too_few"},
    "sources": {"registered_count", "junk_count"},
    "funnel_stops": {"tested"},
    "vehicle_due": {"metres_per_day"},
}  # fmt: skip
"""Insight -> what is counted there and is no customer of the run: orders, days, items, accounts that were left out."""


def counts_of_others(view: InsightView) -> set[str]:
    """Columns and headlines that count, and tell no customers."""
    names = [column.name for column in view.columns]
    rules = {each for values in view.rows for each in rules_of_row(view, dict(zip(names, values, strict=True)), {})}
    found = {column.name for column in view.columns if column.kind == "count"} - rules - set(view.told)
    return found | {each.name for each in view.figures if each.kind == "count" and not each.told}


@pytest.mark.parametrize("name", catalogue.names())
def test_whatever_counts_customers_tells_them(serving: Context, name: str) -> None:
    found = counts_of_others(insight(serving, name, limit=20))
    if name == "kpis":
        found -= {"part", "of"}  # by the definition, which this house has none of
    assert found <= OTHER_THINGS["*"] | OTHER_THINGS.get(name, set())


def test_a_number_of_nobody_is_refused(retailer: Context) -> None:
    for column, row in (("share", (("class", "only"),)), ("customers", (("class", "no_such"),)), ("x", ())):
        with pytest.raises(TierwiseError, match="no customers"):
            search(retailer, among=InAnswer("promotion", column, row))
    among = InAnswer("promotion", "customers", (("class", "only"),))
    for who in (Principal("person:rea", "reader"), Principal("person:li", "operator", ("S01",))):
        with pytest.raises(TierwiseError) as refused:
            search(retailer.acting_as(who), among=among)
        assert refused.value.code == "not_allowed"


@pytest.fixture
def defined(retailer: Context) -> Iterator[list[Definition]]:
    found = [parse_definition(body) for body in KPIS]
    change_definitions(retailer, found, note="")
    yield found
    with retailer.database.begin() as state:
        for each in found:
            stored.put(state, "kpi", each.name, None, author="me", note="")


def test_a_kpi_leads_to_whom_it_counts(retailer: Context, defined: list[Definition]) -> None:
    view = insight(retailer, "kpis", limit=40)
    names = [column.name for column in view.columns]
    rows = {row["kpi"]: row for row in (dict(zip(names, values, strict=True)) for values in view.rows)}
    kpis = {each.name: each for each in defined if isinstance(each, Kpi)}
    often = rules_of_row(view, rows["often"], kpis)
    for column in ("part", "of"):
        assert segments.count(retailer, often[column]).customers == rows["often"][column] > 0
    assert often["said"] == often["part"]
    assert segments.count(retailer, rules_of_row(view, rows["spent"], kpis)["said"]).customers == rows["spent"]["of"]
    assert rules_of_row(view, rows["often"], {}) == {}
