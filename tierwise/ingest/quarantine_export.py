"""Quarantined rows back as a file like the one they came from, to be mended and imported again.

The file has the source's own columns and header, and as text its delimiter, so that the same mapping takes it; behind
them stand the number of the quarantined row (which the import of the mended row closes), the line, the column and the
reason. What was taken in before comes out `unchanged` if it is still there.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from tierwise.engine.tabular import Mark
from tierwise.facts.conform import QUARANTINE_PREFIX
from tierwise.ingest.quarantine_workbook import write_workbook
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.wording import in_language
from tierwise.state import imports, quarantine
from tierwise.state.quarantine import QuarantinedRow

BESIDE = tuple(f"{QUARANTINE_PREFIX}{name}" for name in ("row", "line", "column", "reason", "rest"))
"""Columns of ours, behind the file's. rest: what stood behind the last column of a row that was too long."""

_PAGE = 10_000

_NEXT_REASON = re.compile(r'; (?=")')


def export_quarantine(
    connection: Connection,
    import_id: int,
    target: Path,
    *,
    code: str | None = None,
    mark: Mark | None = None,
    language: str = "en",
) -> int:
    """Write the open quarantined rows of one import to `target`, a workbook where it ends in .xlsx, else delimited
    text; how many. code: only those refused for that reason. mark: of who takes a workbook.
    language: of the reasons; headers are the same in every language, so that the file can be imported again.

    Raises `unknown_import`, `write_failed`, and of a workbook `too_many_rows`, `too_many_columns`, `text_too_long`.
    """
    found = imports.get(connection, import_id)
    headers: list[str] = found.mapping["file"]["headers"]
    told = found.mapping.get("header", True)
    above = 0 if isinstance(told, bool) else int(told) - 1
    columns = [*(name for name in headers if name not in BESIDE), *BESIDE] if told else None
    rows = (_cells(row, headers, language) for row in _rows(connection, import_id, code))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if target.suffix.lower() == ".xlsx":
            count = write_workbook(part, columns, rows, above=above, name=target, mark=mark)
        else:
            count = _write_text(part, found.mapping, columns, rows, above)
        os.replace(part, target)
    except OSError as error:
        raise TierwiseError(
            "write_failed", f"cannot be written: {error.strerror}", place=str(target), remedy="name another file"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return count


def _write_text(
    target: Path, mapping: dict[str, Any], columns: list[str] | None, rows: Iterator[list[str]], above: int
) -> int:
    """Rows with the delimiter and in the encoding of the file that they come from. above: lines over the header."""
    told = str(mapping.get("encoding", "auto"))
    encoding = told if told != "auto" else ("utf-8-sig" if columns else "utf-8")
    count = 0
    with target.open("w", encoding=encoding, errors="replace", newline="") as stream:
        write = _writer(stream, mapping["file"]["delimiter"] or ",")
        stream.write("\n" * above)
        if columns:
            write(columns)
        for count, row in enumerate(rows, 1):  # noqa: B007
            write(row)
    return count


def _rows(connection: Connection, import_id: int, code: str | None) -> Iterator[QuarantinedRow]:
    after = 0
    while page := quarantine.list_rows(connection, import_id=import_id, code=code, after_id=after, limit=_PAGE):
        yield from page
        after = page[-1].id


def _cells(row: QuarantinedRow, headers: list[str], language: str) -> list[str]:
    given = list(row.row_text.values()) if isinstance(row.row_text, dict) else list(row.row_text)
    if isinstance(row.row_text, dict) and set(headers) <= set(row.row_text):
        given = [row.row_text[name] for name in headers]
    width = len(headers)
    cells = [*given[:width], *[""] * (width - len(given))]
    rest = " | ".join(given[width:])
    own = [cell for cell, name in zip(cells, headers, strict=True) if name not in BESIDE]
    return [*own, str(row.id), str(row.line), row.column_name or "", _reasons(row.message, language), rest]


def _reasons(message: str, language: str) -> str:
    """Each reason of a row by itself; those behind the first begin with the header that they are of."""
    between = "；" if language == "zh" else "; "
    return between.join(in_language(reason, language) for reason in _NEXT_REASON.split(message))


def _writer(stream: Any, delimiter: str) -> Any:
    if delimiter != "space":
        return csv.writer(stream, delimiter=delimiter).writerow

    def by_blanks(cells: list[str]) -> None:
        stream.write(" ".join("_".join(cell.split()) or "-" for cell in cells) + "\n")

    return by_blanks
