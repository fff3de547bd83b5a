"""Tasks in the database: given once, changed one after the other, taken back; and what the tables refuse."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, text
from sqlalchemy.exc import IntegrityError

from tierwise.kernel.errors import TierwiseError
from tierwise.state import people, task_changes, tasks
from tierwise.state.task_tables import task, task_batch
from tierwise.state.tasks import NOBODY, NewTask, Owner, Wanted

DAY = date(2026, 7, 1)
DIGEST = "a" * 64


def new(who: int, matter: str = "call|segment|lapsed", **more: Any) -> NewTask:
    given = {"kind": "call", "title": "ring", "script": "", "origin": "segment", "about": "lapsed", "due_on": DAY}
    return NewTask(source_key=who, matter=matter, **(given | more))


def made(connection: Connection, *given: NewTask) -> list[int]:
    return tasks.make(connection, given, author="ann")


def test_a_customer_is_given_an_open_task_once(connection: Connection) -> None:
    first = made(connection, new(1), new(2), new(1))
    assert len(first) == 2
    assert len(made(connection, new(1), new(2), new(3), new(1, "call|segment|other"))) == 2
    assert tasks.count(connection, Wanted(states=("open",))) == 4
    assert tasks.open_matters(connection, "call|segment|lapsed") == {1, 2, 3}


def test_a_done_task_may_be_given_again_and_then_not_opened_again(connection: Connection) -> None:
    (one,) = made(connection, new(1))
    done(connection, one, "reached")
    (two,) = made(connection, new(1))
    assert two != one
    newest = task_changes.last(connection, one)
    assert newest is not None
    with pytest.raises(TierwiseError) as refused:
        task_changes.undo(connection, tasks.get(connection, one, lock=True), newest, author="ann")
    assert refused.value.code == "already_open"
    assert tasks.get(connection, one).state == "done"


def done(connection: Connection, task_id: int, outcome: str, author: str = "ann") -> tasks.Task:
    found = tasks.get(connection, task_id, lock=True)
    closed = {"closed_at": datetime(2026, 7, 2, tzinfo=UTC), "closed_by": author}
    return task_changes.change(
        connection, found, "done", author=author, state="done", outcome=outcome, note="well", **closed
    )


def test_undoing_gives_back_what_was_step_by_step(connection: Connection) -> None:
    (one,) = made(connection, new(1))
    before = tasks.get(connection, one)
    snoozed = task_changes.change(connection, before, "snooze", author="ann", due_on=date(2026, 7, 9), tries=1)
    closed = done(connection, one, "bought")
    assert (closed.revision, closed.due_on, closed.state, closed.note) == (3, date(2026, 7, 9), "done", "well")
    for expected in (snoozed, before):
        newest = task_changes.last(connection, one)
        assert newest is not None
        back = task_changes.undo(connection, tasks.get(connection, one, lock=True), newest, author="ann")
        assert {f: getattr(back, f) for f in tasks.Task.__slots__ if f != "revision"} == {
            f: getattr(expected, f) for f in tasks.Task.__slots__ if f != "revision"
        }
    assert task_changes.last(connection, one) is None
    told = task_changes.changes(connection, [one])
    assert [each.action for each in told] == ["make", "snooze", "done", "undo", "undo"]
    assert [each.revision for each in told] == [1, 2, 3, 4, 5]


def test_of_two_taps_at_once_the_second_sees_the_first(database: Engine) -> None:
    with database.begin() as connection:
        (one,) = made(connection, new(101))
    seen: list[str] = []
    ready = threading.Barrier(2)

    def tap() -> None:
        ready.wait()
        with database.begin() as connection:
            found = tasks.get(connection, one, lock=True)
            seen.append(found.state)
            if found.state == "open":
                done(connection, one, "reached")

    taps = [threading.Thread(target=tap) for _ in range(2)]
    for each in taps:
        each.start()
    for each in taps:
        each.join()
    assert sorted(seen) == ["done", "open"]
    with database.connect() as connection:
        assert len(task_changes.changes(connection, [one])) == 2


def test_two_who_make_the_same_at_once_make_it_once(database: Engine) -> None:
    ready, found = threading.Barrier(2), []

    def ask() -> None:
        ready.wait()
        with database.begin() as connection:
            batch, there = tasks.begin_batch(
                connection, "july", DIGEST, origin="segment", about="lapsed", title="", author="ann"
            )
            if not there:
                ids = tasks.make(connection, [new(201), new(202)], author="ann", batch_id=batch.id)
                batch = tasks.end_batch(connection, batch, {"made": len(ids)})
            found.append((batch.id, batch.counts))

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert found[0] == found[1]
    assert found[0][1] == {"made": 2}
    with database.connect() as connection, pytest.raises(TierwiseError) as refused:
        tasks.begin_batch(connection, "july", "b" * 64, origin="segment", about="lapsed", title="", author="ann")
    assert refused.value.code == "already_used_key"


def test_tasks_are_found_by_whose_they_are_and_when(connection: Connection) -> None:
    connection.execute(text("truncate task cascade"))
    people.add(connection, "li", title="Li", role="operator", author="ann")
    made(
        connection,
        new(1, owner=Owner(staff_id="E1"), store="S1"),
        new(2, owner=Owner(person="li"), store="S2", due_on=date(2026, 7, 5)),
        new(3, store="S1", due_on=date(2026, 6, 1), kind="visit"),
    )

    def keys(**wanted: Any) -> list[int]:
        return [each.source_key for each in tasks.find(connection, Wanted(states=("open",), **wanted))]

    assert keys() == [3, 1, 2]
    assert keys(owner=Owner(staff_id="E1")) == [1]
    assert keys(owner=NOBODY) == [3]
    assert keys(mine=Owner("E1", "li")) == [1, 2]
    assert keys(mine=NOBODY) == [], "who has neither number nor name has no tasks"
    assert keys(stores=("S1",)) == [3, 1]
    assert keys(due_until=DAY) == [3, 1]
    assert keys(due_from=DAY) == [1, 2]
    assert keys(kind="visit") == [3]
    assert keys(source_keys=(2, 9)) == [2]
    assert tasks.open_by_owner(connection) == {Owner("E1"): 1, Owner(person="li"): 1, NOBODY: 1}


ROW: dict[str, Any] = {
    "source_key": 1, "matter": "m", "kind": "call", "title": "", "script": "", "origin": "manual", "about": "",
    "detail": {}, "due_on": DAY, "priority": 2, "state": "open", "note": "", "tries": 0, "revision": 1, "author": "ann",
    "at": datetime(2026, 7, 1, tzinfo=UTC),
}  # fmt: skip
CLOSED = {"state": "done", "outcome": "reached", "closed_at": ROW["at"], "closed_by": "ann"}


@pytest.mark.parametrize(
    ("constraint", "more"),
    [
        ("task_named_check", {"matter": ""}),
        ("task_named_check", {"source_key": 0}),
        ("task_kind_check", {"kind": "fax"}),
        ("task_origin_check", {"origin": "whim"}),
        ("task_state_check", CLOSED | {"state": "gone", "outcome": None}),
        ("task_outcome_check", CLOSED | {"outcome": "later"}),
        ("task_done_check", {"outcome": "reached"}),
        ("task_done_check", CLOSED | {"outcome": None}),
        ("task_closed_check", CLOSED | {"closed_by": None}),
        ("task_closed_check", {"closed_at": ROW["at"], "closed_by": "ann"}),
        ("task_given_check", {"priority": 4}),
        ("task_given_check", {"staff_id": ""}),
        ("task_counted_check", {"revision": 0}),
        ("task_person_fkey", {"person": "nobody"}),
    ],
)
def test_constraint_refuses(connection: Connection, constraint: str, more: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError) as caught:
        connection.execute(insert(task).values(ROW | more))
    assert caught.value.orig.diag.constraint_name == constraint  # type: ignore[union-attr]


def test_a_task_is_nobodys_or_ones(connection: Connection) -> None:
    people.add(connection, "li", title="Li", role="operator", author="ann")
    with pytest.raises(IntegrityError) as caught:
        connection.execute(insert(task).values(ROW | {"staff_id": "E1", "person": "li"}))
    assert caught.value.orig.diag.constraint_name == "task_whose_check"  # type: ignore[union-attr]


def test_a_batch_needs_a_digest(connection: Connection) -> None:
    row = {"digest": "no", "origin": "list", "about": "", "title": "", "counts": {}, "author": "ann", "at": ROW["at"]}
    with pytest.raises(IntegrityError) as caught:
        connection.execute(insert(task_batch).values(row))
    assert caught.value.orig.diag.constraint_name == "task_batch_named_check"  # type: ignore[union-attr]
