"""How far customers are from the next level, what would close it for one of them, and what a whole level would need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Literal

import narwhals as nw

from tierwise.definitions.scorecard import Grade
from tierwise.metrics.frame import Frame, count_where, integer_sum, rows_of
from tierwise.metrics.level import GradedScales, graded_columns
from tierwise.metrics.scorecard import (
    HUNDRED,
    ONE,
    Choices,
    Line,
    Slope,
    Steps,
    Value,
    by_step,
    in_hundredths,
    inside_value,
    whole,
    whole_quotient,
)


@dataclass(frozen=True, slots=True)
class Closing:
    """What one indicator alone would have to become for the next level, all others held.

    now, needed: as people see them (yuan, days). how: `at_least` or `at_most` the needed value, or `one_of`; null where
    no value of this indicator is enough. points, points_needed: of the line, weighted.
    """

    line: str
    attribute: str
    now: int | Decimal | str | bool | None
    points: float
    points_needed: float
    how: Literal["at_least", "at_most", "one_of"] | None
    needed: int | Decimal | str | bool | tuple[str | bool, ...] | None


def closings(scales: GradedScales, values: Mapping[str, Value]) -> tuple[Closing, ...]:
    """For each indicator what it would have to become for the next better level, by a customer's inside values (line ->
    value). Empty in the best level, and where the next one was learnt from nobody. Cuts are taken as they stand."""
    lines = scales.card.lines
    points = {line.name: line.points(values[line.name]) for line in lines}
    score = sum(points.values())
    place = scales.grade(score)
    cut = scales.cuts[place - 1] if place else None
    if cut is None:
        return ()
    found = []
    for line in lines:
        wanted = points[line.name] + cut - score
        how, needed = _needed(line, values[line.name], wanted)
        found.append(
            Closing(
                line=line.name,
                attribute=line.attribute,
                now=line.outside(values[line.name]),
                points=points[line.name] / 100,
                points_needed=wanted / 100,
                how=how,
                needed=needed,
            )
        )
    return tuple(found)


_Needed = tuple[
    Literal["at_least", "at_most", "one_of"] | None, int | Decimal | str | bool | tuple[str | bool, ...] | None
]


def _needed(line: Line, now: Value, wanted: int) -> _Needed:
    """The value nearest to now with which the line has at least the wanted points."""
    scale = line.scale
    if wanted > line.highest:
        return None, None
    match scale:
        case Slope():
            return ("at_most" if scale.turned else "at_least"), line.outside(_on_slope(line, scale, wanted))
        case Steps():
            reaching = [i for i, points in enumerate(scale.points_by_step) if line.weighted(points) >= wanted]
            held = now if isinstance(now, int) else None
            value = min(
                (_into(scale, i, held) for i in reaching), key=lambda v: (abs(v - held) if held is not None else 0, v)
            )
            below = held is not None and value < held
            return ("at_most" if below else "at_least"), line.outside(value)
        case Choices():
            return "one_of", tuple(value for value, points in scale.listed if line.weighted(points) >= wanted)


def _into(steps: Steps, step: int, now: int | None) -> int:
    """The value of a step that is nearest to now; its lowest where nothing is known now."""
    low = steps.cuts[step - 1] if step else None
    high = steps.cuts[step] - 1 if step < len(steps.cuts) else None
    if low is None or (now is not None and high is not None and now > high):
        return high if high is not None else (now or 0)
    return low if now is None or now < low else now


def _on_slope(line: Line, slope: Slope, wanted: int) -> int:
    """The first value, from the worse end, with which the line has the wanted points: `Slope.points` turned round."""
    plain = max(0, -(-(2 * ONE * wanted - ONE) // (2 * line.weight)))
    above = max(0, -(-(2 * plain - 1) * (slope.high - slope.low) // (2 * HUNDRED)))
    return slope.high - above if slope.turned else slope.low + above


def near_misses(leveled: Frame, name: str, within: Decimal | int) -> Frame:
    """Those who lack at most so many points to the next level, of a frame that `graded` gave; its rows as they are."""
    lacking = f"{name}_points_to_next"
    return leveled.filter((in_hundredths(lacking) <= nw.lit(int(Decimal(within) * 100))).fill_null(False))


@dataclass(frozen=True, slots=True)
class LineRoom:
    """One indicator's part in moving a level up: how many customers it could lift alone, the others held, and by how
    much it would have to change on average, as people see it; null where it is no number, or lifts nobody."""

    line: str
    attribute: str
    customers: int
    mean_change: float | None


@dataclass(frozen=True, slots=True)
class Headroom:
    """A level below the best: how far its customers are from the next one.

    mean, least: points to the next level; null where nobody is in it or the next was learnt from nobody. near: those
    who lack at most `within` points. beyond: those whom no indicator alone could lift.
    """

    level: str
    next_level: str
    customers: int
    mean: float | None
    least: float | None
    near: int
    beyond: int
    lines: tuple[LineRoom, ...]


def headroom(
    leveled: Frame, name: str, grades: Sequence[Grade], scales: GradedScales, *, within: Decimal | int = 5
) -> tuple[Headroom, ...]:
    """For each level but the best, of a frame that `graded` gave and that still has the attributes' columns; executes
    one grouping. A change is that of the customer's own value, or null where it is missing."""
    lines = scales.card.lines
    names = graded_columns(name, [line.name for line in lines])
    lacking = in_hundredths(names["to_next"])
    # Columns of their own, since the steps of a change name them many times.
    asked = leveled.select(
        nw.col(names["grade"]),
        lacking.alias("lacking__"),
        *((in_hundredths(names[line.name]) + lacking).alias(f"wanted__{i}") for i, line in enumerate(lines)),
        *(inside_value(line.where).alias(f"value__{i}") for i, line in enumerate(lines) if _is_number(line)),
    ).filter(~nw.col("lacking__").is_null())
    prepared = asked.select(
        names["grade"],
        "lacking__",
        *((nw.col(f"wanted__{i}") <= nw.lit(line.highest)).alias(f"able__{i}") for i, line in enumerate(lines)),
        *(_change(line, i).alias(f"change__{i}") for i, line in enumerate(lines)),
    )
    told = nw.col("lacking__")
    anyone = nw.any_horizontal(*(nw.col(f"able__{i}") for i in range(len(lines))), ignore_nulls=False)
    rows = rows_of(
        prepared.group_by(names["grade"]).agg(
            nw.len().cast(nw.Int64).alias("rows__"),
            integer_sum(told).alias("sum__"),
            told.min().alias("least__"),
            count_where(told <= nw.lit(int(Decimal(within) * 100))).alias("near__"),
            count_where(~anyone).alias("beyond__"),
            *(count_where(nw.col(f"able__{i}")).alias(f"rows__{i}") for i in range(len(lines))),
            *(integer_sum(nw.col(f"change__{i}")).alias(f"sum__{i}") for i in range(len(lines))),
            *(nw.col(f"change__{i}").count().cast(nw.Int64).alias(f"told__{i}") for i in range(len(lines))),
        )
    )
    found = {row[0]: row[1:] for row in rows}
    return tuple(_room(better.name, grade.name, found.get(grade.name), lines) for better, grade in pairwise(grades))


