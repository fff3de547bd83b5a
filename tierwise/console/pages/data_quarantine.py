"""Rows that were refused: why, as they were; taken away as a workbook, mended, and imported again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import urlencode

from tierwise.app import importing
from tierwise.console.pages._data import REASONS, reason_title, sections
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.table import Cell, Column, Item, table
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, page
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.wording import in_language

PAGE = 100

_LONGEST = 160


@page("/data/quarantine", "title_data", wide=True)
async def refused(visit: Visit) -> None:
    """import and code narrow them, in the address."""
    texts = visit.texts
    sections(visit, "/data/quarantine")
    number, code = visit.asked.get("import"), visit.asked.get("code")
    if number is not None and not (number.isascii() and number.isdigit() and len(number) < 10):
        raise TierwiseError("unknown_import", f"there is no import {number}")
    import_id = int(number) if number else None
    found = await visit.ask(importing.quarantine_rows, visit.ctx, limit=PAGE, import_id=import_id, code=code)
    of_all = await visit.ask(importing.quarantine_rows, visit.ctx, limit=1, import_id=import_id)
    if not of_all.total:
        markup(
            f'<section class="tw-notice" data-notice="none"><h2>{escape(texts("data_none_refused"))}</h2>'
            f"<p>{escape(texts('data_none_refused_text'))}</p></section>"
        )
        return
    with card(texts("data_reasons"), name="reasons", lead=texts("data_refused_lead", rows=texts.count(of_all.total))):
        heads = [Column(texts("reason"), "text"), Column(texts("data_rows"))]
        rows = [
            (
                Cell(reason_title(name, texts), link=_link(visit, number, name), badge="←" if name == code else ""),
                texts.count(count),
            )
            for name, count in of_all.by_reason.items()
        ]
        markup(table(heads, rows, name="reasons"))
        if code:
            markup(f'<p><a href="{escape(_link(visit, number, None))}">{escape(texts("data_all_reasons"))}</a></p>')
    aside = ""
    with card(texts("data_refused_rows"), name="refused", aside=aside):
        if visit.may("export"):
            markup(_take_away(visit, found.rows, number, code))
        heads = [
            Column(texts("data_file"), "text"),
            Column(texts("data_line")),
            Column(texts("data_column"), "text"),
            Column(texts("reason"), "text"),
            Column(texts("data_row"), "text"),
        ]
        listed: list[Sequence[Item]] = [
            (
                Cell(row["file"], link=visit.link(f"/data/imports/{row['import_id']}")),
                texts.count(row["line"]),
                row["column_name"] or NONE,
                _why(row["code"], row["message"], texts),
                _cells(row["row_text"], row["column_name"]),
            )
            for row in found.rows
        ]
        markup(f'<div class="tw-scroll" tabindex="0">{table(heads, listed, name="refused")}</div>')
        if found.total > len(found.rows):
            said = texts("data_more_refused", shown=texts.count(len(found.rows)), of=texts.count(found.total))
            markup(f'<p class="foot">{escape(said)}</p>')


def _link(visit: Visit, number: str | None, code: str | None) -> str:
    return visit.link("/data/quarantine", **{"import": number, "code": code})


def _take_away(visit: Visit, rows: Sequence[Mapping[str, Any]], number: str | None, code: str | None) -> str:
    """The rows of one import as a workbook: the newest's where none was chosen."""
    texts = visit.texts
    one = number or str(max(row["import_id"] for row in rows)) if rows else number
    asked = {"import": one, "code": code, "headings": texts.language}
    query = urlencode({name: value for name, value in asked.items() if value})
    file = next((str(row["file"]) for row in rows if str(row["import_id"]) == one), "")
    label = escape(texts("data_mend_file", file=file))
    how = escape(texts("data_mend_how"))
    back = f'<a href="{escape(visit.link("/data"))}">{escape(texts("data_mend_back"))}</a>'
    return f'<p><a href="/api/v1/quarantine.xlsx?{escape(query)}" download>{label}</a> · {how} {back}</p>'


def _why(code: str, message: str, texts: Texts) -> str:
    """In Chinese by the reason's own words; messages name columns and bounds in ways that are not all translated."""
    if texts.language == "zh" and code in REASONS:
        return reason_title(code, texts)
    return in_language(message, texts.language)


def _cells(row: Any, wrong: str | None) -> str:
    """The row as it was, by the file's own columns where they are known, that of the reason first."""
    if isinstance(row, dict):
        told = sorted(
            ((name, value) for name, value in row.items() if str(value).strip()), key=lambda of: of[0] != wrong
        )
        text = " · ".join(f"{name}: {value}" for name, value in told)
    else:
        text = " | ".join(str(value) for value in row)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
