"""A plot as data: frozen, valid once built, drawn by `options` for a browser and by `drawing` as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tierwise.kernel.errors import TierwiseError

Unit = Literal["count", "money", "rate", "days", "number"]
"""What an axis counts; a `rate` is 0..1 and shown in per cent."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one bar at every label. values: null where it cannot be told, and there is a gap."""

    name: str
    values: tuple[float | None, ...]


class _Shown:
    """A notebook shows a plot by itself."""

    __slots__ = ()

    def _repr_svg_(self) -> str | None:
        from tierwise.plots.drawing import drawn_in_notebook

        return drawn_in_notebook(self)


@dataclass(frozen=True, slots=True)
class Bars(_Shown):
    """Bars at labels, the first at the top where they lie. lying: for many labels or long ones. stacked: one on the
    other. Raises `bad_plot` where a series has not one value a label."""

    labels: tuple[str, ...]
    series: tuple[Series, ...]
    title: str = ""
    unit: Unit = "count"
    lying: bool = False
    stacked: bool = False

    def __post_init__(self) -> None:
        _check(self.labels, self.series)

    @property
    def makes_a_whole(self) -> bool:
        """Whether these are stacked shares of which some bar adds up to 100 %, give or take a rounding, and none to
        more: their axis ends there."""
        if not (self.stacked and self.unit == "rate" and self.labels):
            return False
        values = [[value or 0.0 for value in each.values] for each in self.series]
        totals = [sum(bar) for bar in zip(*values, strict=True)]
        return abs(max(totals, default=0.0) - 1) < 0.001 and min(map(min, values)) >= 0


@dataclass(frozen=True, slots=True)
class Lines(_Shown):
    """Lines over labels in their order. Raises `bad_plot` as `Bars` does."""

    labels: tuple[str, ...]
    series: tuple[Series, ...]
    title: str = ""
    unit: Unit = "count"

    def __post_init__(self) -> None:
        _check(self.labels, self.series)


@dataclass(frozen=True, slots=True)
class Heat(_Shown):
    """A table in colours, rows from the top; null cells stay empty. Raises `bad_plot` where it is no table."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    title: str = ""
    unit: Unit = "count"

    def __post_init__(self) -> None:
        if len(self.values) != len(self.rows) or any(len(row) != len(self.columns) for row in self.values):
            raise TierwiseError("bad_plot", "a heat map needs one value for each row and column")


@dataclass(frozen=True, slots=True)
class Link:
    """So many from one name on the left to one on the right."""

    source: str
    target: str
    value: float


@dataclass(frozen=True, slots=True)
class Flow(_Shown):
    """Where things go: names on the left, names on the right (the same name on both sides is two places), and bands as
    broad as what goes from one to the other. Raises `bad_plot` where a value is not above 0."""

    links: tuple[Link, ...]
    title: str = ""
    unit: Unit = "count"

    def __post_init__(self) -> None:
        if any(not link.value > 0 for link in self.links):
            raise TierwiseError("bad_plot", "what flows must be above 0")


Plot: TypeAlias = Bars | Lines | Heat | Flow


def _check(labels: tuple[str, ...], series: tuple[Series, ...]) -> None:
    for each in series:
        if len(each.values) != len(labels):
            raise TierwiseError("bad_plot", f'"{each.name}" has {len(each.values)} values for {len(labels)} labels')
