"""Tails and quantiles against SciPy 1.17."""

from __future__ import annotations

import doctest
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.stats import tails


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(tails).failed == 0


@pytest.mark.parametrize(
    ("t", "degrees", "p"),
    [
        (0.3, 3.5, 0.7811334098398895),
        (2.5, 1, 0.24223788318168682),
        (12, 7.7, 2.9496542543055686e-06),
        (4, 5e6, 6.334339371642038e-05),
        (0.001, 40, 0.9992070862860574),
        (40, 3, 3.4380680789158506e-05),
    ],
)
def test_student(t: float, degrees: float, p: float) -> None:
    assert tails.student_two_sided(t, degrees) == pytest.approx(p, rel=1e-9)
    assert tails.student_two_sided(-t, degrees) == tails.student_two_sided(t, degrees)


@pytest.mark.parametrize(
    ("share", "degrees", "point"),
    [
        (0.975, 1, 12.706204736174694),
        (0.975, 6.3, 2.418942809942905),
        (0.9995, 3417.7, 3.293375835156237),
        (0.6, 2, 0.2886751345948128),
        (0.01, 30, -2.4572615424005915),
    ],
)
def test_quantiles_of_student(share: float, degrees: float, point: float) -> None:
    assert tails.student_quantile(share, degrees) == pytest.approx(point, rel=1e-10)


@pytest.mark.parametrize(
    ("statistic", "degrees", "p"),
    [
        (0.1, 1, 0.7518296340458492),
        (10.04, 1, 0.0015317720354522304),
        (50, 7, 1.4444852779215397e-08),
        (700, 600, 0.0028957725318222776),
        (1e-5, 3, 0.9999999915895835),
        (900, 2, 3.6938830684871615e-196),
    ],
)
def test_chi_square(statistic: float, degrees: float, p: float) -> None:
    assert tails.chi_square_above(statistic, degrees) == pytest.approx(p, rel=1e-10)


def test_ends() -> None:
    assert tails.chi_square_above(0, 4) == 1.0
    assert tails.chi_square_above(inf, 4) == 0.0
    assert tails.student_two_sided(0.0, 4) == 1.0
    assert tails.student_two_sided(inf, 4) == 0.0
    assert tails.normal_two_sided(0.0) == 1.0
    with pytest.raises(ValueError, match="degrees"):
        tails.student_two_sided(1, 0)
    with pytest.raises(ValueError, match="chi-square"):
        tails.chi_square_above(-1, 1)
    with pytest.raises(ValueError, match="quantile"):
        tails.student_quantile(1, 5)


@given(st.floats(0.01, 0.99), st.floats(0.5, 1e5))
def test_a_quantile_has_its_share_below(share: float, degrees: float) -> None:
    point = tails.student_quantile(share, degrees)
    outside = tails.student_two_sided(point, degrees) / 2
    assert (outside if point < 0 else 1 - outside) == pytest.approx(share, rel=1e-9)
