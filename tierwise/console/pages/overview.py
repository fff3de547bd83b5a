"""The overview: how many customers, what they bring, and how they are stratified."""

from __future__ import annotations

from html import escape

from nicegui import ui

from tierwise.app import showing
from tierwise.app.views import (
    CellRow,
    DecileGroup,
    DecilesView,
    LadderView,
    OverviewView,
    RfmView,
    RunView,
    StageRow,
    StoreRow,
    StoresView,
)
from tierwise.console.charts.colours import colour_of
from tierwise.console.charts.deciles import decile_chart
from tierwise.console.charts.structure import Piece, structure_chart
from tierwise.console.pages._later import later
from tierwise.console.pages._manager import attention, kpis, migration
from tierwise.console.parts.card import card, chart, markup
from tierwise.console.parts.figures import Figure, figures
from tierwise.console.parts.table import Bar, Cell, Column, table
from tierwise.console.rule_query import in_address, where_is
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, page
from tierwise.definitions.rule import Comparison
from tierwise.plots.look import ACCENT

RUNS_SHOWN = 8

STORES_SHOWN = 20

RFM_CELL = "rfm_cell"

SPEND_DECILE = "spend_decile"


def _tasks(visit: Visit) -> str | None:
    """Who sees some customers only begins with their tasks."""
    return visit.link("/tasks") if not visit.may("view") and visit.ctx.principal.may("task") else None


@page("/", "title_overview", instead=_tasks)
async def overview(visit: Visit) -> None:
    """The business in one page: head-count and money by every stratification of the current run."""
    view = await visit.ask(showing.overview, visit.ctx)
    runs = await visit.ask(showing.runs, visit.ctx, limit=RUNS_SHOWN)
    texts = visit.texts
    said = [texts("as_of", day=texts.day(view.run.as_of)), texts("run_number", id=view.run.id)]
    profile = visit.excel("profile")
    link = f'<a href="{escape(profile)}" download>{escape(texts("export_profile"))}</a>' if profile else ""
    markup(f'<p class="tw-under">{"".join(f"<span>{escape(each)}</span>" for each in said)}{link}</p>')
    markup(figures(headline(view, visit)))
    later(visit, lambda: attention(visit))
    with ui.element("div").classes("tw-columns"):
        with ui.element("div"):
            await kpis(visit)
        with ui.element("div"):
            await migration(visit, view)
    _rfm(view.rfm, visit)
    with ui.element("div").classes("tw-columns"):
        with ui.element("div"):
            _deciles(view.deciles, visit)
            _stores(view.stores, visit)
        with ui.element("div"):
            for ladder in view.lifecycle:
                _ladder(ladder, texts("stage"), visit, excel="lifecycle", has_strategies=True)
            for ladder in view.activity:
                _ladder(ladder, texts("activity_class"), visit, excel="activity", has_strategies=False)
            _runs(runs, visit)


def headline(view: OverviewView, visit: Visit) -> tuple[Figure, ...]:
    """The numbers at the top; those of customers lead to them."""
    texts, sees = visit.texts, visit.may("view_customer")
    bought = Comparison(attribute="frequency_count", op=">=", value=1)
    share = view.buyers / view.customers if view.customers else None
    per_buyer = round(view.monetary_amount / view.buyers, 2) if view.buyers else None
    money = texts.currency(view.currency)
    return (
        Figure(
            "customers",
            texts("customers"),
            texts.count(view.customers),
            texts("unit_people"),
            link=visit.link("/customers") if sees else "",
        ),
        Figure(
            "buyers",
            texts("buyers"),
            texts.count(view.buyers),
            texts("unit_people"),
            texts("of_customers", share=texts.percent(share)),
            visit.link("/customers", where=in_address(bought)) if sees else "",
        ),
        Figure("net_sales", texts("net_sales"), texts.amount(view.monetary_amount), money),
        Figure("per_buyer", texts("per_buyer"), texts.amount(per_buyer), money),
        Figure(
            "identified",
            texts("identified"),
            texts.percent(view.identified_amount_rate),
            "",
            texts("identified_note"),
            visit.link("/data/quality"),
        ),
    )


def _customers(visit: Visit, attribute: str, value: object) -> str:
    """The address of those who have that value; none for who may not see single customers."""
    if not attribute or not visit.may("view_customer"):
        return ""
    return visit.link("/customers", where=where_is(attribute, value))


