"""A relation to a file: CSV, Excel or Parquet. The same rows give the same bytes; a file is whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import duckdb

from tierwise.engine.duckdb_session import literal
from tierwise.kernel.errors import TierwiseError, did_you_mean

EXCEL_ROWS = 1_048_576
EXCEL_COLUMNS = 16_384
EXCEL_LETTERS = 32_767
"""What a sheet has at most, and a cell of it."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so stays text when somebody edits its cell or pastes it elsewhere."""

_EXACT_BELOW = 10**15
_FIRST_DATE = date(1900, 3, 1)
"""Before it Excel's days are counted wrongly."""
_CHUNK = 20_000
_VIEW = "rows_to_write"


@dataclass(frozen=True, slots=True)
class Mark:
    """By which a workbook says who took it: `who` as its author; `said`, a line, at its first cell and on each printed
    page. most: rows that they may take in a file of any kind; None for all."""

    who: str
    said: str
    most: int | None = None


def write_table(
    connection: duckdb.DuckDBPyConnection,
    relation: duckdb.DuckDBPyRelation,
    path: Path,
    *,
    sheet: str,
    dated: date,
    mark: Mark | None = None,
) -> int:
    """Write all rows in the relation's order, and return how many. The ending of `path` names the format.

    dated: the date that an Excel file carries as its own, so that equal rows are equal bytes. mark: of who takes it;
    the cells of an Excel file are the same with and without one. In Excel money keeps its decimals, a number of more
    than 15 digits and a date before 1900-03-01 are text, and no text is a formula.

    Raises `unknown_format`, `export_limited`, `disk_full`, `write_failed`, and what a sheet cannot hold:
    `too_many_rows`, `too_many_columns`, `text_too_long`.
    """
    writers: dict[str, Callable[[duckdb.DuckDBPyConnection, Path, str, date, Mark | None], int]] = {
        ".csv": _write_csv,
        ".xlsx": _write_xlsx,
        ".parquet": _write_parquet,
    }
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise TierwiseError(
            "unknown_format",
            f'"{path.suffix or path.name}" is no format of a table',
            place=str(path),
            remedy=did_you_mean(path.suffix, writers) or f"end the name in {', '.join(writers)}",
        )
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        relation.create_view(_VIEW, replace=True)
        _within_limit(connection, mark)
        rows = writer(connection, part, sheet, dated, mark)
        os.replace(part, path)
    except (OSError, duckdb.IOException) as error:
        full = "No space left" in str(error)
        raise TierwiseError(
            "disk_full" if full else "write_failed",
            f"the file cannot be written: {error}",
            place=str(path),
            remedy="free some space" if full else "look at the folder and its rights",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return rows


def _within_limit(connection: duckdb.DuckDBPyConnection, mark: Mark | None) -> None:
    if mark is None or mark.most is None:
        return
    counted = connection.execute(f"SELECT count(*) FROM {_VIEW}").fetchone()
    if counted is not None and counted[0] > mark.most:
        raise TierwiseError(
            "export_limited",
            f"{counted[0]:,} rows: people here take {mark.most:,} at most in one file",
            remedy="narrow them, or ask an administrator",
        )


def _write_csv(connection: duckdb.DuckDBPyConnection, path: Path, sheet: str, dated: date, mark: Mark | None) -> int:
    return _copy(connection, path, "FORMAT csv, HEADER, DELIMITER ','")


def _write_parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, sheet: str, dated: date, mark: Mark | None
) -> int:
    return _copy(connection, path, "FORMAT parquet, COMPRESSION zstd")


def _copy(connection: duckdb.DuckDBPyConnection, path: Path, options: str) -> int:
    counted = connection.execute(f"COPY (SELECT * FROM {_VIEW}) TO {literal(str(path))} ({options})").fetchone()
    return int(counted[0]) if counted else 0


