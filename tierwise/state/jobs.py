"""Jobs: things that take time, watched and cancelled from any door. One row per job."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state.locks import is_free, started_under
from tierwise.state.schema import job

OPEN_STATES = ("queued", "running")


@dataclass(frozen=True, slots=True)
class Job:
    """One job. done and total count `unit`s; total is None where it is not known.

    state: queued, running, done, failed, cancelled, crashed. error: `{"code", "message", …}` of a failure.
    """

    id: int
    kind: str
    state: str
    principal: str
    title: str
    done: int
    total: int | None
    unit: str
    message: str
    queued_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None
    finished_at: datetime | None
    cancel_requested: bool
    pid: int | None
    host: str | None
    result: Any
    error: Any


def count_open(connection: Connection) -> int:
    """How many jobs wait or are under way."""
    open_ = job.c.state.in_(OPEN_STATES)
    return int(connection.scalar(select(func.count()).select_from(job).where(open_)) or 0)


def start(
    connection: Connection,
    kind: str,
    *,
    principal: str,
    title: str,
    unit: str = "",
    total: int | None = None,
) -> int:
    """Insert a running job of this process; its id. Use `running` unless you hold `lock_name(id)` yourself."""
    now = utc_now()
    row = insert(job).values(
        kind=kind,
        state="running",
        principal=principal,
        title=title,
        unit=unit,
        total=total,
        queued_at=now,
        started_at=now,
        heartbeat_at=now,
        pid=os.getpid(),
        host=socket.gethostname(),
    )
    return int(connection.execute(row.returning(job.c.id)).scalar_one())


@contextmanager
def running(
    engine: Engine, kind: str, *, principal: str, title: str, unit: str = "", total: int | None = None
) -> Iterator[int]:
    """Start a job and hold its lock until the block ends; the caller finishes or fails it inside.

    A process that dies inside leaves a row that `mark_crashed` recognises.
    """

    def begin(connection: Connection) -> int:
        return start(connection, kind, principal=principal, title=title, unit=unit, total=total)

    with started_under(engine, begin, lock_name) as job_id:
        yield job_id


def progress(
    connection: Connection, job_id: int, *, done: int, total: int | None = None, message: str | None = None
) -> bool:
    """Record how far a running job is; whether it was asked to stop. None leaves total and message as they are."""
    changes: dict[str, Any] = {"done": done, "heartbeat_at": utc_now()}
    if total is not None:
        changes["total"] = total
    if message is not None:
        changes["message"] = message
    change = update(job).where(job.c.id == job_id, job.c.state == "running").values(changes)
    asked = connection.execute(change.returning(job.c.cancel_requested)).scalar_one_or_none()
    if asked is None:
        raise _not_running(connection, job_id)
    return bool(asked)


def finish(connection: Connection, job_id: int, result: Mapping[str, Any] | None = None) -> None:
    """The job is done. Raises `job_not_running`, `unknown_job`."""
    _end(connection, job_id, "done", result=None if result is None else dict(result))


def fail(connection: Connection, job_id: int, *, code: str, message: str, place: str | None = None) -> None:
    """The job has failed for a reason that people can read. Raises `job_not_running`, `unknown_job`."""
    _end(connection, job_id, "failed", error={"code": code, "message": message, "place": place})


def cancelled(connection: Connection, job_id: int) -> None:
    """The job has stopped because it was asked to. Raises `job_not_running`, `unknown_job`."""
    _end(connection, job_id, "cancelled")


def request_cancel(connection: Connection, job_id: int) -> bool:
    """Ask an open job to stop; whether it was open. A queued one is cancelled at once. Raises `unknown_job`."""
    at_once = update(job).where(job.c.id == job_id, job.c.state == "queued")
    if connection.execute(at_once.values(state="cancelled", cancel_requested=True, finished_at=utc_now())).rowcount:
        return True
    ask = update(job).where(job.c.id == job_id, job.c.state == "running").values(cancel_requested=True)
    if connection.execute(ask).rowcount:
        return True
    get(connection, job_id)
    return False


def is_cancel_requested(connection: Connection, job_id: int) -> bool:
    """Whether the job was asked to stop; False for a job that is not there."""
    return bool(connection.scalar(select(job.c.cancel_requested).where(job.c.id == job_id)))


def get(connection: Connection, job_id: int) -> Job:
    """One job. Raises `unknown_job`."""
    row = connection.execute(select(job).where(job.c.id == job_id)).one_or_none()
    if row is None:
        raise TierwiseError("unknown_job", f"there is no job {job_id}", remedy="`tierwise jobs list` lists them")
    return _job(row)


def list_jobs(
    connection: Connection, *, states: Sequence[str] | None = None, kind: str | None = None, limit: int = 50
) -> list[Job]:
    """The newest jobs first; states None means all."""
    query = select(job).order_by(job.c.id.desc()).limit(limit)
    if states is not None:
        query = query.where(job.c.state.in_(states))
    if kind is not None:
        query = query.where(job.c.kind == kind)
    return [_job(row) for row in connection.execute(query)]


def mark_crashed(connection: Connection) -> list[int]:
    """Mark the running jobs whose process has died (nobody holds their lock); their ids."""
    dead = [
        job_id
        for job_id in connection.scalars(select(job.c.id).where(job.c.state == "running").order_by(job.c.id))
        if is_free(connection, lock_name(job_id))
    ]
    if not dead:
        return []
    # Again only the running: between the look and the lock a job may have ended as it should.
    change = update(job).where(job.c.id.in_(dead), job.c.state == "running")
    done = connection.scalars(change.values(state="crashed", finished_at=utc_now()).returning(job.c.id))
    return sorted(done)


def lock_name(job_id: int) -> str:
    """The lock that the job's process holds while the job runs."""
    return f"job {job_id}"


def _end(connection: Connection, job_id: int, state: str, **values: Any) -> None:
    now = utc_now()
    change = update(job).where(job.c.id == job_id, job.c.state == "running")
    if not connection.execute(change.values(state=state, finished_at=now, heartbeat_at=now, **values)).rowcount:
        raise _not_running(connection, job_id)


def _not_running(connection: Connection, job_id: int) -> TierwiseError:
    found = get(connection, job_id)
    return TierwiseError("job_not_running", f"job {job_id} is {found.state}, not running")


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)
