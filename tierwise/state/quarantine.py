"""Quarantine: one row per source row that was refused, with the row itself, to be mended and imported again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    any_,
    cast,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from tierwise.kernel.clock import utc_now
from tierwise.state.schema import imported_file, quarantine

_COPY = "copy quarantine (import_id, file, line, column_name, code, message, row_text, at) from stdin"

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Refused:
    """A source row to be quarantined. line counts from 1, the header included. column: None where it is the row.

    row: the source row as texts, a list or a mapping by header.
    """

    file: str
    line: int
    column: str | None
    code: str
    message: str
    row: Any


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A quarantined source row. state: open, or resolved once it was mended or given up."""

    id: int
    import_id: int
    table_name: str
    file: str
    line: int
    column_name: str | None
    code: str
    message: str
    row_text: Any
    state: str
    at: datetime


def add_many(connection: Connection, import_id: int, rows: Iterable[Refused]) -> int:
    """Add rows by COPY, in the caller's transaction; how many. One source row at most once per import.

    What PostgreSQL cannot store (NUL, broken surrogates) becomes U+FFFD, so that no row is lost for it.
    """
    count, now = 0, utc_now().isoformat()
    raw = connection.connection.driver_connection
    assert raw is not None
    with raw.cursor() as cursor, cursor.copy(_COPY) as copy:
        for row in rows:
            copy.write_row(
                (
                    import_id,
                    _storable(row.file),
                    row.line,
                    None if row.column is None else _storable(row.column),
                    row.code,
                    _storable(row.message),
                    _json(row.row),
                    now,
                )
            )
            count += 1
    return count


def list_rows(
    connection: Connection,
    *,
    import_id: int | None = None,
    table_name: str | None = None,
    code: str | None = None,
    state: str | None = "open",
    after_id: int = 0,
    limit: int | None = 100,
) -> list[QuarantinedRow]:
    """Rows in the order of import and file; state and limit None mean all. after_id: the last id of the page before."""
    query = (
        select(quarantine, imported_file.c.table_name)
        .join(imported_file, imported_file.c.id == quarantine.c.import_id)
        .where(quarantine.c.id > after_id)
        .order_by(quarantine.c.id)
        .limit(limit)
    )
    if import_id is not None:
        query = query.where(quarantine.c.import_id == import_id)
    if table_name is not None:
        query = query.where(imported_file.c.table_name == table_name)
    if code is not None:
        query = query.where(quarantine.c.code == code)
    if state is not None:
        query = query.where(quarantine.c.state == state)
    return [QuarantinedRow(**row._mapping) for row in connection.execute(query)]


def newest_import(connection: Connection, *, code: str | None = None) -> int | None:
    """The newest import that has open rows, of that reason where one is given; None where nothing is open."""
    query = select(func.max(quarantine.c.import_id)).where(quarantine.c.state == "open")
    if code is not None:
        query = query.where(quarantine.c.code == code)
    found = connection.scalar(query)
    return None if found is None else int(found)


def count_by_code(
    connection: Connection, *, import_id: int | None = None, state: str | None = "open"
) -> dict[str, int]:
    """Code -> rows, the most frequent first, equal ones by code; state None means all."""
    query = select(quarantine.c.code, func.count()).group_by(quarantine.c.code)
    if import_id is not None:
        query = query.where(quarantine.c.import_id == import_id)
    if state is not None:
        query = query.where(quarantine.c.state == state)
    rows = sorted(connection.execute(query), key=lambda row: (-row[1], row[0]))
    return {str(code): int(count) for code, count in rows}


def resolve(connection: Connection, ids: Sequence[int], *, table_name: str | None = None) -> int:
    """Close these rows (of imports into that table); how many were open."""
    change = update(quarantine).where(quarantine.c.id == any_(literal(list(ids), ARRAY(BigInteger))))
    change = change.where(quarantine.c.state == "open")
    if table_name is not None:
        of_table = select(imported_file.c.id).where(imported_file.c.table_name == table_name)
        change = change.where(quarantine.c.import_id.in_(of_table))
    return connection.execute(change.values(state="resolved")).rowcount


def supersede(connection: Connection, import_id: int) -> int:
    """Close the open rows of earlier imports of the same bytes as the same table, and of a workbook of sheets that are
    among this one's: this import tells them again."""
    this = imported_file.alias()
    earlier = (
        select(imported_file.c.id)
        .join(this, (this.c.sha256 == imported_file.c.sha256) & (this.c.table_name == imported_file.c.table_name))
        .where(this.c.id == import_id, imported_file.c.id < import_id)
        .where(_sheets(this).contains(_sheets(imported_file)))
    )
    change = update(quarantine).where(quarantine.c.import_id.in_(earlier), quarantine.c.state == "open")
    return connection.execute(change.values(state="resolved")).rowcount


def _sheets(of: FromClause) -> ColumnElement[Any]:
    """The names of the sheets that were read; an empty list where the file was no workbook."""
    return func.coalesce(of.c.mapping["file"]["sheets"], cast([], JSONB), type_=JSONB)


def _storable(text: str) -> str:
    if "\0" not in text and _is_utf8(text):
        return text
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _json(row: Any) -> str:
    written = _encode(row)
    if "\\u0000" not in written and _is_utf8(written):
        return written
    return _encode(_storable_within(row))


def _storable_within(value: Any) -> Any:
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, Mapping):
        return {_storable(str(key)): _storable_within(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_storable_within(each) for each in value]
    return value
