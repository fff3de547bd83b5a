"""A server asks itself what everybody asks first: after its start, and after each run and change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tierwise.app.context import Context
from tierwise.app.remembered import Mark, mark_of
from tierwise.app.warming import ask_first

LOOK_SECONDS = 2.0


@contextmanager
def kept_warm(ctx: Context) -> Iterator[None]:
    """While the block runs a thread asks whenever the answers may be others. For `Context.answers`."""
    over = threading.Event()
    thread = threading.Thread(target=_keep, args=(ctx, over), name="warming", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _keep(ctx: Context, over: threading.Event) -> None:
    asked: Mark | None = None
    well = True
    while True:
        try:
            mark = mark_of(ctx.database)
            if mark != asked:
                ask_first(ctx, over.is_set)
                asked = mark
            well = True
        except Exception as error:
            # Whoever asks is told where it matters; tried again at the next look, and said once until it goes well.
            if well:
                ctx.note(f"the console's first questions were not asked ahead: {type(error).__name__}")
            well = False
        if over.wait(LOOK_SECONDS):
            return
