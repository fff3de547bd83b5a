"""Weights of indicators: from how much the data differ (entropy), or from pairwise judgements (AHP)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum, isfinite, log

from tierwise.kernel.errors import Problem, TierwiseError

RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)
"""Saaty's random index by the number of things compared, from 1: the mean consistency index of random reciprocal
matrices. T. L. Saaty, The Analytic Hierarchy Process, McGraw-Hill 1980. (Later simulations differ in the second
decimal; this table is the one that textbooks use.)"""

MOST_COMPARED = len(RANDOM_INDEX)

USUAL_RATIO = 0.1
"""The consistency ratio up to which Saaty takes judgements as consistent enough."""


@dataclass(frozen=True, slots=True)
class EntropyWeights:
    """One number a column, in its order. entropies: 0..1, 1 where all rows are alike. weights: sum to 1."""

    weights: tuple[float, ...]
    entropies: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class AhpWeights:
    """weights: the principal eigenvector, summing to 1. largest_eigenvalue: the number of things compared where the
    judgements agree wholly, else more. consistency_ratio: consistency_index by the random index; 0 for one or two."""

    weights: tuple[float, ...]
    largest_eigenvalue: float
    consistency_index: float
    consistency_ratio: float


Counted = Sequence[tuple[float, int]]
"""Values, none below 0, and how many rows have each."""


def entropy_weights(columns: Sequence[Counted]) -> EntropyWeights:
    """The entropy weight method: the more rows differ in a column, the more the column weighs.

    With p = x / sum of x over n rows, e = -sum(p ln p) / ln n (0 ln 0 = 0), and the weight is (1 - e) by the sum of
    all (1 - e). C. E. Shannon, Bell System Technical Journal 27 (1948); C.-L. Hwang and K. Yoon, Multiple Attribute
    Decision Making, Springer 1981. Entropy judges how unequal a column is, not how useful: a column in
    which few rows have anything weighs most.

    A column whose rows are all alike, zeros included, has entropy 1 and weight 0. Where that is so of every column
    (one row, none, or no difference anywhere), nothing can be told apart and all weigh the same.
    Sums are rounded once (`math.fsum`), so the order of rows does not matter. Raises `no_columns`, `bad_value`.

    >>> entropy_weights([[(1, 2), (3, 2)], [(5, 4)]]).weights
    (1.0, 0.0)
    """
    if not columns:
        raise TierwiseError("no_columns", "there is nothing to weigh", remedy="give at least one column")
    entropies = tuple(_entropy(column) for column in columns)
    apart = [1.0 - entropy for entropy in entropies]
    everything = fsum(apart)
    if everything <= 0:
        return EntropyWeights((1.0 / len(columns),) * len(columns), entropies)
    return EntropyWeights(tuple(part / everything for part in apart), entropies)


def _entropy(column: Counted) -> float:
    counted = [(value, rows) for value, rows in column if rows > 0]
    if any(not isfinite(value) or value < 0 for value, _ in counted):
        raise TierwiseError("bad_value", "entropy weights need values of at least 0")
    rows = sum(number for _, number in counted)
    if len({value for value, _ in counted}) <= 1:
        return 1.0
    total = fsum(value * number for value, number in counted)
    shares = [(value / total, number) for value, number in counted if value > 0]
    return min(1.0, max(0.0, -fsum(number * share * log(share) for share, number in shares) / log(rows)))


def ahp_weights(
    judgements: Sequence[Sequence[float | Fraction]],
    *,
    largest_ratio: float = USUAL_RATIO,
    accept_inconsistent: bool = False,
) -> AhpWeights:
    """Weights from pairwise judgements: row i, column j says how many times as important i is as j.

    The weights are the principal eigenvector of the matrix, scaled to sum 1; with its eigenvalue m over n things the
    consistency index is (m - n) / (n - 1), and the consistency ratio is that by the random index. T. L. Saaty, A
    scaling method for priorities in hierarchical structures, Journal of Mathematical Psychology 15 (1977), 234-281.

    Raises `not_reciprocal` (all faults at once: not square, an entry that is not positive, a pair that is not one the
    inverse of the other to 1 %), `too_many_compared` (over 15), and `not_consistent` where the ratio is above
    `largest_ratio`, unless told to accept it; the remedy names the judgement that fits the others least.

    >>> ahp_weights([[1, 3], [Fraction(1, 3), 1]]).weights
    (0.75, 0.25)
    """
    matrix = _checked(judgements)
    size = len(matrix)
    weights, largest = _principal(matrix)
    index = max(0.0, (largest - size) / (size - 1)) if size > 1 else 0.0
    ratio = index / RANDOM_INDEX[size - 1] if size > 2 else 0.0
    if ratio > largest_ratio and not accept_inconsistent:
        row, column, fitting = _worst(matrix, weights)
        raise TierwiseError(
            "not_consistent",
            f"the pairwise judgements contradict each other: consistency ratio {ratio:.3f}, above {largest_ratio:g}",
            remedy=f"look again at row {row + 1}, column {column + 1}: it says {matrix[row][column]:.3g}, and the "
            f"other judgements together say {fitting:.3g}",
        )
    return AhpWeights(weights, largest, index, ratio)


def _checked(judgements: Sequence[Sequence[float | Fraction]]) -> list[list[float]]:
    size = len(judgements)
    if size > MOST_COMPARED:
        raise TierwiseError(
            "too_many_compared",
            f"{size} things are compared in pairs; the random index is known up to {MOST_COMPARED}",
            remedy="group them, and compare within the groups",
        )
    if size == 0 or any(len(row) != size for row in judgements):
        raise TierwiseError("not_reciprocal", f"the judgements are not {size} rows of {size}")
    matrix = [[float(entry) for entry in row] for row in judgements]
    problems = []
    for i in range(size):
        for j in range(i, size):
            there, back = matrix[i][j], matrix[j][i]
            if there <= 0 or back <= 0 or abs(there * back - 1) > 0.01:
                said = f"row {i + 1}, column {j + 1} says {there:g} and row {j + 1}, column {i + 1} says {back:g}"
                problems.append(Problem("not_reciprocal", said, None, "one must be 1 by the other, the diagonal 1"))
    if problems:
        raise TierwiseError.of(problems)
    return matrix


def _principal(matrix: list[list[float]]) -> tuple[tuple[float, ...], float]:
    """The eigenvector of the largest eigenvalue by power iteration, which a positive matrix always ends (Perron).

    In plain Python, so that no library's threads or versions change a digit.
    """
    size = len(matrix)
    vector = [1.0 / size] * size
    for _ in range(10_000):
        product = [fsum(entry * weight for entry, weight in zip(row, vector, strict=True)) for row in matrix]
        total = fsum(product)
        following = [entry / total for entry in product]
        moved = max(abs(new - old) for new, old in zip(following, vector, strict=True))
        vector = following
        if moved < 1e-15:
            break
    return tuple(vector), fsum(fsum(row[j] * vector[j] for j in range(size)) for row in matrix)


def _worst(matrix: list[list[float]], weights: Sequence[float]) -> tuple[int, int, float]:
    """The judgement above the diagonal that is furthest from the ratio of the weights, as a factor."""
    size = len(matrix)
    off = {(i, j): abs(log(matrix[i][j] * weights[j] / weights[i])) for i in range(size) for j in range(i + 1, size)}
    i, j = max(off, key=lambda pair: off[pair])
    return i, j, weights[i] / weights[j]


def as_parts(weights: Sequence[float], parts: int = 1_000_000) -> tuple[int, ...]:
    """Weights that sum to 1 as whole parts that sum to `parts` exactly: the largest remainders are rounded up, of
    equal ones the first.

    >>> as_parts([1 / 3, 1 / 3, 1 / 3])
    (333334, 333333, 333333)
    """
    exact = [Fraction(weight) * parts for weight in weights]
    whole = [int(part) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i], i))
    for i in by_remainder[: parts - sum(whole)]:
        whole[i] += 1
    return tuple(whole)
