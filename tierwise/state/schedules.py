"""Schedules: what is due again and again. One row per schedule; what is due now is a query, no timer anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import Problem, TierwiseError, did_you_mean
from tierwise.state.schema import schedule

Missed = Literal["catch_up", "skip"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule. cron: five fields on the clock of `timezone`. missed: what becomes of due times that nobody saw.

    next_due_at: when it is due next, or since when it has been; None while it is not enabled. last_due_at: the due time
    of the newest job that was made for it, last_job_id: the newest job that ran for it; None before the first.
    """

    name: str
    task: str
    arguments: dict[str, Any]
    cron: str
    timezone: str
    missed: Missed
    enabled: bool
    author: str
    at: datetime
    next_due_at: datetime | None
    last_due_at: datetime | None
    last_job_id: int | None


def add(
    connection: Connection,
    name: str,
    *,
    task: str,
    arguments: Mapping[str, Any],
    cron: str,
    timezone: str,
    missed: Missed,
    author: str,
    next_due_at: datetime,
) -> None:
    """Insert an enabled schedule. Raises `already_scheduled`."""
    row = insert(schedule).values(
        name=name,
        task=task,
        arguments=dict(arguments),
        cron=cron,
        timezone=timezone,
        missed=missed,
        author=author,
        at=utc_now(),
        next_due_at=next_due_at,
    )
    if connection.scalar(row.on_conflict_do_nothing().returning(schedule.c.name)) is None:
        raise TierwiseError(
            "already_scheduled",
            f'there is a schedule "{name}" already',
            remedy=f"choose another name, or first: tierwise schedule remove {name}",
        )


def get(connection: Connection, name: str, *, for_update: bool = False) -> Schedule:
    """One schedule; for_update: nobody else changes it or makes a job of it until this transaction ends.

    Raises `unknown_schedule`.
    """
    query = select(schedule).where(schedule.c.name == name)
    row = connection.execute(query.with_for_update() if for_update else query).one_or_none()
    if row is None:
        names = list(connection.scalars(select(schedule.c.name).order_by(schedule.c.name)))
        hint = did_you_mean(name, names) or "`tierwise schedule list` lists them"
        raise TierwiseError.of([Problem("unknown_schedule", f'there is no schedule "{name}"', None, hint)])
    return _schedule(row)


def list_schedules(connection: Connection) -> list[Schedule]:
    """All schedules, by name."""
    return [_schedule(row) for row in connection.execute(select(schedule).order_by(schedule.c.name))]


def remove(connection: Connection, name: str) -> None:
    """Delete a schedule; its jobs and its audit stay. Raises `unknown_schedule`."""
    get(connection, name, for_update=True)
    connection.execute(delete(schedule).where(schedule.c.name == name))


def set_due(connection: Connection, name: str, next_due_at: datetime | None) -> None:
    """Enable a schedule from that due time on; None disables it."""
    values = {"next_due_at": next_due_at, "enabled": next_due_at is not None}
    connection.execute(update(schedule).where(schedule.c.name == name).values(values))


def take_due(connection: Connection, now: datetime) -> list[Schedule]:
    """The enabled schedules that are due, the longest due first, kept from everybody else until this transaction ends.

    Those that another process has in hand are left to it.
    """
    query = (
        select(schedule)
        .where(schedule.c.enabled, schedule.c.next_due_at <= now)
        .order_by(schedule.c.next_due_at, schedule.c.name)
        .with_for_update(skip_locked=True)
    )
    return [_schedule(row) for row in connection.execute(query)]


def advance(connection: Connection, name: str, *, next_due_at: datetime, made_due_at: datetime | None = None) -> None:
    """Move on to the next due time; made_due_at: the one for which a job was made just now, if any."""
    values: dict[str, Any] = {"next_due_at": next_due_at}
    if made_due_at is not None:
        values["last_due_at"] = made_due_at
    connection.execute(update(schedule).where(schedule.c.name == name).values(values))


def set_last_job(connection: Connection, name: str, job_id: int) -> None:
    """Record the job that ran; a schedule removed meanwhile is no error."""
    connection.execute(update(schedule).where(schedule.c.name == name).values(last_job_id=job_id))


def _schedule(row: Row[Any]) -> Schedule:
    return Schedule(**row._mapping)
