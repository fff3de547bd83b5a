"""Tasks made for segments, lists, filters and who is due: once each, to whom they belong, and seen before."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from tests.app.task_house import BOSS, LI, NOW, TODAY
from tierwise.app import defining, identity, running, task_making, tasks
from tierwise.app.context import Context
from tierwise.app.task_making import make_task, make_tasks, preview_tasks
from tierwise.app.task_views import TaskCounts, TaskOrder, TaskView
from tierwise.definitions.identities import Identities
from tierwise.definitions.rule import Comparison, InList, InSegment
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit

BUYERS = TaskOrder(rule=InSegment(segment="buyers"), title="回访", script="问候")


@pytest.fixture
def chief(task_house: Context) -> Context:
    return task_house


@pytest.fixture(autouse=True)
def no_tasks(chief: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "utc_now", lambda: NOW)
    with chief.database.begin() as connection:
        connection.execute(text("truncate task, task_change, task_batch"))


def code(refused: pytest.ExceptionInfo[TierwiseError]) -> str:
    return refused.value.code


def open_tasks(ctx: Context, **asked: str) -> dict[str | None, str | None]:
    """Customer -> whose task it is."""
    rows = tasks.list_tasks(ctx, limit=100, **asked).rows  # type: ignore[arg-type]
    return {each.customer_id: each.assignee.id if each.assignee else None for each in rows}


def test_each_customer_is_given_to_their_own_advisor(chief: Context) -> None:
    preview = preview_tasks(chief, BUYERS)
    assert preview.counts == TaskCounts(found=5, left_out=0, closed=0, already=0, made=5, nobodys=0, without_phone=1)
    assert [(each.assignee and each.assignee.id, each.tasks) for each in preview.shares] == [
        ("E1", 3),
        ("E2", 1),
        ("E3", 1),
    ]
    assert open_tasks(chief) == {}, "a preview stores nothing"
    made = make_tasks(chief, BUYERS)
    assert (made.counts, made.shares) == (preview.counts, preview.shares)
    assert open_tasks(chief) == {"C1": "E1", "C2": "E1", "C3": "E1", "C4": "E2", "C5": "E3"}
    (first, *_) = tasks.list_tasks(chief).rows
    assert (first.due_on, first.title, first.script, first.reason.zh) == (TODAY, "回访", "问候", "客群：买过的")
    assert first.assignee is not None
    assert first.assignee.title == "李顾问"


def test_nobody_is_given_the_same_open_task_twice(chief: Context) -> None:
    make_tasks(chief, BUYERS)
    again = make_tasks(chief, BUYERS)
    assert (again.counts.made, again.counts.already, again.shares) == (0, 5, ())
    other = TaskOrder(rule=InSegment(segment="buyers"), title="  试驾 邀约 ")
    assert make_tasks(chief, other).counts.made == 5, "something else to do"
    spelled = TaskOrder(rule=InSegment(segment="buyers"), title="试驾  邀约")
    assert preview_tasks(chief, spelled).counts.already == 5, "the same in another spelling"


def test_a_key_makes_nothing_twice(chief: Context) -> None:
    first = make_tasks(chief, BUYERS, key="july")
    with chief.database.begin() as connection:
        connection.execute(text("update task set state = 'done', outcome = 'reached', closed_at = at, closed_by = 'x'"))
    again = make_tasks(chief, BUYERS, key="july")
    assert again.repeated
    assert (again.batch_id, again.counts, again.shares) == (first.batch_id, first.counts, first.shares)
    assert tasks.list_tasks(chief, state=None).of == 5
    with pytest.raises(TierwiseError) as refused:
        make_tasks(chief, TaskOrder(rule=InSegment(segment="everybody")), key="july")
    assert code(refused) == "already_used_key"
    assert make_tasks(chief, BUYERS, key="august").counts.made == 5, "done ones do not hinder"


def test_closed_accounts_and_who_is_no_customer_are_left_out(chief: Context) -> None:
    found = preview_tasks(chief, TaskOrder(rule=InList(list="invited"))).counts
    assert found == TaskCounts(found=3, left_out=0, closed=1, already=0, made=2, nobodys=0, without_phone=0)
    with chief.database.begin() as connection:
        connection.execute(text("insert into list_member values ('invited', 999999)"))
    try:
        found = preview_tasks(chief, TaskOrder(rule=InList(list="invited"))).counts
        assert (found.found, found.left_out, found.made) == (4, 1, 2)
    finally:
        with chief.database.begin() as connection:
            connection.execute(text("delete from list_member where source_key = 999999"))


def test_whom_nobody_advises_waits_or_is_given_in_turn(chief: Context) -> None:
    everybody = InSegment(segment="everybody")
    counts = preview_tasks(chief, TaskOrder(rule=everybody)).counts
    assert (counts.made, counts.closed, counts.nobodys) == (7, 1, 2), "one without advisor, one of nobody known"
    make_tasks(chief, TaskOrder(rule=everybody, people=("ops",)))
    assert open_tasks(chief, assignee="person:ops") == {"C6": "person:ops", "C8": "person:ops"}
    assert open_tasks(chief, assignee="") == {}
    spread = make_tasks(chief, TaskOrder(rule=everybody, title="x", to="people", people=("E1", "E2", "li")))
    assert [(each.assignee and each.assignee.id, each.tasks) for each in spread.shares] == [("E1", 5), ("E2", 2)], (
        "li is E1"
    )
    pooled = make_tasks(chief, TaskOrder(rule=everybody, title="y", to="pool"))
    assert [(each.assignee, each.tasks) for each in pooled.shares] == [(None, 7)]


def test_who_is_due_is_told_what_for_and_when(chief: Context) -> None:
    order = TaskOrder(insight="due", parameters={"lapsed": True, "min_customers": 1, "min_intervals": 1})
    made = make_tasks(chief, order)
    assert made.counts.made == 5
    rows = tasks.list_tasks(chief).rows
    assert {each.reason.zh for each in rows} == {"到期：咖啡豆（6月10日）"}
    assert {each.due_on for each in rows} == {TODAY}, "what is over is due today"
    (call, *_) = tasks.list_tasks(chief, origin="due").rows
    assert call.reason.en == "due: 咖啡豆 (2026-06-10)"


def test_who_sees_one_store_makes_tasks_for_its_customers_alone(chief: Context) -> None:
    boss = chief.acting_as(BOSS)
    counts = preview_tasks(boss, BUYERS).counts
    assert (counts.found, counts.made) == (4, 4)
    order = TaskOrder(insight="due", parameters={"lapsed": True, "min_customers": 1, "min_intervals": 1})
    assert preview_tasks(boss, order).counts.made == 4
    with pytest.raises(TierwiseError) as refused:
        preview_tasks(boss, TaskOrder(rule=InSegment(segment="buyers"), to="people", people=("E3",)))
    assert code(refused) == "unknown_assignee", "another store's"
    assert "E3" not in str(refused.value.problems[0].remedy), "who cannot be given any is not proposed"
    make_tasks(chief, BUYERS)
    assert set(open_tasks(boss)) == {"C1", "C2", "C3", "C4"}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (TaskOrder(), "bad_value"),
        (TaskOrder(rule=InSegment(segment="buyers"), insight="due"), "bad_value"),
        (TaskOrder(rule=InSegment(segment="byers")), "unknown_segment"),
        (TaskOrder(rule=InSegment(segment="buyers"), to="people"), "missing_value"),
        (TaskOrder(rule=InSegment(segment="buyers"), to="people", people=("E7",)), "unknown_assignee"),
        (TaskOrder(rule=InSegment(segment="buyers"), to="people", people=("rea",)), "unknown_assignee"),
        (TaskOrder(rule=InSegment(segment="buyers"), kind="fax"), "unknown_value"),  # type: ignore[arg-type]
        (TaskOrder(rule=InSegment(segment="buyers"), due_on=date(2026, 7, 1)), "bad_date"),
        (TaskOrder(rule=InSegment(segment="buyers"), due_on=date(2028, 7, 1)), "bad_date"),
        (TaskOrder(rule=InSegment(segment="buyers"), title="x" * 201), "too_long"),
        (TaskOrder(rule=InSegment(segment="buyers"), priority=0), "bad_value"),
    ],
)
def test_what_cannot_be_is_refused(chief: Context, order: TaskOrder, expected: str) -> None:
    with pytest.raises(TierwiseError) as refused:
        make_tasks(chief, order)
    assert code(refused) == expected
    assert tasks.list_tasks(chief).of == 0


def test_the_day_is_the_businesss_not_that_of_greenwich(chief: Context) -> None:
    assert make_tasks(chief, TaskOrder(rule=InSegment(segment="buyers"), due_on=TODAY)).counts.made == 5
    assert tasks.my_tasks(chief.acting_as(LI)).today == TODAY


def test_too_many_at_once_are_refused(chief: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_making, "MOST_TASKS", 4)
    with pytest.raises(TierwiseError) as refused:
        preview_tasks(chief, BUYERS)
    assert code(refused) == "too_many_tasks"


def test_an_advisor_makes_one_for_themselves_and_their_own(chief: Context) -> None:
    li = chief.acting_as(LI)
    made = make_task(li, "C2", title="送资料", due_on=date(2026, 7, 9))
    assert (made.customer_id, made.name, made.reason.zh, made.store) == ("C2", "乙二", "", "S1")
    assert made.assignee is not None
    assert made.assignee.id == "E1"
    for who, more, expected in (
        ("C4", {}, "unknown_customer"),
        ("C2", {}, "already_open"),
        ("C1", {"assignee": "E2"}, "not_allowed"),
        ("C1", {"title": " "}, "missing_title"),
    ):
        with pytest.raises(TierwiseError) as refused:
            make_task(li, who, **({"title": "送资料"} | more))
        assert code(refused) == expected, who
    by_chief = make_task(chief, "C2", title="试驾")
    assert by_chief.assignee is not None
    assert by_chief.assignee.id == "E1"
    assert make_task(chief, "C6", title="试驾").assignee is None
    assert make_task(chief, "C2", title="年检", assignee="").assignee is None


def test_what_a_rule_meant_is_told_apart(chief: Context) -> None:
    def of(customer: str) -> TaskOrder:
        return TaskOrder(rule=Comparison(attribute="customer_id", op="=", value=customer))

    assert make_tasks(chief, of("C1")).counts.made == 1
    assert make_tasks(chief, of("C2")).counts.made == 1
    assert make_tasks(chief, of("C1")).counts.already == 1


def test_the_audit_tells_who_made_how_many_and_no_customer(chief: Context) -> None:
    make_tasks(chief, BUYERS)
    make_task(chief, "C6", title="试驾 王先生")
    with chief.database.connect() as connection:
        one, many, *_ = audit.list_rows(connection, action="task.make")
    assert (many.object, many.detail["made"]) == ("segment buyers", 5)
    assert "王先生" not in str(one.detail)


def test_two_who_are_found_to_be_one_have_one_task(chief: Context) -> None:
    made = {each.customer_id: each for each in _made(chief)}
    defining.change_definitions(chief, [Identities()], note="")
    decision = identity.decide(chief, "C4", "C5", same=True, reason="the same card")
    try:
        running.run(chief, date(2026, 6, 30))
        counts = preview_tasks(chief, BUYERS).counts
        assert (counts.found, counts.already, counts.made) == (4, 4, 0), "what either has is the one's"
        seen = tasks.one_task(chief, made["C5"].id)
        assert seen.customer_id == tasks.one_task(chief, made["C4"].id).customer_id
        assert len(tasks.tasks_of_customer(chief, str(seen.customer_id))) == 2
    finally:
        identity.undo(chief, decision.id)
        running.run(chief, date(2026, 6, 30))
    assert preview_tasks(chief, BUYERS).counts.found == 5


def _made(chief: Context) -> tuple[TaskView, ...]:
    make_tasks(chief, BUYERS)
    return tasks.list_tasks(chief).rows
