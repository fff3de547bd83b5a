"""Processes that stay: workers and servers, each known by a connection that it holds open while it lives.

The connection's application_name says what it is, its process and its machine, so that PostgreSQL itself tells who is
alive: what dies takes its connection along, and there is no pid file to outlive it.
"""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from sqlalchemy import Connection, Engine, text

Kind = Literal["worker", "server"]

STOP_SECONDS = 20
"""How long a process that was asked to end may take."""

TICKS = 200

_NAME = re.compile(r"tierwise (worker|server) (\d+) ([0-9a-f]{12})")


@dataclass(frozen=True, slots=True)
class Presence:
    """One process that is alive now. here: on this machine, so that its pid means something to us."""

    kind: str
    pid: int
    here: bool


@contextmanager
def present(engine: Engine, kind: Kind) -> Iterator[Connection]:
    """Be known as a worker or a server while the block runs; yields the connection that says so, in autocommit.

    It is no connection of the pool's any more: whatever happens to the process, it is closed and not used again.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()
        name = f"tierwise {kind} {os.getpid()} {_machine()}"
        connection.execute(text("select set_config('application_name', :name, false)"), {"name": name})
        yield connection


def alive(connection: Connection, kind: Kind | None = None) -> list[Presence]:
    """Who is there now, of this database; by pid."""
    connection.execute(text("select pg_stat_clear_snapshot()"))  # else what this transaction saw before is told again
    query = text(
        "select application_name from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    )
    found = set()
    for name in connection.scalars(query):
        if (told := _NAME.fullmatch(name or "")) and kind in (None, told.group(1)):
            found.add(Presence(told.group(1), int(told.group(2)), told.group(3) == _machine()))
    return sorted(found, key=lambda one: (one.pid, one.kind))


def end_here(database: Engine) -> int:
    """Ask the workers and servers of this machine to end, wait until they have; how many there were.

    Those that have not after STOP_SECONDS are killed: what they were at is all or nothing.
    """
    ended: set[int] = set()
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for tick in range(TICKS + 1):
            there = {one.pid for one in alive(connection) if one.here} - {os.getpid()}
            if not there:
                break
            for pid in there - ended if tick < TICKS else there:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM if tick < TICKS else signal.SIGKILL)
            ended |= there
            connection.execute(text("select pg_sleep(:seconds)"), {"seconds": STOP_SECONDS / TICKS})
    return len(ended)


def _machine() -> str:
    """What tells machines apart, and containers on one of them: each has pids of its own."""
    try:
        pids = os.readlink("/proc/self/ns/pid")
    except OSError:
        pids = ""
    return sha256(f"{socket.gethostname()} {pids}".encode()).hexdigest()[:12]
