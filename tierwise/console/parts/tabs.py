"""Tabs: parts of a page, each with its own address."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def tabs(items: Sequence[tuple[str, str, str]], now: str, label: str) -> str:
    """HTML, everything escaped. items: name, title, address of each."""
    listed = "".join(
        f'<li><a href="{escape(link)}" data-tab="{escape(name)}"{_current(name == now)}>{escape(title)}</a></li>'
        for name, title, link in items
    )
    return f'<nav class="tw-tabs" aria-label="{escape(label)}"><ul>{listed}</ul></nav>'


def _current(here: bool) -> str:
    return ' aria-current="true"' if here else ""