def _foot(visit: Visit, text: str, attribute: str) -> str:
    """A line about those who have no value of an attribute, which leads to them."""
    link = _customers(visit, attribute, None)
    said = f'<a href="{escape(link)}">{escape(text)}</a>' if link else escape(text)
    return f'<p class="foot">{said}</p>'


def _deciles(view: DecilesView, visit: Visit) -> None:
    texts = visit.texts
    decile = SPEND_DECILE if view.metric == "monetary_amount" else ""
    unit = f" · {texts.currency(view.currency)}" if view.unit == "money" else ""
    aside = f"{texts.label(view.title)}{unit}"
    with card(
        texts("decile_title"),
        name="deciles",
        lead=texts.label(view.sentence),
        aside=aside,
        excel=visit.excel("deciles"),
    ):
        chart(decile_chart(view, texts), 232)
        columns = (
            Column(texts("decile"), "text"),
            Column(texts("group"), "text"),
            Column(texts("customers")),
            Column(texts.label(view.title)),
            Column(texts("share")),
            Column(texts("cumulative")),
            Column(texts("per_head")),
        )
        rows = [
            (
                str(row.decile),
                row.group or NONE,
                Cell(texts.count(row.customers), link=_customers(visit, decile, row.decile)),
                texts.amount(row.total),
                texts.percent(row.share),
                texts.percent(row.cumulative_share),
                texts.amount(row.per_head),
            )
            for row in view.rows
        ]
        markup(table(columns, rows, name="deciles"))
        if view.groups:
            _groups(view, visit, decile)
        if view.unscored:
            markup(_foot(visit, texts("unscored", customers=texts.count(view.unscored)), decile))


def _groups(view: DecilesView, visit: Visit, decile: str) -> None:
    texts = visit.texts
    columns = (
        Column(texts("group"), "text"),
        Column(texts("customers")),
        Column(texts("ladder_share"), "bar"),
        Column(texts.label(view.title)),
        Column(texts("share"), "bar"),
        Column(texts("per_head")),
    )
    rows: list[tuple[Cell | Bar | str, ...]] = []
    for group in view.groups:
        heads = group.customers / view.customers if view.customers else None
        parts = f"{group.first_decile}–{group.last_decile}"
        rows.append(
            (
                Cell(group.group, badge=parts if group.first_decile != group.last_decile else str(group.first_decile)),
                Cell(texts.count(group.customers), link=_between(visit, decile, group)),
                Bar(heads, texts.percent(heads), ACCENT),
                texts.amount(group.total),
                Bar(group.share, texts.percent(group.share), ACCENT),
                texts.amount(group.per_head),
            )
        )
    markup(f'<div class="tw-second">{table(columns, rows, name="groups")}</div>')


def _between(visit: Visit, decile: str, group: DecileGroup) -> str:
    if not decile or not visit.may("view_customer"):
        return ""
    ends = (group.first_decile, group.last_decile)
    return visit.link("/customers", where=in_address(Comparison(attribute=decile, op="between", value=ends)))


def _rfm(view: RfmView, visit: Visit) -> None:
    texts = visit.texts
    with card(
        texts("rfm_title"),
        name="rfm",
        aside=f"{texts('rfm_note')} · {texts.currency(view.currency)}",
        excel=visit.excel("rfm"),
    ):
        pieces = [Piece(cell.code, texts.label(cell.title), cell.share, cell.monetary_share) for cell in view.cells]
        chart(structure_chart(pieces, texts), 56)
        columns = (
            Column(texts("cell"), "text"),
            Column(texts("ladder_customers")),
            Column(texts("ladder_share"), "bar"),
            Column(texts("net_sales")),
            Column(texts("money_share"), "bar"),
            Column(texts("per_head")),
        )
        rows = [
            (*_tier(cell.code, cell, texts, link=_customers(visit, RFM_CELL, cell.code)), texts.amount(cell.per_head))
            for cell in view.cells
        ]
        markup(table(columns, rows, name="rfm"))
        if view.unscored:
            named = ", ".join(
                f"{_reason(reason, texts)} {texts.count(count)}" for reason, count in view.unscored_reasons.items()
            )
            text = texts("rfm_unscored", customers=texts.count(view.unscored), reasons=named or NONE)
            markup(_foot(visit, text, RFM_CELL))


