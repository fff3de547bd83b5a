"""Tasks: made once for a customer and a matter, found by whose they are, when they are due and how far they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    any_,
    func,
    insert,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.engine import Row

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state.locks import hold_for_transaction
from tierwise.state.task_tables import task, task_batch

Kind = Literal["call", "message", "visit", "other"]
Origin = Literal["segment", "list", "rule", "due", "vehicle_due", "manual"]
State = Literal["open", "done", "dropped"]
Outcome = Literal["reached", "no_answer", "appointment", "bought", "refused", "wrong_number"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a task is: a number of the facts, or a person who has none; neither: it waits in its store's pool."""

    staff_id: str | None = None
    person: str | None = None


NOBODY = Owner()


@dataclass(frozen=True, slots=True)
class NewTask:
    """One to be made. matter: what it is about, in one spelling; detail: of its origin, such as what is due when."""

    source_key: int
    matter: str
    kind: Kind
    title: str
    script: str
    origin: Origin
    about: str
    due_on: date
    detail: dict[str, Any] = field(default_factory=dict)
    owner: Owner = NOBODY
    store: str | None = None
    priority: int = 2


@dataclass(frozen=True, slots=True)
class Task:
    """One task. priority: 1 first, 3 last. revision: grows with each change. tries: in vain, after which it stayed
    open."""

    id: int
    source_key: int
    matter: str
    kind: Kind
    title: str
    script: str
    origin: Origin
    about: str
    detail: dict[str, Any]
    batch_id: int | None
    staff_id: str | None
    person: str | None
    store: str | None
    due_on: date
    priority: int
    state: State
    outcome: Outcome | None
    note: str
    tries: int
    revision: int
    author: str
    at: datetime
    closed_at: datetime | None
    closed_by: str | None

    @property
    def owner(self) -> Owner:
        return Owner(self.staff_id, self.person)


