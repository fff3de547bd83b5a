"""Model tags: learnt on the house's facts, kept by day, given by the next run, explained, held against past days."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from tierwise.app import defining, importing, running, tag_scoring, tag_validation
from tierwise.app.context import Context
from tierwise.app.explaining import explain
from tierwise.app.principal import Principal
from tierwise.app.reading import reading
from tierwise.engine.lake import Lake
from tierwise.kernel.errors import TierwiseError

pytest.importorskip("sklearn", reason='pip install "tierwise[learn]"')

DEFINITIONS = """
kind: tag
name: promising
class: behaviour
title: {zh: 有潜力}
model:
  claim: among the tenth that spends most within 60 days
  learns: top_tenth
  within_days: 60
  by: logistic
  bands: [{value: high, top_share: 0.1}, {value: middle, top_share: 0.3}]
hypothesis:
  outcome: {behaviour: {fact: orders, aggregate: count}, op: ">=", value: 1}
  within_days: 60
---
kind: tag
name: like_heavy
class: behaviour
model: {segment: heavy, by: logistic, top_share: 0.2}
---
kind: tag
name: slot
class: behaviour
model: {}
---
kind: segment
name: heavy
when: {attribute: monetary_amount, op: ">=", value: 2000}
"""
LAST = date(2026, 6, 30)


def orders() -> str:
    """100 who order every fortnight, and 200 who order about twice a year."""
    draw = random.Random(8)
    rows = ["order_id,customer_id,ordered_at,gross"]
    for customer in range(300):
        gap = 14 if customer < 100 else 180
        day = date(2025, 6, 1) + timedelta(days=draw.randrange(gap))
        while day <= LAST:
            rows.append(f"{len(rows)},C{customer:03},{day},{draw.randrange(50, 150)}")
            day += timedelta(days=1 + int(draw.expovariate(1 / gap)))
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def house(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Context:
    home = tmp_path_factory.mktemp("home")
    house = Context(home, Principal("chief", "administrator"), database, Lake(home / "lake"))
    defining.initialise(house, "general")
    (home / "orders.csv").write_text(orders(), "utf-8")
    (home / "tags.yaml").write_text(DEFINITIONS, "utf-8")
    assert importing.import_path(house, home / "orders.csv", "orders", None).quarantined == 0
    defining.apply_definitions(house, [home / "tags.yaml"])
    running.run(house, LAST)
    return house


def test_scores_become_the_tag_of_the_next_run(house: Context) -> None:
    assert explain(house, "C001", "promising").clauses[0].says.startswith("not scored")
    done = tag_scoring.score_tag(house, "有潜力")
    assert done.auc.value is not None
    assert done.auc.value > 0.8
    assert (done.as_of, done.judged_at, done.cut) == (LAST, LAST - timedelta(days=60), LAST - timedelta(days=120))
    again = tag_scoring.score_tag(house, "promising")
    assert again == done  # the same inputs, the same scores; in place of the first ones
    running.run(house, LAST)
    connection = house.duckdb()
    with house.database.connect() as state:
        version = tag_scoring.lake_tables.versions(state)["model_scores"]
    rows = house.lake.read(connection, "model_scores", version).fetchall()
    connection.close()
    assert len(rows) == done.scored
    with reading(house) as reader:
        given = reader.connection.execute(
            "SELECT value, min(source), count(*), min(p.customer_id) FROM tags JOIN profile p USING (customer_key) "
            "WHERE tag = 'promising' GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert [(value, source) for value, source, _, _ in given] == [("high", "model"), ("middle", "model")]
    assert sum(many for _, _, many, _ in given) == done.has_tag
    assert abs(given[0][2] - done.scored / 10) <= 1
    best = given[0][3]
    clauses = explain(house, best, "promising").clauses
    assert "among the top" in clauses[0].says
    assert clauses[1].what == "reason"
    assert "一般为" in clauses[1].says  # the project's language
    assert clauses[1].detail["zh"] == clauses[1].says
    assert "usually" in clauses[1].detail["en"]


def test_scores_of_past_days_can_be_held_against_what_came(house: Context) -> None:
    days = [LAST - timedelta(days=60 * back) for back in (2, 1)]
    with pytest.raises(TierwiseError, match="to learn from"):
        tag_scoring.score_tag(house, "promising", as_of=date(2025, 8, 1))  # too early to have learnt anything
    for day in days:
        tag_scoring.score_tag(house, "promising", as_of=day)
    running.run(house, LAST)
    (found,) = tag_validation.validate_tags(house, ["promising"], days=days)
    assert found.verdict == "keep"
    assert all((day.lift or 0) > 1.2 for day in found.days)


def test_likeness_leaves_the_group_out(house: Context) -> None:
    done = tag_scoring.score_tag(house, "like_heavy")
    assert (done.cut, done.model_id) == (None, "like_heavy")
    running.run(house, LAST)
    with reading(house) as reader:
        found = reader.connection.execute(
            "SELECT count(*), count(*) FILTER (monetary_amount_minor >= 200000) FROM tags JOIN profile USING "
            "(customer_key) WHERE tag = 'like_heavy'"
        ).fetchone()
    assert found == (done.has_tag, 0)
    assert done.has_tag > 20
    assert any("monetary_amount" in each for each in done.problems)  # the group's own rule shows


@pytest.mark.parametrize(
    ("name", "as_of", "code"),
    [("slot", None, "not_a_model"), ("promissing", None, "unknown_tag"), ("promising", date(2026, 7, 1), "bad_date")],
)
def test_what_cannot_be_scored_is_refused(house: Context, name: str, as_of: date | None, code: str) -> None:
    with pytest.raises(TierwiseError) as raised:
        tag_scoring.score_tag(house, name, as_of=as_of)
    assert raised.value.code == code


def test_readers_may_not_score(house: Context) -> None:
    with pytest.raises(TierwiseError, match="does not include"):
        tag_scoring.score_tag(house.acting_as(Principal("r", "operator")), "promising")
