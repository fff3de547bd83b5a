"""Tails and quantiles of the normal, Student's t and chi-square, and the gamma functions behind them.

Double precision by continued fractions and series (W. H. Press et al., Numerical Recipes, 3rd ed., 2007, sections 6.2
and 6.4; Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, 6.3 and 26.5), so that tests need no further
library.
"""

from __future__ import annotations

from math import erfc, exp, inf, isnan, lgamma, log, log1p, sqrt
from statistics import NormalDist

_SMALLEST = 1e-300
_EPS = 1e-16
_MOST_STEPS = 100_000


def normal_two_sided(z: float) -> float:
    """The probability that a standard normal is as far from 0 as z, on either side.

    >>> round(normal_two_sided(1.959963984540054), 12)
    0.05
    """
    return erfc(abs(z) / sqrt(2))


def normal_quantile(share: float) -> float:
    """The point below which a standard normal is with that probability, 0 < share < 1."""
    return NormalDist().inv_cdf(share)


def student_two_sided(t: float, degrees: float) -> float:
    """The probability that Student's t with so many degrees of freedom (any positive number) is as far from 0 as t.

    >>> round(student_two_sided(2.0, 10), 10)
    0.0733880348
    """
    if degrees <= 0 or isnan(t):
        raise ValueError(f"Student's t of {t} with {degrees} degrees of freedom")
    squared = t * t
    if squared == inf:
        return 0.0
    return beta_share(degrees / 2, 0.5, degrees / (degrees + squared), squared / (degrees + squared))


def student_quantile(share: float, degrees: float) -> float:
    """The point below which Student's t is with that probability, 0 < share < 1.

    >>> round(student_quantile(0.975, 10), 8)
    2.22813885
    """
    if not 0 < share < 1:
        raise ValueError(f"a share of {share} has no quantile")
    outside = 2 * min(share, 1 - share)
    low, high = 0.0, 1.0
    while student_two_sided(high, degrees) > outside:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if student_two_sided(middle, degrees) > outside:
            low = middle
        else:
            high = middle
    return high if share > 0.5 else -high


def chi_square_above(statistic: float, degrees: float) -> float:
    """The probability that chi-square with so many degrees of freedom is at least the statistic.

    >>> round(chi_square_above(3.841458820694124, 1), 12)
    0.05
    """
    if statistic < 0 or degrees <= 0:
        raise ValueError(f"chi-square of {statistic} with {degrees} degrees of freedom")
    return gamma_above(degrees / 2, statistic / 2)


def gamma_above(shape: float, x: float) -> float:
    """The upper regularised incomplete gamma function Q(shape, x)."""
    if x == 0:
        return 1.0
    if x == inf:
        return 0.0
    front = exp(-x + shape * log(x) - lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        place = shape
        for _ in range(_MOST_STEPS):
            place += 1
            term *= x / place
            total += term
            if term < total * _EPS:
                break
        return max(0.0, 1 - total * front)
    b = x + 1 - shape
    c = 1 / _SMALLEST
    d = 1 / b
    found = d
    for i in range(1, _MOST_STEPS):
        a = -i * (i - shape)
        b += 2
        d = 1 / _apart(a * d + b)
        c = _apart(b + a / c)
        found *= d * c
        if abs(d * c - 1) < _EPS:
            break
    return front * found


def beta_share(a: float, b: float, x: float, rest: float | None = None) -> float:
    """The regularised incomplete beta function I_x(a, b); rest: 1 - x, where the caller knows it without loss."""
    rest = 1 - x if rest is None else rest
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    log_x = log1p(-rest) if rest < 0.5 else log(x)
    log_rest = log1p(-x) if x < 0.5 else log(rest)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log_x + b * log_rest)
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, rest) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _apart(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / _apart(1 + even * d), _apart(1 + even / c)
        found *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / _apart(1 + odd * d), _apart(1 + odd / c)
        found *= d * c
        if abs(d * c - 1) < _EPS:
            break
    return found


def _apart(number: float) -> float:
    """The number, or one just beside 0 in its place, which a fraction may be divided by."""
    return number if abs(number) > _SMALLEST else _SMALLEST
