"""Whether intervals are regular, against the memoryless alternative, in which nothing tells when the next one ends.

Of n intervals x that are memoryless (exponential, whatever their mean), the shares p = x / Σx are spread evenly over
the simplex, and Greenwood's G = Σp² = Σx² / (Σx)² depends on n alone (M. Greenwood, The statistical study of infectious
diseases, J. R. Statist. Soc. 109, 1946; P. A. P. Moran, The random division of an interval, J. R. Statist. Soc. B 9,
1947). Regular intervals make it small: n G - 1 is their squared coefficient of variation.

Shares with Σp² <= g lie in a ball around the even division, r² = g - 1/n. So the probability of so small a G is the
ball's volume by the simplex's,

    P(G <= g) = π^((n-1)/2) / Γ((n+1)/2) · r^(n-1) · (n-1)! / √n,

exactly, as long as the ball lies inside the simplex (squared variation at most 1 / (n-1)); beyond, it is less than
that, so the formula is never too bold.
"""

from __future__ import annotations

from math import exp, lgamma, log, pi

FEWEST = 2
"""Of a single interval nothing is to be told."""


def memoryless_p(intervals: int, squared_variation: float) -> float:
    """The probability that so many memoryless intervals vary so little or less; at most 1, never too small.

    squared_variation: variance (by n) over squared mean. Raises ValueError below two intervals or 0.

    >>> round(memoryless_p(3, 0.04), 4), memoryless_p(5, 1.0), memoryless_p(4, 0.0)
    (0.0484, 1.0, 0.0)
    """
    if intervals < FEWEST or squared_variation < 0:
        raise ValueError(f"{intervals} intervals of squared variation {squared_variation}")
    if squared_variation == 0:
        return 0.0
    return min(1.0, exp(min(0.0, _log_volume(intervals) + (intervals - 1) / 2 * log(squared_variation / intervals))))


def regular_below(intervals: int, alpha: float) -> float:
    """The largest squared variation of so many intervals at which `memoryless_p` is alpha at most.

    >>> round(regular_below(3, 0.05) ** 0.5, 4), round(regular_below(6, 0.05) ** 0.5, 4)
    (0.2034, 0.4518)
    """
    if intervals < FEWEST or not 0 < alpha < 1:
        raise ValueError(f"{intervals} intervals at {alpha}")
    return intervals * exp(2 / (intervals - 1) * (log(alpha) - _log_volume(intervals)))


def _log_volume(n: int) -> float:
    """The logarithm of the unit ball's volume by the simplex's, in n - 1 dimensions."""
    return (n - 1) / 2 * log(pi) - lgamma((n + 1) / 2) + lgamma(n) - log(n) / 2


def greenwood_mean(n: int) -> float:
    """What G of n memoryless intervals is on average: 2 / (n + 1)."""
    return 2 / (n + 1)


def greenwood_variance(n: int) -> float:
    """Its variance: 4 (n - 1) / ((n + 1)² (n + 2) (n + 3)) (Moran, 1947).

    >>> round(greenwood_variance(2), 6)
    0.022222
    """
    return 4 * (n - 1) / ((n + 1) ** 2 * (n + 2) * (n + 3))
