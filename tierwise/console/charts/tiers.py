"""Tiers drawn: the map of RFM cells, a funnel of stages, and the way of customers between days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from tierwise.app.history_views import SankeyView
from tierwise.app.views import CellRow, StageRow
from tierwise.console.charts.colours import colour_of, ink_on
from tierwise.console.texts import Texts
from tierwise.plots.look import FONT, LINE, MUTED

_NOBODY = "#e9eeee"

_ROOM_FOR_WORDS = 0.04
"""A tile of a smaller share would have cut words; the table below has them whole."""


def rfm_map(cells: Sequence[CellRow], currency: str, texts: Texts) -> dict[str, Any]:
    """ECharts options: a tile per cell, as large as its head-count; its title, people and money written on it. Cells
    that nobody is in take no room."""
    data = [
        {
            "name": cell.code,
            "value": cell.customers,
            "itemStyle": {"color": colour_of(cell.code)},
            "label": {
                "show": cell.share is not None and cell.share >= _ROOM_FOR_WORDS,
                "color": ink_on(colour_of(cell.code)),
                "formatter": _tile(cell, currency, texts),
            },
            "tooltip": {"formatter": _told(cell, currency, texts)},
        }
        for cell in cells
        if cell.customers
    ]
    return {
        "textStyle": FONT,
        "animation": False,
        "aria": {"enabled": True, "label": {"description": texts("strat_map_description")}},
        "tooltip": {"trigger": "item"},
        "series": [
            {
                "type": "treemap",
                "roam": False,
                "nodeClick": False,
                "breadcrumb": {"show": False},
                "left": 0,
                "right": 0,
                "top": 0,
                "bottom": 0,
                "itemStyle": {"gapWidth": 2, "borderWidth": 0},
                "label": {"fontSize": 12, "lineHeight": 17, "overflow": "truncate"},
                "data": data,
            }
        ],
    }


def _tile(cell: CellRow, currency: str, texts: Texts) -> str:
    people = f"{texts.count(cell.customers)} {texts('unit_people')} · {texts.percent(cell.share)}"
    money = f"{texts.amount(round(cell.monetary_amount))} {currency} · {texts.percent(cell.monetary_share)}"
    return f"{_plain(texts.label(cell.title))}\n{people}\n{money}"


def _told(cell: CellRow, currency: str, texts: Texts) -> str:
    return escape(_tile(cell, currency, texts)).replace("\n", "<br>")


def _plain(text: str) -> str:
    """Braces are ECharts' own marks."""
    return text.replace("{", "(").replace("}", ")")


def funnel_chart(rows: Sequence[StageRow], texts: Texts) -> dict[str, Any]:
    """ECharts options: a bar per stage in the order of life, as long as its head-count."""
    return {
        "textStyle": FONT,
        "animation": False,
        "aria": {"enabled": True, "label": {"description": texts("strat_funnel_description")}},
        "grid": {"left": 4, "right": 90, "top": 2, "bottom": 2, "containLabel": True},
        "tooltip": {"trigger": "item"},
        "xAxis": {"type": "value", "show": False},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [texts.label(row.title) or row.name for row in rows],
            "axisLabel": {"color": MUTED, "width": 150, "overflow": "truncate"},
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": LINE}},
        },
        "series": [
            {
                "type": "bar",
                "barCategoryGap": "25%",
                "data": [
                    {
                        "value": row.customers,
                        "itemStyle": {"color": colour_of(row.name, place)},
                        "label": {"formatter": f"{texts.count(row.customers)} · {texts.percent(row.share)}"},
                    }
                    for place, row in enumerate(rows)
                ],
                "label": {"show": True, "position": "right", "color": MUTED, "fontSize": 11},
            }
        ],
    }


def sankey_chart(view: SankeyView, title_of: Callable[[str | None], str], texts: Texts) -> dict[str, Any]:
    """ECharts options: a column per day, a band per way of customers. Tiers have the colours they have everywhere.

    For clicks a block has its value, empty for not there, and whether it is of the first day; a band where from and to.
    """
    values = list(dict.fromkeys(node.value for node in view.nodes if node.value is not None))
    colours = {value: colour_of(value, place) for place, value in enumerate(values)}
    depth = {day: place for place, day in enumerate(view.days)}
    names = {node.id: f"{title_of(node.value)} · {texts.day(node.day)}" for node in view.nodes}
    places = {node.id: node.value or "" for node in view.nodes}
    last = len(view.days) - 1
    nodes = [
        {
            "name": names[node.id],
            "block": node.value or "",
            "first": depth[node.day] == 0,
            "depth": depth[node.day],
            "itemStyle": {"color": _NOBODY if node.value is None else colours[node.value]},
            "label": {
                "formatter": f"{_plain(title_of(node.value))} {texts.count(node.customers)}",
                "position": "left" if depth[node.day] == last else "right",
            },
        }
        for node in view.nodes
    ]
    return {
        "textStyle": FONT,
        "animation": False,
        "aria": {"enabled": True, "label": {"description": texts("strat_sankey_description")}},
        "tooltip": {"trigger": "item"},
        "series": [
            {
                "type": "sankey",
                "left": 4,
                "right": 4,
                "top": 6,
                "bottom": 6,
                "nodeGap": 10,
                "layoutIterations": 0,
                "draggable": False,
                "data": nodes,
                "links": [
                    {
                        "source": names[link.source],
                        "target": names[link.target],
                        "value": link.customers,
                        "from": places[link.source],
                        "to": places[link.target],
                    }
                    for link in view.links
                ],
                "lineStyle": {"color": "source", "opacity": 0.3},
                "label": {"fontSize": 11},
            }
        ],
    }
