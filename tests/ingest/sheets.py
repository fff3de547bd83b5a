"""Workbooks to import, as people and programs write them."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import xlsxwriter


def moment(*parts: int) -> datetime:
    """A naive moment."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc,arg-type]


def workbook(draw: Callable[[Any], None], **options: Any) -> bytes:
    """A workbook that `draw` fills."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm", **options})
    draw(book)
    book.close()
    return out.getvalue()


def sheet(book: Any, rows: Sequence[Sequence[Any]], name: str | None = None, at: int = 0) -> Any:
    """A worksheet with these rows from row `at` on (from 0); datetimes and dates are such."""
    page = book.add_worksheet(name)
    for row, cells in enumerate(rows, at):
        for column, cell in enumerate(cells):
            if isinstance(cell, datetime | date):
                page.write_datetime(row, column, cell)
            elif isinstance(cell, str):
                page.write_string(row, column, cell)
            elif cell is not None:
                page.write(row, column, cell)
    return page


def table(rows: Sequence[Sequence[Any]], **options: Any) -> bytes:
    """A workbook of one sheet."""
    return workbook(lambda book: sheet(book, rows), **options)
