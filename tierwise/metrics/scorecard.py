"""Scorecards: an attribute's value becomes points, points become a score, all in whole hundredths of a point.

First the scales are learnt from the population (`scorecard_scales.py`: ends, percentile cuts, weights), then each
customer is scored by row against them (`with_lines`). Values are compared as whole numbers: minor units of money,
whole days and counts, millionths of any other number. Points of a line are weight x points, rounded once to hundredths,
half up, and the score is the sum of the lines; so two engines agree exactly, and an explanation adds up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import TypeAlias

import narwhals as nw

from tierwise.definitions.scorecard import Indicator, Scorecard
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.metrics.frame import Frame, columns_of
from tierwise.metrics.rules import RuleColumn, RuleType, Schema
from tierwise.stats.weights import ahp_weights

HUNDRED = 10_000
"""100 points, in hundredths of a point."""

ONE = 1_000_000
"""A weight of 1, in millionths; also 1 of an attribute that is no whole number."""

WIDEST = 2**63 // 201
"""The widest range between the ends of min_max for which 64 bits are enough."""

_BEYOND = 9e12
"""Where a number is cut off before it is taken in millionths: just what 64 bits hold."""


@dataclass(frozen=True, slots=True)
class Slope:
    """min_max: 0 at `low`, 100 at `high`, in proportion between, in inside units; `turned`: 100 at low, 0 at high."""

    low: int
    high: int
    turned: bool

    def points(self, value: int) -> int:
        """Hundredths of a point, rounded half up."""
        clipped = min(max(value, self.low), self.high)
        above, width = (self.high - clipped if self.turned else clipped - self.low), self.high - self.low
        return (2 * HUNDRED * above + width) // (2 * width)


@dataclass(frozen=True, slots=True)
class Steps:
    """Points by step: points[k] where k cuts are at or below the value. cuts ascend, in inside units, all different."""

    cuts: tuple[int, ...]
    points_by_step: tuple[int, ...]

    def points(self, value: int) -> int:
        return self.points_by_step[bisect_right(self.cuts, value)]


@dataclass(frozen=True, slots=True)
class Choices:
    """Points by value; `otherwise` of every value that is not listed."""

    listed: tuple[tuple[str | bool, int], ...]
    otherwise: int

    def points(self, value: str | bool) -> int:
        return dict(self.listed).get(value, self.otherwise)


Scale: TypeAlias = Slope | Steps | Choices

Value: TypeAlias = int | str | bool | None
"""A value inside: whole units, a text, yes or no; None where it is missing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator as learnt. missing: points (hundredths) without a value. weight: in millionths."""

    name: str
    attribute: str
    where: RuleColumn
    scale: Scale
    missing: int
    weight: int

    def plain_points(self, value: Value) -> int:
        """Before the weight, in hundredths."""
        if value is None:
            return self.missing
        if isinstance(self.scale, Choices):
            assert isinstance(value, str | bool)
            return self.scale.points(value)
        assert isinstance(value, int)
        return self.scale.points(value)

    def points(self, value: Value) -> int:
        """The line's points, weighted, in hundredths."""
        return self.weighted(self.plain_points(value))

    def weighted(self, points: int) -> int:
        """weight x points, rounded half up."""
        return (2 * self.weight * points + ONE) // (2 * ONE)

    @property
    def highest(self) -> int:
        """The most points that the line can give, weighted, in hundredths."""
        return self.weighted(max(_possible(self.scale)))

    @property
    def unit(self) -> int:
        """Inside units of one as people see it: 100 for yuan, 1 for days, a million for other numbers."""
        return unit_of(self.where)

    def outside(self, value: Value) -> int | Decimal | str | bool | None:
        """An inside value as people see it."""
        if isinstance(value, str | bool) or value is None or self.unit == 1:
            return value
        exact = Decimal(value) / self.unit
        return exact.quantize(Decimal(1).scaleb(-self.where.digits)) if self.where.digits else exact.normalize()


def _possible(scale: Scale) -> tuple[int, ...]:
    match scale:
        case Slope():
            return (0, HUNDRED)
        case Steps():
            return scale.points_by_step
        case Choices():
            return (*(points for _, points in scale.listed), scale.otherwise)


