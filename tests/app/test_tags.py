"""Tags by hand and the catalogue, over a small house: who may, what fits, what is refused, what is shown."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tierwise.app import defining, importing, tag_catalogue, tag_import, tags
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.engine.lake import Lake
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, manual_tags, runs

DEFINITIONS = """
kind: tag
name: temper
class: static
title: {zh: 脾气, en: Temper}
owner: crm
purpose: who serves whom
ttl_days: 365
manual:
  rubric: how the last visit went
  values:
    - {value: calm, title: {zh: 温和, en: Calm}}
    - {value: angry, title: {zh: 易怒, en: Angry}}
---
kind: tag
name: friend
class: static
manual: {rubric: says so}
---
kind: tag
name: allergic
class: static
sensitivity: health
manual: {rubric: told us}
---
kind: tag
name: active
class: behaviour
when: {attribute: recency_days, op: "<", value: 30}
---
kind: tag
name: calm_friend
class: behaviour
when: {all: [{attribute: temper, op: "=", value: calm}, {attribute: friend, op: "=", value: true}]}
"""

CUSTOMERS = "customer_id,name\nA1,甲\nA2,乙\nA3,丙\n"
CONSENTS = "consent_id,customer_id,stated_at,purpose,granted\n1,A1,2026-01-01,health,yes\n"


@pytest.fixture(scope="module")
def house(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Context:
    home = tmp_path_factory.mktemp("home")
    house = Context(home, Principal("li", "operator"), database, Lake(home / "lake"))
    chief = house.acting_as(Principal("chief", "administrator"))
    defining.initialise(chief, "general")
    for name, text in (("tags.yaml", DEFINITIONS), ("customers.csv", CUSTOMERS), ("consents.csv", CONSENTS)):
        (home / name).write_text(text, "utf-8")
    defining.apply_definitions(chief, [home / "tags.yaml"])
    for table in ("customers", "consents"):
        assert importing.import_path(chief, home / f"{table}.csv", table, None).quarantined == 0
    return house


def refused(house: Context, *words: str, reason: str = "r") -> TierwiseError:
    with pytest.raises(TierwiseError) as caught:
        tags.add_tag(house, *words, reason=reason)
    return caught.value


def test_a_tag_is_given_replaced_and_taken_back(house: Context) -> None:
    given = tags.add_tag(house, "A1", "脾气", "温和", reason="quiet at the last visit")
    assert (given.tag, given.value, given.outcome, given.rater) == ("temper", "calm", "accepted", "li")
    wang = house.acting_as(Principal("wang", "operator"))
    assert tags.add_tag(wang, "A1", "temper", "angry", reason="shouted").outcome == "accepted"
    assert tags.add_tag(house, "A1", "temper", "calm", reason="again").outcome == "replaced"  # its days begin anew
    assert tags.add_tag(house, "A2", "friend", reason="r").outcome == "accepted"
    assert tags.add_tag(house, "A2", "friend", reason="r").outcome == "unchanged"
    shown = tags.customer_tags(house, "A1")
    assert (shown.run_id, shown.tags) == (None, ())
    assert [(act.rater, act.value, act.undone_by, act.waiting) for act in shown.acts] == [
        ("li", "calm", None, True),
        ("wang", "angry", None, True),
        ("li", "calm", "li", True),
    ]
    assert shown.acts[0].title.zh == "脾气"
    assert tags.remove_tag(house, "A1", "temper", reason="mistaken", rater="wang").removed == 1
    assert tags.remove_tag(house, "A1", "脾气", reason="mistaken").removed == 1
    with pytest.raises(TierwiseError) as caught:
        tags.remove_tag(house, "A1", "temper", reason="mistaken")
    assert caught.value.code == "not_tagged"
    assert [(act.customer_id, act.tag) for act in tags.manual_acts(house)] == [("A2", "friend")]


def test_the_audit_has_neither_reasons_nor_ids(house: Context) -> None:
    with house.database.connect() as connection:
        rows = [*audit.list_rows(connection, action="tag.add"), *audit.list_rows(connection, action="tag.remove")]
    assert {row.object for row in rows} == {"temper", "friend"}
    assert {row.principal for row in rows} == {"li", "wang"}
    said = str([row.detail for row in rows])
    assert "A1" not in said
    assert "shouted" not in said


@pytest.mark.parametrize(
    ("words", "code", "remedy"),
    [
        (("A9", "friend"), "unknown_customer", "tierwise show profile"),
        (("A1", "frend"), "unknown_tag", 'did you mean "friend"?'),
        (("A1", "active"), "not_manual", "manual"),
        (("A1", "temper"), "missing_value", "one of calm, angry"),
        (("A1", "temper", "calmm"), "unknown_value", 'did you mean "calm"?'),
        (("A1", "friend", "very"), "bad_value", "leave the value out"),
        (("A2", "allergic"), "no_consent", "ask the customer first"),
    ],
)
def test_what_does_not_fit_is_refused(house: Context, words: tuple[str, ...], code: str, remedy: str) -> None:
    error = refused(house, *words)
    assert error.code == code
    assert remedy in (error.remedy or "")


def test_a_reason_and_a_day_to_come(house: Context) -> None:
    assert refused(house, "A1", "friend", reason=" ").code == "missing_reason"
    with pytest.raises(TierwiseError, match="is over"):
        tags.add_tag(house, "A1", "friend", reason="r", expires_on=date(2020, 1, 1))


def test_a_sensitive_tag_where_the_customer_consented(house: Context) -> None:
    assert tags.add_tag(house, "A1", "allergic", reason="told us").outcome == "accepted"
    tags.remove_tag(house, "A1", "allergic", reason="done")


def test_readers_neither_give_nor_see_them(house: Context) -> None:
    reader = house.acting_as(Principal("r", "reader"))
    for act in (
        lambda: tags.add_tag(reader, "A1", "friend", reason="r"),
        lambda: tags.remove_tag(reader, "A1", "friend", reason="r"),
        lambda: tags.customer_tags(reader, "A1"),
        lambda: tags.manual_acts(reader),
        lambda: tag_import.import_tags(reader, Path("x.csv")),
    ):
        with pytest.raises(TierwiseError) as caught:
            act()
        assert caught.value.code == "not_allowed"


ROWS = """会员编号,标签,值,原因,到期日
A1,temper,calm,电话里很客气,2099-01-01
A2,脾气,易怒,投诉,
A3,friend,,老客户,
A3,friend,,老客户,
A3,temper,calm,x,
A3,temper,angry,x,
A9,friend,,x,
,friend,,x,
A1,frend,,x,
A1,active,,x,
A1,temper,,x,

