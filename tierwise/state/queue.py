"""The queue between a schedule that is due and the worker that does it; its tables are procrastinate's.

Never two jobs of one schedule at once, because the database refuses it: a job's `lock` and `queueing_lock` are
`schedule NAME`, and procrastinate has a unique index on each,

- procrastinate_jobs_lock_idx_v1 on (lock) where status = 'doing': at most one is being done;
- procrastinate_jobs_queueing_lock_idx_v1 on (queueing_lock) where status = 'todo': at most one waits.

A worker holds the advisory lock `worker ID` on a connection of its own, from before it takes its first job until it has
gone. So a job that is `doing` under a lock that nobody holds belongs to a worker that has died.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, text

from tierwise.state.locks import is_free

if TYPE_CHECKING:
    from procrastinate import App

QUEUE = "scheduled"

MOST_ATTEMPTS = 4
"""How often a job is begun before it is given up: the first time and three more."""


@dataclass(frozen=True, slots=True)
class QueueJob:
    """One open job. attempts: how often it was begun before. not_before: when a job that failed may begin again."""

    id: int
    schedule: str
    state: Literal["waiting", "running"]
    attempts: int
    not_before: datetime | None
    worker_id: int | None


def lock_of(schedule: str) -> str:
    """The lock of a schedule's jobs, waiting and running."""
    return f"schedule {schedule}"


def worker_lock(worker_id: int) -> str:
    """The lock that a worker holds while it lives."""
    return f"worker {worker_id}"


def enqueue(connection: Connection, task: str, schedule: str, arguments: Mapping[str, Any]) -> int:
    """Put a job into the queue, in the caller's transaction; its id. Workers that listen take it once that commits.

    Hold the schedule's row and see in `open_jobs` that none is open; else the index refuses (IntegrityError's kin).
    """
    lock = lock_of(schedule)
    deferrer = _deferring().configure_task(
        task, queue=QUEUE, lock=lock, queueing_lock=lock, connection=connection.connection.driver_connection
    )
    return int(deferrer.defer(schedule=schedule, **arguments))


def open_jobs(connection: Connection, schedule: str | None = None) -> dict[str, QueueJob]:
    """The open job of each schedule, the running one before one that waits."""
    query = """
        select id, substr(lock, 10) as schedule, case status when 'doing' then 'running' else 'waiting' end as state,
               attempts, case status when 'todo' then scheduled_at end as not_before, worker_id
        from procrastinate_jobs
        where queue_name = :queue and status in ('todo', 'doing') and (cast(:lock as text) is null or lock = :lock)
        order by status = 'doing', id desc"""
    lock = None if schedule is None else lock_of(schedule)
    found = connection.execute(text(query), {"queue": QUEUE, "lock": lock})
    return {row.schedule: QueueJob(**row._mapping) for row in found}


def cancel_waiting(connection: Connection, schedule: str) -> bool:
    """Take a schedule's waiting job out of the queue; whether there was one."""
    job = open_jobs(connection, schedule).get(schedule)
    if job is None or job.state != "waiting":
        return False
    _driver(connection).execute(_queries()["cancel_job"], {"job_id": job.id, "abort": False, "delete_job": True})
    return True


def take_up_dead(connection: Connection, now: datetime) -> tuple[list[str], list[str]]:
    """Give the jobs of workers that have died back to the queue: (schedules taken up again, schedules given up).

    Given up is what was begun MOST_ATTEMPTS times. Two processes at once: what one has in hand the other leaves alone.
    """
    query = """
        select id, substr(lock, 10) as schedule, attempts, worker_id from procrastinate_jobs
        where queue_name = :queue and status = 'doing' order by id for update skip locked"""
    taken_up, given_up = [], []
    for row in connection.execute(text(query), {"queue": QUEUE}).all():
        if row.worker_id is not None and not is_free(connection, worker_lock(row.worker_id)):
            continue
        if row.attempts + 1 < MOST_ATTEMPTS:
            again = {"job_id": row.id, "retry_at": now, "new_priority": None, "new_queue_name": None, "new_lock": None}
            _driver(connection).execute(_queries()["retry_job"], again)
            taken_up.append(row.schedule)
        else:
            over = {"job_id": row.id, "status": "failed", "delete_job": True}
            _driver(connection).execute(_queries()["finish_job"], over)
            given_up.append(row.schedule)
    return taken_up, given_up


def forget_dead_workers(connection: Connection) -> None:
    """Remove the rows of workers that have died; their jobs have been taken up before.

    One that has come within the last minute may not hold its lock yet.
    """
    silent = "select id from procrastinate_workers where last_heartbeat < now() - interval '1 minute'"
    for worker_id in connection.scalars(text(silent)).all():
        if is_free(connection, worker_lock(worker_id)):
            _driver(connection).execute(_queries()["unregister_worker"], {"worker_id": worker_id})


@cache
def _deferring() -> App:
    """The door to the queue for those who only put something in: it needs no connection of its own."""
    from procrastinate import App, SyncPsycopgConnector

    return App(connector=SyncPsycopgConnector())


@cache
def _queries() -> Mapping[str, Any]:
    from procrastinate.sql import queries

    return queries


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
