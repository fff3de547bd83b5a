"""The panorama and KPIs of a retailer: rows add up, values are those that rules count, targets and benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tierwise.app import segments, versioning
from tierwise.app.context import Context
from tierwise.app.defining import change_definitions
from tierwise.app.insights.asking import insight
from tierwise.definitions.read import parse_definition, parse_rule
from tierwise.kernel.errors import TierwiseError
from tierwise.state import runs

BUYERS = {"attribute": "frequency_count_365d", "op": ">=", "value": 1}
AGAIN = {"attribute": "frequency_count_365d", "op": ">=", "value": 2}

KPIS: dict[str, dict[str, Any]] = {
    "repeat_rate": {
        "unit": "rate",
        "of": {"customers": AGAIN, "share_of": BUYERS},
        "title": {"zh": "复购率", "en": "Repeat rate"},
        "target": {"value": 0.01},
        "benchmarks": [
            {"value": 0.001, "source": "a yearbook", "date": "2026-05", "stage": "growing"},
            {"low": 0.9, "high": 1, "source": "another", "date": "2020"},
        ],
    },
    "buyers": {"unit": "count", "of": {"customers": BUYERS}, "better": "lower", "target": {"value": 10}},
    "sales": {"unit": "money", "of": {"metric": "monetary_amount", "aggregate": "sum"}},
    "visits": {"unit": "number", "of": {"metric": "visit_count", "aggregate": "average"}},
}


@pytest.fixture(scope="module")
def with_kpis(retailer: Context) -> Iterator[Context]:
    defined = [parse_definition({"kind": "kpi", "name": name, **body}) for name, body in KPIS.items()]
    change_definitions(retailer, defined, note="to steer by")
    yield retailer
    for name in KPIS:
        versioning.remove(retailer, "kpi", name)


def rows(house: Context, parameters: dict[str, Any] | None = None, **more: Any) -> list[dict[str, Any]]:
    view = insight(house, "kpis", parameters, **more)
    return [dict(zip([column.name for column in view.columns], row, strict=True)) for row in view.rows]


def test_kpis_are_counted_as_rules_are_and_held_against_targets_and_benchmarks(with_kpis: Context) -> None:
    found = {row["kpi"]: row for row in rows(with_kpis)}
    buyers, again = (segments.count(with_kpis, parse_rule(rule)).customers for rule in (BUYERS, AGAIN))
    rate = found["repeat_rate"]
    assert (rate["part"], rate["of"], rate["reached"]) == (again, buyers, True)
    assert abs(rate["value"] - Decimal(again) / buyers) < Decimal("0.000001")
    assert rate["ahead"] == rate["value"] - Decimal("0.01")
    assert (rate["benchmark_source"], rate["benchmark_date"], rate["standing"]) == ("another", "2020", "worse")
    of_stage = rows(with_kpis, {"stage": "growing"})
    assert [row["standing"] for row in of_stage if row["kpi"] == "repeat_rate"] == ["better"]
    assert len(rows(with_kpis, {"show": "benchmarks"})) == len(KPIS) + 1
    assert (found["buyers"]["value"], found["buyers"]["reached"]) == (buyers, False)
    assert found["buyers"]["said_ahead"] == f"{10 - buyers:+,}"
    total = next(each.value for each in insight(with_kpis, "panorama").figures if each.name == "money")
    assert (found["sales"]["value"], found["sales"]["said"]) == (total, f"{total:,.2f}")
    assert (found["visits"]["value"], found["visits"]["reason"]) == (None, "no_facts")
    view = insight(with_kpis, "kpis")
    assert "visits" in view.notes[-1].en
    assert view.columns[0].values["repeat_rate"].zh == "复购率"
    assert {each.name: each.value for each in view.figures} == {"kpis": 4, "with_target": 2, "reached": 1}


def test_the_change_is_since_the_newest_run_of_an_earlier_day(with_kpis: Context) -> None:
    with with_kpis.database.connect() as state:
        before = runs.newest_before(state, date(2026, 6, 30))
    assert before is not None
    now = {row["kpi"]: row for row in rows(with_kpis)}
    then = {row["kpi"]: row for row in rows(with_kpis, run_id=before.id)}
    for name in ("buyers", "sales"):
        assert now[name]["change"] == now[name]["value"] - then[name]["value"] != 0
    assert now["visits"]["change"] is None
    assert "ask a run of 2026-06-01" in insight(with_kpis, "kpis", as_of=date(2026, 6, 1)).notes[0].en


def test_a_kpi_that_does_not_fit_what_it_counts_is_refused(retailer: Context) -> None:
    of = {"metric": "monetary_amount", "aggregate": "sum"}
    wrong = parse_definition({"kind": "kpi", "name": "wrong", "unit": "number", "of": of})
    unknown = parse_definition({"kind": "kpi", "name": "unknown", "unit": "money", "of": of | {"metric": "monetary"}})
    with pytest.raises(TierwiseError) as refused:
        change_definitions(retailer, [wrong, unknown], note="")
    told = sorted((each.code, each.message) for each in refused.value.problems)
    assert told == [
        ("bad_value", 'unit: "monetary_amount" is money, and unit says number'),
        ("unknown_attribute", 'unknown attribute "monetary"'),
    ]


def test_the_panorama_has_every_customer_once_in_the_order_of_stages(retailer: Context) -> None:
    view = insight(retailer, "panorama", limit=1000)
    with retailer.database.connect() as state:
        run = runs.current(state)
    assert run is not None
    everybody = (run.counts or {})["customers"]
    assert sum(row[1] for row in view.rows) == view.figures[0].value == everybody
    assert sum(row[3] for row in view.rows if row[3] is not None) == view.figures[1].value
    stages = [row[0] for row in view.rows]
    assert stages.index("first_purchase") < stages.index("repeat") < stages.index("dormant"), "as life goes"
    assert view.columns[0].values["repeat"].zh, "stages are told by their titles"
    crossed = insight(retailer, "panorama", {"show": "matrix", "by": "spend_decile"}, limit=1000)
    assert crossed.columns[1].name == "against"
    assert sum(row[2] for row in crossed.rows) == everybody
    assert sum(row[4] for row in crossed.rows if row[4] is not None) == view.figures[1].value
    with pytest.raises(TierwiseError, match="is no tier"):
        insight(retailer, "panorama", {"by": "recency_days"})
    with pytest.raises(TierwiseError, match="no money that adds up"):
        insight(retailer, "panorama", {"metric": "max_order_amount"})
    assert "ask a run of 2026-06-01" in insight(retailer, "panorama", as_of=date(2026, 6, 1)).notes[0].en
