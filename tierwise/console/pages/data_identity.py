"""Who is who: people who may be one with what speaks for it, what was decided, and identities that join nobody."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from nicegui import ui

from tierwise.app import identity, identity_reading
from tierwise.app.identity_views import Candidates, DecisionView, SharedRow, StepRow
from tierwise.app.uploads import IMPORTABLE
from tierwise.console.pages._data import attempt, sections, table_title, under_way
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.dialog import dialog
from tierwise.console.parts.table import Cell, Column, Item, table
from tierwise.console.shown import scope_text, who_text
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, page

SHOWN = 20


@page("/data/identity", "title_data")
async def shown(visit: Visit) -> None:
    """What is left to decide, first."""
    texts = visit.texts
    sections(visit, "/data/identity")
    found = await visit.ask(identity_reading.review, visit.ctx, limit=SHOWN)
    decided = await visit.ask(identity.decisions, visit.ctx)
    shared = await visit.ask(identity_reading.shared, visit.ctx)
    await under_way(visit, "identity")
    lead = texts("data_to_decide_lead") if found.pairs else ""
    with card(texts("data_to_decide"), name="review", lead=lead, excel=visit.excel("identity_review")):
        if not found.pairs:
            markup(f'<p data-notice="none">{escape(texts("data_nothing_to_decide"))}</p>')
        for pair in found.pairs:
            _pair(visit, pair)
        if found.more:
            markup(f'<p class="foot">{escape(texts("data_more_pairs"))}</p>')
        if visit.may("identity"):
            _work_out(visit)
    if decided:
        with card(texts("data_decided"), name="decisions", excel=visit.excel("identity_decisions")):
            _decided(visit, decided)
    excel = visit.excel("shared_identities")
    with card(texts("data_shared"), name="shared", aside=texts("data_shared_note"), excel=excel):
        if shared:
            markup(_shared(shared, texts))
        else:
            markup(f"<p>{escape(texts('data_none_shared'))}</p>")


def _pair(visit: Visit, pair: Candidates) -> None:
    texts = visit.texts
    with ui.element("div").classes("tw-second").props('data-pair=""'):
        links = " ⇄ ".join(_person(visit, each) for each in (pair.left, pair.right))
        markup(f"<p><b>{links}</b></p>")
        markup(table(_heads(texts), [_step(each, texts) for each in pair.evidence], name="evidence"))
        if visit.may("identity"):
            with ui.row().classes("tw-actions"):
                same = ui.button(texts("data_same"), on_click=lambda: _decide(visit, pair, same=True))
                same.props("outline dense no-caps")
                apart = ui.button(texts("data_apart"), on_click=lambda: _decide(visit, pair, same=False))
                apart.props("flat dense no-caps")


def _person(visit: Visit, each: str) -> str:
    """A customer's own number leads to them; other identities have no page."""
    if ":" in each:
        return escape(each)
    link = escape(visit.link(f"/customers/{quote(each, safe='')}"))
    return f'<a href="{link}">{escape(each)}</a>'


def _heads(texts: Texts) -> list[Column]:
    return [Column(texts(f"data_step_{name}"), "text") for name in ("left", "right", "verdict", "told", "when")]


def _step(each: StepRow, texts: Texts) -> Sequence[Item]:
    when = each.seen_at or each.at
    return (
        each.left,
        each.right,
        texts(f"data_verdict_{each.verdict}"),
        _told_by(each, texts),
        texts.day(when) if when is not None else NONE,
    )


def _told_by(each: StepRow, texts: Texts) -> str:
    """The file or table that told of it, or why somebody decided it."""
    if each.source in IMPORTABLE:
        return table_title(each.source, texts)
    return each.source or each.reason or NONE


async def _decide(visit: Visit, pair: Candidates, *, same: bool) -> None:
    texts = visit.texts
    title = texts("data_same_of" if same else "data_apart_of", left=pair.left, right=pair.right)
    with dialog(title, lead=texts("data_decide_help")) as window:
        reason = ui.input(texts("reason")).props("outlined dense").classes("tw-wide-input")
        wrong = ui.column()

        async def done() -> None:
            given = (reason.value or "").strip()
            await visit.ask(identity.decide, visit.ctx, pair.left, pair.right, same=same, reason=given)
            ui.navigate.reload()

        with ui.row().classes("tw-actions"):
            ui.button(texts("take"), on_click=attempt(visit, wrong, done)).props("unelevated no-caps")
            ui.button(texts("cancel"), on_click=window.close).props("flat no-caps")


def _work_out(visit: Visit) -> None:
    texts = visit.texts
    wrong = ui.column()

    async def done() -> None:
        told = await visit.ask(identity.resolve, visit.ctx)
        said = texts(
            "data_worked_out",
            identities=texts.count(told.identities),
            joined=texts.count(told.joined),
            review=texts.count(told.to_review),
        )
        ui.notify(said)
        ui.navigate.reload()

    ui.button(texts("data_work_out"), on_click=attempt(visit, wrong, done)).props("flat dense no-caps")


def _decided(visit: Visit, decided: Sequence[DecisionView]) -> None:
    texts = visit.texts
    heads = [
        Column(texts("data_step_left"), "text"),
        Column(texts("data_step_right"), "text"),
        Column(texts("data_decision"), "text"),
        Column(texts("reason"), "text"),
        Column(texts("by_whom"), "text"),
    ]
    rows = [
        (
            each.left,
            each.right,
            texts("data_same" if each.same else "data_apart"),
            each.reason,
            Cell(who_text(each.author, texts), small=texts.day(each.at)),
        )
        for each in decided
    ]
    markup(table(heads, rows, name="decisions"))
    if visit.may("identity"):
        wrong = ui.column()
        with ui.row().classes("tw-actions"):
            for each in decided:
                label = texts("data_undo", left=each.left, right=each.right)

                async def undone(each: DecisionView = each) -> None:
                    await visit.ask(identity.undo, visit.ctx, each.id)
                    ui.navigate.reload()

                ui.button(label, on_click=attempt(visit, wrong, undone)).props("flat dense no-caps")


def _shared(shared: Sequence[SharedRow], texts: Texts) -> str:
    heads = [
        Column(texts("data_identity_of"), "text"),
        Column(texts("data_scope"), "text"),
        Column(texts("data_seen_with")),
        Column(texts("data_most")),
    ]
    rows = [
        (
            each.identity,
            f"{scope_text(each.scope, texts)} → {scope_text(each.of, texts)}",
            texts.count(each.seen_with),
            texts.count(each.most),
        )
        for each in shared
    ]
    return table(heads, rows, name="shared")
