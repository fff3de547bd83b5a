"""Headline numbers in one strip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: what it is, the number, its unit, and a note under it. key: its `data-figure`; link: to whom it
    counts."""

    key: str
    title: str
    value: str
    unit: str = ""
    note: str = ""
    link: str = ""


def figures(items: Sequence[Figure]) -> str:
    """HTML, everything escaped."""
    return f'<dl class="tw-figures">{"".join(_figure(item) for item in items)}</dl>'


def _figure(item: Figure) -> str:
    value = f'<a href="{escape(item.link)}">{escape(item.value)}</a>' if item.link else escape(item.value)
    unit = f"<small>{escape(item.unit)}</small>" if item.unit else ""
    note = f'<dd class="note">{escape(item.note)}</dd>' if item.note else ""
    return (
        f'<div data-figure="{escape(item.key)}"><dt>{escape(item.title)}</dt>'
        f'<dd class="value">{value}{unit}</dd>{note}</div>'
    )
