"""Locks between processes: PostgreSQL session advisory locks by name.

A lock lives on its own connection and ends with it, so a killed process never leaves one behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from tierwise.kernel.errors import TierwiseError

HOME_WRITE = "home write lock"


def lock_key(name: str) -> int:
    """The 64-bit key of a name, the same on every machine and in every version."""
    return int.from_bytes(sha256(f"tierwise {name}".encode()).digest()[:8], "big", signed=True)


@contextmanager
def held(engine: Engine, name: str, *, wait_seconds: float | None = None) -> Iterator[None]:
    """Hold the lock of that name. wait_seconds: None waits as long as it takes, 0 does not wait.

    Not re-entrant: a second hold by the same process waits for the first. Raises `busy`.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _take(connection, name, wait_seconds)
        try:
            yield
        finally:
            _release(connection, name)


@contextmanager
def started_under(engine: Engine, start: Callable[[Connection], int], name: Callable[[int], str]) -> Iterator[int]:
    """Insert a row by `start` and hold the lock `name(id)` from before the row can be seen until the end.

    So a row that says "running" without its lock belongs to a process that has died.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as holder:
        with engine.begin() as connection:
            row_id = start(connection)
            _take(holder, name(row_id), None)
        try:
            yield row_id
        finally:
            _release(holder, name(row_id))


def is_free(connection: Connection, name: str) -> bool:
    """Whether nobody holds the lock now; where free, it stays ours until this transaction ends."""
    return bool(connection.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": lock_key(name)}))


def hold_for_transaction(connection: Connection, name: str) -> None:
    """Wait for the lock and hold it until this transaction ends."""
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": lock_key(name)})


def _take(connection: Connection, name: str, wait_seconds: float | None) -> None:
    key = {"key": lock_key(name)}
    if wait_seconds == 0:
        taken = connection.scalar(text("select pg_try_advisory_lock(:key)"), key)
    else:
        milliseconds = 0 if wait_seconds is None else max(1, round(wait_seconds * 1000))
        connection.execute(text(f"set lock_timeout = {milliseconds}"))
        try:
            connection.execute(text("select pg_advisory_lock(:key)"), key)
            taken = True
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != "55P03":
                raise
            taken = False
        connection.execute(text("set lock_timeout = default"))
    if not taken:
        raise TierwiseError(
            "busy", f'another process holds "{name}"', remedy="wait until it has finished, or cancel its job"
        )


def _release(connection: Connection, name: str) -> None:
    """Give the lock back; where the connection is lost, so is the lock already."""
    try:
        connection.execute(text("select pg_advisory_unlock(:key)"), {"key": lock_key(name)})
    except OperationalError:
        connection.invalidate()