def _write_xlsx(connection: duckdb.DuckDBPyConnection, path: Path, sheet: str, dated: date, mark: Mark | None) -> int:
    from xlsxwriter import Workbook

    relation = connection.table(_VIEW)
    names = relation.columns
    if len(names) > EXCEL_COLUMNS:
        raise beyond_excel("too_many_columns", f"an Excel sheet has {EXCEL_COLUMNS:,} columns at most", path)
    book = Workbook(path, {"constant_memory": True, "remove_timezone": True})
    book.set_properties({"created": datetime.combine(dated, time()), "title": sheet} | properties_of(mark))
    page = book.add_worksheet(sheet[:31])
    if mark is not None:
        put_mark(page, mark)
    head = book.add_format({"bold": True, "bottom": 1})
    cells = [_cells_of(page, book, str(kind)) for kind in relation.types]
    page.freeze_panes(1, 1)
    for i, name in enumerate(names):
        page.write_string(0, i, name, head)
    widths = [min(shown_width(name) + 2, _WIDEST) for name in names]
    rows = 0
    while chunk := relation.fetchmany(_CHUNK):
        if rows + len(chunk) >= EXCEL_ROWS:
            raise beyond_excel("too_many_rows", f"an Excel sheet ends at {EXCEL_ROWS:,} rows", path)
        for row in chunk:
            rows += 1
            for i, value in enumerate(row):
                if value is not None and not cells[i](rows, i, value):
                    said = f'"{names[i]}" has a text of more than {EXCEL_LETTERS:,} letters: no cell holds it'
                    raise beyond_excel("text_too_long", said, path)
        if rows == len(chunk):
            widths = _widths(widths, chunk[:_MEASURED])
    for i, width in enumerate(widths):
        page.set_column(i, i, width)
    if rows:
        page.autofilter(0, 0, rows, len(names) - 1)
    book.close()
    return rows


def properties_of(mark: Mark | None) -> dict[str, str]:
    """What the file says of itself."""
    return {} if mark is None else {"author": mark.who, "comments": mark.said}


def put_mark(page: Any, mark: Mark) -> None:
    """As a note at the first cell, and at the foot of each page on paper."""
    page.write_comment(0, 0, mark.said, {"author": mark.who, "x_scale": 2.5})
    page.set_footer(f"&L{mark.said.replace('&', '&&')[:200]}&R&P / &N")


_WIDEST = 60
_MEASURED = 1_000

Write = Callable[[int, int, Any], bool]
"""Writes a value at (row, column); whether it could be."""


def beyond_excel(code: str, message: str, path: Path) -> TierwiseError:
    """What does not fit into a sheet is refused, never cut."""
    return TierwiseError(code, message, place=str(path), remedy="write it to .csv or .parquet")


def shown_width(text: str) -> int:
    """How many columns of letters a text takes; a Chinese one takes two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _widths(widths: list[int], rows: list[tuple[Any, ...]]) -> list[int]:
    wide = [max((shown_width(_shown(row[i])) for row in rows), default=0) for i in range(len(widths))]
    return [min(max(width, seen + 1, 6), _WIDEST) for width, seen in zip(widths, wide, strict=True)]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,.2f}" if isinstance(value, Decimal) else str(value)[: 2 * _WIDEST]


def _cells_of(page: Any, book: Any, kind: str) -> Write:
    """How the values of a column of that type are written."""
    quoted = book.add_format({"quote_prefix": True})

    def text(row: int, column: int, value: Any) -> bool:
        said = str(value)
        form = quoted if said.startswith(FORMULA_STARTS) else None
        return len(said) <= EXCEL_LETTERS and page.write_string(row, column, said, form) == 0

    def number(row: int, column: int, value: Any) -> bool:
        if abs(value) < _EXACT_BELOW and (not isinstance(value, Decimal) or len(value.as_tuple().digits) <= _DIGITS):
            return bool(page.write_number(row, column, value, form) == 0)
        return text(row, column, value)

    def day(row: int, column: int, value: Any) -> bool:
        on = value.date() if isinstance(value, datetime) else value
        return (
            bool(page.write_datetime(row, column, value, form) == 0) if on >= _FIRST_DATE else text(row, column, value)
        )

    def yes_or_no(row: int, column: int, value: Any) -> bool:
        return bool(page.write_boolean(row, column, value) == 0)

    form = book.add_format({"num_format": _number_format(kind)}) if _number_format(kind) else None
    if kind == "BOOLEAN":
        return yes_or_no
    if kind.startswith("DECIMAL") or kind in _NUMBERS:
        return number
    return day if kind == "DATE" or kind.startswith("TIMESTAMP") else text


_DIGITS = 15
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_NUMBERS = (*_WHOLE, "UHUGEINT", "FLOAT", "DOUBLE")


def _number_format(kind: str) -> str | None:
    """How Excel shows the values of a DuckDB type; None for General."""
    if kind.startswith("DECIMAL"):
        scale = int(kind.rstrip(")").split(",")[1])
        return "#,##0" + (f".{'0' * min(scale, 2)}{'#' * max(scale - 2, 0)}" if scale else "")
    if kind in _WHOLE:
        return "0"
    if kind == "DATE":
        return "yyyy-mm-dd"
    return "yyyy-mm-dd hh:mm:ss" if kind.startswith("TIMESTAMP") else None
