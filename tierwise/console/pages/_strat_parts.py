"""What the tabs of stratification have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from tierwise.app.history_views import DwellRow
from tierwise.app.views import LadderView
from tierwise.console.charts.colours import colour_of
from tierwise.console.parts.card import markup
from tierwise.console.parts.table import Bar, Cell, Column, Item, table
from tierwise.console.rule_query import where_is
from tierwise.console.texts import NONE
from tierwise.console.visit import Visit


def stage_rows(visit: Visit, view: LadderView, what: str, dwell: Mapping[str, DwellRow] | None = None) -> str:
    """The stages of a ladder with their customers and money, and how long customers stay where that is known."""
    texts = visit.texts
    heads = [
        Column(what, "text"),
        Column(texts("ladder_customers")),
        Column(texts("ladder_share"), "bar"),
        Column(texts("net_sales")),
        Column(texts("money_share"), "bar"),
    ]
    if dwell is not None:
        heads += [Column(texts("strat_stayed")), Column(texts("strat_so_far"))]
    rows: list[Sequence[Item]] = []
    for place, row in enumerate(view.rows):
        colour = colour_of(row.name, place)
        small = " · ".join(
            part
            for part in (texts.label(row.strategy), texts("owner", name=texts.said(row.owner)) if row.owner else "")
            if part
        )
        cells: list[Item] = [
            Cell(texts.label(row.title) or row.name, small, colour=colour),
            Cell(texts.count(row.customers), link=visit.link("/customers", where=where_is(view.name, row.name))),
            Bar(row.share, texts.percent(row.share), colour),
            texts.amount(row.monetary_amount),
            Bar(row.monetary_share, texts.percent(row.monetary_share), colour),
        ]
        if dwell is not None:
            length = dwell.get(row.name)
            cells += [
                _days(length.median_days if length else None, length.ended if length else 0, visit),
                _days(length.open_median_days if length else None, length.still_open if length else 0, visit),
            ]
        rows.append(cells)
    return table(heads, rows, name=view.name)


def _days(median: float | None, of: int, visit: Visit) -> Cell:
    texts = visit.texts
    if median is None:
        return Cell(NONE)
    return Cell(texts("strat_days", days=f"{median:,.0f}"), texts("strat_of_times", count=texts.count(of)))


def choices(visit: Visit, tab: str, titles: Mapping[str, str], now: str) -> None:
    """Which of several ladders; each has an address. Nothing where there is one."""
    if len(titles) < 2:
        return
    listed = "".join(
        f'<li><a href="{escape(visit.link("/stratification", tab=tab, name=name))}"'
        f"{' aria-current=true' if name == now else ''}>{escape(title)}</a></li>"
        for name, title in titles.items()
    )
    markup(f'<ul class="tw-chips tw-choices">{listed}</ul>')
