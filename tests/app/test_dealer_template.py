"""The dealer's template on a made-up dealer group: everything that it promises finds somebody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import Engine

from tests.app.template_house import counted, everybody, house, live_differences, nobody, promised, untold
from tests.app.test_sheets import OF_A_TEMPLATE
from tierwise.app import exporting, profiling
from tierwise.app.among import InAnswer
from tierwise.app.context import Context
from tierwise.app.insights.asking import insight
from tierwise.app.insights.members.funnel import LEAD_STAGES
from tierwise.app.reading import reading
from tierwise.app.searching import search
from tierwise.app.sheets import SHEETS
from tierwise.cli.demo_summary import summary
from tierwise.testing import MadeData, make_dealer

BY_OTHERS = {
    "package_holder yes",  # staff give it
    "spending_power high",  # property, computed with consent alone
    "spending_power mid",
    "spending_power low",
}
"""What a run does not find by itself, and why."""

WORDS = {
    "visits": ("kind", {"service": "保养", "rework": "返修", "claim": "索赔", "repair": "维修", "warranty": "保修"}),
    "orders": ("channel", {"sales": "整车销售", "aftersales": "售后"}),
    "surveys": ("kind", {"nps": "NPS"}),
    "leads": (
        "stage",
        {
            "new": "新线索", "contacted": "已联系", "visited": "到店", "test_drive": "试驾", "quoted": "报价",
            "deal": "成交", "delivered": "已交车", "defeated": "战败",
        },
    ),
}  # fmt: skip
"""Table -> column and what its codes are in a Chinese dealer's files."""


def in_chinese(made: MadeData) -> MadeData:
    """The same data, written as a Chinese dealer writes it."""
    tables = dict(made.tables)
    for name, (column, words) in WORDS.items():
        table = tables[name]
        said = [words.get(value, value) for value in table.column(column).to_pylist()]
        place = table.schema.get_field_index(column)
        tables[name] = table.set_column(place, column, pa.array(said, pa.string()))
    return replace(made, tables=tables)


MADE = in_chinese(make_dealer(customers=1_500, seed=7))


@pytest.fixture(scope="module")
def dealer(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Context:
    return house("dealer", MADE, database, tmp_path_factory.mktemp("dealer"))


def test_every_value_finds_somebody_and_none_takes_everybody(dealer: Context) -> None:
    with reading(dealer) as reader:
        found, customers = promised(reader), (reader.run.counts or {})["customers"]
    assert nobody(found) == BY_OTHERS
    assert everybody(found, customers) == set()


def test_who_was_serviced_is_not_told_to_have_missed_it(dealer: Context) -> None:
    """Values stay as the files have them, and the rules know what they say."""
    connection = dealer.duckdb()
    connection.register("came", MADE.tables["visits"])
    with reading(dealer) as reader:
        found = promised(reader)
        told = reader.connection.execute(
            "SELECT customer_id FROM profile SEMI JOIN (FROM tags WHERE tag = 'first_service' AND value = 'due')"
            " USING (customer_key)"
        )
        due = {row[0] for row in told.fetchall()}
    since = MADE.as_of - timedelta(days=242)
    serviced = connection.execute(
        "SELECT DISTINCT customer_id FROM came WHERE kind = '保养' AND visited_at::DATE >= $since", {"since": since}
    )
    assert due
    assert not due & {row[0] for row in serviced.fetchall()}
    assert (found["first_service"]["done"] or 0) > len(due)


def test_what_knows_stages_and_services_by_itself_knows_the_words_of_the_files(dealer: Context) -> None:
    stages = insight(dealer, "funnel", {"of": "lead_stages"})
    assert [row[0] for row in stages.rows] == list(LEAD_STAGES)
    mixed = insight(dealer, "funnel", {"of": "lead_stages", "steps": "new,成交"})
    assert [row[0] for row in mixed.rows] == ["new", "成交"]
    due = insight(dealer, "vehicle_due", limit=10_000)
    kind = [column.name for column in due.columns].index("kind")
    assert {"first_service", "service"} <= {row[kind] for row in due.rows}


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
