"""The retailer's template on a made-up retailer: everything that it promises finds somebody."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.app.template_house import counted, everybody, house, live_differences, nobody, promised, untold
from tierwise.app import profiling
from tierwise.app.context import Context
from tierwise.app.insights.asking import insight
from tierwise.app.reading import reading
from tierwise.cli.demo_summary import summary
from tierwise.definitions.cleaning import Cleaning
from tierwise.testing import make_retail

BY_OTHERS = {
    "baby_stage infant",  # of minors, computed with consent alone
    "baby_stage toddler",
    "baby_stage child",
    "lifecycle_stage visitor",  # everybody in the made-up data has registered
    "care_note 1",  # staff give it
    "care_note 2",
    "care_note 3",
}
"""What a run does not find by itself, and why."""

MADE = make_retail(customers=1_000, seed=7)


@pytest.fixture(scope="module")
def retail(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Context:
    return house("retail", MADE, database, tmp_path_factory.mktemp("retail"))


def test_every_value_finds_somebody_and_none_takes_everybody(retail: Context) -> None:
    with reading(retail) as reader:
        found, customers = promised(reader), (reader.run.counts or {})["customers"]
    assert nobody(found) == BY_OTHERS
    assert everybody(found, customers) == set()


def test_the_planted_junk_is_found_and_nobody_else(retail: Context) -> None:
    with reading(retail) as reader:
        by_rule = counted(reader, "junk", "rule")
        flagged = {row[0] for row in reader.connection.execute("SELECT DISTINCT customer_id FROM junk").fetchall()}
        rules = {rule.name for each in reader.definitions.of(Cleaning) for rule in each.rules}
    assert by_rule.keys() <= rules
    assert flagged == set(MADE.truths["junk"].column("customer_id").to_pylist())


def test_there_is_a_question_to_ask(retail: Context) -> None:
    view = profiling.profiling(retail)
    asked = {row.question: row.asked_next for row in view.questions}
    assert sum(asked.values()) + view.complete + view.nothing_to_ask == view.customers
    assert len([count for count in asked.values() if count]) >= 2
    assert asked["family"] == 0, "what concerns minors is asked with consent alone"


def test_a_list_shows_the_question_that_a_customer_is_asked(retail: Context) -> None:
    with reading(retail) as reader:
        some = dict(reader.connection.execute("SELECT customer_key, customer_id FROM profile LIMIT 12").fetchall())
    told = profiling.next_of_many(retail, [*some, 10**9])
    one = {key: profiling.next_question(retail, who) for key, who in some.items()}
    texts = {row.question: row.ask for view in one.values() for row in view.questions}
    assert told == {key: texts[view.next] for key, view in one.items() if view.next is not None} != {}


def test_every_kpi_can_be_told_and_no_target_is_set(retail: Context) -> None:
    view = insight(retail, "kpis")
    rows = [dict(zip([column.name for column in view.columns], row, strict=True)) for row in view.rows]
    assert {row["kpi"]: row["reason"] for row in rows if row["value"] is None} == {}
    assert {row["target"] for row in rows} == {None}
    assert all(0 < row["value"] < 1 for row in rows if row["unit"] == "rate")


def test_the_panorama_of_tags_has_everybody_once(retail: Context) -> None:
    with reading(retail) as reader:
        tags, customers = counted(reader, "tags", "tag"), (reader.run.counts or {})["customers"]
    yes = insight(retail, "panorama", {"by": "promotion_dependent"})
    told = {row[0]: row[1] for row in yes.rows}
    assert told == {"true": tags["promotion_dependent"], "false": customers - tags["promotion_dependent"]}
    assert yes.columns[0].values["true"].zh == "是"
    crossed = insight(retail, "panorama", {"by": "purchase_habit", "show": "matrix", "against": "pet_owner"}, limit=99)
    assert sum(row[2] for row in crossed.rows) == customers
    assert sum(row[2] for row in crossed.rows if row[0] is not None) == tags["purchase_habit"]


def test_the_demo_shows_all_of_it_in_both_languages(retail: Context, capsys: pytest.CaptureFixture[str]) -> None:
    summary(retail, MADE.as_of, MADE.as_of, stores=True, explained="coffee_without_filters")
    said = capsys.readouterr().out
    with reading(retail) as reader:
        assert untold(reader.definitions, said) == set()
    assert "Why is this customer in this segment?" in said


def test_a_customer_told_live_is_what_the_run_found(retail: Context) -> None:
    assert live_differences(retail) == set()
