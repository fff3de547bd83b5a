"""Quarantined rows as a workbook: every cell is text, so that Excel changes nothing that nobody has touched."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tierwise.engine.tabular import (
    EXCEL_COLUMNS,
    EXCEL_LETTERS,
    EXCEL_ROWS,
    FORMULA_STARTS,
    Mark,
    beyond_excel,
    properties_of,
    put_mark,
    shown_width,
)
from tierwise.facts.conform import QUARANTINE_PREFIX
from tierwise.ingest.workbook import MENDS_SHEET

_NARROWEST, _WIDEST, _MEASURED = 6, 60, 1_000


def write_workbook(
    target: Path,
    columns: list[str] | None,
    rows: Iterable[list[str]],
    *,
    above: int = 0,
    name: Path,
    mark: Mark | None = None,
) -> int:
    """Write `rows` under `columns` (None: without a header) to `target`; how many. above: empty rows over the header.

    Columns of ours are shaded. name: of the file, for messages. mark: of who takes it. Raises `too_many_rows`,
    `too_many_columns`, `text_too_long`.
    """
    from xlsxwriter import Workbook

    book = Workbook(target, {"constant_memory": True})
    book.set_properties(properties_of(mark))
    page = book.add_worksheet(MENDS_SHEET)
    if mark is not None:
        put_mark(page, mark)
    head, ours = (book.add_format({"bold": True, "bottom": 1, **more}) for more in ({}, {"bg_color": "#EEEEEE"}))
    text, quoted = (book.add_format({"num_format": "@", **more}) for more in ({}, {"quote_prefix": True}))
    widths: list[int] = []
    at = above
    if columns is not None:
        for column, title in enumerate(columns):
            page.write_string(at, column, title, ours if title.startswith(QUARANTINE_PREFIX) else head)
        widths = [shown_width(title) for title in columns]
        page.freeze_panes(at + 1, 0)
        at += 1
    first = at
    for row in rows:
        if at >= EXCEL_ROWS:
            raise beyond_excel("too_many_rows", f"an Excel sheet ends at {EXCEL_ROWS:,} rows", name)
        if len(row) > EXCEL_COLUMNS:
            raise beyond_excel("too_many_columns", f"an Excel sheet has {EXCEL_COLUMNS:,} columns at most", name)
        for column, cell in enumerate(row):
            if len(cell) > EXCEL_LETTERS:
                said = f"row {at + 1} has a text of more than {EXCEL_LETTERS:,} letters: no cell holds it"
                raise beyond_excel("text_too_long", said, name)
            page.write_string(at, column, cell, quoted if cell.startswith(FORMULA_STARTS) else text)
        if at - first < _MEASURED:
            widths += [0] * (len(row) - len(widths))
            widths = [max(width, shown_width(cell[:_WIDEST])) for width, cell in zip(widths, row, strict=True)]
        at += 1
    for column, width in enumerate(widths):
        page.set_column(column, column, max(_NARROWEST, min(width + 1, _WIDEST)), text)
    if columns is not None and at > first:
        page.autofilter(above, 0, at - 1, len(columns) - 1)
    book.close()
    return at - first
