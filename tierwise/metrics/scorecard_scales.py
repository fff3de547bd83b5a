"""What a scorecard learns from its population: ends of min_max, percentile cuts, and weights that are not set."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import narwhals as nw
import numpy as np

from tierwise.definitions.scorecard import Band, Indicator, Scorecard
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.distribution import Distribution, distribution_of
from tierwise.metrics.frame import Frame, rows_of
from tierwise.metrics.rules import RuleColumn, Schema
from tierwise.metrics.scorecard import (
    HUNDRED,
    ONE,
    WIDEST,
    Choices,
    Line,
    Scale,
    ScorecardScales,
    Slope,
    Steps,
    column_of,
    in_units,
    points_column,
    scorecard_problems,
    unit_of,
    value_column,
    with_lines,
    with_values,
)
from tierwise.stats.weights import ahp_weights, as_parts, entropy_weights

_PERCENTILES = 99


def scorecard_scales(
    population: Frame, scorecard: Scorecard, *, schema: Schema, keep: Keep = lazily
) -> ScorecardScales:
    """Learns the scales from a frame of the population alone, one row per customer.

    keep: materialises the columns that are read, under the name `scorecard_values`; without it the frame had better be
    materialised: it is executed once for the ends and the count, once for each percentile indicator, and with entropy
    weights once more for each indicator. Over nobody, or where all are alike, min_max and percentile give 0.
    Raises all of `scorecard_problems` at once, `too_large` where the ends of min_max lie too far apart.
    """
    problems = scorecard_problems(scorecard, schema)
    if problems:
        raise TierwiseError.of(problems)
    columns = [(indicator.line, column_of(schema, indicator.attribute)) for indicator in scorecard.indicators]
    needed = list(dict.fromkeys(where.column for _, where in columns))
    values = keep("scorecard_values", with_values(population.select(*needed), columns))
    ends, customers = _ends(values, scorecard)
    lines = []
    for indicator, (name, where) in zip(scorecard.indicators, columns, strict=True):
        scale = _scale(values, indicator, where, ends.get(name))
        weight = ONE if indicator.weight is None else int(indicator.weight * ONE)
        missing = int(indicator.missing_points * 100)
        lines.append(Line(name, indicator.attribute, where, scale, missing, weight))
    learnt = ScorecardScales(tuple(lines), customers)
    match scorecard.weights.method:
        case "set":
            return learnt
        case "ahp":
            found = ahp_weights(
                scorecard.weights.judgements(), accept_inconsistent=scorecard.weights.accept_inconsistent
            )
            return _weighing(learnt, found.weights, found.consistency_ratio)
    return _weighing(learnt, _by_entropy(values, learnt), None)


def _weighing(scales: ScorecardScales, weights: tuple[float, ...], ratio: float | None) -> ScorecardScales:
    lines = tuple(
        Line(line.name, line.attribute, line.where, line.scale, line.missing, weight)
        for line, weight in zip(scales.lines, as_parts(weights, ONE), strict=True)
    )
    return ScorecardScales(lines, scales.customers, ratio)


def _by_entropy(values: Frame, scales: ScorecardScales) -> tuple[float, ...]:
    """From the points before weights, in hundredths: whole numbers, so the order of rows does not matter."""
    columns = []
    for line in scales.lines:
        column = points_column(line.name)
        pointed = with_lines(values, ScorecardScales((line,), scales.customers))
        counted = rows_of(pointed.group_by(column).agg(nw.len().cast(nw.Int64).alias("rows__")))
        columns.append(sorted((float(points), int(rows)) for points, rows in counted))
    return entropy_weights(columns).weights


def _ends(values: Frame, scorecard: Scorecard) -> tuple[dict[str, tuple[int, int]], int]:
    """The lowest and the highest of each min_max indicator that lacks an end, and how many customers there are."""
    learning = [
        indicator.line
        for indicator in scorecard.indicators
        if indicator.normalise == "min_max" and (indicator.low is None or indicator.high is None)
    ]
    wanted = [nw.len().cast(nw.Int64).alias("rows__")]
    for i, name in enumerate(learning):
        value = nw.col(value_column(name))
        wanted += [value.min().alias(f"low__{i}"), value.max().alias(f"high__{i}")]
    (row,) = rows_of(values.select(*wanted))
    ends = {
        name: (int(row[1 + 2 * i]), int(row[2 + 2 * i]))
        for i, name in enumerate(learning)
        if row[1 + 2 * i] is not None
    }
    return ends, int(row[0])


def _scale(values: Frame, indicator: Indicator, where: RuleColumn, ends: tuple[int, int] | None) -> Scale:
    unit = unit_of(where)
    match indicator.normalise:
        case "min_max":
            low = in_units(indicator.low, unit) if indicator.low is not None else ends and ends[0]
            high = in_units(indicator.high, unit) if indicator.high is not None else ends and ends[1]
            if low is None or high is None or low >= high:
                return Steps((), (0,))
            if high - low > WIDEST:
                raise TierwiseError(
                    "too_large",
                    f'the ends of "{indicator.line}" lie too far apart to be counted exactly',
                    place=indicator.attribute,
                    remedy="give `low` and `high`, or use percentile",
                )
            return Slope(low, high, indicator.direction == "lower")
        case "percentile":
            cuts = percentile_cuts(distribution_of(values, value_column(indicator.line)))
            return percentile_steps(cuts, indicator.direction == "lower")
    return _bands(indicator.bands, unit)


def _bands(bands: tuple[Band, ...], unit: int) -> Scale:
    points = [int(band.points * 100) for band in bands]
    if any(band.values for band in bands):
        listed = tuple((value, each) for band, each in zip(bands, points, strict=True) for value in band.values)
        return Choices(listed, points[-1])
    return _merged([in_units(band.from_, unit) for band in bands[1:]], points)


def percentile_cuts(distribution: Distribution) -> list[Fraction]:
    """The type-7 quantiles (`Distribution.quantile`) at 1 %, 2 %, … 99 %, exactly; empty over nobody."""
    size = distribution.size
    if size == 0:
        return []
    upto = np.cumsum(distribution.counts)
    cuts = []
    for percent in range(1, _PERCENTILES + 1):
        place, part = divmod((size - 1) * percent, 100)
        low = int(distribution.values[np.searchsorted(upto, place, side="right")])
        high = int(distribution.values[np.searchsorted(upto, place + 1, side="right")]) if part else low
        cuts.append(low + (high - low) * Fraction(part, 100))
    return cuts


def percentile_steps(cuts: list[Fraction], turned: bool) -> Steps:
    """Points by how many cuts lie strictly below a value, or strictly above it where turned: all 99 are 100 points."""
    if not cuts:
        return Steps((), (0,))
    # Values are whole numbers: strictly above a cut is at least its floor and 1.
    starts = [ceil(cut) if turned else floor(cut) + 1 for cut in cuts]
    passed = [_of_percentiles(_PERCENTILES - k if turned else k) for k in range(_PERCENTILES + 1)]
    return _merged(starts, passed)


def _of_percentiles(cuts: int) -> int:
    return (2 * HUNDRED * cuts + _PERCENTILES) // (2 * _PERCENTILES)


def _merged(starts: list[int], points: list[int]) -> Steps:
    """Steps without repeats: of equal starts the last counts."""
    cuts: list[int] = []
    by_step = [points[0]]
    for start, each in zip(starts, points[1:], strict=True):
        if cuts and cuts[-1] == start:
            by_step[-1] = each
        else:
            cuts.append(start)
            by_step.append(each)
    return Steps(tuple(cuts), tuple(by_step))
