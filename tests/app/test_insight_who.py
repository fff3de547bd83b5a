"""The customers behind an insight's numbers: the rule that a number leads to is true of as many as it says."""

from typing import Any

import pytest

from tierwise.app import segments
from tierwise.app.context import Context
from tierwise.app.defining import change_definitions
from tierwise.app.insights.asking import insight
from tierwise.app.insights.who import rules_of_row
from tierwise.definitions.kpi import Kpi
from tierwise.definitions.read import parse_definition

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


def test_a_kpi_leads_to_whom_it_counts(retailer: Context) -> None:
    defined = [parse_definition(body) for body in KPIS]
    change_definitions(retailer, defined, note="")
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
