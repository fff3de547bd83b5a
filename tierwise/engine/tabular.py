"""A relation to a file: CSV, Excel or Parquet. The same rows give the same bytes; a file is whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tierwise.engine.duckdb_session import literal
from tierwise.kernel.errors import TierwiseError, did_you_mean

EXCEL_ROWS = 1_048_576
_CHUNK = 20_000
_VIEW = "rows_to_write"


def write_table(
    connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, path: Path, *, sheet: str, dated: date
) -> int:
    """Write all rows in the relation's order, and return how many. The ending of `path` names the format.

    dated: the date that an Excel file carries as its own, so that equal rows are equal bytes. Raises
    `unknown_format`, `too_many_rows`, `disk_full`, `write_failed`.
    """
    writers: dict[str, Callable[[duckdb.DuckDBPyConnection, Path, str, date], int]] = {
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
        rows = writer(connection, part, sheet, dated)
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


def _write_csv(connection: duckdb.DuckDBPyConnection, path: Path, sheet: str, dated: date) -> int:
    return _copy(connection, path, "FORMAT csv, HEADER, DELIMITER ','")


def _write_parquet(connection: duckdb.DuckDBPyConnection, path: Path, sheet: str, dated: date) -> int:
    return _copy(connection, path, "FORMAT parquet, COMPRESSION zstd")


def _copy(connection: duckdb.DuckDBPyConnection, path: Path, options: str) -> int:
    counted = connection.execute(f"COPY (SELECT * FROM {_VIEW}) TO {literal(str(path))} ({options})").fetchone()
    return int(counted[0]) if counted else 0


def _write_xlsx(connection: duckdb.DuckDBPyConnection, path: Path, sheet: str, dated: date) -> int:
    from xlsxwriter import Workbook

    relation = connection.table(_VIEW)
    book = Workbook(path, {"constant_memory": True, "default_date_format": "yyyy-mm-dd", "remove_timezone": True})
    book.set_properties({"created": datetime.combine(dated, time()), "title": sheet})
    page = book.add_worksheet(sheet[:31])
    head = book.add_format({"bold": True, "bottom": 1})
    formats = {
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
        Decimal: book.add_format({"num_format": "#,##0.00"}),
        int: book.add_format({"num_format": "0"}),
    }
    page.freeze_panes(1, 1)
    for i, name in enumerate(relation.columns):
        page.set_column(i, i, max(10, min(2 * len(name), 40)))
        page.write_string(0, i, name, head)
    rows = 0
    while chunk := relation.fetchmany(_CHUNK):
        if rows + len(chunk) >= EXCEL_ROWS:
            raise TierwiseError(
                "too_many_rows", f"an Excel sheet ends at {EXCEL_ROWS:,} rows", remedy="export to .csv or .parquet"
            )
        for row in chunk:
            rows += 1
            for i, value in enumerate(row):
                _write_cell(page, rows, i, value, formats)
    if rows:
        page.autofilter(0, 0, rows, len(relation.columns) - 1)
    book.close()
    return rows


def _write_cell(page: Any, row: int, column: int, value: Any, formats: dict[type, Any]) -> None:
    """Text is always written as text, so that nothing becomes a formula; money keeps its digits in sight."""
    if value is None:
        return
    if isinstance(value, str):
        page.write_string(row, column, value)
    elif isinstance(value, bool):
        page.write_boolean(row, column, value)
    elif isinstance(value, int | Decimal):
        page.write_number(row, column, value, formats[Decimal if isinstance(value, Decimal) else int])
    elif isinstance(value, float):
        page.write_number(row, column, value)
    elif isinstance(value, datetime):
        page.write_datetime(row, column, value, formats[datetime])
    elif isinstance(value, date):
        page.write_datetime(row, column, value, formats[date])
    else:
        page.write_string(row, column, str(value))
