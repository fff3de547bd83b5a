"""Pictures by Matplotlib: same bytes, texts that stay texts, and what is said where it is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tierwise.kernel.errors import TierwiseError
from tierwise.plots import Bars, Flow, Heat, Lines, Link, Plot, Series, save, svg

PLOTS: list[Plot] = [
    Bars(("一", "$b$"), (Series("客户", (3, None)), Series("再购", (1, 2))), "每次购买", stacked=True),
    Bars(("很长的名字" * 9, "b"), (Series("n", (0.3, 0.2)),), unit="rate", lying=True),
    Lines(tuple(map(str, range(30))), (Series("a", (None, *range(29))),), "Orders"),
    Heat(("Mon", "Sun"), ("9", "10"), ((1, 2), (3, None)), unit="count"),
    Heat((), (), ()),
    Flow((Link("茶", "茶", 5), Link("y", "x", 2)), "Paths"),
]


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: type(plot).__name__)
def test_the_same_plot_is_the_same_svg(plot: Plot) -> None:
    drawn = svg(plot)
    assert drawn == svg(plot)
    assert drawn.startswith("<?xml")
    assert plot.title in drawn


def test_texts_stay_texts_and_long_ones_are_cut() -> None:
    assert ">一<" in svg(PLOTS[0])
    assert ">$b$<" in svg(PLOTS[0])
    assert f">{('很长的名字' * 9)[:27]}…<" in svg(PLOTS[1])


def test_a_file_by_its_ending(tmp_path: Path) -> None:
    assert save(PLOTS[0], tmp_path / "new" / "a.png").read_bytes().startswith(b"\x89PNG")
    assert save(PLOTS[0], str(tmp_path / "a.svg")).read_text("utf-8") == svg(PLOTS[0])
    with pytest.raises(TierwiseError, match="no format of a picture"):
        save(PLOTS[0], tmp_path / "a.jpg")


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(TierwiseError) as refused:
        svg(PLOTS[0])
    assert refused.value.code == "missing_extra"
    assert "tierwise[plot]" in (refused.value.remedy or "")
    assert PLOTS[0]._repr_svg_() is None
