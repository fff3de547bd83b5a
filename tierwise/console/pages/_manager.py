"""What a manager asks first: are we where we wanted to be, and who moved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from html import escape
from typing import Any

from tierwise.app import alerts, history
from tierwise.app.among import ANYWHERE, ELSEWHERE
from tierwise.app.history_views import MigrationView
from tierwise.app.insights import asking
from tierwise.app.insights.insight_views import InsightView
from tierwise.app.insights.who import rules_of_row
from tierwise.app.views import LadderView, OverviewView
from tierwise.app.warming import KPIS
from tierwise.console.charts.colours import colour_of
from tierwise.console.pages._kpis import kpis_by_name
from tierwise.console.pages._moved import moved_link
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.sentence import sentence
from tierwise.console.parts.table import Cell, Column, Item, table
from tierwise.console.rule_query import in_address
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit
from tierwise.definitions.kpi import Kpi
from tierwise.kernel.errors import TierwiseError

MOVES = 8

_MONTH = timedelta(days=28)

_YEAR = timedelta(days=400)

_NOTHING_TO_SAY = frozenset({"no_history", "unknown_name", "bad_days", "before_history", "no_kpis"})


async def attention(visit: Visit) -> None:
    """What somebody should look at today, each with the way there; nothing where all is well."""
    found = await visit.ask(alerts.alerts, visit.ctx)
    if not found.rows:
        return
    texts = visit.texts
    with card(texts("alerts"), name="alerts", excel=visit.excel("alerts")):
        markup(
            table(
                [Column(texts("alert_said"), "text"), Column(texts("alert_when"), "text")],
                [
                    [
                        Cell(texts.label(each.said), link=f"/console{each.page}" if each.page else ""),
                        Cell(texts("alert_today" if each.urgent else "alert_soon"), warn=each.urgent),
                    ]
                    for each in found.rows
                ],
                name="alerts",
            )
        )


async def kpis(visit: Visit) -> None:
    """The KPIs that the business has defined, against target and benchmark; nothing where it has none."""
    view = await visit.ask(asking.insight, visit.ctx, "kpis", limit=KPIS)
    if not view.rows:
        return
    texts = visit.texts
    excel = f"/api/v1/insights/kpis.xlsx?headings={texts.language}" if visit.may("export") else ""
    with card(texts("kpis"), name="kpis", aside=texts("kpis_note"), excel=excel):
        heads = [
            Column(texts("kpi"), "text"),
            Column(texts("kpi_value")),
            Column(texts("kpi_target")),
            Column(texts("kpi_change")),
            Column(texts("kpi_benchmark"), "text"),
        ]
        known = await kpis_by_name(visit)
        markup(table(heads, [_kpi(visit, row, view, known) for row in view.rows], name="kpis"))


def _kpi(visit: Visit, row: tuple[Any, ...], view: InsightView, known: Mapping[str, Kpi]) -> list[Item]:
    texts = visit.texts
    values = dict(zip((column.name for column in view.columns), row, strict=True))
    words = {column.name: column.values for column in view.columns}

    def said(name: str) -> str:
        value = values.get(name)
        title = words.get(name, {}).get(str(value))
        return texts.label(title) if title is not None else NONE if value is None else str(value)

    reached = values.get("reached")
    badge = "" if reached is None else texts("reached") if reached else texts("not_reached")
    standing = said("standing") if values.get("standing") else ""
    source = " · ".join(str(values[name]) for name in ("benchmark_source", "benchmark_date") if values.get(name))
    rule = rules_of_row(view, values, known).get("said") if values.get("value") is not None else None
    shown = rule is not None and visit.may("view_customer")
    link = visit.link("/customers", where=in_address(rule)) if shown and rule is not None else ""
    return [
        Cell(said("kpi"), link=visit.link(f"/data/definitions/kpi/{values['kpi']}")),
        Cell(said("said"), said("reason") if values.get("reason") else "", link=link),
        Cell(said("said_target"), badge, warn=reached is False),
        said("said_change"),
        Cell(said("said_benchmark"), " · ".join(each for each in (standing, source) if each)),
    ]


async def migration(visit: Visit, view: OverviewView) -> None:
    """Who went from stage to stage since a month ago, the largest moves first."""
    if not view.lifecycle:
        return
    ladder = view.lifecycle[0]
    found = await _moves(visit, ladder.name, view.run.as_of)
    moved = [] if found is None else [row for row in found.rows if row.from_ != row.to]
    if found is None or not moved:
        return
    texts = visit.texts
    link = moved_link(visit, ladder.name, (found.from_day, found.to_day), (ANYWHERE, ELSEWHERE))
    count = texts.count(sum(row.customers for row in moved))
    said = sentence(texts, "moved", {"customers": link}, customers=count, day=texts.day(found.from_day))
    days = {"from": found.from_day.isoformat(), "to": found.to_day.isoformat()}
    excel = visit.excel("moves", name=ladder.name, **days)
    with card(texts("migration"), name="migration", said=said, aside=texts.label(ladder.title), excel=excel):
        heads = [Column(texts("moved_from"), "text"), Column(texts("moved_to"), "text"), Column(texts("customers"))]
        titles = {row.name: texts.label(row.title) or row.name for row in ladder.rows}
        rows: list[list[Item]] = []
        for row in sorted(moved, key=lambda each: -each.customers)[:MOVES]:
            days_of = (found.from_day, found.to_day)
            who = moved_link(visit, ladder.name, days_of, (row.from_, row.to))
            rows.append(
                [
                    _place(row.from_, ladder, titles, texts),
                    _place(row.to, ladder, titles, texts),
                    Cell(texts.count(row.customers), texts.percent(row.share), link=who),
                ]
            )
        markup(table(heads, rows, name="migration"))
        markup(f'<p class="foot">{escape(texts("moved_share"))}</p>')


def _place(value: str | None, ladder: LadderView, titles: dict[str, str], texts: Texts) -> Cell:
    if value is None:
        return Cell(texts("not_there"), colour="#dfe6e7")
    place = next((number for number, row in enumerate(ladder.rows) if row.name == value), 0)
    return Cell(titles.get(value, value), colour=colour_of(value, place))


async def _moves(visit: Visit, name: str, today: date) -> MigrationView | None:
    """Between the last recorded day a month ago or before, else the first one, and today; None where there is one."""
    try:
        flows = await visit.ask(history.flows, visit.ctx, name, today - _YEAR, today)
        before = [day for day in flows.days if day <= today - _MONTH] or [day for day in flows.days[:1] if day < today]
        if not before:
            return None
        return await visit.ask(history.migration, visit.ctx, name, before[-1], today)
    except TierwiseError as error:
        if error.problems[0].code in _NOTHING_TO_SAY:
            return None
        raise
