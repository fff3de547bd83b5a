"""A window over the page: named for who does not see it, closed by Escape, gone once it is closed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

from nicegui import ui

from tierwise.console.parts.card import markup


@contextmanager
def dialog(title: str, *, lead: str = "", opened: bool = True, heading: bool = True) -> Iterator[ui.dialog]:
    """What is inside is built in the block. lead: a sentence under the title.

    opened: at once, and for this once; else it waits for `open()` and can be opened again. heading: whether the title
    is shown, and not only told to a screen reader. Closing leads the focus back to where it was.
    """
    with ui.dialog(value=opened) as made, ui.card().classes("tw-dialog"):
        made.props["aria-label"] = title
        if opened:
            made.on("hide", made.delete)
        if heading:
            markup(f"<h2>{escape(title)}</h2>" + (f"<p>{escape(lead)}</p>" if lead else ""))
        yield made
