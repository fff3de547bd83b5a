"""Charts of insights as pages show them: in the colours that tiers have everywhere, and as high as they need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tierwise.app.insights.insight_views import ColumnView
from tierwise.console.charts.colours import TIERS
from tierwise.console.texts import Texts

LEAST_PX = 340

NAME_PX = 30
"""Of a flow, for each name on its fuller side."""


def in_fixed_colours(drawn: dict[str, Any], columns: Sequence[ColumnView], texts: Texts) -> dict[str, Any]:
    """ECharts options; a series that is called as a tier among the columns' values has the tier's colour."""
    names = {texts.label(title): value for column in columns for value, title in column.values.items()}
    series = [
        each | {"itemStyle": {"color": TIERS[value]}} if (value := names.get(each.get("name", ""))) in TIERS else each
        for each in drawn["series"]
    ]
    return drawn | {"series": series}


def height_px(drawn: dict[str, Any]) -> int:
    """Room for the names on the fuller side of a flow; else always the same."""
    nodes = [node["depth"] for each in drawn["series"] if each["type"] == "sankey" for node in each["data"]]
    return max(LEAST_PX, NAME_PX * max(map(nodes.count, nodes), default=0))
