"""The copies in the order of customers, kept up with the current run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tierwise.app.context import Context
from tierwise.kernel.errors import TierwiseError
from tierwise.state import runs
from tierwise.state.locks import held

COPIES = "copies by customer"
"""The lock of whoever makes them."""


FEW_ROWS = 500_000
"""Up to so many customers and orders copying takes a few seconds."""


def take_little(counts: Mapping[str, Any]) -> bool:
    """Whether copies of a run that counted so many are made in a few seconds."""
    return int(counts.get("customers", 0)) + int(counts.get("orders", 0)) <= FEW_ROWS


def versions_of(run: runs.Run) -> dict[str, int]:
    """The versions that one customer's page is told from: the run's facts, and its profile."""
    return {**run.inputs, **(run.outputs or {})}


def renew_copies(ctx: Context) -> tuple[str, ...]:
    """Make the copies that the current run lacks and remove all others; the tables that were made.

    Nothing where another process is at it. Nobody needs them: who reads one customer without them waits longer. Raises
    `disk_full`, `lake_write_failed`.
    """
    ctx.principal.require("view")
    with ctx.database.connect() as state:
        run = runs.current(state)
    if run is None:
        return ()
    versions = versions_of(run)
    with ctx.customer_copies() as copies:
        try:
            with held(ctx.database, COPIES, wait_seconds=0):
                lacking = copies.lacking(versions)
                for table, version in lacking.items():
                    copies.make(table, version)
                copies.keep_only(versions)
        except TierwiseError as error:
            if error.code == "busy":
                return ()
            raise
    return tuple(lacking)


def renew_copies_after_a_run(ctx: Context) -> None:
    """`renew_copies` where what goes wrong shall spoil nothing: it is noted, and tried again by whoever asks next."""
    try:
        renew_copies(ctx)
    except Exception as error:
        # Ended with the server that it is of, a database that went away: others say so where it matters.
        if ctx.copies is None or not ctx.copies.closed:
            said = error.message if isinstance(error, TierwiseError) else type(error).__name__
            ctx.note(f"no copies by customer, so one customer is found slowly: {said}")


def renew_copies_aside(ctx: Context) -> None:
    """The same in a thread, in a process that holds copies open (`Context.holding_copies`)."""
    if ctx.copies is not None:
        ctx.copies.aside(lambda: renew_copies_after_a_run(ctx))
