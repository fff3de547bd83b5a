"""Plots of frames: a column of labels and columns of numbers become `Bars`, `Lines`, `Heat` or `Flow`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import narwhals as nw

from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.plots.plot import Bars, Flow, Heat, Lines, Link, Series, Unit


def bars(
    frame: Any,
    *,
    label: str,
    values: str | Sequence[str],
    title: str = "",
    unit: Unit = "count",
    lying: bool = False,
    stacked: bool = False,
) -> Bars:
    """Bars in the order of the rows: one group a row, one bar a column of `values`. Raises `unknown_column`,
    `not_a_frame`, `bad_plot`."""
    labels, series = _series(frame, label, values)
    return Bars(labels, series, title, unit, lying, stacked)


def lines(frame: Any, *, label: str, values: str | Sequence[str], title: str = "", unit: Unit = "count") -> Lines:
    """One line a column of `values`, over the rows in their order. Raises as `bars`."""
    labels, series = _series(frame, label, values)
    return Lines(labels, series, title, unit)


def heat(frame: Any, *, row: str, column: str, value: str, title: str = "", unit: Unit = "count") -> Heat:
    """A table of `value` by two columns, both in the order in which they first appear; what no row tells is empty.
    Raises as `bars`, and `bad_plot` where two rows tell of one cell."""
    found = _columns(frame, (row, column, value))
    rows = tuple(dict.fromkeys(map(_text, found[row])))
    columns = tuple(dict.fromkeys(map(_text, found[column])))
    cells: dict[tuple[str, str], float | None] = {}
    for one, two, number in zip(found[row], found[column], found[value], strict=True):
        place = _text(one), _text(two)
        if place in cells:
            raise TierwiseError("bad_plot", f"two rows tell of {place[0]} and {place[1]}")
        cells[place] = _number(number)
    return Heat(rows, columns, tuple(tuple(cells.get((one, two)) for two in columns) for one in rows), title, unit)


def flow(frame: Any, *, source: str, target: str, value: str, title: str = "", unit: Unit = "count") -> Flow:
    """Bands from `source` to `target`, one a row with a value above 0. Raises as `bars`."""
    found = _columns(frame, (source, target, value))
    told = zip(found[source], found[target], found[value], strict=True)
    links = [Link(_text(one), _text(two), _number(many) or 0.0) for one, two, many in told]
    return Flow(tuple(link for link in links if link.value > 0), title, unit)


def _series(frame: Any, label: str, values: str | Sequence[str]) -> tuple[tuple[str, ...], tuple[Series, ...]]:
    names = (values,) if isinstance(values, str) else tuple(values)
    found = _columns(frame, (label, *names))
    return tuple(map(_text, found[label])), tuple(Series(name, tuple(map(_number, found[name]))) for name in names)


def _columns(frame: Any, wanted: Sequence[str]) -> dict[str, list[Any]]:
    if isinstance(frame, dict):
        there: list[str] = [str(name) for name in frame]
    else:
        try:
            frame = nw.from_native(frame)
        except TypeError as error:
            raise TierwiseError(
                "not_a_frame", f"a {type(frame).__name__} is no frame", remedy="pandas, Polars, Arrow or a dict"
            ) from error
        frame = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
        there = list(frame.columns)
    problems = [unknown_name("column", name, there) for name in wanted if name not in there]
    if problems:
        raise TierwiseError.of(problems)
    return {name: list(frame[name]) if isinstance(frame, dict) else frame[name].to_list() for name in wanted}


def _text(value: Any) -> str:
    return "–" if value is None else str(value)


def _number(value: Any) -> float | None:
    """Integers stay integers; money becomes a float, for drawing alone; nan is a gap."""
    if value is None or value != value:
        return None
    return float(value) if isinstance(value, Decimal) else value
