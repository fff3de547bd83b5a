"""A scheduled job carried out: a run as of its day, in the name of its schedule, its outcome kept where people look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from sqlalchemy import Connection, func, select

from tierwise.app import running
from tierwise.app.context import Context
from tierwise.app.database_lost import LOST
from tierwise.app.principal import Principal
from tierwise.app.views import RunView
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, jobs, runs, schedules
from tierwise.state.schema import job as job_table

STOPPED = "worker_stopped"

_MAY_PASS = frozenset(
    {"busy", "database_lost", "database_unreachable", "disk_full", "out_of_memory", "spark_unavailable", STOPPED}
)
"""Refusals that may be over in a while. The others tell what somebody has to mend first."""


def may_pass(error: BaseException) -> bool:
    """Whether beginning again later may help; a cancelled job is over."""
    if isinstance(error, TierwiseError):
        return error.code in _MAY_PASS
    return isinstance(error, Exception)


def principal_of(schedule: str) -> Principal:
    """Who a scheduled run is, in jobs and in the audit; it may do what a run needs."""
    return Principal(f"schedule:{schedule}", "analyst")


def carry_out(
    ctx: Context,
    schedule: str,
    *,
    due_at: datetime,
    as_of: date,
    late: bool,
    asked_to_stop: Callable[[], bool] = lambda: False,
) -> RunView | None:
    """Run as of that day; the run, or None where a late one is not needed any more.

    late: it begins long after it was due. Then it is left out where the current run sees a later day, or saw this day
    after it was due: somebody has run by hand, and readers are not taken back. asked_to_stop: looked at before each
    step of the run. Whatever happens is in the schedule's newest job. Raises what `running.run` raises, and
    `worker_stopped`.
    """
    acting = ctx.acting_as(principal_of(schedule))
    with ctx.database.begin() as connection:
        current = runs.current(connection)
        if late and current and (current.as_of, current.started_at) > (as_of, due_at):
            detail = {"as_of": as_of.isoformat(), "run": current.id}
            audit.write(connection, acting.principal.name, "schedule.not_needed", schedule, detail)
            return None
        before = _newest_job(connection, acting)

    def watch(done: int, total: int | None, message: str) -> None:
        if asked_to_stop():
            raise TierwiseError(STOPPED, "the worker was stopped; the run begins again with the next worker")

    try:
        return running.run(acting, as_of, progress=watch)
    except BaseException as error:
        if not isinstance(error, LOST):
            _keep_reason(acting, as_of, before, error)
        raise
    finally:
        _point_to_newest(acting, schedule)


def _keep_reason(acting: Context, as_of: date, before: int, error: BaseException) -> None:
    """A job that says why, where the run was refused before it had one."""
    with acting.database.connect() as connection:
        if _newest_job(connection, acting) != before:
            return
    code, message = "failed", f"{type(error).__name__}: {error}"[:2000]
    if isinstance(error, TierwiseError):
        code, message = error.code, error.message
    with (
        jobs.running(
            acting.database, "run", principal=acting.principal.name, title=f"run as of {as_of}", unit="steps"
        ) as job_id,
        acting.database.begin() as connection,
    ):
        jobs.fail(connection, job_id, code=code, message=message)


def _point_to_newest(acting: Context, schedule: str) -> None:
    try:
        with acting.database.begin() as connection:
            if newest := _newest_job(connection, acting):
                schedules.set_last_job(connection, schedule, newest)
    except LOST:
        return  # what is being raised says so already


def _newest_job(connection: Connection, acting: Context) -> int:
    """The newest job of this schedule, which never has two at once; 0 before the first."""
    newest = select(func.max(job_table.c.id)).where(job_table.c.principal == acting.principal.name)
    return int(connection.scalar(newest) or 0)