def _room(better: str, level: str, row: tuple[int, ...] | None, lines: Sequence[Line]) -> Headroom:
    if row is None:
        nothing = tuple(LineRoom(line.name, line.attribute, 0, None) for line in lines)
        return Headroom(level, better, 0, None, None, 0, 0, nothing)
    customers, total, least, near, beyond, *rest = row
    size = len(lines)
    rooms = []
    for i, line in enumerate(lines):
        lifted, change, told = rest[i], rest[size + i], rest[2 * size + i]
        rooms.append(LineRoom(line.name, line.attribute, lifted, change / told / line.unit if told else None))
    return Headroom(level, better, customers, total / customers / 100, least / 100, near, beyond, tuple(rooms))


def _is_number(line: Line) -> bool:
    return not isinstance(line.scale, Choices)


def _change(line: Line, place: int) -> nw.Expr:
    """How much the value would have to change, in inside units, from the columns `wanted__i` and `value__i`; null where
    it is missing, no number is told, or the line cannot give as much."""
    wanted, scale = nw.col(f"wanted__{place}"), line.scale
    match scale:
        case Slope() if line.weight > 0:
            plain = whole_quotient(wanted * (2 * ONE) - ONE + (2 * line.weight - 1), 2 * line.weight)
            plain = nw.when(plain > HUNDRED).then(whole(HUNDRED)).otherwise(plain)
            part = (scale.high - scale.low) / (2 * HUNDRED)
            above = ((plain * 2 - 1).cast(nw.Float64) * part).ceil().cast(nw.Int64)
            target = whole(scale.high) - above if scale.turned else above + scale.low
        case Steps() if (found := _step_target(line, scale, wanted)) is not None:
            target = found
        case _:
            return nw.lit(None).cast(nw.Int64)
    return nw.when(wanted <= nw.lit(line.highest)).then(target - nw.col(f"value__{place}"))


def _step_target(line: Line, steps: Steps, wanted: nw.Expr) -> nw.Expr | None:
    """The value at which steps that only rise (or only fall) reach the wanted points; None for others."""
    points = [line.weighted(each) for each in steps.points_by_step]
    rising = all(a <= b for a, b in pairwise(points))
    if len(points) < 2 or not (rising or all(a >= b for a, b in pairwise(points))):
        return None
    starts = list(steps.cuts) if rising else [cut - 1 for cut in reversed(steps.cuts)]
    upward = points if rising else points[::-1]
    cuts, results = [], [starts[0]]
    for k in range(1, len(upward)):
        if upward[k] > upward[k - 1]:
            cuts.append(upward[k - 1] + 1)
            results.append(starts[k - 1])
    return by_step(wanted, cuts, results)
