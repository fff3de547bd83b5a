"""The tick: what is due becomes a job, and the jobs of workers that have died begin again. Every worker ticks.

A due time is missed where nobody made its job within MISSED_AFTER. By choice of the schedule,

- catch_up: each missed day is caught up once, the oldest first, as of that day (several due times of a day are one);
- skip: they are left out, which the audit records, and the schedule goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from tierwise.app.context import Context
from tierwise.kernel import clock
from tierwise.kernel.cron import Cron, parse
from tierwise.state import audit, jobs, queue, runs, schedules
from tierwise.state.schedules import Schedule

MISSED_AFTER = timedelta(minutes=10)

SCHEDULER = "scheduler"
"""The name in the audit of what nobody in particular asked for."""

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a tick did, by names of schedules. made: a job each; skipped: missed due times left out.

    taken_up: their worker had died, they begin again; given_up: that has happened too often.
    """

    made: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    taken_up: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()


def tick(ctx: Context, now: datetime) -> Ticked:
    """Make the jobs that are due at `now` (aware). Two at once, in whatever processes, make each of them once."""
    with ctx.database.begin() as connection:
        taken_up, given_up = queue.take_up_dead(connection, now)
        queue.forget_dead_workers(connection)
        runs.mark_crashed(connection)
        jobs.mark_crashed(connection)
        for name in given_up:
            audit.write(connection, SCHEDULER, "schedule.give_up", name, {"attempts": queue.MOST_ATTEMPTS})
    made, skipped = [], []
    with ctx.database.begin() as connection:
        busy = None
        for schedule in schedules.take_due(connection, now):
            busy = queue.open_jobs(connection) if busy is None else busy
            if schedule.name in busy:
                continue
            left_out, due = _make_due(connection, schedule, now)
            if left_out:
                skipped.append(schedule.name)
            if due:
                made.append(schedule.name)
    return Ticked(tuple(made), tuple(skipped), tuple(taken_up), tuple(given_up))


def as_of(schedule: Schedule, due_at: datetime) -> date:
    """The last day that the run due at that instant sees: so many days before the day on which it is due."""
    local = due_at.astimezone(clock.zone(schedule.timezone)).date()
    return local - timedelta(days=int(schedule.arguments.get("days_before", 1)))


def order(schedule: Schedule, due_at: datetime) -> dict[str, object]:
    """The arguments of the job of one due time, as the queue keeps them."""
    return {"due_at": due_at.isoformat(), "as_of": as_of(schedule, due_at).isoformat()}


def _make_due(connection: Connection, schedule: Schedule, now: datetime) -> tuple[bool, bool]:
    """With the schedule's row in hand and no job of it open: (whether due times were left out, whether a job made)."""
    cron = parse(schedule.cron, schedule.timezone)
    first = schedule.next_due_at
    assert first is not None
    left_out = schedule.missed == "skip" and now - first > MISSED_AFTER
    if left_out:
        missed_from, first = first, cron.next_after(now - MISSED_AFTER - _MOMENT)
        detail = {"from": missed_from.isoformat(), "next": first.isoformat()}
        audit.write(connection, SCHEDULER, "schedule.skip", schedule.name, detail)
        if first > now:
            schedules.advance(connection, schedule.name, next_due_at=first)
            return True, False
    due, following = _last_of_day(cron, first, now)
    queue.enqueue(connection, schedule.task, schedule.name, order(schedule, due))
    schedules.advance(connection, schedule.name, next_due_at=following, made_due_at=due)
    return left_out, True


def _last_of_day(cron: Cron, first: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The last due time up to now on the local day of `first`, and the one after it."""
    day = first.astimezone(cron.zone).date()
    due, following = first, cron.next_after(first)
    while following <= now and following.astimezone(cron.zone).date() == day:
        due, following = following, cron.next_after(following)
    return due, following
