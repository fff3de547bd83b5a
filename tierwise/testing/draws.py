"""Random draws made of integers alone, so that one seed gives the same data on every platform.

Only the raw 64-bit words of PCG64 are used: NumPy promises that stream for all time, but not the methods that
turn it into distributions. Every distribution here is a table of 65,536 integers drawn from by 16 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)
Knots = Sequence[tuple[int, int]]

BELL: Knots = (
    (0, -3000), (1, -2990), (10, -2326), (50, -1645), (100, -1282), (200, -842), (300, -524), (400, -253),
    (500, 0), (600, 253), (700, 524), (800, 842), (900, 1282), (950, 1645), (990, 2326), (999, 2990), (1000, 3000),
)  # fmt: skip
"""The normal distribution cut at three deviations: (permille, thousandths of a standard deviation)."""


def weight_table(weights: Sequence[int]) -> NDArray[np.int32]:
    """65,536 indexes, index i as often as weights[i] asks; a weight under 1/65536 of the whole may vanish."""
    total = sum(weights)
    bounds = np.array([0, *np.cumsum(np.array(weights, dtype=np.int64)).tolist()], dtype=np.int64) * 65536 // total
    return np.repeat(np.arange(len(weights), dtype=np.int32), np.diff(bounds))


def curve_table(knots: Knots) -> Ints:
    """65,536 values of an inverse distribution, straight between (permille, value) knots from 0 to 1000."""
    spots = np.arange(65536, dtype=np.int64)
    parts = []
    for (low, start), (high, end) in pairwise(knots):
        first, last = low * 65536 // 1000, high * 65536 // 1000
        here = spots[first:last] - first
        parts.append(start + (end - start) * here // max(1, last - first))
    return np.concatenate(parts)


class Draws:
    """One stream of draws. Streams of different names are independent, so one noun's draws never move another's."""

    def __init__(self, seed: int, stream: str) -> None:
        self._words = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=tuple(stream.encode())))

    def _raw(self, count: int) -> NDArray[np.uint64]:
        return np.asarray(self._words.random_raw(count), dtype="<u8")

    def bits16(self, count: int) -> NDArray[np.uint16]:
        """`count` whole numbers of 0..65535."""
        return self._raw((count + 3) // 4).view("<u2")[:count].astype(np.uint16, copy=False)

    def below(self, count: int, bound: int | Ints) -> Ints:
        """Whole numbers of 0..bound-1, 0 under bound 0; bound is at most 2**31, an array gives each draw its own."""
        words = self._raw((count + 1) // 2).view("<u4")[:count].astype(np.uint64)
        return ((words * np.asarray(bound).astype(np.uint64)) >> np.uint64(32)).astype(np.int64)

    def between(self, count: int, low: int | Ints, high: int | Ints) -> Ints:
        """Whole numbers of low..high, both included."""
        return low + self.below(count, np.asarray(high) - np.asarray(low) + 1)

    def chance(self, count: int, permille: int | Ints) -> Flags:
        """True in `permille` of a thousand."""
        return ((self.bits16(count).astype(np.int32) * 1000) >> 16) < permille

    def pick(self, count: int, weights: Sequence[int]) -> NDArray[np.int32]:
        """Indexes into `weights`, each as often as its weight."""
        return self.from_table(count, weight_table(weights))

    def curve(self, count: int, knots: Knots) -> Ints:
        """Values of the distribution that `knots` describe (see `curve_table`)."""
        return self.from_table(count, curve_table(knots))

    def bell(self, count: int, mean: int, deviation: int) -> Ints:
        """Bell-shaped values around `mean`, cut at three deviations."""
        return mean + self.curve(count, BELL) * deviation // 1000

    def from_table(self, count: int, table: NDArray[Scalar]) -> NDArray[Scalar]:
        """Draws from a table of 65,536 values."""
        return table[self.bits16(count)]

    def order(self, count: int) -> Ints:
        """The numbers 0..count-1 in a random order."""
        return np.argsort(self._raw(count), kind="stable").astype(np.int64)
