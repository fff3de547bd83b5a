"""The dealer's template on a made-up dealer group: everything that it promises finds somebody."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.app.template_house import counted, everybody, house, live_differences, nobody, promised, untold
from tests.app.test_sheets import OF_A_TEMPLATE
from tierwise.app import exporting, profiling
from tierwise.app.among import InAnswer
from tierwise.app.context import Context
from tierwise.app.insights.asking import insight
from tierwise.app.reading import reading
from tierwise.app.searching import search
from tierwise.app.sheets import SHEETS
from tierwise.cli.demo_summary import summary
from tierwise.testing import make_dealer

BY_OTHERS = {
    "package_holder yes",  # staff give it
    "spending_power high",  # property, computed with consent alone
    "spending_power mid",
    "spending_power low",
}
"""What a run does not find by itself, and why."""

MADE = make_dealer(customers=1_500, seed=7)


@pytest.fixture(scope="module")
def dealer(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Context:
    return house("dealer", MADE, database, tmp_path_factory.mktemp("dealer"))


def test_every_value_finds_somebody_and_none_takes_everybody(dealer: Context) -> None:
    with reading(dealer) as reader:
        found, customers = promised(reader), (reader.run.counts or {})["customers"]
    assert nobody(found) == BY_OTHERS
    assert everybody(found, customers) == set()


def test_the_planted_junk_is_found_and_nobody_else(dealer: Context) -> None:
    with reading(dealer) as reader:
        by_rule = counted(reader, "junk", "rule")
        flagged = {row[0] for row in reader.connection.execute("SELECT DISTINCT customer_id FROM junk").fetchall()}
    assert by_rule.keys() == {"test_account", "lead_mill"}
    assert flagged == set(MADE.truths["junk"].column("customer_id").to_pylist())


@pytest.mark.parametrize("table", sorted(OF_A_TEMPLATE))
def test_what_its_pages_show_can_be_taken(dealer: Context, tmp_path: Path, table: str) -> None:
    name = {"matrix": "value_loyalty", "combinations": "value_loyalty"}.get(table, "customer_level")
    asked = {"name": name} if SHEETS[table].needs else {}
    assert exporting.export(dealer, table, tmp_path / "x.xlsx", headings="zh", asked=asked).rows > 2


def test_there_is_a_question_to_ask(dealer: Context) -> None:
    view = profiling.profiling(dealer)
    asked = {row.question: row.asked_next for row in view.questions}
    assert sum(asked.values()) + view.complete + view.nothing_to_ask == view.customers
    assert len([count for count in asked.values() if count]) >= 2
    assert asked["car_loan"] == 0, "credit is asked with consent alone"


def test_every_kpi_can_be_told_and_no_target_is_set(dealer: Context) -> None:
    view = insight(dealer, "kpis")
    rows = [dict(zip([column.name for column in view.columns], row, strict=True)) for row in view.rows]
    assert {row["kpi"]: row["reason"] for row in rows if row["value"] is None} == {}
    assert {row["target"] for row in rows} == {None}
    assert all(0 < row["value"] < 1 for row in rows if row["unit"] == "rate")
    benchmark = next(row for row in rows if row["kpi"] == "visits_per_base_customer")
    assert (benchmark["benchmark_date"], benchmark["benchmark_low"]) == ("2019", Decimal("2.8"))


def test_the_demo_shows_all_of_it_in_both_languages(dealer: Context, capsys: pytest.CaptureFixture[str]) -> None:
    summary(dealer, MADE.as_of, MADE.as_of, stores=False, explained="second_service_gap")
    said = capsys.readouterr().out
    with reading(dealer) as reader:
        assert untold(reader.definitions, said) == set()
    assert "Why is this customer in this segment?" in said


def test_funnels_of_leads_by_source_and_by_a_tag_add_up(dealer: Context) -> None:
    plain = {row[0]: row[1] for row in insight(dealer, "funnel", {"of": "lead_stages"}).rows}
    for of, by in (("lead_stages", "start.source"), ("lead_stages", "accessory_buyer"), ("events", "accessory_buyer")):
        if of == "events":
            plain = {row[0]: row[1] for row in insight(dealer, "funnel").rows}
        view = insight(dealer, "funnel", {"of": of, "by": by}, limit=200)
        names = [column.name for column in view.columns]
        rows = [dict(zip(names, row, strict=True)) for row in view.rows]
        for step, many in plain.items():
            assert sum(row["customers"] for row in rows if row["step"] == step) == many
        if by == "accessory_buyer":
            assert {row["value"] for row in rows if row["kind"] == "value"} == {"false", "true"}
        first, second = rows[0]["step"], rows[1]["step"]
        for column, step in (("customers", first), ("customers", second), ("stopped", second)):
            row = next(each for each in rows if each["step"] == step and each["kind"] == "value")
            known = tuple((name, row[name]) for name in view.known_by)
            among = InAnswer("funnel", column, known, (("of", of), ("by", by)))
            here = search(dealer, among=among, limit=1).of
            assert here == row[column] if of == "events" else 0 < here <= row[column], "somebody has two leads"
    late = {figure.name: figure.value for figure in insight(dealer, "funnel_stops", {"at": "visit"}).figures}
    stopped = plain["order"] - plain["visit"]
    assert late["stopped"] + late["too_soon"] == stopped > late["stopped"] > 0, "a third of a year till the service"


def test_a_customer_told_live_is_what_the_run_found(dealer: Context) -> None:
    assert live_differences(dealer) == set()
