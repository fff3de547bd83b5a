"""Plots: frames to data, data to ECharts options."""

from __future__ import annotations

import json
from decimal import Decimal

import polars as pl
import pytest

import tierwise as tw
from tierwise.kernel.errors import TierwiseError
from tierwise.plots import Bars, Flow, Heat, Lines, Link, Series, options

FRAME = pl.DataFrame({"step": ["a", "b", "c"], "n": [3, 2, None], "net": [Decimal("1.50"), Decimal("2"), None]})


def test_bars_have_one_bar_a_row_and_column_and_gaps_stay_gaps() -> None:
    shown = tw.plots.bars(FRAME, label="step", values=["n", "net"])
    assert shown == Bars(("a", "b", "c"), (Series("n", (3, 2, None)), Series("net", (1.5, 2.0, None))))
    told = options(shown)
    assert told["xAxis"]["data"] == ["a", "b", "c"]
    assert [series["data"] for series in told["series"]] == [[3, 2, None], [1.5, 2.0, None]]
    assert told["legend"]["show"]
    json.dumps(told)


def test_lying_bars_begin_at_the_top() -> None:
    told = options(Bars(("long name", "other"), (Series("n", (1, 2)),), lying=True))
    assert told["yAxis"]["data"] == ["long name", "other"]
    assert told["yAxis"]["inverse"]
    assert told["xAxis"]["type"] == "value"


def test_rates_are_told_in_per_cent() -> None:
    told = options(Lines(("1", "2"), (Series("kept", (0.1234, None)),), "Retention", "rate"))
    assert told["series"][0]["data"] == [12.34, None]
    assert told["yAxis"]["axisLabel"]["formatter"] == "{value}%"
    assert told["title"]["text"] == "Retention"
    heat = options(Heat(("r",), ("c", "d"), ((0.5, None),), unit="rate"))
    assert heat["series"][0]["data"] == [[0, 0, 50.0]]
    assert (heat["visualMap"]["min"], heat["visualMap"]["max"]) == (50.0, 50.0)


def test_an_axis_of_stacked_shares_ends_where_they_make_a_whole() -> None:
    def bars(*shares: float, stacked: bool = True) -> Bars:
        return Bars(("a",), tuple(Series(str(at), (share,)) for at, share in enumerate(shares)), "", "rate",
                    stacked=stacked)  # fmt: skip

    thirds = options(bars(0.33337, 0.33337, 0.33337))
    assert thirds["yAxis"]["max"] == 100  # as rounded they add up to more, and the axis would go on to 120
    assert [options(each)["yAxis"].get("max") for each in (bars(0.2, 0.3), bars(0.9, 0.3), bars(1.3, -0.3))] == [
        None, None, None,
    ]  # fmt: skip
    assert "max" not in options(bars(0.5, 0.5, stacked=False))["yAxis"]


def test_many_names_stand_below_the_title() -> None:
    few, many = (options(Bars(("a",), tuple(Series(str(at), (1.0,)) for at in range(n)), "Title")) for n in (3, 8))
    assert (few["legend"]["top"], few["grid"]["top"]) == (0, 36)
    assert (many["legend"]["type"], many["legend"]["top"], many["grid"]["top"]) == ("scroll", 26, 64)


def test_heat_takes_its_cells_from_rows_in_their_order() -> None:
    frame = pl.DataFrame({"day": ["Mon", "Mon", "Sun"], "hour": [9, 10, 9], "n": [1, 2, 3]})
    shown = tw.plots.heat(frame, row="day", column="hour", value="n")
    assert shown == Heat(("Mon", "Sun"), ("9", "10"), ((1, 2), (3, None)))
    with pytest.raises(TierwiseError, match="two rows tell of Mon and 9"):
        tw.plots.heat(pl.concat([frame, frame]), row="day", column="hour", value="n")


def test_a_name_may_be_on_both_sides_of_a_flow() -> None:
    frame = {"a": ["x", "x", "y"], "b": ["x", "z", "x"], "n": [5, 0, 2]}
    shown = tw.plots.flow(frame, source="a", target="b", value="n")
    assert shown == Flow((Link("x", "x", 5), Link("y", "x", 2)))
    (series,) = options(shown)["series"]
    assert [node["name"] for node in series["data"]] == ["0:x", "0:y", "1:x"]
    assert [(one["source"], one["target"], one["value"]) for one in series["links"]] == [
        ("0:x", "1:x", 5),
        ("0:y", "1:x", 2),
    ]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(TierwiseError, match='unknown column "nn"') as refused:
        tw.plots.bars(FRAME, label="step", values="nn")
    assert refused.value.code == "unknown_column"
    with pytest.raises(TierwiseError, match='"n" has 1 values for 2 labels'):
        Bars(("a", "b"), (Series("n", (1,)),))
    with pytest.raises(TierwiseError, match="above 0"):
        Flow((Link("a", "b", 0),))
    with pytest.raises(TierwiseError, match="no frame"):
        tw.plots.bars(3, label="a", values="b")
