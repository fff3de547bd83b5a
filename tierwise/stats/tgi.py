"""How a group differs from others in one yes-or-no trait: the index, a test of the difference, and many tests at once.

The target group index is the share of a group that has a trait, divided by the share of the reference that has it,
times 100: 100 is the same as the reference, 200 twice as frequent (British Market Research Bureau's Target Group
Index, 1969; 目标群体指数).

The test is of two independent shares, the group's against that of the others: Pearson's chi-square of the 2 x 2 table
without correction, which is the pooled z test squared (K. Pearson, Philosophical Magazine 50, 1900; Agresti,
Categorical Data Analysis, 3rd ed., 2013, section 3.2), as long as 5 are expected in every cell (Cochran, Biometrics
10, 1954), else Fisher's exact test, both sides: the sum of all tables at most as likely as the one seen (Fisher,
Statistical Methods for Research Workers, 1934; Agresti, section 3.5). Over many traits p values are adjusted so that of
those called different the expected part that is not stays below the level (Benjamini and Hochberg, J. R. Statist. Soc.
B 57, 1995).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, sqrt

EXPECTED = 5
"""So many must be expected in each cell for the chi-square test."""

_AS_LIKELY = 1 + 1e-7
"""Tables whose probabilities differ by less count as equally likely, as in R's fisher.test."""


def index(yes: int, of: int, reference_yes: int, reference_of: int) -> float | None:
    """The target group index; null where nobody of the reference has the trait, or a side is empty.

    >>> index(30, 100, 150, 1000)
    200.0
    """
    if not of or not reference_of or not reference_yes:
        return None
    return 100 * (yes * reference_of) / (of * reference_yes)


def difference_p(yes: int, of: int, other_yes: int, other_of: int) -> float | None:
    """The two-sided p value of a group's share against the share of others, none of whom is in the group.

    Null where a side is empty. 1 where everybody or nobody of both has the trait. Raises ValueError on counts that
    cannot be.

    >>> round(difference_p(43, 50, 30, 50), 5), round(difference_p(3, 4, 1, 4), 5)
    (0.00341, 0.48571)
    """
    if not 0 <= yes <= of or not 0 <= other_yes <= other_of:
        raise ValueError(f"not counts: {yes} of {of} against {other_yes} of {other_of}")
    if not of or not other_of:
        return None
    with_it, everybody = yes + other_yes, of + other_of
    without = everybody - with_it
    if not with_it or not without:
        return 1.0
    if min(of, other_of) * min(with_it, without) < EXPECTED * everybody:
        return fisher_p(yes, of, other_yes, other_of)
    # Whole numbers up to the last step: differences of large shares lose nothing.
    above = yes * other_of - other_yes * of
    z = abs(above) / sqrt(with_it * without / everybody * of * other_of)
    return erfc(z / sqrt(2))


def fisher_p(yes: int, of: int, other_yes: int, other_of: int) -> float:
    """Fisher's exact test, both sides, of the table [[yes, of - yes], [other_yes, other_of - other_yes]].

    Probabilities of tables with these margins are counted outwards from the most likely one by the ratio of
    neighbours, and end where they vanish.
    """
    total, with_it = of + other_of, yes + other_yes
    low, high = max(0, with_it - other_of), min(of, with_it)
    mode = min(max((of + 1) * (with_it + 1) // (total + 2), low), high)
    weights = {mode: 1.0}
    weight, k = 1.0, mode
    while k < high and weight > 0:
        weight *= (of - k) / (k + 1) * ((with_it - k) / (other_of - with_it + k + 1))
        k += 1
        weights[k] = weight
    weight, k = 1.0, mode
    while k > low and weight > 0:
        weight *= k / (of - k + 1) * ((other_of - with_it + k) / (with_it - k + 1))
        k -= 1
        weights[k] = weight
    limit = weights.get(yes, 0.0) * _AS_LIKELY
    return min(1.0, sum(sorted(each for each in weights.values() if each <= limit)) / sum(sorted(weights.values())))


def adjusted(p_values: Sequence[float]) -> list[float]:
    """The p values as Benjamini and Hochberg adjust them, in the order given; none is lowered, none is above 1.

    >>> [round(p, 4) for p in adjusted([0.01, 0.04, 0.03, 0.5])]
    [0.04, 0.0533, 0.0533, 0.5]
    """
    many = len(p_values)
    found = [1.0] * many
    least = 1.0
    for rank, place in zip(range(many, 0, -1), sorted(range(many), key=lambda i: -p_values[i]), strict=True):
        least = min(least, p_values[place] * many / rank)
        found[place] = least
    return found
