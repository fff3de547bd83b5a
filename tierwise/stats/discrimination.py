"""How well a score tells those to whom it happens from those to whom it does not: AUC, gain by tenth, calibration.

Scores and outcomes go side by side, one of each per customer; an outcome is 1 or 0. What cannot be told is null with a
reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from tierwise.kernel.errors import TierwiseError
from tierwise.stats.tails import normal_quantile

Floats = NDArray[np.float64]
Outcomes = NDArray[np.int64]

TOO_FEW = 2
"""Fewer than so many with, or without, the outcome: no spread can be told."""


@dataclass(frozen=True, slots=True)
class Auc:
    """The share of pairs (one with the outcome, one without) in which the first has the higher score; a tie is a half.

    value: null where one side is empty (`one_sided`). interval: at `level`; null with the reason `too_few`, and with
    `no_spread` where every pair is told right, or wrong, so that no error can be told.
    """

    value: float | None
    interval: tuple[float, float] | None
    with_outcome: int
    without: int
    level: float = 0.95
    reason: str | None = None


def auc(scores: Floats, outcomes: Outcomes, *, level: float = 0.95) -> Auc:
    """The area under the ROC curve with the interval of DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988).

    The interval is symmetric on the scale of the log odds, so that it stays within 0 and 1. Scores that are missing
    count below all others, as one tie. Raises `bad_value` where lengths differ or an outcome is neither 0 nor 1.

    >>> made = auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
    >>> made.value, [round(end, 3) for end in made.interval]
    (0.75, [0.151, 0.981])
    """
    scores, outcomes = _checked(scores, outcomes)
    yes = outcomes == 1
    many, others = int(yes.sum()), int((~yes).sum())
    if not many or not others:
        return Auc(None, None, many, others, level, "one_sided")
    ranks, of_yes, of_no = _midranks(scores), _midranks(scores[yes]), _midranks(scores[~yes])
    value = float((ranks[yes].sum() - many * (many + 1) / 2) / (many * others))
    if min(many, others) < TOO_FEW:
        return Auc(value, None, many, others, level, "too_few")
    placed = (ranks[yes] - of_yes) / others
    placed_no = 1 - (ranks[~yes] - of_no) / many
    variance = float(placed.var(ddof=1)) / many + float(placed_no.var(ddof=1)) / others
    if not 0 < value < 1 or variance <= 0:
        return Auc(value, None, many, others, level, "no_spread")
    half = normal_quantile((1 + level) / 2) * sqrt(variance) / (value * (1 - value))
    odds = log(value / (1 - value))
    return Auc(value, (1 / (1 + exp(half - odds)), 1 / (1 + exp(-half - odds))), many, others, level)


@dataclass(frozen=True, slots=True)
class GainRow:
    """One part of the customers, 1 = the highest scores. outcomes: expected where a tie of scores spans two parts.

    rate: outcomes / customers. lift: rate / the rate of all. cumulative_share: of all outcomes, in this part and those
    above it. score: the mean; beside the rate it says whether scores can be read as probabilities.
    """

    part: int
    customers: int
    outcomes: float
    rate: float
    lift: float | None
    cumulative_share: float | None
    score: float


def gain(scores: Floats, outcomes: Outcomes, parts: int = 10) -> list[GainRow]:
    """The customers in parts of equal size by falling score (the first are larger by one where it does not divide).

    Customers of one score share its outcomes evenly, so that no order among them is made up. Lift and share are null
    where nobody has the outcome. Empty where there are fewer customers than parts. Raises `bad_value` as `auc` does.

    >>> [(row.part, row.rate, row.cumulative_share) for row in gain(np.array([4., 3., 2., 1.]), np.array([1, 1, 0, 1]), 2)]
    [(1, 1.0, 0.6666666666666666), (2, 0.5, 1.0)]
    """  # noqa: E501
    scores, outcomes = _checked(scores, outcomes)
    if len(scores) < parts:
        return []
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    _, group, counts = np.unique(-ranked, return_inverse=True, return_counts=True)
    shared = (np.bincount(group, outcomes[order].astype(np.float64)) / counts)[group]
    total = int(outcomes.sum())
    rows, seen = [], 0.0
    for place, (values, given) in enumerate(
        zip(np.array_split(shared, parts), np.array_split(ranked, parts), strict=True)
    ):
        here = float(values.sum())
        seen += here
        rate = here / len(values)
        rows.append(
            GainRow(
                place + 1,
                len(values),
                here,
                rate,
                rate * len(scores) / total if total else None,
                min(seen / total, 1.0) if total else None,
                float(given.mean()),
            )
        )
    return rows


def brier(scores: Floats, outcomes: Outcomes) -> float | None:
    """The mean squared difference of probability and outcome (G. W. Brier, 1950); null over no rows.

    >>> brier(np.array([1.0, 0.5]), np.array([1, 0]))
    0.125
    """
    scores, outcomes = _checked(scores, outcomes)
    return float(np.mean((scores - outcomes) ** 2)) if len(scores) else None


def _midranks(values: Floats) -> Floats:
    """Ranks from 1, ties at their middle."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle: Floats = ends - (counts - 1) / 2.0
    return middle[group]


def _checked(scores: Floats, outcomes: Outcomes) -> tuple[Floats, Outcomes]:
    given, told = np.asarray(scores, np.float64), np.asarray(outcomes, np.int64)
    if len(given) != len(told) or not np.isin(told, (0, 1)).all():
        raise TierwiseError("bad_value", "scores and outcomes go side by side, and an outcome is 0 or 1")
    return np.where(np.isnan(given), -np.inf, given), told
