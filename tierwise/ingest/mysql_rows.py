"""Rows of a MySQL or MariaDB table: one read-only transaction that sees one moment, row by row as the server sends."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from tierwise.ingest.mark import Mark, MarkValue, first_to_read, last_to_mark, no_such_watermark, whole
from tierwise.ingest.source_file import Tick
from tierwise.ingest.text_copy import copy_texts
from tierwise.kernel.errors import TierwiseError
from tierwise.state.source_readings import MarkKind

if TYPE_CHECKING:
    from pymysql.connections import Connection

_SESSION = (
    "SET SESSION TRANSACTION READ ONLY",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION net_write_timeout = 3600",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)
_OF_NAMES_AND_RIGHTS = (1044, 1045, 1049, 1054, 1064, 1103, 1109, 1142, 1143, 1146, 1248, 1305, 1370)
"""Errors whose sentence tells of tables, columns and rights, and never of what stands in rows."""

_NO_DAY = "0000-00-00"
"""What MySQL keeps for a date that was never told."""


def copy_mysql(
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
    """Copy the rows that are new since `mark` to `target`, as texts; columns of type TIMESTAMP as times of UTC.

    now: aware; zone: of naive times. Raises `extra_missing` without PyMySQL, `source_unreachable`,
    `source_unreadable`, `bad_watermark`, and what `tick` raises.
    """
    try:
        import pymysql
    except ModuleNotFoundError as error:
        raise TierwiseError(
            "extra_missing",
            "MySQL and MariaDB are read by PyMySQL, which is not installed",
            place=f"source {source.name}",
            remedy='pip install "tierwise[mysql]"',
        ) from error
    connection = _connected(source, origin, password)
    try:
        return _copied(connection, source, origin, mark, target, tick, now, zone)
    except pymysql.MySQLError as error:
        raise unreadable(source.name, _said(error)) from error
    except UnicodeDecodeError as error:
        raise unreadable(source.name, "its texts are not in the encoding that it says") from error
    finally:
        _break_off(connection)


def _break_off(connection: Connection[Any]) -> None:
    """Close it at once: in good manners the driver would first read what is left of the rows."""
    if (result := connection._result) is not None:
        result.unbuffered_active = False
    connection._force_close()


def _connected(source: ImportSource, origin: DatabaseTable, password: str | None) -> Connection[Any]:
    import pymysql
    from pymysql.converters import conversions

    is_socket = origin.host.startswith("/")
    try:
        connection = pymysql.connect(
            host=None if is_socket else origin.host,
            unix_socket=origin.host if is_socket else None,
            port=origin.port or 3306,
            database=origin.database,
            user=origin.user,
            password=(password or "").encode(),
            charset="utf8mb4",
            conv={key: value for key, value in conversions.items() if not isinstance(key, int)},
            connect_timeout=TIMEOUT_SECONDS,
            program_name="tierwise",
            ssl=_tls(origin),
        )
    except (pymysql.MySQLError, OSError, RuntimeError) as error:  # the last: a package that signing in would need
        said = error.args[1] if len(error.args) > 1 else error
        raise unreachable(origin, source.name, str(said).splitlines()[0]) from error
    return connection


def _tls(origin: DatabaseTable) -> ssl.SSLContext | None:
    """None: where the server offers it."""
    if origin.tls == "prefer":
        return None
    context = ssl.create_default_context(cafile=origin.ca_file)
    if origin.tls == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _copied(
    connection: Connection[Any],
    source: ImportSource,
    origin: DatabaseTable,
    mark: Mark | None,
    target: Path,
    tick: Tick,
    now: datetime,
    zone: tzinfo,
) -> Copied:
    from pymysql.cursors import SSCursor

    with connection.cursor() as session:
        for statement in _SESSION:
            session.execute(statement)
    from_, watermark = relation(origin, "`"), source.watermark
    first, reached, column = None, mark, None
    if watermark is not None:
        column = watermark.column
        kind = _kind_of(connection, source.name, from_, column)
        first = first_to_read(mark, kind, watermark, source.name)
        found = _one(connection, mark_asked(from_, column, "`", _naive(first), _naive(last_to_mark(kind, now, zone))))
        if found is not None and not found.startswith(_NO_DAY):
            reached = _mark(kind, found).or_higher(mark)
    asked = rows_asked(from_, column, source.together, "`", _naive(first))
    cursor = connection.cursor(SSCursor)
    cursor.execute(asked.query, asked.parameters)
    described = cursor.description or ()
    columns = [str(each[0]) for each in described]
    types = [int(each[1]) for each in described]
    at = columns.index(column) if column in columns else None
    without = [0]

    def rows() -> Iterator[tuple[str | None, ...]]:
        while row := cursor.fetchone():
            if at is not None and row[at] is None:
                without[0] += 1
            yield tuple(map(_text, row, types))

    try:
        count = copy_texts(target, columns, rows(), tick)
    finally:
        cursor.connection = None
    return Copied(count, reached, without[0])


def _kind_of(connection: Connection[Any], source: str, from_: str, column: str) -> MarkKind:
    from pymysql.constants import FIELD_TYPE

    kinds: dict[int, MarkKind] = {
        **dict.fromkeys((FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG), "number"),
        **dict.fromkeys((FIELD_TYPE.LONGLONG, FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL), "number"),
        FIELD_TYPE.TIMESTAMP: "instant",
        FIELD_TYPE.DATETIME: "time",
        FIELD_TYPE.DATE: "day",
    }
    asked = kind_asked(from_, column, "`")
    with connection.cursor() as cursor:
        cursor.execute(asked.query, asked.parameters)
        assert cursor.description is not None
        code = int(cursor.description[0][1])
    if code not in kinds:
        names = {value: name for name, value in vars(FIELD_TYPE).items() if isinstance(value, int)}
        raise no_such_watermark(column, source, names.get(code, str(code)).lower())
    return kinds[code]


def _one(connection: Connection[Any], asked: Asked) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(asked.query, asked.parameters)
        row = cursor.fetchone()
    return None if row is None or row[0] is None else str(row[0])


def _mark(kind: MarkKind, found: str) -> Mark:
    if kind == "number":
        return Mark(kind, whole(Decimal(found)))
    if kind == "day":
        return Mark(kind, date.fromisoformat(found))
    told = datetime.fromisoformat(found)
    return Mark(kind, told.replace(tzinfo=UTC) if kind == "instant" else told)


def _naive(value: MarkValue | None) -> MarkValue | None:
    """As the session's own time zone has it, which is UTC."""
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _text(cell: str | bytes | None, kind: int) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, bytes):
        return str(int.from_bytes(cell, "big")) if kind == _BIT else cell.hex()
    if kind in _TIMES:
        if cell.startswith(_NO_DAY):
            return None
        return f"{cell}+00:00" if kind == _TIMESTAMP else cell
    return cell


_BIT, _TIMESTAMP, _TIMES = 16, 7, (7, 10, 12, 14)
"""The protocol's numbers for types of fields: BIT; TIMESTAMP; all that have a date."""


def _said(error: Exception) -> str:
    number = error.args[0] if error.args else ""
    kind = type(error).__name__
    if number in _OF_NAMES_AND_RIGHTS and len(error.args) > 1:
        return f"{error.args[1]} ({number})"
    return f"{kind} {number}".strip() if isinstance(number, int) else kind
