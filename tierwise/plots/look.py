"""What all charts share: one accent and quiet greys, type, and shares as axes show them."""

from __future__ import annotations

INK = "#1b2426"
MUTED = "#5a686b"
LINE = "#e2e8e8"
ACCENT = "#0b7285"
ACCENT_LIGHT = "#9fced6"

ROUND = ("#0b7285", "#e0b45c", "#4a9fae", "#c98367", "#084c59", "#b79a63", "#9fced6", "#8f7440")
"""Colours of series that nobody has given one, in their order."""

FONT = {
    "fontFamily": '-apple-system, "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif',
    "fontSize": 12,
}


def hundredths(share: float | None) -> float | None:
    """0.1234 as 12.34, for an axis in per cent; null stays null."""
    return None if share is None else round(share * 100, 4)


def colour_at(place: int) -> str:
    """The colour of the n-th series, from 0; after the last comes the first."""
    return ROUND[place % len(ROUND)]
