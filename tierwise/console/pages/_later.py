"""A part of a page that takes its time: the page is there at once, and the part when it is found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape

from nicegui import ui

from tierwise.console.parts.card import markup
from tierwise.console.visit import Visit, tell
from tierwise.kernel.errors import TierwiseError


def later(visit: Visit, build: Callable[[], Awaitable[None]]) -> None:
    """Build a part after the page has come; errors of use cases become notices in its place."""
    box = ui.element("div")
    with box:
        waiting = ui.element("div").classes("tw-waiting").props("role=status")
        with waiting:
            ui.spinner(size="md")
            markup(f"<span>{escape(visit.texts('being_found'))}</span>")

    async def fill() -> None:
        with box:
            try:
                await build()
            except TierwiseError as error:
                tell(error, visit.texts)
        waiting.delete()

    ui.timer(0.05, fill, once=True)
