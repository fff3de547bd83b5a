"""Changes of tasks, each a row: what it was before, what it is after, by whom; and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ARRAY, BigInteger, Connection, any_, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state.task_tables import task, task_change
from tierwise.state.tasks import Task, get

Action = Literal["make", "done", "try", "snooze", "drop", "assign", "undo"]

_INSTANTS = frozenset({"closed_at"})
_DAYS = frozenset({"due_on"})


@dataclass(frozen=True, slots=True)
class Change:
    """One change. before, after: the columns that it changed, as JSON. undoes: the change that it took back."""

    id: int
    task_id: int
    revision: int
    action: Action
    before: dict[str, Any]
    after: dict[str, Any]
    undoes: int | None
    author: str
    at: datetime


def change(connection: Connection, found: Task, action: Action, *, author: str, **values: Any) -> Task:
    """Give columns of a task, locked by `get`, other values; it is the next revision.

    Raises `already_open` where it opens again while another of the same matter is open for the customer.
    """
    return _write(connection, found, action, author, values)


def last(connection: Connection, task_id: int) -> Change | None:
    """The newest change that was not taken back, the making apart; None where there is none."""
    return next(iter(lasts(connection, [task_id]).values()), None)


def lasts(connection: Connection, task_ids: Sequence[int]) -> dict[int, Change]:
    """As `last`, of several tasks, by task."""
    undone = {each.undoes for each in changes(connection, task_ids) if each.undoes is not None}
    found: dict[int, Change] = {}
    for each in changes(connection, task_ids):
        if each.action not in ("make", "undo") and each.id not in undone:
            found[each.task_id] = each
    return found


def changes(connection: Connection, task_ids: Sequence[int]) -> list[Change]:
    """Every change of these tasks, in their order."""
    query = select(task_change).where(task_change.c.task_id == any_(literal(list(task_ids), ARRAY(BigInteger))))
    return [Change(**row._mapping) for row in connection.execute(query.order_by(task_change.c.id))]


def undo(connection: Connection, found: Task, taken_back: Change, *, author: str) -> Task:
    """Give a task back the values that it had before a change; this is a change, too."""
    return _write(connection, found, "undo", author, _values(taken_back.before), undoes=taken_back.id)


def _write(
    connection: Connection, found: Task, action: Action, author: str, values: Mapping[str, Any], **more: Any
) -> Task:
    before = {name: getattr(found, name) for name in values}
    revision = found.revision + 1
    try:
        with connection.begin_nested():
            connection.execute(update(task).where(task.c.id == found.id).values(**values, revision=revision))
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", None) != "task_once_key":
            raise
        raise TierwiseError(
            "already_open",
            "the customer has another open task about the same",
            place=f"task {found.id}",
            remedy="do that one, or drop it first",
        ) from None
    row = {"task_id": found.id, "revision": revision, "action": action, "author": author, "at": utc_now()}
    told = {"before": _json(before), "after": _json(values)}
    connection.execute(insert(task_change).values(**row, **told, **more))
    return get(connection, found.id)


def _json(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _values(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in told.items()}


def _value(name: str, value: Any) -> Any:
    if value is not None and name in _DAYS:
        return date.fromisoformat(value)
    if value is not None and name in _INSTANTS:
        return datetime.fromisoformat(value)
    return value
