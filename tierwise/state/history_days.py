"""The days that history knows: those of the runs that were recorded with it, unchanged days too."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, select

from tierwise.state.schema import run

COUNTED_AS = "history"
"""The key in a run's counts under which it says what it did to history; runs that left it alone lack it."""


def recorded_days(connection: Connection) -> list[date]:
    """Each day once, the earliest first."""
    days = select(run.c.as_of).where(run.c.state == "done", run.c.counts.has_key(COUNTED_AS))
    return list(connection.scalars(days.distinct().order_by(run.c.as_of)))