A2,allergic,,x,
A1,friend,,,
A1,friend,,x,2020-01-01
A1,friend,,x,tomorrow
"""


def test_a_file_is_taken_row_by_row(house: Context, tmp_path: Path) -> None:
    path = tmp_path / "标签.csv"
    path.write_text(ROWS, "gb18030")
    done = tag_import.import_tags(house, path)
    assert (done.read, done.accepted, done.replaced, done.unchanged, done.refused) == (15, 4, 0, 1, 10)
    assert [(row.line, row.column, row.code) for row in done.refusals] == [
        (7, "value", "contradicts"),
        (8, "customer_id", "unknown_customer"),
        (9, "customer_id", "missing_id"),
        (10, "tag", "unknown_tag"),
        (11, "tag", "not_manual"),
        (12, "value", "missing_value"),
        (14, None, "no_consent"),
        (15, "reason", "missing_reason"),
        (16, "expires_on", "bad_date"),
        (17, "expires_on", "bad_date"),
    ]
    again = tag_import.import_tags(house, path)
    assert (again.accepted, again.replaced, again.unchanged, again.refused) == (0, 0, 5, 10)
    tags.remove_tag(house, "A1", "temper", reason="mistaken")
    third = tag_import.import_tags(house, path)
    assert (third.accepted, third.unchanged) == (0, 5), "the same file takes no undoing back"
    open_rows = importing.quarantine_rows(house, import_id=third.import_id)
    assert open_rows.total == 10
    with house.database.connect() as connection:
        assert audit.list_rows(connection, action="tag.import")[0].detail["refused"] == 10
    acts = tags.customer_tags(house, "A2").acts
    assert [(act.value, act.reason) for act in acts if act.tag == "temper"] == [("angry", "投诉")]


def test_mended_rows_close_what_was_refused(house: Context, tmp_path: Path) -> None:
    first = tmp_path / "a.csv"
    first.write_text("customer_id,tag,reason\nA7,friend,r\nA1,friend,r\n", "utf-8")
    done = tag_import.import_tags(house, first)
    assert (done.accepted, done.refused) == (1, 1)
    mended = tmp_path / "mended.csv"
    importing.export_quarantine(house, mended, import_id=done.import_id)
    mended.write_text(mended.read_text("utf-8-sig").replace("A7", "A2"), "utf-8")
    assert tag_import.import_tags(house, mended).refused == 0
    assert importing.quarantine_rows(house, import_id=done.import_id).total == 0


def test_lacking_columns_are_told_all_at_once(house: Context, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("customer_id,tagg\nA1,friend\n", "utf-8")
    with pytest.raises(TierwiseError) as caught:
        tag_import.import_tags(house, path)
    assert [problem.code for problem in caught.value.problems] == ["missing_column"] * 2
    assert "tagg" in (caught.value.remedy or "")


def snapshot(house: Context, as_of: date, rows: str, customers: int) -> None:
    """A run of that day whose tags are these rows (customer_key, tag, value)."""
    connection = house.duckdb()
    relation = connection.sql(
        f"SELECT customer_key::BIGINT AS customer_key, tag, value, DATE '{as_of}' AS since, "
        f"DATE '{as_of}' AS confirmed_on, 'rule' AS source FROM (VALUES {rows}) AS t(customer_key, tag, value)"
    )
    version = house.lake.overwrite("tags", relation)
    connection.close()
    with house.database.begin() as state:
        run_id = runs.start(state, as_of, definitions={}, inputs={})
        runs.finish_and_flip(state, run_id, outputs={"tags": version}, counts={"customers": customers}, timings={})


def test_the_catalogue_before_and_after_runs(house: Context) -> None:
    before = {row.name: row for row in tag_catalogue.catalogue(house).tags}
    assert list(before) == ["active", "allergic", "calm_friend", "friend", "temper"]
    assert (before["temper"].customers, before["temper"].drift, before["temper"].version) == (None, None, 1)
    assert before["temper"].readers == ("tag calm_friend",)
    assert before["temper"].warnings == ()
    assert [warning.message for warning in before["friend"].warnings] == ["has no owner", "has no purpose"]
    assert before["allergic"].consent == "health"
    snapshot(house, date(2026, 6, 29), "(1,'temper','calm'), (2,'temper','calm')", 4)
    snapshot(house, date(2026, 6, 30), "(1,'temper','calm'), (2,'temper','angry'), (3,'active',NULL)", 4)
    view = tag_catalogue.catalogue(house)
    assert (view.as_of, view.compared_as_of) == (date(2026, 6, 30), date(2026, 6, 29))
    row = {each.name: each for each in view.tags}
    temper = row["temper"]
    assert (temper.customers, temper.coverage, temper.changed, temper.gained, temper.lost) == (2, 0.5, 1, 0, 0)
    assert [(value.value, value.title.zh, value.customers, value.share) for value in temper.values] == [
        ("calm", "温和", 1, 0.5),
        ("angry", "易怒", 1, 0.5),
    ]
    assert temper.drift_said == "large"
    assert (row["active"].gained, row["active"].values) == (1, ())
    assert (row["friend"].customers, row["friend"].drift) == (0, 0)
    assert 'consent to "health" stands' in row["allergic"].warnings[-1].message
    shown = tags.customer_tags(house, "A1")
    assert [(tag.tag, tag.value, tag.value_title.zh if tag.value_title else None) for tag in shown.tags] == [
        ("temper", "calm", "温和")
    ]


def test_what_stands_is_ready_for_the_next_run(house: Context) -> None:
    with house.database.connect() as connection:
        rows = manual_tags.acts(connection, "Asia/Shanghai").to_pylist()
        assert manual_tags.change_number(connection) == len(rows) + sum(row["removed_day"] is not None for row in rows)
    assert {row["tag"] for row in rows if row["removed_day"] is None} == {"friend", "temper"}
