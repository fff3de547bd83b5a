"""Levels: a scorecard's score cut into named grades, and how far it is to the next one.

The score is in whole hundredths of a point, and so are the cuts: a customer is in the first grade, from the best, whose
cut the score reaches, and in the last where it reaches none. So every score has one grade, and what is shown decides.

Cut by share: of n customers in the population the best k belong to a grade and those above it, k being the sum of the
shares times n, rounded half up. Ties stay together, below: who shares a score with somebody beyond the k-th is not in.
So no grade has more than its rounded share, and where many are alike they are in the last. A grade that has room for
nobody is cut a hundredth above the best score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from fractions import Fraction
from itertools import accumulate
from math import floor

import narwhals as nw

from tierwise.definitions.level import Level
from tierwise.definitions.rule import AnyRule
from tierwise.definitions.scorecard import Grade, Scorecard
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import Frame, columns_of, integer_sum, rows_of
from tierwise.metrics.rules import Schema, rule_expr, rule_schema
from tierwise.metrics.scorecard import (
    SCORE,
    ScorecardScales,
    in_hundredths,
    in_points,
    points_column,
    score_columns,
    whole,
    with_lines,
)

NOT_IN_POPULATION = "not_in_population"


@dataclass(frozen=True, slots=True)
class GradedScales:
    """A scorecard as learnt, and the lowest score of each grade but the last, the best first, in hundredths.

    A cut is None where it was to be learnt from nobody; no score reaches it.
    """

    card: ScorecardScales
    cuts: tuple[int | None, ...]

    def grade(self, score: int) -> int:
        """Which grade a score has, 0 for the best."""
        return sum(cut is None or score < cut for cut in self.cuts)


def graded_columns(name: str, lines: Sequence[str]) -> dict[str, str]:
    """The columns that `graded` adds: `grade` (under the plain name), `score`, `to_next`, and each line's points."""
    return {"grade": name, "to_next": f"{name}_points_to_next", **score_columns(name, lines)}


def graded_scales(
    population: Frame, scorecard: Scorecard, grades: Sequence[Grade], *, schema: Schema, keep: Keep = lazily
) -> GradedScales:
    """Learns scales and cuts from a frame of the population alone, one row per customer.

    Executes what `scorecard_scales` does, and with shares one grouping by score. Raises what that raises.
    """
    # NumPy is loaded by who learns; who shows what was learnt need not wait for it.
    from tierwise.metrics.scorecard_scales import scorecard_scales

    scales = scorecard_scales(population, scorecard, schema=schema, keep=keep)
    if grades[0].at_least is not None:
        return GradedScales(scales, tuple(int((grade.at_least or 0) * 100) for grade in grades[:-1]))
    counted = rows_of(with_lines(population, scales).group_by(SCORE).agg(nw.len().cast(nw.Int64).alias("rows__")))
    shares = [Fraction(grade.share or 0) for grade in grades[:-1]]
    return GradedScales(scales, share_cuts([(int(score), int(rows)) for score, rows in counted], shares))


def share_cuts(counted: Sequence[tuple[int, int]], shares: Sequence[Fraction]) -> tuple[int | None, ...]:
    """The lowest score of each part of the population, the best first, from (score, customers), each score once.

    >>> share_cuts([(70, 1), (80, 2), (90, 1)], [Fraction(1, 4), Fraction(1, 4)])
    (90, 90)
    >>> share_cuts([(50, 9)], [Fraction(1, 3)]), share_cuts([], [Fraction(1, 3)])
    ((51,), (None,))
    """
    falling = sorted(counted, reverse=True)
    if not falling:
        return (None,) * len(shares)
    people = sum(rows for _, rows in falling)
    reached = list(zip((score for score, _ in falling), accumulate(rows for _, rows in falling), strict=True))
    cuts = []
    for share in accumulate(shares):
        room = floor(share * people + Fraction(1, 2))
        within = [score for score, customers in reached if customers <= room]
        cuts.append(within[-1] if within else falling[0][0] + 1)
    return tuple(cuts)


def graded(
    frame: Frame, name: str, grades: Sequence[Grade], scales: GradedScales, inside: nw.Expr | None = None
) -> Frame:
    """The frame with the columns of `graded_columns`: the grade's name, the score and points with two decimals, and the
    points that lack to the next better grade (null in the best). By row.

    inside: who is in the population; the others have nulls.
    """
    there = columns_of(frame)
    lines = [line.name for line in scales.card.lines]
    names = graded_columns(name, lines)
    score = nw.col(SCORE)
    grade = nw.lit(grades[-1].name)
    to_next = _lacking(scales.cuts[-1], score)
    for place in range(len(scales.cuts) - 1, -1, -1):
        cut = scales.cuts[place]
        if cut is None:
            continue
        reached = score >= nw.lit(cut)
        above = _lacking(scales.cuts[place - 1], score) if place else _NOTHING
        grade = nw.when(reached).then(nw.lit(grades[place].name)).otherwise(grade)
        to_next = nw.when(reached).then(above).otherwise(to_next)
    shown = [
        (grade if inside is None else nw.when(inside).then(grade)).alias(names["grade"]),
        in_points(score, inside).alias(names["score"]),
        in_points(to_next, inside).alias(names["to_next"]),
        *(in_points(nw.col(points_column(line)), inside).alias(names[line]) for line in lines),
    ]
    return with_lines(frame, scales.card).select(*there, *shown)


