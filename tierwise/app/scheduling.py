"""Schedules: what people do with them. What is due is made a job by `ticking.py` and done by a worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import Connection

from tierwise.app import ticking
from tierwise.app.context import Context
from tierwise.app.defining import current_definitions, ensure_initialised
from tierwise.app.views import HealthCheck
from tierwise.kernel import clock
from tierwise.kernel.cron import parse
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.kernel.ids import is_name
from tierwise.state import audit, jobs, presence, queue
from tierwise.state import schedules as stored
from tierwise.state.schedules import Missed, Schedule

TASKS = ("run",)

NIGHTLY = ("nightly", "30 2 * * *")
"""What a new home is given when it is asked for."""

MOST_DAYS_BEFORE = 366


@dataclass(frozen=True, slots=True)
class LastJob:
    """The newest job that ran for a schedule. error: code and message of a failure."""

    id: int
    state: str
    title: str
    done: int
    total: int | None
    finished_at: datetime | None
    error: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """One schedule. state: idle, waiting (for a worker), retrying (it failed and begins again), running, paused.

    next_due_at: None while it is paused. overdue_since: when it should have begun, where nobody does it; else None.
    """

    name: str
    task: str
    arguments: dict[str, Any]
    cron: str
    timezone: str
    missed: str
    enabled: bool
    state: str
    next_due_at: datetime | None
    last_due_at: datetime | None
    overdue_since: datetime | None
    last_job: LastJob | None


@dataclass(frozen=True, slots=True)
class SchedulesView:
    """All schedules by name, and how many workers are alive to do them."""

    schedules: tuple[ScheduleView, ...]
    workers: int


@dataclass(frozen=True, slots=True)
class Queued:
    """A job put into the queue; workers: how many are alive to take it."""

    name: str
    as_of: str
    workers: int


def add(
    ctx: Context,
    name: str,
    cron: str,
    *,
    task: str = "run",
    days_before: int = 1,
    timezone: str | None = None,
    missed: str = "catch_up",
    now: datetime | None = None,
) -> ScheduleView:
    """Make a schedule: `task`, due by `cron` in `timezone` (the project's where None). Audited.

    days_before: a run due on a day sees up to so many days before it; 1, since that day is not over. missed: catch_up
    or skip. All problems are told at once: `bad_name`, `bad_cron`, `unknown_timezone`, `unknown_task`, `bad_value`;
    then `already_scheduled`.
    """
    ctx.principal.require("run")
    ensure_initialised(ctx)
    now = now or clock.utc_now()
    with ctx.database.begin() as connection:
        zone = timezone or current_definitions(connection).project.timezone
        problems = _problems(name, task, days_before, missed)
        try:
            due = parse(cron, zone)
        except TierwiseError as error:
            raise TierwiseError.of([*problems, *error.problems]) from error
        if problems:
            raise TierwiseError.of(problems)
        detail = {"task": task, "cron": due.text, "timezone": zone, "missed": missed, "days_before": days_before}
        stored.add(
            connection,
            name,
            task=task,
            arguments={"days_before": days_before},
            cron=due.text,
            timezone=zone,
            missed="skip" if missed == "skip" else "catch_up",
            author=ctx.principal.name,
            next_due_at=due.next_after(now),
        )
        audit.write(connection, ctx.principal.name, "schedule.add", name, detail)
        return _view(connection, name, now)


def schedules(ctx: Context, *, now: datetime | None = None) -> SchedulesView:
    """All schedules, with what is waiting, running, overdue."""
    ctx.principal.require("view")
    now = now or clock.utc_now()
    with ctx.database.begin() as connection:
        jobs.mark_crashed(connection)
        views = _views(connection, stored.list_schedules(connection), now)
        return SchedulesView(views, len(presence.alive(connection, "worker")))


def remove(ctx: Context, name: str) -> None:
    """Delete a schedule, and its job if that still waits; a running one goes on. Audited. Raises `unknown_schedule`."""
    ctx.principal.require("run")
    with ctx.database.begin() as connection:
        stored.remove(connection, name)
        queue.cancel_waiting(connection, name)
        audit.write(connection, ctx.principal.name, "schedule.remove", name)


def pause(ctx: Context, name: str, *, now: datetime | None = None) -> ScheduleView:
    """Let a schedule be due no more until `resume`; a waiting job is dropped, a running one goes on. Audited."""
    return _set_due(ctx, name, False, now or clock.utc_now())


def resume(ctx: Context, name: str, *, now: datetime | None = None) -> ScheduleView:
    """Let a paused schedule be due from now on; what was due during the pause is not caught up. Audited."""
    return _set_due(ctx, name, True, now or clock.utc_now())


def run_now(ctx: Context, name: str, *, now: datetime | None = None) -> Queued:
    """Put a job of the schedule into the queue, as if it were due now; paused ones too. Audited.

    Raises `unknown_schedule`, `busy_schedule` where one of its jobs waits or runs.
    """
    ctx.principal.require("run")
    now = now or clock.utc_now()
    with ctx.database.begin() as connection:
        schedule = stored.get(connection, name, for_update=True)
        if open_job := queue.open_jobs(connection, name).get(name):
            raise TierwiseError(
                "busy_schedule",
                f'a job of "{name}" is {open_job.state} already, and there are never two',
                remedy="`tierwise schedule list` says how far it is; `tierwise jobs cancel ID` ends it",
            )
        order = ticking.order(schedule, now)
        queue.enqueue(connection, schedule.task, name, order)
        audit.write(connection, ctx.principal.name, "schedule.run_now", name, order)
        return Queued(name, str(order["as_of"]), len(presence.alive(connection, "worker")))


def health(connection: Connection, now: datetime) -> HealthCheck:
    """For `doctor`: whether a worker is alive, and what is overdue. Changes nothing."""
    found = _views(connection, stored.list_schedules(connection), now)
    alive = presence.alive(connection, "worker")
    active = [view for view in found if view.enabled]
    seen = ", ".join(f"pid {one.pid}" if one.here else "on another machine" for one in alive) or "none"
    seen = f"worker: {seen}; {len(active)} schedules on, {len(found) - len(active)} paused"
    overdue = [f"{view.name} since {view.overdue_since:%Y-%m-%d %H:%M} UTC" for view in found if view.overdue_since]
    failed = [
        f"{view.name}: {(view.last_job.error or {}).get('message', '')}"
        for view in found
        if view.last_job and view.last_job.state in ("failed", "crashed") and view.state != "running"
    ]
    if overdue:
        seen = f"{seen}; overdue: {', '.join(overdue)}"
    if failed:
        seen = f"{seen}; failed last time: {'; '.join(failed)}"
    if alive or not (active or overdue):
        verdict, remedy = (
            ("warning", "tierwise schedule list; tierwise jobs list") if overdue or failed else ("ok", None)
        )
    else:
        verdict, remedy = "warning", "nobody does what is due: run `tierwise worker`, or `tierwise serve`"
    return HealthCheck("schedule", verdict, seen, remedy)


def _problems(name: str, task: str, days_before: int, missed: str) -> list[Problem]:
    problems = []
    if not is_name(name):
        problems.append(Problem("bad_name", f'"{name}" cannot name a schedule', None, "a-z, 0-9 and _, a letter first"))
    if task not in TASKS:
        problems.append(unknown_name("task", task, TASKS))
    if not 0 <= days_before <= MOST_DAYS_BEFORE:
        problems.append(Problem("bad_value", f"days_before is {days_before}", None, f"0 to {MOST_DAYS_BEFORE}"))
    if missed not in get_args(Missed):
        problems.append(Problem("bad_value", f'missed is "{missed}"', None, "catch_up or skip"))
    return problems


def _set_due(ctx: Context, name: str, on: bool, now: datetime) -> ScheduleView:
    ctx.principal.require("run")
    with ctx.database.begin() as connection:
        schedule = stored.get(connection, name, for_update=True)
        if schedule.enabled != on:
            stored.set_due(connection, name, parse(schedule.cron, schedule.timezone).next_after(now) if on else None)
            if not on:
                queue.cancel_waiting(connection, name)
            audit.write(connection, ctx.principal.name, "schedule.resume" if on else "schedule.pause", name)
        return _view(connection, name, now)


def _view(connection: Connection, name: str, now: datetime) -> ScheduleView:
    return _views(connection, [stored.get(connection, name)], now)[0]


def _views(connection: Connection, found: Sequence[Schedule], now: datetime) -> tuple[ScheduleView, ...]:
    open_jobs = queue.open_jobs(connection)
    return tuple(_as_view(connection, schedule, open_jobs.get(schedule.name), now) for schedule in found)


def _as_view(connection: Connection, schedule: Schedule, job: queue.QueueJob | None, now: datetime) -> ScheduleView:
    last = None
    if schedule.last_job_id is not None:
        row = jobs.get(connection, schedule.last_job_id)
        last = LastJob(row.id, row.state, row.title, row.done, row.total, row.finished_at, row.error)
    state = "idle" if schedule.enabled else "paused"
    since = schedule.next_due_at
    if job is not None:
        state = "running" if job.state == "running" else "retrying" if job.attempts else "waiting"
        since = schedule.last_due_at if state == "waiting" else None
    overdue = since is not None and now - since > ticking.MISSED_AFTER
    return ScheduleView(
        name=schedule.name,
        task=schedule.task,
        arguments=schedule.arguments,
        cron=schedule.cron,
        timezone=schedule.timezone,
        missed=schedule.missed,
        enabled=schedule.enabled,
        state=state,
        next_due_at=schedule.next_due_at,
        last_due_at=schedule.last_due_at,
        overdue_since=since if overdue else None,
        last_job=last,
    )
