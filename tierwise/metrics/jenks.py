"""Natural breaks: classes of neighbouring values with the least squared deviation within them; optimal.

Fisher, "On grouping for maximum homogeneity" (1958); Jenks, "The data model concept in statistical mapping" (1967). The
dynamic programme over the sorted distinct values has monotone optima, so divide and conquer finds each layer in
O(n log n); the middles of one depth are looked for all at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.distribution import Distribution

MOST_DISTINCT_VALUES = 100_000
"""More distinct values than this are refused: seconds would become minutes. Round them, or cut by quantile."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def jenks_cuts(distribution: Distribution, classes: int) -> tuple[int | float, ...]:
    """The largest value of each class but the last: classes - 1 cuts, ascending.

    With fewer distinct values than classes each value is a class of its own, and there are fewer cuts. Of divisions
    that are equally good, the one with the smaller lower classes. Sums are exact; squares are in double precision, so
    divisions that differ by less than one part in 10^15 count as equal. Raises `too_many_distinct_values`.

    >>> from tierwise.metrics.distribution import Distribution
    >>> jenks_cuts(Distribution(np.array([1, 2, 3, 10, 11, 50]), np.ones(6, dtype=np.int64)), 3)
    (3, 11)
    """
    values, weights = distribution.values, distribution.counts
    if len(values) > MOST_DISTINCT_VALUES:
        raise TierwiseError(
            "too_many_distinct_values",
            f"natural breaks of {len(values):,} distinct values; at most {MOST_DISTINCT_VALUES:,} are divided exactly",
            remedy="use method: quantile or breakpoints",
        )
    if len(values) <= classes:
        return tuple(_plain(value) for value in values[:-1])
    cost = _Cost(values, weights)
    best = cost.between(np.zeros(len(values), dtype=np.int64), np.arange(len(values)))
    starts: list[Integers] = []
    for layer in range(1, classes):
        best, start = _layer(best, cost, layer)
        starts.append(start)
    ends, last = [], len(values) - 1
    for start in reversed(starts):
        last = int(start[last]) - 1
        ends.append(last)
    return tuple(_plain(values[end]) for end in reversed(ends))


class _Cost:
    """Squared deviation from the class mean of classes [i, j] of the sorted values, by prefix sums."""

    def __init__(self, values: NDArray[Any], weights: Integers) -> None:
        centred = values.astype(np.float64) - float(np.dot(values.astype(np.float64), weights) / weights.sum())
        weight = weights.astype(np.float64)
        self.weight = np.concatenate(([0.0], np.cumsum(weight)))
        self.sum = np.concatenate(([0.0], np.cumsum(weight * centred)))
        self.square = np.concatenate(([0.0], np.cumsum(weight * centred * centred)))

    def between(self, i: Integers, j: Integers) -> Floats:
        weight = self.weight[j + 1] - self.weight[i]
        total = self.sum[j + 1] - self.sum[i]
        return np.asarray(self.square[j + 1] - self.square[i] - total * total / weight, dtype=np.float64)


def _layer(before: Floats, cost: _Cost, layer: int) -> tuple[Floats, Integers]:
    """One class more: per end j the least cost, and where the last class starts. Ends before `layer` have none."""
    n = len(before)
    best = np.full(n, np.inf)
    start = np.zeros(n, dtype=np.int64)
    # Each task: ends [first, last] whose best start lies in [low, high].
    first, last = np.array([layer]), np.array([n - 1])
    low, high = np.array([layer]), np.array([n - 1])
    while len(first):
        middle = (first + last) // 2
        top = np.minimum(high, middle)
        sizes = top - low + 1
        offsets = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        candidate = np.arange(int(sizes.sum())) - np.repeat(offsets - low, sizes)
        value = before[candidate - 1] + cost.between(candidate, np.repeat(middle, sizes))
        least = np.minimum.reduceat(value, offsets)
        hits = np.flatnonzero(value == np.repeat(least, sizes))
        chosen = candidate[hits[np.searchsorted(hits, offsets)]]
        best[middle], start[middle] = least, chosen
        left, right = first < middle, middle < last
        first, last, low, high = (
            np.concatenate((first[left], (middle + 1)[right])),
            np.concatenate(((middle - 1)[left], last[right])),
            np.concatenate((low[left], chosen[right])),
            np.concatenate((chosen[left], high[right])),
        )
    return best, start


def _plain(value: Any) -> int | float:
    found: int | float = value.item()
    return found
