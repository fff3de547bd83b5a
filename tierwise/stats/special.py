"""The logarithm of the gamma function and its derivative, over arrays."""

from __future__ import annotations

from math import lgamma

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_SHIFTED = 12.0
"""From here on the asymptotic series of the digamma function, with seven terms, is exact to the last digits."""

_BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)


def log_gamma(x: Floats) -> Floats:
    """ln Γ(x) of positive numbers; meant for as many as there are distinct counts, not for one a customer."""
    return np.array([lgamma(value) for value in x.tolist()], dtype=np.float64)


def digamma(x: Floats) -> Floats:
    """The derivative of ln Γ at positive numbers: ψ(x) = ψ(x + n) - Σ 1 / (x + k), k < n, then the asymptotic series
    (Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, 6.3.5 and 6.3.18).

    >>> [round(float(value), 12) for value in digamma(np.array([1.0, 0.5, 10.0]))]
    [-0.577215664902, -1.963510026021, 2.251752589067]
    """
    place = np.array(x, dtype=np.float64)
    below = np.zeros_like(place)
    while (small := place < _SHIFTED).any():
        below = np.where(small, below - 1 / place, below)
        place = np.where(small, place + 1, place)
    inverse = 1 / place**2
    series = np.zeros_like(place)
    for coefficient in reversed(_BERNOULLI):
        series = (series + coefficient) * inverse
    return below + np.log(place) - 0.5 / place - series


def trigamma(x: Floats) -> Floats:
    """The derivative of the digamma function at positive numbers (the same book, 6.4.6 and 6.4.12).

    >>> [round(float(value), 12) for value in trigamma(np.array([1.0, 0.5, 10.0]))]
    [1.644934066848, 4.934802200545, 0.105166335682]
    """
    place = np.array(x, dtype=np.float64)
    above = np.zeros_like(place)
    while (small := place < _SHIFTED).any():
        above = np.where(small, above + 1 / place**2, above)
        place = np.where(small, place + 1, place)
    inverse = 1 / place**2
    series = np.zeros_like(place)
    for n, coefficient in reversed(list(enumerate(_BERNOULLI, 1))):
        series = (series + 2 * n * coefficient) * inverse
    return above + 1 / place + 0.5 * inverse + series / place


def logistic(u: Floats) -> Floats:
    """1 / (1 + e^-u) without overflow."""
    return softplus(u)[0]


def softplus(u: Floats) -> tuple[Floats, Floats]:
    """1 / (1 + e^-u), and ln(1 + e^u) whose slope that is, of one exponential and without overflow."""
    small = np.exp(-np.abs(u))
    whole = 1 + small
    return np.where(u >= 0, 1.0, small) / whole, np.maximum(u, 0.0) + np.log(whole)
