"""The index, its test and many tests at once: against the literature and SciPy 1.17."""

from __future__ import annotations

import doctest
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.stats import tgi


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(tgi).failed == 0


def test_the_index_is_share_over_share_times_100() -> None:
    assert tgi.index(345, 1000, 15_000, 100_000) == 230.0
    assert tgi.index(0, 1000, 15_000, 100_000) == 0.0
    assert tgi.index(10, 10, 10, 10) == 100.0
    assert (tgi.index(0, 0, 1, 2), tgi.index(1, 2, 0, 2), tgi.index(1, 2, 0, 0)) == (None, None, None)


@pytest.mark.parametrize(
    ("counts", "p"),
    [
        ((43, 50, 30, 50), 0.003409358108429295),
        ((345, 1000, 14_900, 99_000), 5.3864971818416045e-65),
        ((51_200, 1_000_000, 460_000, 9_000_000), 0.7018054843760757),
        ((130, 400, 131, 401), 0.9594665250247147),
    ],
)
def test_large_counts_are_pearsons_chi_square(counts: tuple[int, int, int, int], p: float) -> None:
    """Golden: scipy.stats.chi2_contingency(table, correction=False)."""
    assert tgi.difference_p(*counts) == pytest.approx(p, rel=1e-12)


@pytest.mark.parametrize(
    ("counts", "p"),
    [
        ((3, 4, 1, 4), 0.48571428571428565),
        ((8, 10, 1, 6), 0.034965034965034975),
        ((0, 12, 5, 900), 1.0),
        ((2, 7, 40, 100_000), 3.6109120268635465e-06),
        ((10, 10, 3, 9), 0.0030959752321981426),
        ((1, 24, 20, 4000), 0.11833022447040266),
    ],
)
def test_small_counts_are_fishers_exact_test(counts: tuple[int, int, int, int], p: float) -> None:
    """Golden: scipy.stats.fisher_exact; the first is Fisher's lady tasting tea."""
    assert tgi.difference_p(*counts) == pytest.approx(p, rel=1e-12)


def exact(yes: int, of: int, other_yes: int, other_of: int) -> Fraction:
    """Fisher's test in whole numbers."""
    total, with_it = of + other_of, yes + other_yes
    ways = {
        k: comb(of, k) * comb(other_of, with_it - k) for k in range(max(0, with_it - other_of), min(of, with_it) + 1)
    }
    return Fraction(sum(each for each in ways.values() if each <= ways[yes]), comb(total, with_it))


sides = st.integers(1, 120).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(sides, sides)
def test_fishers_test_is_the_one_in_whole_numbers(one: tuple[int, int], other: tuple[int, int]) -> None:
    assert tgi.fisher_p(*one, *other) == pytest.approx(float(exact(*one, *other)), rel=1e-10)


def test_what_cannot_be_told_is_null_and_no_difference_is_one() -> None:
    assert tgi.difference_p(0, 0, 3, 9) is None
    assert tgi.difference_p(3, 9, 0, 0) is None
    assert tgi.difference_p(0, 50, 0, 80) == 1.0
    assert tgi.difference_p(50, 50, 80, 80) == 1.0
    with pytest.raises(ValueError, match="5 of 4"):
        tgi.difference_p(5, 4, 1, 4)


def test_a_difference_beyond_all_doubt_is_zero_and_not_an_error() -> None:
    assert tgi.difference_p(4, 1_000_000, 8_999_995, 9_000_000) == 0.0
    assert 0 <= tgi.fisher_p(7_000, 7_000, 1, 9_000_000) < 1e-300


def test_many_tests_are_adjusted_as_in_the_paper_of_1995() -> None:
    """The 15 p values of Benjamini and Hochberg's example; golden: scipy.stats.false_discovery_control."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    golden = [0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.06385714285714286, 0.06385714285714286, 0.0645]
    golden += [0.0765, 0.486, 0.5811818181818181, 0.714875, 0.7532307692307693, 0.8132142857142857, 1.0]
    found = tgi.adjusted(p)
    assert found == pytest.approx(golden, rel=1e-12)
    assert sum(each <= 0.05 for each in found) == 4  # as the paper finds
    assert tgi.adjusted(p[::-1]) == pytest.approx(golden[::-1], rel=1e-12)
    assert tgi.adjusted([]) == []
