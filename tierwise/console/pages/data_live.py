"""Live events: how the inbox stands, what each source sends, the newest, and those that were refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from nicegui import ui

from tierwise.app import inbox
from tierwise.app.inbox import CatalogueRow, EventRow, InboxStatus, RefusedRow
from tierwise.console.pages._data import sections
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.figures import Figure, figures
from tierwise.console.parts.table import Cell, Column, Item, table
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, page
from tierwise.kernel.wording import in_language

NEWEST = 30

_COUNTS = ("received", "applied", "duplicate", "quarantined", "declined", "pending")


@page("/data/live", "title_data", wide=True)
async def shown(visit: Visit) -> None:
    """source narrows it, in the address."""
    texts = visit.texts
    sections(visit, "/data/live")
    source = visit.asked.get("source") or None
    status = await visit.ask(inbox.status, visit.ctx)
    if not status.received:
        link = escape(visit.link("/settings"))
        markup(
            f'<section class="tw-notice" data-notice="empty"><h2>{escape(texts("data_no_events"))}</h2>'
            f"<p>{escape(texts('data_no_events_text'))}</p>"
            f'<p><a href="{link}">{escape(texts("data_to_keys"))}</a></p></section>'
        )
        return
    catalogue = await visit.ask(inbox.catalogue, visit.ctx, source=source)
    with card(texts("data_inbox"), name="inbox", aside=texts("data_inbox_sum"), excel=visit.excel("event_sources")):
        markup(f'<div class="tw-six">{figures(_figures(status, texts))}</div>')
        markup(_sources(visit, status, source))
        if status.live is not None:
            said = texts(
                "data_live_far",
                customers=texts.count(status.live.customers),
                at=texts.at(status.live.at),
            )
            markup(f'<p class="foot">{escape(said)}</p>')
        ui.button(texts("data_look_again"), on_click=ui.navigate.reload).props("flat dense no-caps")
    with card(texts("data_catalogue"), name="catalogue", excel=visit.excel("event_catalogue", source=source)):
        markup(_catalogue(catalogue, texts))
    if visit.may("view_customer"):
        newest = await visit.ask(inbox.latest, visit.ctx, source=source, limit=NEWEST)
        refused = await visit.ask(inbox.quarantined, visit.ctx, source=source, limit=NEWEST)
        if refused:
            with card(
                texts("data_refused_events"), name="refused-events", excel=visit.excel("refused_events", source=source)
            ):
                markup(_refused(refused, texts))
        excel = visit.excel("newest_events", source=source)
        with card(texts("data_newest"), name="newest", aside=texts("latest", count=len(newest)), excel=excel):
            markup(_newest(newest, texts))


def _figures(status: InboxStatus, texts: Texts) -> tuple[Figure, ...]:
    lag = texts("data_lag", seconds=texts.seconds(status.lag_seconds)) if status.lag_seconds is not None else ""
    return tuple(
        Figure(
            name, texts(f"data_events_{name}"), texts.count(getattr(status, name)), "", lag if name == "pending" else ""
        )
        for name in _COUNTS
    )


def _sources(visit: Visit, status: InboxStatus, source: str | None) -> str:
    texts = visit.texts
    heads = [Column(texts("source"), "text"), *(Column(texts(f"data_events_{name}")) for name in _COUNTS)]
    rows: list[Sequence[Item]] = [
        (
            Cell(
                each.source,
                link=visit.link("/data/live", source=None if each.source == source else each.source),
                badge="←" if each.source == source else "",
            ),
            *(texts.count(getattr(each, name)) for name in _COUNTS),
        )
        for each in status.sources
    ]
    return table(heads, rows, name="sources")


def _catalogue(found: Sequence[CatalogueRow], texts: Texts) -> str:
    heads = [
        Column(texts("source"), "text"),
        Column(texts("data_event"), "text"),
        Column(texts("data_volume")),
        Column(texts("data_last_seen"), "text"),
        Column(texts("data_properties"), "text"),
    ]
    rows = [
        (
            each.source,
            Cell(each.event or each.type, badge=each.type if each.event else ""),
            texts.count(each.volume),
            texts.at(each.last_seen_at),
            ", ".join(seen.property for seen in each.properties) or NONE,
        )
        for each in found
    ]
    return table(heads, rows, name="catalogue")


def _newest(found: Sequence[EventRow], texts: Texts) -> str:
    heads = [
        Column(texts("data_when"), "text"),
        Column(texts("source"), "text"),
        Column(texts("data_event"), "text"),
        Column(texts("data_who"), "text"),
        Column(texts("run_state"), "text"),
        Column(texts("data_body"), "text"),
    ]
    rows = [
        (
            texts.at(each.occurred_at, seconds=True),
            each.source,
            Cell(each.event or each.type, badge=each.type if each.event else ""),
            each.user_id or each.anonymous_id or NONE,
            texts(f"data_events_{each.state}"),
            _short(each.body),
        )
        for each in found
    ]
    return f'<div class="tw-scroll" tabindex="0">{table(heads, rows, name="newest")}</div>'


def _refused(found: Sequence[RefusedRow], texts: Texts) -> str:
    heads = [
        Column(texts("data_when"), "text"),
        Column(texts("source"), "text"),
        Column(texts("reason"), "text"),
        Column(texts("data_body"), "text"),
    ]
    rows = [
        (
            texts.at(each.received_at, seconds=True),
            each.source,
            Cell(in_language(each.message, texts.language), small=each.place or ""),
            _short(each.body),
        )
        for each in found
    ]
    return f'<div class="tw-scroll" tabindex="0">{table(heads, rows, name="refused-events")}</div>'


def _short(body: Any) -> str:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return text if len(text) <= 140 else f"{text[:140]}…"
