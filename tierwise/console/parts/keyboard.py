"""Where the keyboard goes on when what had it is drawn anew."""

from __future__ import annotations

from nicegui import ui

_SOON_MS = 50
"""Until the browser has drawn it."""


def keyboard_to(element: ui.element) -> None:
    """Give it the focus: the field in it, else itself. Nothing happens where somebody has gone elsewhere meanwhile."""
    ui.run_javascript(
        f"setTimeout(() => {{ const each = getHtmlElement({element.id});"
        "if (!each || document.activeElement !== document.body) return;"
        f"(each.querySelector('input') ?? each).focus(); }}, {_SOON_MS})"
    )