def _ladder(view: LadderView, what: str, visit: Visit, *, excel: str, has_strategies: bool) -> None:
    texts = visit.texts
    owners = {row.owner for row in view.rows}
    shared = next(iter(owners)) if len(owners) == 1 else None
    said = (texts("owner", name=texts.said(shared)) if shared else "", texts.currency(view.currency))
    aside = " · ".join(part for part in said if part)
    with card(texts.label(view.title), name=view.name, aside=aside, excel=visit.excel(excel)):
        pieces = [Piece(row.name, texts.label(row.title), row.share, row.monetary_share) for row in view.rows]
        chart(structure_chart(pieces, texts), 56)
        columns = (
            Column(what, "text"),
            Column(texts("ladder_customers")),
            Column(texts("ladder_share"), "bar"),
            Column(texts("net_sales")),
            Column(texts("money_share"), "bar"),
        )
        markup(
            table(
                columns,
                [
                    _tier(
                        row.name,
                        row,
                        texts,
                        place,
                        owner=None if shared else row.owner,
                        flag=has_strategies,
                        link=_customers(visit, view.name, row.name),
                    )
                    for place, row in enumerate(view.rows)
                ],
                name=view.name,
            )
        )
        if view.outside:
            markup(_foot(visit, texts("outside", customers=texts.count(view.outside)), view.name))


def _tier(
    name: str,
    row: CellRow | StageRow,
    texts: Texts,
    place: int = 0,
    *,
    owner: str | None = None,
    flag: bool = True,
    link: str = "",
) -> tuple[Cell | Bar | str, ...]:
    """What a cell and a stage have in common: name and strategy, head-count and value with their shares.

    flag: whether a tier without a strategy is marked. link: to its customers.
    """
    strategy = texts.label(row.strategy)
    small = " · ".join(part for part in (strategy, texts("owner", name=texts.said(owner)) if owner else "") if part)
    warn = flag and not strategy
    small = small or (texts("no_strategy") if warn else "")
    colour = colour_of(name, place)
    badge = name if isinstance(row, CellRow) else ""
    return (
        Cell(texts.label(row.title) or name, small, warn, colour, badge),
        Cell(texts.count(row.customers), link=link),
        Bar(row.share, texts.percent(row.share), colour),
        texts.amount(row.monetary_amount),
        Bar(row.monetary_share, texts.percent(row.monetary_share), colour),
    )


def _reason(reason: str, texts: Texts) -> str:
    return texts("reason_no_orders") if reason == "no_orders" else reason


def _stores(view: StoresView, visit: Visit) -> None:
    texts = visit.texts
    with card(
        texts("stores_title"), name="stores", aside=texts.currency(view.currency), excel=visit.excel("store_totals")
    ):
        columns = (
            Column(texts("store"), "text"),
            Column(texts("orders")),
            Column(texts("net_sales")),
            Column(texts("identified_orders"), "bar"),
            Column(texts("identified_amount"), "bar"),
        )
        ranked = sorted(view.rows, key=lambda row: (-row.monetary_amount, row.store_id or ""))[:STORES_SHOWN]
        rows = [_store(row, row.store_name or row.store_id or texts("store_unknown"), texts) for row in ranked]
        markup(table(columns, [*rows, _store(view.total, texts("total"), texts)], name="stores", total=True))


def _store(row: StoreRow, name: str, texts: Texts) -> tuple[Cell | Bar | str, ...]:
    return (
        Cell(name, row.store_id if row.store_name and row.store_id else ""),
        texts.count(row.orders),
        texts.amount(row.monetary_amount),
        Bar(row.identified_order_rate, texts.percent(row.identified_order_rate), ACCENT),
        Bar(row.identified_amount_rate, texts.percent(row.identified_amount_rate), ACCENT),
    )


def _runs(runs: tuple[RunView, ...], visit: Visit) -> None:
    texts = visit.texts
    with card(texts("runs_title"), name="runs", excel=visit.excel("runs")):
        columns = (
            Column(texts("run"), "text"),
            Column(texts("run_as_of"), "text"),
            Column(texts("run_state"), "text"),
            Column(texts("run_started"), "text"),
            Column(texts("run_seconds")),
        )
        rows = [
            (
                Cell(
                    str(one.id),
                    badge=texts("current") if one.current else "",
                    link=visit.link(f"/data/runs/{one.id}"),
                ),
                texts.day(one.as_of),
                Cell(
                    texts(f"state_{one.state}"),
                    str((one.error or {}).get("message", "")),
                    warn=one.state in ("failed", "crashed"),
                ),
                texts.at(one.started_at),
                texts.seconds(one.seconds),
            )
            for one in runs
        ]
        markup(table(columns, rows, name="runs"))
