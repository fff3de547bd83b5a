"""Quarantined rows back as a file like the one they came from, to be mended and imported again.

The file has the source's own columns, delimiter and header, so that the same mapping takes it; behind them stand the
number of the quarantined row (which the import of the mended row closes), the line, the column and the reason. What
was taken in before comes out `unchanged` if it is still there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from tierwise.facts.conform import QUARANTINE_PREFIX
from tierwise.kernel.errors import TierwiseError
from tierwise.state import imports, quarantine
from tierwise.state.quarantine import QuarantinedRow

BESIDE = tuple(f"{QUARANTINE_PREFIX}{name}" for name in ("row", "line", "column", "reason", "rest"))
"""Columns of ours, behind the file's. rest: what stood behind the last column of a row that was too long."""

_PAGE = 10_000


def export_quarantine(connection: Connection, import_id: int, target: Path, *, code: str | None = None) -> int:
    """Write the open quarantined rows of one import to `target`; how many. code: only those refused for that reason.

    Raises `unknown_import`, `write_failed`.
    """
    found = imports.get(connection, import_id)
    headers: list[str] = found.mapping["file"]["headers"]
    delimiter: str = found.mapping["file"]["delimiter"]
    told = str(found.mapping.get("encoding", "auto"))
    has_header = bool(found.mapping.get("header", True))
    encoding = "utf-8-sig" if told == "auto" and has_header else ("utf-8" if told == "auto" else told)
    count = 0
    try:
        with target.open("w", encoding=encoding, errors="replace", newline="") as stream:
            write = _writer(stream, delimiter)
            if has_header:
                write([*(name for name in headers if name not in BESIDE), *BESIDE])
            for row in _rows(connection, import_id, code):
                write(_cells(row, headers))
                count += 1
    except OSError as error:
        raise TierwiseError(
            "write_failed", f"cannot be written: {error.strerror}", place=str(target), remedy="name another file"
        ) from error
    return count


def _rows(connection: Connection, import_id: int, code: str | None) -> Iterator[QuarantinedRow]:
    after = 0
    while page := quarantine.list_rows(connection, import_id=import_id, code=code, after_id=after, limit=_PAGE):
        yield from page
        after = page[-1].id


def _cells(row: QuarantinedRow, headers: list[str]) -> list[str]:
    given = list(row.row_text.values()) if isinstance(row.row_text, dict) else list(row.row_text)
    if isinstance(row.row_text, dict) and set(headers) <= set(row.row_text):
        given = [row.row_text[name] for name in headers]
    width = len(headers)
    cells = [*given[:width], *[""] * (width - len(given))]
    rest = " | ".join(given[width:])
    own = [cell for cell, name in zip(cells, headers, strict=True) if name not in BESIDE]
    return [*own, str(row.id), str(row.line), row.column_name or "", row.message, rest]


def _writer(stream: Any, delimiter: str) -> Any:
    if delimiter != "space":
        return csv.writer(stream, delimiter=delimiter).writerow

    def by_blanks(cells: list[str]) -> None:
        stream.write(" ".join("_".join(cell.split()) or "-" for cell in cells) + "\n")

    return by_blanks