@dataclass(frozen=True, slots=True)
class ScorecardScales:
    """The lines as learnt from `customers`; consistency_ratio: of AHP judgements, None for other weights."""

    lines: tuple[Line, ...]
    customers: int
    consistency_ratio: float | None = None


_NUMBERS: tuple[RuleType, ...] = ("integer", "number")


def scorecard_problems(scorecard: Scorecard, schema: Schema, place: str | None = None) -> list[Problem]:
    """All that is wrong with a scorecard over that schema: attributes that are unknown or of a type that does not fit,
    and pairwise judgements that contradict each other. Empty where learning will do."""
    problems = [problem for indicator in scorecard.indicators for problem in _unfit(indicator, schema, place)]
    if scorecard.weights.method == "ahp":
        try:
            ahp_weights(scorecard.weights.judgements(), accept_inconsistent=scorecard.weights.accept_inconsistent)
        except TierwiseError as error:
            problems += [
                Problem(p.code, p.message, place, f"{p.remedy}; or accept_inconsistent: true" if p.remedy else None)
                for p in error.problems
            ]
    return problems


def _unfit(indicator: Indicator, schema: Schema, place: str | None) -> list[Problem]:
    if indicator.attribute not in schema:
        return [unknown_name("attribute", indicator.attribute, schema, place)]
    where = column_of(schema, indicator.attribute)
    listed = [value for band in indicator.bands for value in band.values]
    if not listed:
        if where.type in _NUMBERS:
            return []
        said = f'"{indicator.attribute}" is {_A[where.type]}, and "{indicator.normalise}" needs a number'
        remedy = (
            "count days instead, such as recency_days" if where.type in ("date", "instant") else "bands by `values`"
        )
        return [Problem("not_a_number", said, place, remedy)]
    needed = "boolean" if isinstance(listed[0], bool) else "text"
    if where.type == needed:
        return []
    said = f'"{indicator.attribute}" is {_A[where.type]}, and its bands list {_A[needed]} values'
    return [Problem("bad_value", said, place, "bands by `from`" if where.type in _NUMBERS else None)]


_A = {
    "text": "text", "source_text": "text", "integer": "a number", "number": "a number", "boolean": "yes/no",
    "date": "a date", "instant": "an instant",
}  # fmt: skip


def column_of(schema: Schema, attribute: str) -> RuleColumn:
    """Where an attribute stands. Raises KeyError where it is not known."""
    found = schema[attribute]
    return found if isinstance(found, RuleColumn) else RuleColumn(attribute, found)


def unit_of(where: RuleColumn) -> int:
    """Inside units of one as people see it: 100 for yuan, 1 for days and counts, a million for other numbers."""
    return ONE if where.type == "number" else int(10**where.digits)


def in_units(amount: Decimal | None, unit: int) -> int:
    """The whole number next at or above an amount: what is at least that is at least this."""
    return ceil(Fraction(amount or 0) * unit)


def value_column(line: str) -> str:
    """The intermediate column of a line's inside value."""
    return f"value__{line}"


def points_column(line: str) -> str:
    """The intermediate column of a line's weighted points, in hundredths."""
    return f"points__{line}"


SCORE = "score__"
"""The intermediate column of the score, in hundredths."""


def inside_value(where: RuleColumn) -> nw.Expr:
    """An attribute's inside value: whole units, null where it is missing, NaN or infinite."""
    column = nw.col(where.column)
    if where.type == "integer":
        return column.cast(nw.Int64)
    if where.type != "number":
        return column
    there = nw.when(column.is_finite()).then(column.cast(nw.Float64))
    clipped = nw.when(there > _BEYOND).then(nw.lit(_BEYOND)).otherwise(there)
    clipped = nw.when(clipped < -_BEYOND).then(nw.lit(-_BEYOND)).otherwise(clipped)
    return (clipped * float(ONE) + 0.5).floor().cast(nw.Int64)


def with_values(frame: Frame, columns: Sequence[tuple[str, RuleColumn]]) -> Frame:
    """The frame with an intermediate inside value for each (line, column)."""
    return frame.with_columns(*(inside_value(where).alias(value_column(name)) for name, where in columns))


