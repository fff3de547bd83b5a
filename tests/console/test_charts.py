"""Charts: what a view becomes, without a browser."""

from __future__ import annotations

import json
from dataclasses import replace

from tierwise.api import examples
from tierwise.console.charts.colours import TIERS, colour_of, ink_on
from tierwise.console.charts.deciles import decile_chart
from tierwise.console.charts.structure import Piece, structure_chart
from tierwise.console.texts import Texts
from tierwise.definitions.activity import ACTIVITY_CLASSES
from tierwise.definitions.rfm import CELL_NAMES

EN = Texts("en")


def test_deciles_are_bars_and_a_curve_in_per_cent() -> None:
    options = decile_chart(examples.DECILES, EN)
    bars, curve = options["series"]
    assert options["xAxis"]["data"] == [str(part) for part in range(1, 11)]
    assert [item["value"] for item in bars["data"]][:3] == [45.0, 19.0, 12.0]
    assert [item["value"] for item in curve["data"]][-1] == 100.0
    assert bars["data"][0]["label"]["formatter"] == "45.0%"
    assert (options["yAxis"]["min"], options["yAxis"]["max"]) == (0, 100)
    json.dumps(options)


def test_the_first_group_stands_out() -> None:
    colours = [item["itemStyle"]["color"] for item in decile_chart(examples.DECILES, EN)["series"][0]["data"]]
    assert len(set(colours[:3])) == 1
    assert len(set(colours[3:])) == 1
    assert colours[0] != colours[3]


def test_shares_that_cannot_be_told_leave_gaps() -> None:
    rows = tuple(replace(row, share=None, cumulative_share=None) for row in examples.DECILES.rows)
    options = decile_chart(replace(examples.DECILES, rows=rows), EN)
    assert [item["value"] for series in options["series"] for item in series["data"]] == [None] * 20
    assert options["series"][0]["data"][0]["label"]["formatter"] == "–"


def test_a_curve_above_one_hundred_is_not_cut() -> None:
    """With refunds in the lowest part the curve passes 100% before it comes down to it."""
    first, *rest, last = examples.DECILES.rows
    rows = (replace(first, cumulative_share=1.02), *rest, replace(last, share=-0.02))
    axis = decile_chart(replace(examples.DECILES, rows=rows), EN)["yAxis"]
    assert (axis["min"], axis["max"]) == (None, None)


def test_no_parts_at_all() -> None:
    assert decile_chart(replace(examples.DECILES, rows=()), EN)["xAxis"]["data"] == []


def test_structure_is_two_bars_one_piece_a_tier() -> None:
    pieces = [Piece("111", "A & B", 0.2, 0.6), Piece("000", "<b>", 0.8, 0.4)]
    options = structure_chart(pieces, EN)
    assert [series["stack"] for series in options["series"]] == ["tiers", "tiers"]
    assert [[datum["value"] for datum in series["data"]] for series in options["series"]] == [
        [60.0, 20.0],
        [40.0, 80.0],
    ]
    assert options["yAxis"]["data"] == ["Net sales", "Customers"]
    tooltips = [series["data"][0]["tooltip"]["formatter"] for series in options["series"]]
    assert tooltips == ["A &amp; B<br>Net sales 60.0%", "&lt;b&gt;<br>Net sales 40.0%"]


def test_a_negative_or_unknown_share_takes_no_room_but_is_told() -> None:
    options = structure_chart([Piece("x", "X", None, -0.1)], EN)
    value, heads = options["series"][0]["data"]
    assert (value["value"], heads["value"]) == (0.0, 0.0)
    assert "-10.0%" in value["tooltip"]["formatter"]
    assert "–" in heads["tooltip"]["formatter"]
    assert not value["label"]["show"]


def test_every_cell_and_class_has_its_own_colour() -> None:
    for names in (tuple(CELL_NAMES), ACTIVITY_CLASSES):
        assert len({TIERS[name] for name in names}) == len(names)
    assert colour_of("vip", 0) == colour_of("vip", 5)
    assert colour_of("nobody_knows", 1) == colour_of("nobody_knows", 9)


def test_labels_can_be_read_on_every_colour() -> None:
    """Contrast of at least 4 : 1, and so of 3 : 1, as WCAG 2 asks of large or bold text."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for name, colour in TIERS.items():
        light, dark = sorted((luminance(colour), luminance(ink_on(colour))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.0, name
