"""The scales of an RFM, learnt from its population: exact cuts, and what counts as high.

Apart from `rfm.py`, because who only shows what a run has scored need not wait for NumPy to load.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor

import numpy as np

from tierwise.definitions.rfm import High, Rfm, Scale
from tierwise.metrics.distribution import Distribution, distribution_of
from tierwise.metrics.frame import Frame, require_columns
from tierwise.metrics.jenks import jenks_cuts
from tierwise.metrics.rfm import Measure, RfmScales, is_scored, rfm_inputs


def rfm_scales(metrics: Frame, definition: Rfm, *, digits: int = 2) -> RfmScales:
    """Learns the scales; executes three groupings of the frame, so it had better be materialised.

    digits: decimals of the currency, by which breakpoints of money become minor units. With nobody in the population
    there are no cuts and nothing is high. With one customer, or all alike, no cut lies strictly below: r is the
    highest score, f and m are 1, and nobody is above the mean: cell 000. Jenks on fewer distinct values than bins
    gives as many scores as values. Raises `missing_column`, `too_many_distinct_values`.
    """
    recency, frequency, money = rfm_inputs(definition)
    require_columns(metrics, rfm_inputs(definition), "metrics")
    scored = metrics.filter(is_scored(frequency, money))
    unit = Fraction(10) ** digits
    measures = [
        _measure(distribution_of(scored, column), column, scale, high, scale_unit, column == recency)
        for column, scale, high, scale_unit in (
            (recency, definition.recency, definition.high_recency, Fraction(1)),
            (frequency, definition.frequency, definition.high_frequency, Fraction(1)),
            (money, definition.monetary, definition.high_monetary, unit),
        )
    ]
    return RfmScales(measures[0], measures[1], measures[2], sum(measures[0].customers_by_score))


def _measure(
    distribution: Distribution, column: str, scale: Scale, high: High, unit: Fraction, turned: bool
) -> Measure:
    cuts = scale_cuts(distribution, scale, unit)
    below = np.zeros(len(distribution.values), dtype=np.int64)
    for cut in cuts:
        below += distribution.values > floor(cut)
    scores = scale.bins - below if turned else 1 + below
    by_score = np.zeros(scale.bins + 1, dtype=np.int64)
    np.add.at(by_score, scores, distribution.counts)
    return Measure(
        column, scale.bins, cuts, turned, _high_above(high, by_score.tolist()), tuple(int(n) for n in by_score[1:])
    )


def scale_cuts(distribution: Distribution, scale: Scale, unit: Fraction = Fraction(1)) -> tuple[Fraction, ...]:
    """The cuts of a scale over whole numbers; unit turns given breakpoints into the column's unit. Empty over nobody,
    unless the cuts are given."""
    if scale.method == "breakpoints":
        return tuple(Fraction(cut) * unit for cut in scale.cuts)
    if distribution.size == 0:
        return ()
    if scale.method == "jenks":
        return tuple(Fraction(cut) for cut in jenks_cuts(distribution, scale.bins))
    return tuple(distribution.quantile(i, scale.bins) for i in range(1, scale.bins))


def _high_above(high: High, by_score: Sequence[int]) -> Fraction | None:
    if high.threshold is not None:
        return Fraction(high.threshold)
    customers = sum(by_score)
    if customers == 0:
        return None
    if high.against == "mean":
        return Fraction(sum(score * n for score, n in enumerate(by_score)), customers)
    return Distribution(np.arange(len(by_score)), np.array(by_score)).quantile(1, 2)