@dataclass(frozen=True, slots=True)
class Batch:
    """One making of tasks for several customers. counts: what became of whom."""

    id: int
    key: str | None
    digest: str
    origin: Origin
    about: str
    title: str
    counts: dict[str, Any]
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks; what is None or empty does not narrow. owner: theirs, or, of `NOBODY`, nobody's. mine: either of a
    number and a person. due_from, due_until: days, both included. closed_from: closed then or later."""

    states: tuple[State, ...] = ()
    owner: Owner | None = None
    mine: Owner | None = None
    stores: tuple[str, ...] = ()
    kind: Kind | None = None
    due_from: date | None = None
    due_until: date | None = None
    closed_from: datetime | None = None
    source_keys: tuple[int, ...] | None = None
    batch_id: int | None = None
    outcome: Outcome | None = None
    origin: Origin | None = None


def begin_batch(
    connection: Connection, key: str | None, digest: str, *, origin: Origin, about: str, title: str, author: str
) -> tuple[Batch, bool]:
    """A batch without tasks yet, and whether it was there: the same key and digest make nothing twice.

    Who asks with the same key at once waits. Raises `already_used_key` where it was used for something else.
    """
    if key is not None:
        hold_for_transaction(connection, f"task batch {key}")
        there = batch_of_key(connection, key)
        if there is not None:
            if there.digest != digest:
                raise TierwiseError(
                    "already_used_key", f'other tasks were made with the key "{key}"', remedy="take another key"
                )
            return there, True
    values = {"key": key, "digest": digest, "origin": origin, "about": about, "title": title}
    made = insert(task_batch).values(**values, counts={}, author=author, at=utc_now()).returning(*task_batch.c)
    return Batch(**connection.execute(made).one()._mapping), False


def end_batch(connection: Connection, batch: Batch, counts: dict[str, Any]) -> Batch:
    """Write down what became of whom."""
    connection.execute(task_batch.update().where(task_batch.c.id == batch.id).values(counts=counts))
    return replace(batch, counts=counts)


def batch_of_key(connection: Connection, key: str) -> Batch | None:
    """The batch that was made by this key; None where there is none."""
    row = connection.execute(select(task_batch).where(task_batch.c.key == key)).one_or_none()
    return None if row is None else Batch(**row._mapping)


def make(connection: Connection, new: Sequence[NewTask], *, author: str, batch_id: int | None = None) -> list[int]:
    """Make those whose customer has no open task of the same matter; the ids of the made, in their order."""
    if not new:
        return []
    connection.execute(
        text(
            "create temp table arriving (place bigint, source_key bigint, matter text, kind text, title text, "
            "script text, origin text, about text, detail jsonb, staff_id text, person text, store text, due_on date, "
            "priority integer) on commit drop"
        )
    )
    raw = connection.connection.driver_connection
    assert raw is not None
    with raw.cursor() as cursor, cursor.copy("copy arriving from stdin") as copy:
        for place, each in enumerate(new):
            named = (each.matter, each.kind, each.title, each.script, each.origin, each.about)
            whose = (each.owner.staff_id, each.owner.person, each.store, each.due_on, each.priority)
            copy.write_row((place, each.source_key, *named, json.dumps(each.detail, ensure_ascii=False), *whose))
    told = {"author": author, "at": utc_now(), "batch": batch_id}
    made = connection.scalars(
        text(
            "insert into task (source_key, matter, kind, title, script, origin, about, detail, batch_id, staff_id, "
            "person, store, due_on, priority, state, note, tries, revision, author, at) "
            "select source_key, matter, kind, title, script, origin, about, detail, cast(:batch as bigint), staff_id, "
            "person, store, due_on, priority, 'open', '', 0, 1, :author, :at from arriving order by place "
            "on conflict (source_key, matter) where state = 'open' do nothing returning id"
        ),
        told,
    ).all()
    connection.execute(
        text(
            "insert into task_change (task_id, revision, action, before, after, author, at) "
            "select id, 1, 'make', '{}', jsonb_build_object('due_on', due_on, 'staff_id', staff_id, 'person', person), "
            ":author, :at from task where id = any(:made)"
        ),
        {"author": told["author"], "at": told["at"], "made": list(made)},
    )
    connection.execute(text("drop table arriving"))
    return list(made)


def get(connection: Connection, task_id: int, *, lock: bool = False) -> Task:
    """One task; lock: nobody else changes it until the transaction ends. Raises `no_such_task`."""
    query = select(task).where(task.c.id == task_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise no_such_task(task_id)
    return _task(row)


def no_such_task(task_id: int) -> TierwiseError:
    """There is none of that number, or none that one who asks may see."""
    return TierwiseError("no_such_task", f"there is no task {task_id}", remedy="`tierwise task list` lists them")


def find(
    connection: Connection, wanted: Wanted, *, limit: int | None = None, offset: int = 0, newest_first: bool = False
) -> list[Task]:
    """By due day, priority and number; newest_first: those closed last first."""
    order = (task.c.closed_at.desc(), task.c.id.desc()) if newest_first else (task.c.due_on, task.c.priority, task.c.id)
    query = select(task).where(*_tests(wanted)).order_by(*order).limit(limit).offset(offset)
    return [_task(row) for row in connection.execute(query)]


def count(connection: Connection, wanted: Wanted) -> int:
    return int(connection.scalar(select(func.count()).select_from(task).where(*_tests(wanted))) or 0)


def open_matters(connection: Connection, matter: str) -> set[int]:
    """The source keys that have an open task of this matter."""
    found = select(task.c.source_key).where(task.c.matter == matter, task.c.state == "open")
    return set(connection.scalars(found))


def open_by_owner(connection: Connection) -> dict[Owner, int]:
    """Whose how many open tasks are."""
    query = select(task.c.staff_id, task.c.person, func.count()).where(task.c.state == "open").group_by(task.c.staff_id)
    rows = connection.execute(query.group_by(task.c.person))
    return {Owner(staff_id, person): int(number) for staff_id, person, number in rows}


def _tests(wanted: Wanted) -> list[ColumnElement[bool]]:
    tests: list[ColumnElement[bool]] = []
    if wanted.states:
        tests.append(task.c.state.in_(wanted.states))
    if wanted.owner is not None:
        for column in (task.c.staff_id, task.c.person):
            given = getattr(wanted.owner, column.name)
            tests.append(column.is_(None) if given is None else column == given)
    if wanted.mine is not None:
        either = [
            column == given
            for column in (task.c.staff_id, task.c.person)
            if (given := getattr(wanted.mine, column.name)) is not None
        ]
        tests.append(or_(literal(False), *either))
    if wanted.stores:
        tests.append(task.c.store.in_(wanted.stores))
    for column in (task.c.kind, task.c.batch_id, task.c.outcome, task.c.origin):
        if (given := getattr(wanted, column.name)) is not None:
            tests.append(column == given)
    if wanted.due_from is not None:
        tests.append(task.c.due_on >= wanted.due_from)
    if wanted.due_until is not None:
        tests.append(task.c.due_on <= wanted.due_until)
    if wanted.closed_from is not None:
        tests.append(and_(task.c.state != "open", task.c.closed_at >= wanted.closed_from))
    if wanted.source_keys is not None:
        tests.append(task.c.source_key == any_(literal(list(wanted.source_keys), ARRAY(BigInteger))))
    return tests


def _task(row: Row[Any]) -> Task:
    return Task(**row._mapping)
