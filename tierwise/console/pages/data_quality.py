"""Quality: whose sales are known by store, which attributes lack values, which accounts are junk and why."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nicegui import ui

from tierwise.app import cleaning, quality, showing
from tierwise.app.cleaning import JunkRuleRow, JunkView, ReleaseView
from tierwise.app.quality import FilledView
from tierwise.app.views import StoreRow, StoresView
from tierwise.console.pages._data import attempt, sections
from tierwise.console.parts.card import card, excel_link, markup, markup_in
from tierwise.console.parts.dialog import dialog
from tierwise.console.parts.figures import Figure, figures
from tierwise.console.parts.table import Bar, Cell, Column, Item, table
from tierwise.console.rule_query import where_is
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, page
from tierwise.kernel.errors import TierwiseError
from tierwise.plots.look import ACCENT

LEAST_KNOWN = 30

ACCOUNTS = 200
"""So many accounts of one rule are listed; the workbook has all."""


@page("/data/quality", "title_data")
async def shown(visit: Visit) -> None:
    """In the address: all=1 lists every attribute; junk, the rule whose accounts are listed."""
    sections(visit, "/data/quality")
    stores = await visit.ask(showing.stores, visit.ctx)
    filled = await visit.ask(quality.filled, visit.ctx)
    _stores(visit, stores)
    try:
        many = ACCOUNTS if visit.asked.get("junk") else cleaning.EXAMPLES
        junk = await visit.ask(cleaning.junk, visit.ctx, examples=many)
    except TierwiseError as error:
        if error.code != "no_cleaning":
            raise
        with card(visit.texts("data_junk"), name="junk"):
            markup(f"<p>{escape(visit.texts('data_no_cleaning'))}</p>")
    else:
        released: Sequence[ReleaseView] = ()
        if visit.may("view_customer"):
            released = await visit.ask(cleaning.list_releases, visit.ctx)
        _junk(visit, junk, released)
    _filled(visit, filled)


def _stores(visit: Visit, view: StoresView) -> None:
    texts = visit.texts
    lead = texts("data_identified_lead", share=texts.percent(view.total.identified_amount_rate))
    with card(texts("data_identified"), name="stores", lead=lead, excel=visit.excel("store_totals")):
        heads = [
            Column(texts("store"), "text"),
            Column(texts("orders")),
            Column(texts("identified_orders"), "bar"),
            Column(texts("identified_amount"), "bar"),
            Column(texts("data_junk_orders")),
        ]
        rows = [_store(each, each.store_name or each.store_id or texts("store_unknown"), texts) for each in view.rows]
        markup(table(heads, [*rows, _store(view.total, texts("total"), texts)], name="stores", total=True))


def _store(row: StoreRow, name: str, texts: Texts) -> Sequence[Item]:
    return (
        name,
        texts.count(row.orders),
        Bar(row.identified_order_rate, texts.percent(row.identified_order_rate), ACCENT),
        Bar(row.identified_amount_rate, texts.percent(row.identified_amount_rate), ACCENT),
        texts.count(row.junk_orders),
    )


def _filled(visit: Visit, view: FilledView) -> None:
    texts = visit.texts
    every = visit.asked.get("all") == "1"
    rows = view.rows if every else view.rows[:LEAST_KNOWN]
    with card(
        texts("data_filled"), name="filled", lead=texts("data_filled_lead"), excel=visit.excel("known_attributes")
    ):
        heads = [
            Column(texts("data_attribute"), "text"),
            Column(texts("data_known"), "bar"),
            Column(texts("data_nobody")),
        ]
        listed: list[Sequence[Item]] = [
            (
                Cell(texts.label(each.title), badge=each.name if texts.label(each.title) != each.name else ""),
                Bar(each.share, texts.percent(each.share), ACCENT),
                Cell(
                    texts.count(view.customers - each.known),
                    link=visit.link("/customers", where=where_is(each.name, None)),
                ),
            )
            for each in rows
        ]
        markup(table(heads, listed, name="filled"))
        if len(rows) < len(view.rows):
            link = escape(visit.link("/data/quality", all="1"))
            said = escape(texts("data_all_attributes", of=texts.count(len(view.rows))))
            markup(f'<p><a href="{link}">{said}</a></p>')


def _junk(visit: Visit, view: JunkView, released: Sequence[ReleaseView]) -> None:
    texts = visit.texts
    lead = texts("data_junk_lead", customers=texts.count(view.customers), share=texts.percent(view.share))
    with card(
        texts("data_junk"), name="junk", lead=lead, aside=texts("data_junk_note"), excel=visit.excel("junk_rules")
    ):
        money = texts.currency(view.currency)
        shown = (
            Figure("junk_customers", texts("data_junk_accounts"), texts.count(view.customers), texts("unit_people")),
            Figure("junk_orders", texts("orders"), texts.count(view.orders)),
            Figure("junk_gross", texts("data_junk_gross"), texts.amount(view.monetary_amount_gross), money),
            Figure("past_retention", texts("data_past_retention"), texts.count(view.past_retention)),
            Figure(
                "releases",
                texts("data_releases"),
                texts.count(view.releases),
                "",
                texts("data_waiting", count=view.waiting) if view.waiting else "",
            ),
        )
        markup(figures(shown))
        heads = [
            Column(texts("data_rule"), "text"),
            Column(texts("customers")),
            Column(texts("data_counted")),
            Column(texts("orders")),
            Column(f"{texts('data_junk_gross')} ({money})"),
            Column(texts("data_examples"), "text"),
        ]
        rows: list[Sequence[Item]] = [
            (
                Cell(texts.label(each.title), small=texts.label(each.reason)),
                Cell(texts.count(each.customers), link=_accounts_link(visit, each)),
                texts.count(each.counted),
                texts.count(each.orders),
                texts.amount(each.monetary_amount_gross),
                ", ".join(each.examples[: cleaning.EXAMPLES]) or NONE,
            )
            for each in view.rules
        ]
        markup(table(heads, rows, name="junk"))
        _accounts(visit, view)
        if released:
            heads = [Column(texts(name), "text") for name in ("column_customer_id", "reason", "by_whom", "day")]
            made = [
                (each.customer_id, each.reason, each.author.removeprefix("person:"), texts.day(each.at))
                for each in released
            ]
            link = excel_link(excel, texts("data_releases")) if (excel := visit.excel("releases")) else ""
            markup(f'<div class="tw-second">{table(heads, made, name="releases")}{link}</div>')
        if visit.may("release"):
            with ui.row().classes("tw-actions"):
                button = ui.button(texts("data_release"), on_click=lambda: _release(visit))
                button.props("outline dense no-caps")
                for each in released:
                    label = texts("data_undo_release", who=each.customer_id)
                    undo = ui.button(label, on_click=lambda each=each: _undo(visit, each))
                    undo.props("flat dense no-caps")


def _accounts_link(visit: Visit, rule: JunkRuleRow) -> str:
    """To the rule's accounts; they are in no other list, since no number counts them."""
    return visit.link("/data/quality", junk=rule.rule) if rule.examples else ""