_NOTHING = nw.lit(None).cast(nw.Int64)


def _lacking(cut: int | None, score: nw.Expr) -> nw.Expr:
    return _NOTHING if cut is None else whole(cut) - score


def level_columns(definition: Level) -> dict[str, str]:
    """The names of the columns that `with_levels` adds: those of `graded_columns`, and `reason`."""
    lines = [indicator.line for indicator in definition.scorecard.indicators]
    return {**graded_columns(definition.name, lines), "reason": f"{definition.name}_reason"}


def level_scales(
    profile: Frame,
    definition: Level,
    *,
    schema: Schema | None = None,
    as_of: date | None = None,
    digits: int = 2,
    zone: tzinfo = UTC,
    keep: Keep = lazily,
) -> GradedScales:
    """Learns a level's scales from the profile's rows that its population takes in; see `graded_scales`.

    schema: further attributes, such as traits under their labels. The population must be plain (`is_plain`), or made so
    beforehand. Raises also what `rule_expr` raises.
    """
    known = {**rule_schema(profile, digits), **(schema or {})}
    inside = inside_of(definition.population, known, as_of, zone)
    population = profile if inside is None else profile.filter(inside)
    return graded_scales(population, definition.scorecard, definition.levels, schema=known, keep=keep)


def with_levels(
    profile: Frame,
    definition: Level,
    scales: GradedScales,
    *,
    schema: Schema | None = None,
    as_of: date | None = None,
    digits: int = 2,
    zone: tzinfo = UTC,
) -> Frame:
    """The profile with the columns of `level_columns`, by row. Who is not in the population has nulls, and the reason
    `not_in_population`; in it every score has exactly one level."""
    known = {**rule_schema(profile, digits), **(schema or {})}
    inside = inside_of(definition.population, known, as_of, zone)
    found = graded(profile, definition.name, definition.levels, scales, inside)
    reason = nw.lit(None).cast(nw.String)
    if inside is not None:
        reason = nw.when(~inside).then(nw.lit(NOT_IN_POPULATION)).otherwise(reason)
    return found.with_columns(reason.alias(level_columns(definition)["reason"]))


def inside_of(population: AnyRule | None, schema: Schema, as_of: date | None, zone: tzinfo = UTC) -> nw.Expr | None:
    """Who is in a population: true or false, or None where it is everyone."""
    return None if population is None else rule_expr(population, schema, as_of, zone=zone)


@dataclass(frozen=True, slots=True)
class LevelRow:
    """One level. lowest, highest, mean_score: of those in it, in points; null where nobody is. share: of the graded.
    monetary_share: of the money of all graded; null where that is not positive. Money in minor units."""

    name: str
    customers: int
    share: float | None
    lowest: float | None
    highest: float | None
    mean_score: float | None
    monetary_minor: int
    monetary_share: float | None


@dataclass(frozen=True, slots=True)
class LevelSummary:
    """Every level, the best first, empty ones too; and how many customers have none."""

    rows: tuple[LevelRow, ...]
    customers: int
    outside: int


def level_summary(leveled: Frame, definition: Level, *, money: str = "monetary_amount_minor") -> LevelSummary:
    """The levels of a frame that `with_levels` gave; executes one grouping of it. Money is left at 0 where there is no
    such column."""
    names = level_columns(definition)
    amount = nw.col(money).fill_null(0) if money in columns_of(leveled) else whole(0)
    score = in_hundredths(names["score"])
    rows = rows_of(
        leveled.select(nw.col(names["grade"]), score.alias("score__"), amount.alias("money__"))
        .group_by(names["grade"])
        .agg(
            nw.len().cast(nw.Int64).alias("rows__"),
            nw.col("score__").min().alias("low__"),
            nw.col("score__").max().alias("high__"),
            integer_sum(nw.col("score__")).alias("sum__"),
            integer_sum(nw.col("money__")).alias("total__"),
        )
    )
    found = {row[0]: row[1:] for row in rows}
    outside = found.pop(None, (0,))[0]
    people = sum(row[0] for row in found.values())
    total = sum(row[4] for row in found.values())
    levels = []
    for grade in definition.levels:
        customers, low, high, points, amount_minor = found.get(grade.name, (0, None, None, 0, 0))
        levels.append(
            LevelRow(
                name=grade.name,
                customers=customers,
                share=customers / people if people else None,
                lowest=None if low is None else low / 100,
                highest=None if high is None else high / 100,
                mean_score=points / customers / 100 if customers else None,
                monetary_minor=amount_minor,
                monetary_share=amount_minor / total if total > 0 else None,
            )
        )
    return LevelSummary(tuple(levels), people, outside)
