"""The charts of stratification: what a view becomes, without a browser."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

from tierwise.api import examples
from tierwise.app.history_views import SankeyLink, SankeyNode, SankeyView
from tierwise.app.views import Label, StageRow
from tierwise.console.charts.colours import TIERS
from tierwise.console.charts.tiers import funnel_chart, rfm_map, sankey_chart
from tierwise.console.texts import Texts

EN = Texts("en")
MARCH, JUNE = date(2026, 3, 31), date(2026, 6, 30)


def test_a_cell_is_as_large_as_its_head_count_and_says_its_money() -> None:
    cells = examples.RFM.cells
    (series,) = rfm_map(cells, "CNY", EN)["series"]
    assert [(tile["name"], tile["value"]) for tile in series["data"]] == [
        (cell.code, cell.customers) for cell in cells if cell.customers
    ]
    first, tile = next(cell for cell in cells if cell.customers), series["data"][0]
    assert tile["itemStyle"]["color"] == TIERS[first.code]
    assert f"{round(first.monetary_amount):,} CNY" in tile["label"]["formatter"]
    json.dumps(series)


def test_cells_without_anybody_take_no_room_and_titles_are_no_markup() -> None:
    first, second = examples.RFM.cells[:2]
    cells = [replace(first, customers=0), replace(second, customers=1, title=Label("", "<b>{a|x}</b>"))]
    (tile,) = rfm_map(cells, "CNY", EN)["series"][0]["data"]
    assert tile["tooltip"]["formatter"].startswith("&lt;b&gt;(a|x)&lt;/b&gt;<br>")
    assert "{" not in tile["label"]["formatter"]


def test_a_tile_without_room_for_words_has_none() -> None:
    cells = [replace(examples.RFM.cells[0], customers=1, share=share) for share in (0.04, 0.039, None)]
    tiles = rfm_map(cells, "CNY", EN)["series"][0]["data"]
    assert [tile["label"]["show"] for tile in tiles] == [True, False, False]


def test_a_funnel_has_a_bar_per_stage_in_the_order_of_life() -> None:
    rows = [
        StageRow("growth", Label("成长期", "Growth"), 30, 0.75, examples.RFM.cells[0].monetary_amount, None),
        StageRow("lost", Label("流失", "Lost"), 10, 0.25, examples.RFM.cells[0].monetary_amount, None),
    ]
    options = funnel_chart(rows, EN)
    assert options["yAxis"]["data"] == ["Growth", "Lost"]
    assert options["yAxis"]["inverse"] is True
    assert [bar["value"] for bar in options["series"][0]["data"]] == [30, 10]
    assert options["series"][0]["data"][1]["label"]["formatter"] == "10 · 25.0%"


def test_a_way_keeps_its_columns_colours_and_people() -> None:
    view = SankeyView(
        "stage",
        "life",
        Label("", "Life"),
        (MARCH, JUNE),
        (
            SankeyNode("a", MARCH, "growth", 30),
            SankeyNode("b", MARCH, None, 5),
            SankeyNode("c", JUNE, "growth", 20),
            SankeyNode("d", JUNE, "lost", 15),
        ),
        (SankeyLink("a", "c", 15), SankeyLink("a", "d", 15), SankeyLink("b", "c", 5)),
    )
    (series,) = sankey_chart(view, lambda value: value or "not there", EN)["series"]
    names = [node["name"] for node in series["data"]]
    assert len(set(names)) == 4, "ECharts wants each name once"
    assert [node["depth"] for node in series["data"]] == [0, 0, 1, 1]
    assert series["data"][0]["itemStyle"] == series["data"][2]["itemStyle"] == {"color": TIERS["growth"]}
    assert [(link["source"], link["value"]) for link in series["links"]] == [
        (names[0], 15),
        (names[0], 15),
        (names[1], 5),
    ]
    assert series["data"][1]["label"]["formatter"] == "not there 5"
