"""Runs: one row per computation of the profile as of a date. At most one is current: the one that readers see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, update

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state.locks import hold_for_transaction, is_free, started_under
from tierwise.state.schema import run


@dataclass(frozen=True, slots=True)
class Run:
    """One run. state: running, done, failed, crashed.

    inputs and outputs: table name -> Delta version; outputs, counts and timings are None unless it is done. software:
    what computed it (`engine/software.py`). previous_tags: the version of the tags that it kept some from.
    base_run_id: the run whose rows it took over for customers of whom nothing had changed; None where everybody was
    computed from facts.
    """

    id: int
    as_of: date
    state: str
    current: bool
    job_id: int | None
    started_at: datetime
    finished_at: datetime | None
    definitions: Any
    inputs: dict[str, int]
    outputs: dict[str, int] | None
    counts: dict[str, Any] | None
    timings: dict[str, Any] | None
    error: Any
    software: str | None
    previous_tags: int | None
    base_run_id: int | None


def start(
    connection: Connection,
    as_of: date,
    *,
    definitions: Any,
    inputs: Mapping[str, int],
    job_id: int | None = None,
    software: str | None = None,
    previous_tags: int | None = None,
) -> int:
    """Insert a running run; its id. Use `running` unless you hold `lock_name(id)` yourself."""
    row = insert(run).values(
        as_of=as_of,
        state="running",
        started_at=utc_now(),
        definitions=definitions,
        inputs=dict(inputs),
        job_id=job_id,
        software=software,
        previous_tags=previous_tags,
    )
    return int(connection.execute(row.returning(run.c.id)).scalar_one())


@contextmanager
def running(
    engine: Engine,
    as_of: date,
    *,
    definitions: Any,
    inputs: Mapping[str, int],
    job_id: int | None = None,
    software: str | None = None,
    previous_tags: int | None = None,
) -> Iterator[int]:
    """Start a run and hold its lock until the block ends; the caller finishes or fails it inside."""

    def begin(connection: Connection) -> int:
        return start(
            connection,
            as_of,
            definitions=definitions,
            inputs=inputs,
            job_id=job_id,
            software=software,
            previous_tags=previous_tags,
        )

    with started_under(engine, begin, lock_name) as run_id:
        yield run_id


def finish_and_flip(
    connection: Connection,
    run_id: int,
    *,
    outputs: Mapping[str, int],
    counts: Mapping[str, Any],
    timings: Mapping[str, Any],
    base_run_id: int | None = None,
) -> None:
    """The run is done and becomes the current one, both or neither. Raises `run_not_running`."""
    hold_for_transaction(connection, "current run")
    _require_running(connection, run_id)
    connection.execute(update(run).where(run.c.current).values(current=False))
    _end(
        connection,
        run_id,
        state="done",
        current=True,
        outputs=dict(outputs),
        counts=dict(counts),
        timings=dict(timings),
        base_run_id=base_run_id,
    )


def fail(connection: Connection, run_id: int, *, code: str, message: str, place: str | None = None) -> None:
    """The run has failed; the current one stays as it is. Raises `run_not_running`."""
    _end(connection, run_id, state="failed", error={"code": code, "message": message, "place": place})


def current(connection: Connection) -> Run | None:
    """The run that readers see; None before the first."""
    row = connection.execute(select(run).where(run.c.current)).one_or_none()
    return None if row is None else Run(**row._mapping)


def newest_done(connection: Connection) -> int:
    """The number of the run that was started last of those that are done; 0 before the first."""
    return int(connection.scalar(select(func.max(run.c.id)).where(run.c.state == "done")) or 0)


def newest_until(connection: Connection, day: date) -> Run | None:
    """The run that is done and is as of that day or the nearest one before it, the newest of several; None for none."""
    done = select(run).where(run.c.state == "done", run.c.as_of <= day)
    row = connection.execute(done.order_by(run.c.as_of.desc(), run.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else Run(**row._mapping)


def newest_before(connection: Connection, day: date) -> Run | None:
    """The newest run that is done and is as of an earlier day; None where there is none."""
    done = select(run).where(run.c.state == "done", run.c.as_of < day)
    row = connection.execute(done.order_by(run.c.as_of.desc(), run.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else Run(**row._mapping)


def get(connection: Connection, run_id: int) -> Run:
    """One run. Raises `unknown_run`."""
    row = connection.execute(select(run).where(run.c.id == run_id)).one_or_none()
    if row is None:
        raise TierwiseError("unknown_run", f"there is no run {run_id}", remedy="tierwise runs lists them")
    return Run(**row._mapping)


def list_runs(connection: Connection, *, limit: int = 50) -> list[Run]:
    """The newest runs first."""
    return [Run(**row._mapping) for row in connection.execute(select(run).order_by(run.c.id.desc()).limit(limit))]


def mark_crashed(connection: Connection) -> list[int]:
    """Mark the running runs whose process has died (nobody holds their lock); their ids."""
    dead = [
        run_id
        for run_id in connection.scalars(select(run.c.id).where(run.c.state == "running").order_by(run.c.id))
        if is_free(connection, lock_name(run_id))
    ]
    if not dead:
        return []
    change = update(run).where(run.c.id.in_(dead), run.c.state == "running")
    return sorted(connection.scalars(change.values(state="crashed", finished_at=utc_now()).returning(run.c.id)))


def lock_name(run_id: int) -> str:
    """The lock that the run's process holds while it runs."""
    return f"run {run_id}"


def _end(connection: Connection, run_id: int, **values: Any) -> None:
    _require_running(connection, run_id)
    connection.execute(update(run).where(run.c.id == run_id).values(finished_at=utc_now(), **values))


def _require_running(connection: Connection, run_id: int) -> None:
    state = connection.scalar(select(run.c.state).where(run.c.id == run_id).with_for_update())
    if state != "running":
        found = get(connection, run_id)
        raise TierwiseError("run_not_running", f"run {run_id} is {found.state}, not running")
