"""Two groups side by side: published figures, what cannot be told, and symmetries."""

from __future__ import annotations

import doctest
from math import isclose

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import tierwise as tw
from tierwise.kernel.errors import TierwiseError
from tierwise.stats import comparison

SHARES = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(comparison).failed == 0


def test_welch_of_growthbooks_tests() -> None:
    """GrowthBook's stats engine, two-sided t test of summary figures."""
    found = tw.stats.compare_means(0.41, 3.9, 3407, 0.70, 6.2, 3461)
    assert found.difference == pytest.approx(0.29, abs=1e-12)
    assert found.interval == pytest.approx((0.04538, 0.53462), abs=5e-6)
    assert found.p_value == pytest.approx(0.02016, abs=5e-6)
    assert found.relative_lift == pytest.approx(0.29 / 0.41)


def test_welch_of_a_small_sample() -> None:
    """Golden: scipy.stats.ttest_ind_from_stats(12.1, 1.5, 7, 10.2, 3.1, 9, equal_var=False), signs turned."""
    found = tw.stats.compare_means(12.1, 1.5, 7, 10.2, 3.1, 9)
    assert found.statistic == pytest.approx(-1.6120192408612142, rel=1e-12)
    assert found.p_value == pytest.approx(0.13275795046829086, rel=1e-9)


def test_wald_by_hand() -> None:
    found = tw.stats.compare_proportions(30, 200, 54, 300)
    error = (0.15 * 0.85 / 200 + 0.18 * 0.82 / 300) ** 0.5
    assert found.difference == pytest.approx(0.03, rel=1e-12)
    assert found.interval == pytest.approx((0.03 - 1.959963985 * error, 0.03 + 1.959963985 * error), rel=1e-8)
    assert found.statistic == pytest.approx(0.03 / error)
    assert found.relative_lift == pytest.approx(0.2)
    assert found.degrees is None


def test_a_base_of_zero_has_no_lift() -> None:
    assert tw.stats.compare_proportions(0, 10, 5, 10).relative_lift is None
    assert tw.stats.compare_proportions(0, 10, 5, 10).p_value is not None
    assert tw.stats.compare_means(0, 1, 10, 2, 1, 10).relative_lift is None


def test_what_cannot_be_told_is_null_with_a_reason() -> None:
    nobody = tw.stats.compare_proportions(0, 0, 5, 10)
    assert (nobody.difference, nobody.p_value, nobody.reason) == (None, None, "empty")
    for flat in (tw.stats.compare_proportions(0, 10, 0, 10), tw.stats.compare_proportions(0, 10, 10, 10)):
        assert (flat.interval, flat.statistic, flat.p_value, flat.reason) == (None, None, None, "no_spread")
    assert tw.stats.compare_proportions(0, 10, 10, 10).difference == 1.0
    one = tw.stats.compare_means(1, 0, 1, 2, 1, 10)
    assert (one.difference, one.p_value, one.reason) == (1, None, "too_few")
    assert tw.stats.compare_means(1, 0, 5, 2, 0, 5).reason == "no_spread"
    assert tw.stats.compare_means(1, 0, 0, 2, 0, 5).reason == "empty"


@pytest.mark.parametrize("counts", [(-1, 10, 1, 10), (11, 10, 1, 10), (1, 10, 1, -10)])
def test_counts_that_cannot_be(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(TierwiseError) as caught:
        tw.stats.compare_proportions(*counts)
    assert caught.value.code == "bad_value"


def test_figures_that_cannot_be() -> None:
    for figures in ((1, -1, 5, 1, 1, 5), (float("nan"), 1, 5, 1, 1, 5)):
        with pytest.raises(TierwiseError, match="finite"):
            tw.stats.compare_means(*figures)
    with pytest.raises(TierwiseError, match="level"):
        tw.stats.compare_means(1, 1, 5, 1, 1, 5, level=95)


@given(SHARES, SHARES)
def test_turned_about_the_signs_turn(a: tuple[int, int], b: tuple[int, int]) -> None:
    there, back = tw.stats.compare_proportions(*a, *b), tw.stats.compare_proportions(*b, *a)
    assert there.p_value == back.p_value
    assert there.difference is not None
    assert back.difference is not None
    assert there.difference == -back.difference


@given(SHARES, SHARES, st.floats(0.5, 0.999))
def test_the_interval_excludes_zero_where_p_is_small(a: tuple[int, int], b: tuple[int, int], level: float) -> None:
    found = tw.stats.compare_proportions(*a, *b, level=level)
    if found.interval is None or found.p_value is None:
        return
    assume(not isclose(found.p_value, 1 - level, rel_tol=1e-9))
    assert (found.interval[0] > 0 or found.interval[1] < 0) == (found.p_value < 1 - level)
