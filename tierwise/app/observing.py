"""What a machine asks of a server again and again: whether the database answers, how the inbox and the runs stand."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from tierwise.app import inbox
from tierwise.app.context import Context
from tierwise.app.database_lost import LOST, lost
from tierwise.app.inbox import InboxStatus
from tierwise.kernel.clock import utc_now
from tierwise.state import jobs, runs


@dataclass(frozen=True, slots=True)
class Observed:
    """run_seconds and run_age_seconds: how long the current run took, and since when it is done; None before the first.

    jobs_open: jobs that wait or are under way.
    """

    inbox: InboxStatus
    run_seconds: float | None
    run_age_seconds: float | None
    jobs_open: int


def observe(ctx: Context) -> Observed:
    """How all stands now, without a word about anybody. Raises `database_lost`."""
    ctx.principal.require("view")
    try:
        standing = inbox.status(ctx)
        with ctx.database.connect() as connection:
            run = runs.current(connection)
            open_ = jobs.count_open(connection)
    except LOST as error:
        raise lost() from error
    took = age = None
    if run is not None and run.finished_at is not None:
        took = (run.finished_at - run.started_at).total_seconds()
        age = (utc_now() - run.finished_at).total_seconds()
    return Observed(standing, took, age, open_)


def require_ready(ctx: Context) -> None:
    """Raises `database_lost` where the database does not answer."""
    try:
        with ctx.database.connect() as connection:
            connection.execute(text("select 1"))
    except LOST as error:
        raise lost() from error
