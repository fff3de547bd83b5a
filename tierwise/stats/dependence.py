"""Whether two things come together more or less often than by chance: many 2 x 2 tables at once.

The same tests as in `stats/tgi.py`, for tens of thousands of tables: Pearson's chi-square without correction as long as
5 are expected in every cell (Cochran, Biometrics 10, 1954), else Fisher's exact test, both sides (Fisher, Statistical
Methods for Research Workers, 1934; Agresti, Categorical Data Analysis, 3rd ed., 2013, section 3.5). Many p values are
adjusted as Benjamini and Hochberg do (J. R. Statist. Soc. B 57, 1995).
"""

from __future__ import annotations

from math import erfc

import numpy as np
from numpy.typing import NDArray

from tierwise.stats.tgi import EXPECTED

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

_AS_LIKELY = 1 + 1e-7
"""Tables whose probabilities differ by less count as equally likely, as in R's fisher.test."""

_NOTHING = 1e-20
"""What is smaller than this part of a sum does not change it."""


def dependence_p(both: Counts, left: Counts, right: Counts, of: int) -> Floats:
    """Two-sided p values: of `of` cases `left` have the one thing, `right` the other, `both` both.

    1 where one of the two is everywhere or nowhere. Exchanging left and right changes nothing. Raises ValueError on
    counts that cannot be.

    >>> made = [np.array([count]) for count in (43, 50, 73)]
    >>> round(float(dependence_p(*made, 100)[0]), 5)
    0.00341
    """
    wrong = (both < 0) | (both > np.minimum(left, right)) | (left + right - both > of)
    if wrong.any():
        raise ValueError("not the counts of 2 x 2 tables")
    found = np.ones(len(both))
    rare, half = np.minimum(left, of - left), np.minimum(right, of - right)
    told = (rare > 0) & (half > 0)
    # Compared as floats: a product of counts may not fit an integer, and the border is no matter of one part in 10^15.
    common = told & (rare.astype(np.float64) * half >= float(EXPECTED) * of)
    found[common] = _chi_square(both[common], left[common], right[common], of)
    exact = told & ~common
    found[exact] = _fisher(both[exact], left[exact], right[exact], of)
    return found


def adjusted_among(p_values: Floats, tests: int) -> Floats:
    """The p values as Benjamini and Hochberg adjust them among so many tests, of which those not given have p 1.

    >>> [round(float(p), 4) for p in adjusted_among(np.array([0.01, 0.04, 0.03, 0.5]), 8)]
    [0.08, 0.1067, 0.1067, 1.0]
    """
    many = len(p_values)
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * max(tests, many) / np.arange(1, many + 1)
    found = np.empty(many)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return found


def _chi_square(both: Counts, left: Counts, right: Counts, of: int) -> Floats:
    above = np.abs(both.astype(np.float64) * of - left.astype(np.float64) * right)
    below = np.sqrt(left.astype(np.float64) * right) * np.sqrt((of - left).astype(np.float64) * (of - right) / of)
    return np.array([erfc(value) for value in (above / below / np.sqrt(2)).tolist()])


def _fisher(both: Counts, left: Counts, right: Counts, of: int) -> Floats:
    """Probabilities of tables with these margins, as parts of the most likely one's, outwards from it."""
    low, high = np.maximum(0, left + right - of), np.minimum(left, right)
    mode = np.clip(((left + 1.0) * (right + 1.0) / (of + 2)).astype(np.int64), low, high)
    limit = _seen(both, mode, left, right, of) * _AS_LIKELY
    total, extreme = np.ones(len(both)), np.where(limit >= 1, 1.0, 0.0)
    for up in (True, False):
        alive, k, weight = np.arange(len(both)), mode.copy(), np.ones(len(both))
        while True:
            goes = (k < high[alive]) if up else (k > low[alive])
            goes &= weight > _NOTHING * np.minimum(total[alive], limit[alive])
            alive, k, weight = alive[goes], k[goes], weight[goes]
            if not len(alive):
                break
            weight = weight * _ratio(k, left[alive], right[alive], of, up=up)
            k = k + 1 if up else k - 1
            total[alive] += weight
            extreme[alive] += np.where(weight <= limit[alive], weight, 0.0)
    return np.minimum(1.0, extreme / total)


def _seen(both: Counts, mode: Counts, left: Counts, right: Counts, of: int) -> Floats:
    """The probability of the table that was seen, as a part of the most likely one's."""
    found = np.ones(len(both))
    for up in (True, False):
        k, alive = mode.copy(), np.arange(len(both))
        while True:
            goes = (k < both[alive]) if up else (k > both[alive])
            alive, k = alive[goes], k[goes]
            if not len(alive):
                break
            found[alive] *= _ratio(k, left[alive], right[alive], of, up=up)
            k = k + 1 if up else k - 1
    return found


def _ratio(k: Counts, left: Counts, right: Counts, of: int, *, up: bool) -> Floats:
    """The probability of one more (up) or one fewer in both, divided by that of k."""
    neither = of - left - right
    if up:
        return (left - k) / (k + 1.0) * ((right - k) / (neither + k + 1.0))
    return k / (left - k + 1.0) * ((neither + k) / (right - k + 1.0))
