"""The usual picture of an answer."""

from __future__ import annotations

from tierwise.app.insights.bars import CUSTOMERS, MOST, bars, counted
from tierwise.app.insights.insight import Label
from tierwise.plots.plot import Bars

PICTURE = bars(Label("题", "Title"), "source", {"one": Label("甲", "first"), "two": Label("乙", "second")}, "rate")


def test_rows_with_a_value_are_drawn_in_their_order() -> None:
    rows: list[dict[str, object]] = [
        {"source": "b", "one": 0.5, "two": None},
        {"source": "nothing", "one": None, "two": None},
        {"source": None, "one": None, "two": 0.25},
    ]
    drawn = PICTURE(rows, "en")
    assert isinstance(drawn, Bars)
    assert drawn.labels == ("b", "–")
    assert [(each.name, each.values) for each in drawn.series] == [("first", (0.5, None)), ("second", (None, 0.25))]
    assert (drawn.title, drawn.unit, drawn.lying) == ("Title", "rate", True)


def test_no_more_than_can_be_read_and_nothing_of_nothing() -> None:
    many = PICTURE([{"source": str(n), "one": n, "two": n} for n in range(100)], "zh")
    assert isinstance(many, Bars)
    assert (len(many.labels), many.title) == (MOST, "题")
    assert PICTURE([{"source": "a", "one": None, "two": None}], "zh") is None


def test_kinds_are_drawn_with_their_numbers_whatever_rows_are_listed() -> None:
    kinds = [(Label("转卖", "reseller"), 3), ("8", 0)]
    picture = counted(Label("按类型", "by kind"), CUSTOMERS, kinds)
    drawn = picture([], "en")
    assert isinstance(drawn, Bars)
    assert drawn.labels == ("reseller", "8")
    assert drawn.series[0].values == (3.0, 0.0)
    assert counted(Label("按类型", "by kind"), CUSTOMERS, [("8", 0)])([], "zh") is None, "nobody is no picture"
