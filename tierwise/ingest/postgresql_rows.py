"""Rows of a PostgreSQL table: one read-only transaction that sees one moment, read by a cursor of the server's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from psycopg import IsolationLevel
from psycopg.types.string import TextLoader

from tierwise.definitions.import_source import DatabaseTable, ImportSource
from tierwise.ingest.database_rows import (
    TIMEOUT_SECONDS,
    Asked,
    Copied,
    kind_asked,
    mark_asked,
    relation,
    rows_asked,
    unreachable,
    unreadable,
)
from tierwise.ingest.mark import Mark, first_to_read, last_to_mark, no_such_watermark, whole
from tierwise.ingest.source_file import Tick
from tierwise.ingest.text_copy import copy_texts
from tierwise.state.source_readings import MarkKind

_AT_ONCE = 2_000
_TLS = {"prefer": "prefer", "require": "require", "verify": "verify-full"}
_KINDS: dict[str, MarkKind] = {
    **dict.fromkeys(("int2", "int4", "int8", "numeric", "oid"), "number"),
    "timestamptz": "instant",
    "timestamp": "time",
    "date": "day",
}
_SESSION = "-c default_transaction_read_only=on -c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601"


class _Truth(TextLoader):
    """What PostgreSQL writes as t and f, in words."""

    def load(self, data: Any) -> str:
        return "true" if bytes(data) == b"t" else "false"


def copy_postgresql(
    source: ImportSource,
    origin: DatabaseTable,
    password: str | None,
    mark: Mark | None,
    target: Path,
    tick: Tick,
    *,
    now: datetime,
    zone: tzinfo,
) -> Copied:
    """Copy the rows that are new since `mark` to `target`, as texts.

    now: aware; zone: of naive times. Raises `source_unreachable`, `source_unreadable`, `bad_watermark`, and what `tick`
    raises.
    """
    with _connected(source, origin, password) as connection:
        try:
            return _copied(connection, source, origin, mark, target, tick, now, zone)
        except psycopg.Error as error:
            raise unreadable(source.name, _said(error)) from error
        except UnicodeDecodeError as error:
            raise unreadable(source.name, "its texts are not in the encoding that it says") from error


def _connected(source: ImportSource, origin: DatabaseTable, password: str | None) -> psycopg.Connection[Any]:
    try:
        connection = psycopg.connect(
            host=origin.host,
            port=origin.port or 5432,
            dbname=origin.database,
            user=origin.user,
            password=password,
            sslmode=_TLS[origin.tls],
            sslrootcert=origin.ca_file or ("system" if origin.tls == "verify" else None),
            client_encoding="utf8",
            connect_timeout=TIMEOUT_SECONDS,
            options=_SESSION,
            application_name="tierwise",
        )
    except psycopg.Error as error:
        raise unreachable(origin, source.name, str(error).splitlines()[0]) from error
    connection.read_only = True
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    return connection


def _copied(
    connection: psycopg.Connection[Any],
    source: ImportSource,
    origin: DatabaseTable,
    mark: Mark | None,
    target: Path,
    tick: Tick,
    now: datetime,
    zone: tzinfo,
) -> Copied:
    from_, watermark = relation(origin, '"'), source.watermark
    first, reached, column = None, mark, None
    if watermark is not None:
        column = watermark.column
        kind = _kind_of(connection, source.name, from_, column)
        first = first_to_read(mark, kind, watermark, source.name)
        found = _one(connection, mark_asked(from_, column, '"', first, last_to_mark(kind, now, zone)))
        if found is not None:
            reached = Mark(kind, whole(Decimal(found)) if kind == "number" else found).or_higher(mark)
    asked = rows_asked(from_, column, source.together, '"', first)
    with connection.cursor("tierwise_rows") as cursor:
        for known in connection.adapters.types:
            cursor.adapters.register_loader(known.oid, _Truth if known.name == "bool" else TextLoader)
            if known.array_oid:
                cursor.adapters.register_loader(known.array_oid, TextLoader)
        cursor.adapters.register_loader(0, TextLoader)
        cursor.itersize = _AT_ONCE
        cursor.execute(asked.query.encode(), asked.parameters)
        columns = [each.name for each in cursor.description or ()]
        at = columns.index(column) if column in columns else None
        without = [0]

        def rows() -> Iterator[tuple[str | None, ...]]:
            for row in cursor:
                if at is not None and row[at] is None:
                    without[0] += 1
                yield row

        count = copy_texts(target, columns, rows(), tick)
    return Copied(count, reached, without[0])


def _kind_of(connection: psycopg.Connection[Any], source: str, from_: str, column: str) -> MarkKind:
    asked = kind_asked(from_, column, '"')
    with connection.cursor() as cursor:
        cursor.execute(asked.query.encode(), asked.parameters)
        assert cursor.description is not None
        oid = cursor.description[0].type_code
    known = connection.adapters.types.get(oid)
    name = known.name if known is not None else f"number {oid}"
    if name not in _KINDS:
        raise no_such_watermark(column, source, name)
    return _KINDS[name]


def _one(connection: psycopg.Connection[Any], asked: Asked) -> Any:
    row = connection.execute(asked.query.encode(), asked.parameters).fetchone()
    return None if row is None else row[0]


def _said(error: psycopg.Error) -> str:
    """What it is, without what may stand in rows: of names and rights the server's sentence, else only its kind."""
    state = error.sqlstate or ""
    kind = type(error).__name__
    return (
        f"{error.diag.message_primary} ({kind})" if state[:2] in ("42", "25", "3D", "3F") else f"{kind} {state}".strip()
    )
