"""Headline numbers in one strip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: what it is, the number, its unit, and a note under it. key: its `data-figure`."""

    key: str
    title: str
    value: str
    unit: str = ""
    note: str = ""


def figures(items: Sequence[Figure]) -> str:
    """HTML, everything escaped."""
    return f'<dl class="tw-figures">{"".join(_figure(item) for item in items)}</dl>'


def _figure(item: Figure) -> str:
    unit = f"<small>{escape(item.unit)}</small>" if item.unit else ""
    note = f'<dd class="note">{escape(item.note)}</dd>' if item.note else ""
    return (
        f'<div data-figure="{escape(item.key)}"><dt>{escape(item.title)}</dt>'
        f'<dd class="value">{escape(item.value)}{unit}</dd>{note}</div>'
    )
