"""Why a customer has a value: in a window over the page, asked by a click on a value, tier, segment or tag."""

from __future__ import annotations

from collections.abc import Awaitable
from html import escape
from typing import Protocol

from nicegui import ui

from tierwise.app import explaining
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.parts.card import markup, markup_in
from tierwise.console.parts.clauses import clause_tree
from tierwise.console.parts.dialog import dialog
from tierwise.console.shown import value_text
from tierwise.console.visit import Visit, tell
from tierwise.kernel.errors import TierwiseError


class Why(Protocol):
    """Tells why the customer has a value. name: an attribute, or `tag NAME`, `segment NAME`. told: the value in words,
    where the vocabulary has none."""

    def __call__(self, name: str, told: str | None = None) -> Awaitable[None]: ...


def chip(name: str, html: str, why: Why, told: str | None = None) -> None:
    """A tier, segment or tag in a list of them, that is asked about by a click or the keyboard."""
    with ui.element("li"):
        button = ui.element("button").classes("tw-chip").props(f'data-why-of="{escape(name)}" type="button"')
        button.on("click", lambda: why(name, told))
        with button:
            markup_in("span", html)


def explaining_of(visit: Visit, who: str, words: Vocabulary) -> Why:
    """Opens a dialog that tells why the customer has a value."""
    with dialog(visit.texts("why_title"), opened=False, heading=False) as window:
        body = ui.column().classes("tw-why")
        ui.button(visit.texts("close"), on_click=window.close).props("flat no-caps")

    async def why(name: str, told: str | None = None) -> None:
        body.clear()
        window.open()
        with body:
            waiting = ui.spinner(size="md")
            try:
                found = await visit.ask(explaining.explain, visit.ctx, who, name)
            except TierwiseError as error:
                tell(error, visit.texts)
                return
            finally:
                waiting.delete()
            texts = visit.texts
            of = name.rpartition(" ")[2]
            value = words.value(of, found.value)
            called = texts.label(value) if value is not None else value_text(found.value, texts)
            title = f"{texts.label(found.title)} = {told or called}"
            markup(f'<h2 data-why="{escape(name)}">{escape(title)}</h2>')
            markup(clause_tree(found.clauses, of, texts, words) or f"<p>{escape(texts('why_nothing'))}</p>")

    return why
