"""Tell how far an import is, and stop it when it is asked to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import duckdb
from sqlalchemy import Engine

from tierwise.kernel.clock import monotonic_seconds
from tierwise.kernel.errors import TierwiseError
from tierwise.state import jobs

_EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is. done, total: rows (total is an estimate until the end). rate: rows a second so far."""

    done: int
    total: int
    message: str
    rate: float


Listener = Callable[[Progress], None]


class CancelledError(TierwiseError):
    """The import was asked to stop; nothing of the file was taken in."""

    def __init__(self) -> None:
        super().__init__("cancelled", "the import was cancelled", remedy="nothing of the file was taken in")


class Watch:
    """Shared by the import and the thread that writes its job row."""

    def __init__(self, listener: Listener | None) -> None:
        self.listener = listener
        self.done = 0
        self.total = 0
        self.message = "checking the file"
        self.asked = False
        self.con: duckdb.DuckDBPyConnection | None = None
        self.share = (0.0, 0.0)
        self.started = monotonic_seconds()

    def at(self, message: str, *, share: tuple[float, float] = (0.0, 0.0)) -> None:
        """A new phase; `share`: which part of the rows is done at its beginning and at its end."""
        self.message = message
        self.share = share
        self.done = max(self.done, int(self.total * share[0]))
        self.check()

    def check(self) -> None:
        """Raises `CancelledError` when the job was asked to stop."""
        if self.asked:
            raise CancelledError

    def now(self) -> Progress:
        low, high = self.share
        if self.con is not None and high > low:
            percent = self.con.query_progress()
            if percent > 0:
                self.done = max(self.done, int(self.total * (low + (high - low) * min(percent, 100.0) / 100)))
        seconds = max(monotonic_seconds() - self.started, 1e-9)
        return Progress(self.done, self.total, self.message, self.done / seconds)


@contextmanager
def watching(engine: Engine, job_id: int, watch: Watch) -> Iterator[None]:
    """Write the job row twice a second while the block runs; a request to stop interrupts what DuckDB does."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(_EVERY_SECONDS):
            progress = watch.now()
            try:
                with engine.begin() as connection:
                    asked = jobs.progress(
                        connection, job_id, done=progress.done, total=progress.total, message=progress.message
                    )
            except TierwiseError as error:
                if error.code == "job_not_running":  # it has ended between two looks
                    return
                raise
            if watch.listener is not None:
                watch.listener(progress)
            if asked:
                # Again at every look: an interrupt between two queries stops neither.
                watch.asked = True
                if watch.con is not None:
                    with suppress(duckdb.Error):
                        watch.con.interrupt()

    thread = threading.Thread(target=look, name=f"import {job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
