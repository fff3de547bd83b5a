"""Giving a customer a tag by hand, with a reason, and taking one's own back."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from tierwise.app import tags
from tierwise.app.tags import ActView
from tierwise.console.parts.card import markup
from tierwise.console.parts.dialog import dialog
from tierwise.console.texts import Texts
from tierwise.console.visit import Visit, tell
from tierwise.definitions.tag import Tag
from tierwise.kernel.errors import TierwiseError


def tag_buttons(visit: Visit, who: str, acts: Sequence[ActView]) -> None:
    """Two buttons with their dialogs; the page is shown anew after a change."""
    texts = visit.texts
    with ui.row().classes("tw-actions"):
        ui.button(texts("give_tag"), on_click=lambda: _give(visit, who)).props("outline dense no-caps")
        mine = [act for act in acts if act.rater == visit.ctx.principal.name]
        for act in mine:
            label = texts("take_back", tag=texts.label(act.title))
            ui.button(label, on_click=lambda act=act: _take_back(visit, who, act)).props("flat dense no-caps")


async def _give(visit: Visit, who: str) -> None:
    texts = visit.texts
    known = {tag.name: tag for tag in await visit.ask(tags.manual_tags_in_use, visit.ctx)}
    with dialog(texts("give_tag")) as window:
        if not known:
            markup(f"<p>{texts('no_manual_tags')}</p>")
        chosen = ui.select({name: _called(tag, texts) for name, tag in known.items()}, label=texts("tag"))
        value = ui.select({}, label=texts("value"))
        value.bind_visibility_from(value, "options", bool)
        reason = ui.input(texts("reason"))
        for each in (chosen, value, reason):
            each.props("outlined dense").classes("tw-wide-input")
        wrong = ui.column()

        def offer() -> None:
            titles = known[chosen.value].possible_values if chosen.value else ()
            value.set_options({name: title.in_language(texts.language) or name for name, title in titles})
            value.value = None

        chosen.on_value_change(offer)

        async def done() -> None:
            wrong.clear()
            try:
                await visit.ask(
                    tags.add_tag, visit.ctx, who, chosen.value or "", value.value, reason=(reason.value or "").strip()
                )
            except TierwiseError as error:
                with wrong:
                    tell(error, texts)
                return
            ui.navigate.reload()

        _buttons(texts, window, done)


async def _take_back(visit: Visit, who: str, act: ActView) -> None:
    texts = visit.texts
    with dialog(texts("take_back", tag=texts.label(act.title))) as window:
        reason = ui.input(texts("reason")).props("outlined dense").classes("tw-wide-input")
        wrong = ui.column()

        async def done() -> None:
            wrong.clear()
            try:
                await visit.ask(tags.remove_tag, visit.ctx, who, act.tag, reason=(reason.value or "").strip())
            except TierwiseError as error:
                with wrong:
                    tell(error, texts)
                return
            ui.navigate.reload()

        _buttons(texts, window, done)


def _buttons(texts: Texts, window: ui.dialog, done: object) -> None:
    with ui.row().classes("tw-actions"):
        ui.button(texts("take"), on_click=done).props("unelevated no-caps")  # type: ignore[arg-type]
        ui.button(texts("cancel"), on_click=window.close).props("flat no-caps")


def _called(tag: Tag, texts: Texts) -> str:
    return tag.title.in_language(texts.language) or tag.name
