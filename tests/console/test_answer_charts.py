"""Charts of insights as pages show them, without a browser."""

from __future__ import annotations

from tierwise.app.insights.insight_views import ColumnView
from tierwise.app.views import Label
from tierwise.console.charts.answers import LEAST_PX, NAME_PX, height_px, in_fixed_colours
from tierwise.console.charts.colours import TIERS
from tierwise.console.texts import Texts
from tierwise.plots.options import options
from tierwise.plots.plot import Bars, Flow, Link, Series

STAGES = ColumnView("value", Label("生命周期", "Lifecycle"), "text", {"lost": Label("流失", "Lost")}, False)


def test_a_series_of_a_tier_has_its_colour_and_others_theirs() -> None:
    drawn = options(Bars(("customers",), (Series("Lost", (0.5,)), Series("Other", (0.5,))), "", "rate", stacked=True))
    shown = in_fixed_colours(drawn, [STAGES], Texts("en"))
    assert shown["series"][0]["itemStyle"]["color"] == TIERS["lost"] != drawn["series"][0]["itemStyle"]["color"]
    assert shown["series"][1] == drawn["series"][1]
    assert in_fixed_colours(drawn, [STAGES], Texts("zh"))["series"] == drawn["series"], "by the reader's names"


def test_a_flow_with_many_names_is_higher() -> None:
    few, many = (
        options(Flow(tuple(Link("a", f"to {number}", 1.0) for number in range(names)), "")) for names in (3, 20)
    )
    assert height_px(few) == height_px(options(Bars(("a",), (Series("b", (1.0,)),), ""))) == LEAST_PX
    assert height_px(many) == 20 * NAME_PX
