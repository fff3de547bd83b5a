"""Tasks seen, done, put off, taken back and handed on: whose they are, and what two taps come to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.app.task_house import BOSS, LI, NOW, READER, TODAY, WANG
from tierwise.app import exporting, people, task_giving, tasks
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.app.task_making import make_task, make_tasks
from tierwise.app.task_views import TaskOrder, TaskView
from tierwise.definitions.rule import InSegment
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit

TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def chief(task_house: Context) -> Context:
    return task_house


@pytest.fixture(autouse=True)
def five_tasks(chief: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """C1, C2, C3 are E1's, C4 is E2's, C5 is E3's in the other store."""
    at(monkeypatch, NOW)
    with chief.database.begin() as connection:
        connection.execute(text("truncate task, task_change, task_batch"))
    make_tasks(chief, TaskOrder(rule=InSegment(segment="buyers"), title="回访"))


def at(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(clock, "utc_now", lambda: now)


@pytest.fixture
def li(chief: Context) -> Context:
    return chief.acting_as(LI)


def refused(case: Callable[..., Any], *given: Any, **named: Any) -> str:
    with pytest.raises(TierwiseError) as caught:
        case(*given, **named)
    return caught.value.code


def of(ctx: Context, customer: str) -> TaskView:
    (found,) = [each for each in tasks.list_tasks(ctx, state=None).rows if each.customer_id == customer]
    return found


def test_an_advisor_sees_their_own_by_day_with_what_they_need(li: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks.snooze(li, of(li, "C2").id, TOMORROW)
    tasks.snooze(li, of(li, "C3").id, TODAY + timedelta(days=30))
    mine = tasks.my_tasks(li)
    assert (mine.today, mine.whose, mine.later, mine.overdue, mine.done) == (TODAY, "E1", 1, (), ())
    assert [each.customer_id for each in mine.due] == ["C1"]
    assert [each.customer_id for each in mine.soon] == ["C2"]
    (call,) = mine.due
    assert (call.name, call.phone, call.own, call.reason.en) == ("甲一", "13800000001", True, "segment: Buyers")
    assert call.stage is not None
    assert call.stage.title.zh
    at(monkeypatch, NOW + timedelta(days=2))
    mine = tasks.my_tasks(li)
    assert [(each.customer_id, each.overdue_days) for each in mine.overdue] == [("C1", 2), ("C2", 1)]


def test_the_day_begins_where_the_business_is(li: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, NOW.replace(hour=15, minute=59))
    assert tasks.my_tasks(li).today == date(2026, 7, 1)
    at(monkeypatch, NOW.replace(hour=16, minute=0))
    assert tasks.my_tasks(li).today == date(2026, 7, 2)
    assert [each.customer_id for each in tasks.my_tasks(li).due] == ["C1", "C2", "C3"]


def test_one_tap_does_it_and_one_takes_it_back(li: Context) -> None:
    before = of(li, "C1")
    done = tasks.act(li, before.id, "appointment", note="周六上午")
    assert (done.state, done.outcome, done.note, done.closed_by) == ("done", "appointment", "周六上午", "person:li")
    assert [each.id for each in tasks.my_tasks(li).done] == [done.id]
    assert done.undoable
    back = tasks.undo(li, before.id, revision=done.revision)
    assert replace(back, revision=before.revision) == before
    assert refused(tasks.undo, li, before.id) == "nothing_to_undo"
    assert [each.action for each in tasks.task_history(li, before.id)] == ["undo", "done", "make"]
    assert [each.undone for each in tasks.task_history(li, before.id)] == [False, True, False]


def test_the_same_tap_twice_is_one(li: Context) -> None:
    call = of(li, "C1")
    first = tasks.act(li, call.id, "reached", revision=call.revision)
    assert tasks.act(li, call.id, "reached", revision=call.revision) == first
    assert tasks.act(li, call.id, "reached") == first
    assert refused(tasks.act, li, call.id, "refused") == "task_closed"
    assert refused(tasks.snooze, li, call.id, TOMORROW) == "task_closed"
    late = of(li, "C2")
    tried = tasks.act(li, late.id, "no_answer", again_on=TOMORROW, revision=late.revision)
    assert (tried.state, tried.outcome, tried.due_on, tried.tries) == ("open", None, TOMORROW, 1)
    assert tasks.act(li, late.id, "no_answer", again_on=TOMORROW, revision=late.revision) == tried
    again = tasks.act(li, late.id, "no_answer", again_on=TOMORROW, revision=tried.revision)
    assert again.tries == 2, "who saw the first try has tried again"
    assert tasks.undo(li, late.id).tries == 1


def test_who_saw_an_older_state_is_told(chief: Context, li: Context) -> None:
    call = of(li, "C1")
    tasks.snooze(chief, call.id, TOMORROW)
    assert refused(tasks.act, li, call.id, "reached", revision=call.revision) == "changed_meanwhile"
    assert refused(tasks.undo, li, call.id, revision=call.revision) == "changed_meanwhile"
    assert refused(tasks.undo, li, call.id) == "not_allowed", "it was the chief's"
    assert not of(li, "C1").undoable
    assert tasks.act(li, call.id, "reached").state == "done"
    assert tasks.undo(chief, call.id).state == "open", "who assigns takes back what others did"


def test_of_two_at_once_one_is_told(chief: Context, li: Context) -> None:
    call = of(li, "C1")
    ready, said = threading.Barrier(2), []

    def tap(ctx: Context, outcome: tasks.Tap) -> None:
        ready.wait()
        try:
            said.append(tasks.act(ctx, call.id, outcome).outcome)
        except TierwiseError as error:
            said.append(error.code)

    taps = [threading.Thread(target=tap, args=each) for each in ((li, "reached"), (chief, "refused"))]
    for each in taps:
        each.start()
    for each in taps:
        each.join()
    assert sorted(map(str, said)) in (["reached", "task_closed"], ["refused", "task_closed"])
    assert of(chief, "C1").outcome in said


@pytest.mark.parametrize(
    ("outcome", "more", "expected"),
    [
        ("later", {"again_on": date(2026, 7, 1)}, "bad_date"),
        ("later", {"again_on": date(2027, 8, 1)}, "bad_date"),
        ("reached", {"again_on": TOMORROW}, "bad_value"),
        ("asleep", {}, "unknown_value"),
        ("reached", {"note": "x" * 2001}, "too_long"),
    ],
)
def test_what_cannot_be_is_refused(li: Context, outcome: Any, more: dict[str, Any], expected: str) -> None:
    assert refused(tasks.act, li, of(li, "C1").id, outcome, **more) == expected
    assert of(li, "C1").revision == 1


def test_later_is_tomorrow_where_no_day_is_said(li: Context) -> None:
    assert tasks.act(li, of(li, "C1").id, "later").due_on == TOMORROW


def test_dropping_takes_a_reason(li: Context) -> None:
    assert refused(tasks.drop, li, of(li, "C1").id, reason=" ") == "missing_reason"
    gone = tasks.drop(li, of(li, "C1").id, reason="已搬走")
    assert (gone.state, gone.outcome, gone.note) == ("dropped", None, "已搬走")


def test_others_tasks_are_as_if_they_were_not_there(chief: Context, li: Context) -> None:
    others = of(chief, "C4").id
    assert {each.customer_id for each in tasks.list_tasks(li, state=None).rows} == {"C1", "C2", "C3"}
    assert tasks.list_tasks(li, assignee="E2").of == 0
    for case in (
        lambda: tasks.one_task(li, others),
        lambda: tasks.act(li, others, "reached"),
        lambda: tasks.undo(li, others),
        lambda: tasks.task_history(li, others),
        lambda: tasks.drop(li, others, reason="r"),
        lambda: tasks.one_task(li, 999_999),
    ):
        assert refused(case) == "no_such_task"
    assert refused(tasks.tasks_of_customer, li, "C4") == "unknown_customer"
    assert [each.customer_id for each in tasks.tasks_of_customer(li, "C1")] == ["C1"]
    for case in (tasks.list_tasks, tasks.my_tasks):
        assert refused(case, chief.acting_as(READER)) == "not_allowed"
    assert refused(task_giving.assign, li, [of(li, "C1").id], ["E2"]) == "not_allowed"


def test_a_store_sees_its_own(chief: Context) -> None:
    boss = chief.acting_as(BOSS)
    assert {each.customer_id for each in tasks.list_tasks(boss).rows} == {"C1", "C2", "C3", "C4"}
    assert refused(tasks.one_task, boss, of(chief, "C5").id) == "no_such_task"
    assert refused(task_giving.assign, boss, [of(chief, "C5").id], ["E1"]) == "no_such_task"
    assert refused(task_giving.assign, boss, [of(chief, "C1").id], ["E3"]) == "unknown_assignee"
    assert {each.id for each in task_giving.assignees(boss)} == {"E1", "E2", "person:boss", "person:ops"}


def test_a_task_that_is_given_to_somebody_tells_them_the_customer(chief: Context, li: Context) -> None:
    call = of(chief, "C4")
    given = task_giving.assign(chief, [call.id], ["li"])
    assert (given.changed, [(each.assignee and each.assignee.id, each.tasks) for each in given.shares]) == (
        1,
        [("E1", 1)],
    )
    seen = tasks.one_task(li, call.id)
    assert (seen.name, seen.phone, seen.own) == ("丁四", "13800000004", False), "the task, and not their page"
    assert refused(tasks.one_task, chief.acting_as(WANG), call.id) == "no_such_task"
    assert task_giving.assign(chief, [call.id], ["E1"]).unchanged == 1
    assert tasks.undo(chief, call.id).assignee == of(chief, "C4").assignee
    assert task_giving.assign(chief, [call.id], []).changed == 1
    assert of(chief, "C4").assignee is None
    assert tasks.list_tasks(chief, assignee="").of == 1


def test_all_of_one_who_leaves_go_to_others_in_turn(chief: Context) -> None:
    done = tasks.act(chief, of(chief, "C1").id, "reached")
    given = task_giving.hand_over(chief, "E1", ["E2", "person:ops"])
    assert (given.changed, sorted(each.tasks for each in given.shares)) == (2, [1, 1])
    still, before = of(chief, "C1").assignee, done.assignee
    assert still is not None
    assert before is not None
    assert still.id == before.id == "E1", "what is done stays theirs"
    assert tasks.list_tasks(chief, assignee="E1").of == 0
    assert task_giving.hand_over(chief, "E1", []).changed == 0
    assert refused(task_giving.hand_over, chief, "E777", []) == "unknown_assignee"
    boss = chief.acting_as(BOSS)
    assert task_giving.hand_over(boss, "E3", ["E1"]).changed == 0, "another store's"


def test_a_person_without_a_number_has_tasks_by_name(chief: Context) -> None:
    task_giving.assign(chief, [of(chief, "C5").id], ["ops"])
    ops = chief.acting_as(Principal("person:ops", "operator"))
    assert [each.customer_id for each in tasks.my_tasks(ops).due] == ["C5"]
    people.let_go(chief, "ops")
    try:
        left = of(chief, "C5").assignee
        assert left is not None
        assert (left.id, left.known) == ("person:ops", False)
        assert task_giving.hand_over(chief, "person:ops", ["E3"]).changed == 1
    finally:
        people.change(chief, "ops", role="operator")


def test_tasks_are_narrowed_by_what_they_are(chief: Context) -> None:
    tasks.snooze(chief, of(chief, "C1").id, TOMORROW)
    tasks.act(chief, of(chief, "C2").id, "refused")

    def customers(**asked: Any) -> list[str | None]:
        return sorted(str(each.customer_id) for each in tasks.list_tasks(chief, **asked).rows)

    assert customers(due="today") == ["C3", "C4", "C5"]
    assert customers(due="soon") == ["C1"]
    assert customers(due="overdue") == []
    assert customers(state="done") == ["C2"]
    assert customers(state="done", outcome="refused") == ["C2"]
    assert customers(assignee="E1") == ["C1", "C3"]
    assert customers(kind="visit") == []
    assert refused(tasks.list_tasks, chief, kind="fax") == "unknown_value"
    page = tasks.list_tasks(chief, offset=1, limit=2)
    assert (page.of, len(page.rows), page.offset) == (4, 2, 1)


def test_a_done_task_does_not_open_again_beside_a_new_one(chief: Context, li: Context) -> None:
    call = of(li, "C1")
    tasks.act(li, call.id, "no_answer")
    make_tasks(chief, TaskOrder(rule=InSegment(segment="buyers"), title="回访"))
    assert refused(tasks.undo, li, call.id) == "already_open"


def test_the_audit_has_what_was_done_and_no_notes(chief: Context, li: Context) -> None:
    call = make_task(li, "C1", title="送资料")
    tasks.act(li, call.id, "reached", note="王先生说好")
    tasks.undo(li, call.id)
    with chief.database.connect() as connection:
        rows = audit.list_rows(connection, object_name=str(call.id))
    assert [row.action for row in rows] == ["task.undo", "task.done"]
    assert "王先生" not in str([row.detail for row in rows])


def test_a_workbook_of_tasks_has_no_names_phones_or_notes(chief: Context, tmp_path: Path) -> None:
    tasks.act(chief, of(chief, "C1").id, "appointment", note="王先生周六来")
    done = exporting.export(chief, "tasks", tmp_path / "t.csv", asked={"state": "all"}, headings="zh")
    said = (tmp_path / "t.csv").read_text("utf-8")
    assert done.rows == 5
    for there in ("C1", "已预约", "李顾问", "客群：买过的"):
        assert there in said
    for absent in ("甲一", "13800000001", "王先生"):
        assert absent not in said
    some = exporting.export(chief, "tasks", tmp_path / "s.csv", asked={"assignee": "E1", "due": "today"})
    assert some.rows == 2
    numbers = exporting.export(chief, "advisors", tmp_path / "a.csv", headings="zh")
    assert numbers.rows == 3
    assert refused(exporting.export, chief.acting_as(BOSS), "tasks", tmp_path / "b.csv") == "not_allowed"
