"""Deciles: each part's share as a bar, the cumulative share as a curve."""

from __future__ import annotations

from typing import Any

from tierwise.app.views import DecilesView
from tierwise.console.charts.colours import ink_on
from tierwise.console.texts import Texts
from tierwise.plots.look import ACCENT, ACCENT_LIGHT, FONT, INK, LINE, MUTED, hundredths

_TALL = 0.15


def decile_chart(view: DecilesView, texts: Texts) -> dict[str, Any]:
    """ECharts options. Parts whose share cannot be told have no bar and a gap in the curve."""
    names = [str(row.decile) for row in view.rows]
    first_group = view.rows[0].group if view.rows else None
    bars: list[dict[str, Any]] = []
    for row in view.rows:
        colour = ACCENT if row.group in (first_group, None) else ACCENT_LIGHT
        bars.append(
            {
                "value": hundredths(row.share),
                "itemStyle": {"color": colour},
                "label": _label(row.share, colour, texts),
            }
        )
    curve: list[dict[str, Any]] = [{"value": hundredths(row.cumulative_share)} for row in view.rows]
    values = [item["value"] for item in (*bars, *curve)]
    lowest = min((value for value in values if isinstance(value, float)), default=0.0)
    highest = max((value for value in values if isinstance(value, float)), default=100.0)
    axis = {"axisLabel": {"color": MUTED}, "axisTick": {"show": False}, "axisLine": {"lineStyle": {"color": LINE}}}
    return {
        "textStyle": FONT,
        "animation": False,
        "aria": {"enabled": True, "label": {"description": texts("decile_description")}},
        "grid": {"left": 44, "right": 12, "top": 34, "bottom": 26},
        "legend": {
            "right": 8,
            "top": 0,
            "itemWidth": 14,
            "itemHeight": 8,
            "textStyle": {"color": MUTED},
            "data": [texts("share"), texts("cumulative")],
        },
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": names, **axis},
        "yAxis": {
            "type": "value",
            "min": 0 if lowest >= 0 else None,
            "max": 100 if highest <= 100 else None,
            "axisLabel": {"color": MUTED, "formatter": "{value}%"},
            "splitLine": {"lineStyle": {"color": LINE}},
        },
        "series": [
            {
                "name": texts("share"),
                "type": "bar",
                "barCategoryGap": "30%",
                "itemStyle": {"color": ACCENT},
                "label": {"show": True, "position": "top", "color": INK, "fontSize": 11},
                "data": bars,
            },
            {
                "name": texts("cumulative"),
                "type": "line",
                "symbol": "circle",
                "symbolSize": 5,
                "lineStyle": {"color": MUTED, "width": 1.5},
                "itemStyle": {"color": MUTED},
                "data": curve,
            },
        ],
    }


def _label(share: float | None, colour: str, texts: Texts) -> dict[str, Any]:
    """Inside a bar that is tall enough, so that the curve does not run through it; else above."""
    text = {"formatter": texts.percent(share)}
    return {**text, "position": "insideTop", "color": ink_on(colour)} if (share or 0.0) >= _TALL else text