def with_lines(frame: Frame, scales: ScorecardScales) -> Frame:
    """The frame with intermediate whole numbers: for each line its inside value and its points, and the score, both in
    hundredths, never null. By row."""
    valued = with_values(frame, [(line.name, line.where) for line in scales.lines])
    pointed = valued.with_columns(*(_points(line).alias(points_column(line.name)) for line in scales.lines))
    total = nw.col(points_column(scales.lines[0].name))
    for line in scales.lines[1:]:
        total = total + nw.col(points_column(line.name))
    return pointed.with_columns(total.alias(SCORE))


def score_columns(name: str, lines: Sequence[str]) -> dict[str, str]:
    """The columns of a scorecard under that name: `score`, and for each line its points."""
    return {"score": f"{name}_score", **{line: f"{name}_{line}_points" for line in lines}}


def scored(frame: Frame, name: str, scales: ScorecardScales, inside: nw.Expr | None = None) -> Frame:
    """The frame with `NAME_score` and `NAME_LINE_points` for each line, in points with two decimals. By row.

    inside: who is in the population; the others have nulls.
    """
    there = columns_of(frame)
    names = score_columns(name, [line.name for line in scales.lines])
    full = with_lines(frame, scales)
    shown = [in_points(nw.col(SCORE), inside).alias(names["score"])]
    shown += [in_points(nw.col(points_column(line.name)), inside).alias(names[line.name]) for line in scales.lines]
    return full.select(*there, *shown)


def in_points(hundredths: nw.Expr, inside: nw.Expr | None = None) -> nw.Expr:
    """Hundredths as points: the double next to the decimal with two places."""
    shown = hundredths.cast(nw.Float64) / nw.lit(100.0)
    return shown if inside is None else nw.when(inside).then(shown)


def in_hundredths(points: str) -> nw.Expr:
    """A column of points as the whole hundredths that it came from."""
    return (nw.col(points) * nw.lit(100.0)).round(0).cast(nw.Int64)


def whole_quotient(above: nw.Expr, below: int) -> nw.Expr:
    """floor(above / below) for whole numbers from 0, exactly while above fits 64 bits and the quotient 2^50.

    An exact multiple is divided as a double, and the error of that is far from a half.
    """
    multiple = above - above % below
    return (multiple.cast(nw.Float64) / nw.lit(float(below)) + 0.5).floor().cast(nw.Int64)


def _points(line: Line) -> nw.Expr:
    value = nw.col(value_column(line.name))
    match line.scale:
        case Slope():
            found = _weighted(_slope(value, line.scale), line.weight)
        case Steps():
            points = [line.weighted(each) for each in line.scale.points_by_step]
            found = by_step(value, line.scale.cuts, points)
        case Choices():
            found = whole(line.weighted(line.scale.otherwise))
            for listed, each in line.scale.listed:
                found = nw.when(value == nw.lit(listed)).then(whole(line.weighted(each))).otherwise(found)
    missing = whole(line.weighted(line.missing))
    return nw.when(value.is_null()).then(missing).otherwise(found).cast(nw.Int64)


def _weighted(points: nw.Expr, weight: int) -> nw.Expr:
    return points if weight == ONE else whole_quotient(points * (2 * weight) + ONE, 2 * ONE)


def _slope(value: nw.Expr, slope: Slope) -> nw.Expr:
    """As `Slope.points`: the quotient is taken two decimals at a time, so that 64 bits are enough."""
    width = slope.high - slope.low
    clipped = nw.when(value < slope.low).then(whole(slope.low)).otherwise(value)
    clipped = nw.when(clipped > slope.high).then(whole(slope.high)).otherwise(clipped)
    above = (whole(slope.high) - clipped) if slope.turned else (clipped - slope.low)
    hundredfold = above * 100
    rest = hundredfold % width
    return whole_quotient(hundredfold, width) * 100 + whole_quotient(rest * 200 + width, 2 * width)


def whole(value: int) -> nw.Expr:
    """A literal of 64 bits."""
    return nw.lit(value).cast(nw.Int64)


def by_step(value: nw.Expr, cuts: Sequence[int], results: Sequence[int]) -> nw.Expr:
    """results[k] where k of the ascending cuts are at or below the value, found by halves."""
    if not cuts:
        return whole(results[0])
    middle = len(cuts) // 2
    lower = by_step(value, cuts[:middle], results[: middle + 1])
    upper = by_step(value, cuts[middle + 1 :], results[middle + 1 :])
    return nw.when(value < nw.lit(cuts[middle])).then(lower).otherwise(upper)
