"""A card: a heading, a line of explanation, and what is inside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from nicegui import ui

from tierwise.console.parts.table import HEADING


@contextmanager
def card(title: str, *, name: str, lead: str = "", said: str = "", aside: str = "", excel: str = "") -> Iterator[None]:
    """A section of the page. lead: its message, one sentence; said: the same as HTML (`sentence`). aside: a note to the
    right of the title.

    excel: the address of its table as a workbook; empty where there is none for who asks (`Visit.excel`).
    """
    section = ui.element("section").classes("tw-card").props(f'data-card="{name}" aria-labelledby="card-{name}"')
    with section:
        note = f"<span>{escape(aside)}</span>" if aside else ""
        link = excel_link(excel, title) if excel else ""
        markup(f'<header><h2 id="card-{name}">{escape(title)}</h2><small>{note}{link}</small></header>')
        if lead or said:
            markup(f'<p class="lead">{said or escape(lead)}</p>')
        before = HEADING.set(f"card-{name}")
        try:
            yield
        finally:
            HEADING.reset(before)


def excel_link(address: str, of: str) -> str:
    """HTML of a link to a workbook. of: what is in it, for who does not see where the link stands."""
    return f'<a href="{escape(address)}" download aria-label="Excel: {escape(of)}">Excel</a>'


def markup(html: str) -> None:
    """HTML made by our parts, which escape whatever comes from data."""
    ui.html(html, sanitize=False)


def markup_in(tag: str, html: str, classes: str = "") -> None:
    """As `markup`, in an element of that name instead of a box of its own."""
    ui.html(html, sanitize=False, tag=tag).classes(classes)


def chart(options: dict[str, Any], height_px: int) -> None:
    """An ECharts chart, drawn as SVG: crisp, and readable by a test."""
    ui.echart(options, renderer="svg").classes("tw-chart").style(f"height:{height_px}px")
