"""The stages of life: how many are where and for how long, and who went from where to where between two days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

from nicegui import ui
from nicegui.events import EChartPointClickEventArguments

from tierwise.app import history, showing
from tierwise.app.among import ANYWHERE
from tierwise.app.defining import Definitions
from tierwise.app.history_views import MigrationView
from tierwise.app.views import LadderView
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.charts.tiers import funnel_chart, sankey_chart
from tierwise.console.pages._later import later
from tierwise.console.pages._moved import moved_link
from tierwise.console.pages._strat_parts import choices, stage_rows
from tierwise.console.parts.card import card, chart, markup
from tierwise.console.parts.table import Cell, Column, Item, table
from tierwise.console.rule_draft import day
from tierwise.console.rule_query import where_is
from tierwise.console.visit import Visit
from tierwise.kernel.errors import TierwiseError

DAYS_OFFERED = 60
"""So many recorded days are offered to choose from, the newest."""


async def lifecycle(visit: Visit, words: Vocabulary, known: Definitions) -> None:
    """The tab. In the address: name, of the ladder; from, to."""
    texts = visit.texts
    found = {each.name: each for each in await visit.ask(showing.ladders, visit.ctx, "lifecycle")}
    name = visit.asked.get("name", "")
    view = found.get(name) or next(iter(found.values()))
    choices(visit, "life", {each.name: texts.label(each.title) for each in found.values()}, view.name)
    days: tuple[date, ...] = ()
    lengths = None
    try:
        days = await visit.ask(history.days, visit.ctx)
        lengths = {row.value: row for row in (await visit.ask(history.dwell, visit.ctx, view.name)).rows}
    except TierwiseError as error:
        if error.code not in ("no_history", "unknown_history_name"):
            raise
    aside = f"{texts('as_of', day=texts.day(view.as_of))} · {texts.currency(view.currency)}"
    with card(texts.label(view.title), name="funnel", aside=aside, excel=visit.excel("lifecycle")):
        chart(funnel_chart(view.rows, texts), 28 * len(view.rows) + 12)
        markup(f'<div class="tw-scroll" tabindex="0">{stage_rows(visit, view, texts("stage"), lengths)}</div>')
        if view.outside:
            link = visit.link("/customers", where=where_is(view.name, None))
            said = texts("outside", customers=texts.count(view.outside))
            markup(f'<p class="foot"><a href="{escape(link)}">{escape(said)}</a></p>')
    later(visit, lambda: _moves(visit, view, days, words))


async def _moves(visit: Visit, view: LadderView, days: Sequence[date], words: Vocabulary) -> None:
    texts = visit.texts
    first, last = _asked_days(visit, days) if len(days) > 1 else (view.as_of, view.as_of)
    asked = {"name": view.name, "from": first.isoformat(), "to": last.isoformat()}
    excel = visit.excel("moves", **asked) if len(days) > 1 else ""
    with card(texts("strat_moves"), name="moves", lead=texts("strat_moves_lead"), excel=excel):
        if len(days) < 2:
            markup(f"<p>{escape(texts('strat_one_day'))}</p>")
            return
        markup(_days_form(visit, view.name, days, first, last))
        try:
            flow = await visit.ask(history.sankey, visit.ctx, view.name, [first, last])
            moves = await visit.ask(history.migration, visit.ctx, view.name, first, last)
        except TierwiseError as error:
            if error.code != "unknown_history_name":
                raise
            markup(f"<p>{escape(texts('strat_one_day'))}</p>")
            return

        def title_of(value: str | None) -> str:
            title = words.value(view.name, value)
            return texts("strat_absent") if value is None else texts.label(title) or value

        drawn = ui.echart(
            sankey_chart(flow, title_of, texts),
            renderer="svg",
            on_point_click=lambda event: _open(visit, view.name, (first, last), event),
        )
        drawn.classes("tw-chart").style("height:380px")
        titles = {value: title_of(value) for value in (*moves.values, None)}
        markup(f'<div class="tw-scroll" tabindex="0">{_matrix(visit, moves, titles, current=last == view.as_of)}</div>')
        markup(f'<p class="foot">{escape(texts("strat_matrix_note"))}</p>')


def _open(visit: Visit, name: str, days: tuple[date, date], event: EChartPointClickEventArguments) -> None:
    """The customers of a band, or of a block, of the ways between the days."""
    given: Any = event.data
    told: dict[str, Any] = given if isinstance(given, dict) else {}
    places = (told.get("from"), told.get("to"))
    if told.get("block") is not None:
        places = (told["block"], ANYWHERE) if told["first"] else (ANYWHERE, told["block"])
    link = moved_link(visit, name, days, (_value(places[0]), _value(places[1])))
    if link:
        ui.navigate.to(link.removeprefix("/console"))


def _value(told: str | None) -> str | None:
    """Empty: not there."""
    return told or None


def _asked_days(visit: Visit, days: Sequence[date]) -> tuple[date, date]:
    """The days of the address where they were recorded, in order; else the last two."""
    asked = (day(visit.asked.get(each)) for each in ("from", "to"))
    kept = sorted({each for each in asked if each is not None and each in days})
    return (kept[0], kept[1]) if len(kept) == 2 else (days[-2], days[-1])


def _days_form(visit: Visit, name: str, days: Sequence[date], first: date, last: date) -> str:
    texts = visit.texts
    offered = list(dict.fromkeys((first, last, *days[-DAYS_OFFERED:])))

    def options(chosen: date) -> str:
        return "".join(
            f"<option{' selected' if each == chosen else ''}>{texts.day(each)}</option>" for each in sorted(offered)
        )

    hidden = {"tab": "life", "name": name, "lang": visit.asked.get("lang", "")}
    kept = "".join(
        f'<input type="hidden" name="{key}" value="{escape(value)}">' for key, value in hidden.items() if value
    )
    return (
        f'<form class="tw-search tw-days" method="get" action="/console/stratification">{kept}'
        f'<label>{escape(texts("strat_from"))} <select name="from">{options(first)}</select></label>'
        f'<label>{escape(texts("strat_to"))} <select name="to">{options(last)}</select></label>'
        f"<button>{escape(texts('seg_compare'))}</button></form>"
    )


def _matrix(visit: Visit, moves: MigrationView, titles: Mapping[str | None, str], *, current: bool) -> str:
    """From (rows) to (columns): customers, and the share of those who were at `from`."""
    texts = visit.texts
    cells = {(row.from_, row.to): row for row in moves.rows}
    there = [to for to in titles if any((from_, to) in cells for from_ in titles)]
    heads = [Column(texts("strat_from_to"), "text"), *(Column(titles[to]) for to in there)]
    rows: list[Sequence[Item]] = []
    for from_, title in titles.items():
        if not any((from_, to) in cells for to in titles):
            continue
        row: list[Item] = [title]
        for to in there:
            cell = cells.get((from_, to))
            if cell is None:
                row.append("")
                continue
            link = moved_link(visit, moves.name, (moves.from_day, moves.to_day), (from_, to))
            row.append(Cell(texts.count(cell.customers), texts.percent(cell.share), link=link))
        rows.append(row)
    total: list[Item] = [texts("total")]
    for to in there:
        count = sum(row.customers for row in moves.rows if row.to == to)
        link = moved_link(visit, moves.name, (moves.from_day, moves.to_day), (ANYWHERE, to))
        if current and to is not None:
            link = visit.link("/customers", where=where_is(moves.name, to))
        total.append(Cell(texts.count(count), link=link))
    return table(heads, [*rows, total], name="migration", total=True)
