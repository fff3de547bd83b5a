"""Live events made durable: one writer per process, with a connection of its own.

A group is committed whole. Where the database is lost the group is tried once more, on a new connection: what had been
committed all the same is known again by its messageIds. Where the database refuses a row, the group is halved until
that event is alone, and quarantined: no event keeps others out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from tierwise.ingest.tracking import not_storable
from tierwise.kernel.errors import TierwiseError
from tierwise.state import inbox
from tierwise.state.event_catalogue import Catalogue
from tierwise.state.inbox import Arrived, Counts
from tierwise.state.locks import is_free

_LONGEST_SECONDS = 10
"""How long a statement may take before its senders are asked to come again: SDKs wait for ten to fifteen."""

KEEP_APPLIED_DAYS = 30
"""How long applied and quarantined events can be looked at; facts keep what they say for good."""


class InboxWriter:
    """Takes groups of events in, one at a time; for one thread. Connects when it is first used."""

    def __init__(self, database: Engine) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._driver_connection: psycopg.Connection[Any] | None = None
        self._catalogue = Catalogue()

    def take(self, group: Sequence[Arrived]) -> Counts:
        """Commit a group; what became of it. Raises `not_durable`, after which none of it is answered for."""
        try:
            return self._take(group)
        except (psycopg.OperationalError, psycopg.InterfaceError, SQLAlchemyError):
            self.close()
        try:
            return self._take(group)
        except (psycopg.Error, SQLAlchemyError) as error:
            self.close()
            raise TierwiseError(
                "not_durable", "the event could not be made durable", remedy="send it again later"
            ) from error

    def close(self) -> None:
        """Give the connection up; the next group opens one anew."""
        connection, self._connection = self._connection, None
        self._driver_connection = None
        if connection is not None:
            try:
                connection.close()
            except SQLAlchemyError:
                pass
        self._catalogue = Catalogue()

    def _take(self, group: Sequence[Arrived]) -> Counts:
        try:
            return inbox.take(self._driver(), group, self._catalogue)
        except psycopg.DataError:
            parts = _halves(group)
            if parts is None:
                return inbox.take(self._driver(), [not_storable(group[0])], self._catalogue)
        return inbox.added([self._take(part) for part in parts])

    def _driver(self) -> psycopg.Connection[Any]:
        if self._driver_connection is None:
            connection = self._database.connect()
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            connection.detach()
            # Whatever the server's own setting is: an answer of 200 says that the event is on disk.
            connection.execute(text("set synchronous_commit = on"))
            connection.execute(text(f"set statement_timeout = {_LONGEST_SECONDS * 1000}"))
            connection.commit()
            self._connection, self._driver_connection = connection, driver
        return self._driver_connection


def _halves(group: Sequence[Arrived]) -> list[list[Arrived]] | None:
    """Two smaller groups of the same events; None where there is but one event."""
    if len(group) > 1:
        return [list(group[: len(group) // 2]), list(group[len(group) // 2 :])]
    only = group[0]
    if len(only.events) <= 1:
        return None
    middle = len(only.events) // 2
    return [
        [replace(only, events=only.events[:middle])],
        [replace(only, events=only.events[middle:], refused=(), declined=0, shapes=())],
    ]


def forget_old(database: Engine, now: datetime) -> int:
    """Delete digests, applied events and quarantined ones that are older than they are kept; how many rows.

    Piece by piece; where another process is at it, nothing is done.
    """
    seen_before = now.date() - timedelta(days=inbox.KEEP_SEEN_DAYS)
    applied_before = now - timedelta(days=KEEP_APPLIED_DAYS)
    rows = 0
    while True:
        with database.begin() as connection:
            if not is_free(connection, "forgetting events"):
                return rows
            gone = inbox.forget(connection, seen_before=seen_before, applied_before=applied_before)
        rows += gone
        if not gone:
            return rows
