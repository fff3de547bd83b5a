"""Tables: numbers to the right, texts to the left, bars where a share is to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from html import escape

HEADING: ContextVar[str] = ContextVar("heading", default="")
"""The id of the heading under which a part of the page is built: it names the tables there."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading; `kind`: text (left), number (right), or bar.

    sort: the address that orders by it, and how it is ordered now: ascending, descending, or empty.
    """

    title: str
    kind: str = "number"
    sort: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows; `small` stands under it, `warn` marks it as something to mend, `colour` puts a dot before.

    link, small_link: where the text, and what stands under it, lead.
    """

    text: str
    small: str = ""
    warn: bool = False
    colour: str = ""
    badge: str = ""
    link: str = ""
    small_link: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A share drawn as a bar with its text; null and negative shares have no length."""

    share: float | None
    text: str
    colour: str


Item = Cell | Bar | str


def table(columns: Sequence[Column], rows: Sequence[Sequence[Item]], *, name: str, total: bool = False) -> str:
    """HTML, everything escaped. name: the table's `data-table`. total: the last row is one."""
    heads = "".join(_head(column) for column in columns)
    body = []
    for place, row in enumerate(rows):
        cells = "".join(_cell(column, item) for column, item in zip(columns, row, strict=True))
        last = ' class="total"' if total and place == len(rows) - 1 else ""
        body.append(f"<tr{last}>{cells}</tr>")
    named = f' aria-labelledby="{escape(HEADING.get())}"' if HEADING.get() else ""
    return (
        f'<table class="tw-table" data-table="{escape(name)}"{named}><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def _head(column: Column) -> str:
    link, now = column.sort
    title = f'<a href="{escape(link)}">{escape(column.title)}</a>' if link else escape(column.title)
    sorted_ = f' aria-sort="{now}"' if now else ""
    return f'<th scope="col" class="{column.kind}"{sorted_}>{title}</th>'


def _cell(column: Column, item: Item) -> str:
    if isinstance(item, Bar):
        width = min(max((item.share or 0.0) * 100, 0.0), 100.0)
        drawn = f'<i style="width:{width:.2f}%;background:{escape(item.colour)}"></i>'
        return f'<td class="bar"><span class="track">{drawn}</span><b>{escape(item.text)}</b></td>'
    if isinstance(item, str):
        return f'<td class="{column.kind}">{escape(item)}</td>'
    dot = f'<i class="dot" style="background:{escape(item.colour)}"></i>' if item.colour else ""
    badge = f'<em class="badge">{escape(item.badge)}</em>' if item.badge else ""
    beneath = f'<a href="{escape(item.small_link)}">{escape(item.small)}</a>' if item.small_link else escape(item.small)
    small = f"<small{' class=warn' if item.warn else ''}>{beneath}</small>" if item.small else ""
    text = f'<a href="{escape(item.link)}">{escape(item.text)}</a>' if item.link else escape(item.text)
    return f'<td class="{column.kind}">{dot}{text}{badge}{small}</td>'
