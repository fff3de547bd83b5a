"""Structure: the same tiers by head-count and by value, one bar above the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from tierwise.console.charts.colours import colour_of, ink_on
from tierwise.console.texts import Texts
from tierwise.plots.look import FONT, LINE, MUTED, hundredths

_SHOWN_FROM = 6.0
"""Per cent of the bar's width from which a label fits into its piece."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One tier: its name in code, its title, its shares of customers and of money (0..1, null, or below 0)."""

    name: str
    title: str
    share: float | None
    monetary_share: float | None


def structure_chart(pieces: Sequence[Piece], texts: Texts) -> dict[str, Any]:
    """ECharts options: two stacked bars of 100 %. A share that cannot be told, or is below 0, takes no room."""
    rows = [texts("by_value"), texts("by_heads")]
    return {
        "textStyle": FONT,
        "animation": False,
        "aria": {"enabled": True, "label": {"description": texts("structure_description")}},
        "grid": {"left": max(_width_px(row) for row in rows) + 10, "right": 2, "top": 2, "bottom": 2},
        "tooltip": {"trigger": "item"},
        "xAxis": {"type": "value", "min": 0, "max": 100, "show": False},
        "yAxis": {
            "type": "category",
            "data": rows,
            "axisLabel": {"color": MUTED},
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": LINE}},
        },
        "series": [
            {
                "name": piece.title,
                "type": "bar",
                "stack": "tiers",
                "barWidth": 20,
                "itemStyle": {
                    "color": colour_of(piece.name, place),
                    "borderColor": "#ffffff",
                    "borderWidth": 1,
                },
                "label": {"fontSize": 11, "color": ink_on(colour_of(piece.name, place))},
                "data": [
                    _datum(piece.title, piece.monetary_share, rows[0], texts),
                    _datum(piece.title, piece.share, rows[1], texts),
                ],
            }
            for place, piece in enumerate(pieces)
        ],
    }


def _datum(title: str, share: float | None, of: str, texts: Texts) -> dict[str, Any]:
    value = hundredths(share)
    width = max(value or 0.0, 0.0)
    return {
        "value": width,
        "label": {"show": width >= _SHOWN_FROM, "formatter": f"{width:.0f}%"},
        "tooltip": {"formatter": f"{escape(title)}<br>{escape(of)} {texts.percent(share)}"},
    }


def _width_px(text: str) -> float:
    """About as wide as the text is at 12 px: a Chinese character is 12, a Latin letter 6.5."""
    return sum(12.0 if ord(character) > 0x2E7F else 6.5 for character in text)