def _accounts(visit: Visit, view: JunkView) -> None:
    """The accounts of the rule of the address, each to be released."""
    texts = visit.texts
    rule = next((each for each in view.rules if each.rule == visit.asked.get("junk") and each.examples), None)
    if rule is None:
        return
    said = texts("data_accounts", title=texts.label(rule.title), shown=len(rule.examples), of=rule.customers)
    excel = excel_link(file, said) if (file := visit.excel("junk")) else ""
    markup(f'<h2 class="tw-second">{escape(said)} {excel}</h2>')
    with ui.element("ul").classes("tw-chips").props('data-table="accounts"'):
        for who in rule.examples:
            with ui.element("li"):
                markup_in("span", escape(who))
                if visit.may("release"):
                    release = ui.button(texts("data_release_one"), on_click=lambda who=who: _release(visit, who))
                    release.props(f'flat dense no-caps data-release="{escape(who)}"')


async def _undo(visit: Visit, each: ReleaseView) -> None:
    await visit.ask(cleaning.undo_release, visit.ctx, each.customer_id, rule=each.rule)
    ui.navigate.reload()


async def _release(visit: Visit, account: str = "") -> None:
    texts = visit.texts
    with dialog(texts("data_release"), lead=texts("data_release_help")) as window:
        who = ui.input(texts("column_customer_id"), value=account).props("outlined dense").classes("tw-wide-input")
        reason = ui.input(texts("reason")).props("outlined dense").classes("tw-wide-input")
        wrong = ui.column()

        async def done() -> None:
            given = (reason.value or "").strip()
            await visit.ask(cleaning.release, visit.ctx, (who.value or "").strip(), reason=given)
            ui.navigate.reload()

        with ui.row().classes("tw-actions"):
            ui.button(texts("take"), on_click=attempt(visit, wrong, done)).props("unelevated no-caps")
            ui.button(texts("cancel"), on_click=window.close).props("flat no-caps")
