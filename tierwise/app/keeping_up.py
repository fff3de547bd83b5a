"""What comes between runs, applied by itself: events and answers become facts, and what comes of it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tierwise.app import live_customers
from tierwise.app.applying import Applied, apply_events
from tierwise.app.context import Context
from tierwise.app.database_lost import LOST
from tierwise.app.decided import answers_wait, copy_answers
from tierwise.app.principal import Principal
from tierwise.kernel.errors import TierwiseError
from tierwise.state import inbox
from tierwise.state.locks import HOME_WRITE, held

APPLIER = Principal("live events", "analyst")
"""Who applies events by itself, in jobs and in the audit."""

LONGEST_WAIT_SECONDS = 60.0


def keep_up_once(ctx: Context) -> Applied | None:
    """Apply what waits, and tell what is not told yet; None where there is nothing to do, or another is at it.

    Without a source of events these wait. Raises what `apply_events` raises, but `busy`.
    """
    acting = ctx.acting_as(APPLIER)
    with ctx.database.connect() as connection:
        by_events = live_customers.takes_events(connection)
        if not by_events and not live_customers.tells_answers(connection):
            return None
        waits = by_events and inbox.any_pending(connection)
        answered = answers_wait(connection)
    try:
        if answered:
            with held(ctx.database, HOME_WRITE, wait_seconds=0):
                copy_answers(acting)
        if not waits and not live_customers.is_behind(acting):
            live_customers.prepare(acting)
            return None
        if by_events:
            return apply_events(acting, wait_seconds=0)
        told = live_customers.catch_up(acting)
        return Applied(0, (), told.customers, told.changes)
    except TierwiseError as error:
        if error.code == "busy":
            return None
        raise


@contextmanager
def keeping_up(ctx: Context, seconds: float) -> Iterator[None]:
    """Do so in a thread until the block ends, with so many seconds of rest in between; 0: not at all.

    While nothing comes, it looks four times as often, so that the first event need not wait. What goes wrong is noted,
    and tried again after a wait that grows: what could not be applied waits in the inbox.
    """
    if seconds <= 0:
        yield
        return
    over = threading.Event()

    def keep_on() -> None:
        rest, last_said = seconds, ""
        while not over.wait(rest):
            try:
                rest = seconds if keep_up_once(ctx) else seconds / 4
                last_said = ""
            except Exception as error:
                rest = min(LONGEST_WAIT_SECONDS, 2 * max(rest, 1.0))
                said = error.message if isinstance(error, TierwiseError) else type(error).__name__
                if said != last_said and not isinstance(error, LOST):
                    ctx.note(f"events wait in the inbox: {said}")
                last_said = said

    thread = threading.Thread(target=keep_on, name="tierwise events", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
