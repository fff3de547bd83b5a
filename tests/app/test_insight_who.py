"""The customers behind an insight's numbers: the rule that a number leads to is true of as many as it says."""

from collections.abc import Iterator
from typing import Any

import pytest

from tierwise.app import segments
from tierwise.app.among import InAnswer, among_address, among_in
from tierwise.app.context import Context
from tierwise.app.defining import change_definitions
from tierwise.app.insights.asking import insight
from tierwise.app.insights.who import rules_of_row
from tierwise.app.principal import Principal
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
    for values in view.rows:
        row = dict(zip(names, values, strict=True))
        for column, rule in rules_of_row(view, row, {}).items():
            assert segments.count(retailer, rule).customers == row[column], (column, row)
            told += 1
    assert told >= 5


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
    ],
)
def test_a_number_tells_its_customers(retailer: Context, name: str, asked: dict[str, str]) -> None:
    view = insight(retailer, name, asked, limit=4)
    names = [column.name for column in view.columns]
    assert view.told
    told = 0
    for values in view.rows:
        row = dict(zip(names, values, strict=True))
        known = tuple((each, None if row[each] is None else str(row[each])) for each in view.known_by)
        for column in view.told:
            among = InAnswer(name, column, known, tuple(asked.items()))
            assert among_in(among_address(among)) == among
            assert search(retailer, among=among, limit=1).of == row[column], (column, row)
            told += row[column] > 0
    assert told >= 2


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
