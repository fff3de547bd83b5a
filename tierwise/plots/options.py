"""A plot as ECharts options: plain data that a browser draws."""

from __future__ import annotations

from typing import Any

from tierwise.plots.look import ACCENT, ACCENT_LIGHT, FONT, INK, LINE, MUTED, colour_at, hundredths
from tierwise.plots.plot import Bars, Flow, Heat, Lines, Plot, Series, Unit

_AXIS: dict[str, Any] = {
    "axisLabel": {"color": MUTED},
    "axisTick": {"show": False},
    "axisLine": {"lineStyle": {"color": LINE}},
}
_WIDEST_LABEL = 210
"""Pixels of a label at the side; longer ones are cut, the tooltip has them whole."""

_BESIDE_THE_TITLE = 3
"""So many names of series have room beside the title; more stand below it, in one row to be leafed through."""

_FEW, _WIDTH_OF_FEW = 8, 84
"""So few labels below bars are all shown, in lines of so many pixels."""


_WIDEST_BAR = 32
"""Pixels: few bars are no blocks."""

_NODE_GAP = 14
"""Between nodes, so that the names of thin ones stand clear of each other."""


def options(plot: Plot) -> dict[str, Any]:
    """ECharts options; `rate` in per cent, gaps where a value cannot be told."""
    if isinstance(plot, Heat):
        return _base(plot.title) | _heat(plot)
    if isinstance(plot, Flow):
        return _base(plot.title) | _flow(plot)
    return _base(plot.title) | (_bars(plot) if isinstance(plot, Bars) else _lines(plot))


def _base(title: str) -> dict[str, Any]:
    told: dict[str, Any] = {"textStyle": FONT, "animation": False, "aria": {"enabled": True}}
    if title:
        told["aria"] = {"enabled": True, "label": {"description": title}}
        told["title"] = {"text": title, "textStyle": {"color": INK, "fontSize": 13, "fontWeight": "normal"}}
    return told


def _bars(plot: Bars) -> dict[str, Any]:
    series = [
        {
            "name": each.name,
            "type": "bar",
            "barCategoryGap": "30%",
            "barMaxWidth": _WIDEST_BAR,
            "itemStyle": {"color": colour_at(place)},
            "data": _values(each, plot.unit),
        }
        | ({"stack": "all"} if plot.stacked else {})
        for place, each in enumerate(plot.series)
    ]
    category: dict[str, Any] = {"type": "category", "data": list(plot.labels), **_AXIS}
    axis = _value_axis(plot.unit) | ({"max": 100} if plot.makes_a_whole else {})
    if plot.lying:
        side = {"color": MUTED, "width": _WIDEST_LABEL, "overflow": "truncate"}
        category |= {"inverse": True, "axisLabel": side}
        return _grid(plot) | {"xAxis": axis, "yAxis": category, "series": series}
    if len(plot.labels) <= _FEW:
        category |= {"axisLabel": {"color": MUTED, "interval": 0, "width": _WIDTH_OF_FEW, "overflow": "break"}}
    return _grid(plot) | {"xAxis": category, "yAxis": axis, "series": series}


def _lines(plot: Lines) -> dict[str, Any]:
    series = [
        {
            "name": each.name,
            "type": "line",
            "symbol": "circle",
            "symbolSize": 5,
            "connectNulls": False,
            "lineStyle": {"color": colour_at(place), "width": 1.5},
            "itemStyle": {"color": colour_at(place)},
            "data": _values(each, plot.unit),
        }
        for place, each in enumerate(plot.series)
    ]
    category = {"type": "category", "data": list(plot.labels), **_AXIS}
    return _grid(plot) | {"xAxis": category, "yAxis": _value_axis(plot.unit), "series": series}


def _heat(plot: Heat) -> dict[str, Any]:
    scale = 100.0 if plot.unit == "rate" else 1
    cells: list[tuple[int, int, float]] = [
        (column, row, round(value * scale, 4))
        for row, values in enumerate(plot.values)
        for column, value in enumerate(values)
        if value is not None
    ]
    found = [cell[2] for cell in cells]
    return {
        "grid": {"left": 8, "right": 12, "top": 36, "bottom": 72, "containLabel": True},
        "tooltip": {"position": "top"},
        "xAxis": {"type": "category", "data": list(plot.columns), **_AXIS},
        "yAxis": {"type": "category", "data": list(plot.rows), "inverse": True, **_AXIS},
        "visualMap": {
            "min": min(found, default=0),
            "max": max(found, default=1),
            "calculable": True,
            "orient": "horizontal",
            "left": "center",
            "bottom": 4,
            "itemHeight": 120,
            "formatter": "{value}%" if plot.unit == "rate" else "{value}",
            "inRange": {"color": ["#ffffff", ACCENT_LIGHT, ACCENT]},
        },
        "series": [{"type": "heatmap", "data": [list(cell) for cell in cells]}],
    }


def _flow(plot: Flow) -> dict[str, Any]:
    """A name may be on both sides, and ECharts wants each node's name once: the side is put before it."""
    nodes: dict[str, dict[str, Any]] = {}
    for side, names in ((0, [link.source for link in plot.links]), (1, [link.target for link in plot.links])):
        for name in names:
            label = {"formatter": name, "position": "left" if side else "right"}
            nodes.setdefault(f"{side}:{name}", {"name": f"{side}:{name}", "depth": side, "label": label})
    return {
        "tooltip": {"trigger": "item"},
        "series": [
            {
                "type": "sankey",
                "top": 44,
                "left": 8,
                "right": 8,
                "bottom": 12,
                "nodeAlign": "justify",
                "nodeGap": _NODE_GAP,
                "data": list(nodes.values()),
                "links": [
                    {"source": f"0:{link.source}", "target": f"1:{link.target}", "value": link.value}
                    for link in plot.links
                ],
                "itemStyle": {"color": ACCENT},
                "lineStyle": {"color": "source", "opacity": 0.25},
            }
        ],
    }


def _grid(plot: Bars | Lines) -> dict[str, Any]:
    legend: dict[str, Any] = {"show": len(plot.series) > 1, "right": 8, "top": 0, "itemWidth": 14, "itemHeight": 8}
    top = 36
    if len(plot.series) > _BESIDE_THE_TITLE:
        legend |= {"type": "scroll", "left": 8, "top": 26}
        top = 64
    return {
        "grid": {"left": 8, "right": 24, "top": top, "bottom": 8, "containLabel": True},
        "legend": legend | {"textStyle": {"color": MUTED}},
        "tooltip": {"trigger": "axis"},
    }


def _value_axis(unit: Unit) -> dict[str, Any]:
    label = {"color": MUTED} | ({"formatter": "{value}%"} if unit == "rate" else {})
    whole = {"minInterval": 1} if unit == "count" else {}
    return {"type": "value", **whole, "axisLabel": label, "splitLine": {"lineStyle": {"color": LINE}}}


def _values(series: Series, unit: Unit) -> list[float | None]:
    return [hundredths(value) if unit == "rate" else value for value in series.values]
