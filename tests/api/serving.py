"""A server on loopback in a thread, for tests of the HTTP doors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, Queue

from fastapi import FastAPI

from tierwise.api.serve import Served, serve
from tierwise.app.context import Context


@contextmanager
def served(ctx: Context, console: Callable[[FastAPI], None] | None = None, host: str = "127.0.0.1") -> Iterator[Served]:
    """The server while the block runs; a failure to start is raised here."""
    outcome: Queue[Served | BaseException] = Queue()

    def run() -> None:
        try:
            serve(ctx, host, 0, console=console, on_ready=outcome.put)
        except BaseException as error:
            outcome.put(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        first = outcome.get(timeout=60)
    except Empty:
        raise AssertionError("the server did not start within a minute") from None
    if isinstance(first, BaseException):
        raise first
    try:
        yield first
    finally:
        first.stop()
        thread.join(timeout=30)
    assert not thread.is_alive(), "the server did not stop"
