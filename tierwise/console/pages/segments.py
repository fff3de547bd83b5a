"""Segments: all of them, how many are in each, whose they are, and what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tierwise.app import segment_catalogue
from tierwise.app.segment_catalogue import SegmentCatalogue, SegmentRow
from tierwise.console.pages._segment_rule import NEW
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.table import Bar, Cell, Column, Item, table
from tierwise.console.rule_query import where_in
from tierwise.console.texts import NONE
from tierwise.console.visit import Visit, page
from tierwise.plots.look import ACCENT


@page("/segments", "title_segments")
async def segments(visit: Visit) -> None:
    """The list; in the address: order (name or customers)."""
    texts = visit.texts
    found = await visit.ask(segment_catalogue.catalogue, visit.ctx)
    new = escape(visit.link(f"/segments/{NEW}"))
    said = texts("as_of", day=texts.day(found.as_of)) if found.as_of is not None else texts("seg_not_counted")
    markup(
        f'<p class="tw-under"><span>{escape(said)}</span>'
        f'<a class="tw-button" href="{new}">{escape(texts("seg_new"))}</a></p>'
    )
    with card(texts("seg_all"), name="segments", excel=visit.excel("segment_catalogue")):
        if found.rows:
            markup(_rows(visit, found))
        else:
            markup(f"<p>{escape(texts('seg_none'))}</p>")


def _rows(visit: Visit, found: SegmentCatalogue) -> str:
    texts = visit.texts
    order = visit.asked.get("order", "customers")
    heads = (
        Column(texts("seg_segment"), "text", _sort(visit, "name", order)),
        Column(texts("customers"), "number", _sort(visit, "customers", order)),
        Column(texts("share"), "bar"),
        Column(texts("seg_strategy"), "text"),
        Column(texts("seg_since")),
        Column(texts("seg_readers"), "text"),
    )
    ranked = sorted(found.rows, key=lambda row: (0 if order == "name" else -(row.customers or 0), row.segment.name))
    return table(heads, [_row(visit, row, found.of) for row in ranked], name="segments")


def _sort(visit: Visit, name: str, order: str) -> tuple[str, str]:
    now = ("ascending" if name == "name" else "descending") if name == order else ""
    return visit.link("/segments", order=name), now


def _row(visit: Visit, row: SegmentRow, of: int | None) -> Sequence[Item]:
    texts, segment = visit.texts, row.segment
    share = row.customers / of if of and row.customers is not None else None
    strategy = segment.strategy.in_language(texts.language) if segment.strategy else ""
    owner = texts("owner", name=texts.said(segment.owner)) if segment.owner else ""
    small = " · ".join(part for part in (texts.said(segment.purpose), owner) if part)
    title = segment.title.in_language(texts.language) or segment.name
    static = texts("seg_static") if segment.members == "static" else ""
    return (
        Cell(title, small, badge=static, link=visit.link(f"/segments/{segment.name}")),
        Cell(texts.count(row.customers), link=visit.link("/customers", where=where_in(segment.name))),
        Bar(share, texts.percent(share), ACCENT),
        Cell(strategy or NONE, "" if strategy else texts("no_strategy"), warn=not strategy),
        Cell(texts.day(row.since), texts("seg_version", version=row.version) if row.version > 1 else ""),
        Cell(
            texts.count(len(row.readers)) if row.readers else NONE,
            ", ".join(texts.label(each) for each in row.readers.values()),
        ),
    )
