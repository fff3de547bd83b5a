"""Sample ratio mismatch: chi-square by hand, of any number of groups."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tierwise as tw
from tierwise.kernel.errors import TierwiseError
from tierwise.stats import srm


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(srm).failed == 0


def test_by_hand() -> None:
    found = tw.stats.sample_ratio([10, 20, 30], [1, 1, 1])
    assert found.statistic == pytest.approx((100 + 0 + 100) / 20)
    assert found.p_value == pytest.approx(0.006737946999085467)  # exp(-5): two degrees of freedom
    assert (found.degrees, found.expected) == (2, pytest.approx((20, 20, 20)))


def test_as_the_lot_says_is_no_mismatch() -> None:
    found = tw.stats.sample_ratio([90, 10], [0.9, 0.1])
    assert found.p_value == pytest.approx(1.0)


def test_nobody_tells_nothing() -> None:
    found = tw.stats.sample_ratio([0, 0], [0.5, 0.5])
    assert (found.statistic, found.p_value, found.reason) == (None, None, "empty")


@pytest.mark.parametrize(
    ("counts", "weights"), [([1], [1]), ([1, 2], [1]), ([1, -2], [1, 1]), ([1, 2], [1, 0]), ([1, 2], [1, float("inf")])]
)
def test_what_cannot_be_is_refused(counts: list[int], weights: list[float]) -> None:
    with pytest.raises(TierwiseError) as caught:
        tw.stats.sample_ratio(counts, weights)
    assert caught.value.code == "bad_value"


@given(st.lists(st.integers(1, 10_000), min_size=2, max_size=6), st.floats(0.001, 1000))
def test_the_unit_of_the_weights_does_not_matter(counts: list[int], unit: float) -> None:
    weights = [float(place + 1) for place in range(len(counts))]
    one, other = tw.stats.sample_ratio(counts, weights), tw.stats.sample_ratio(counts, [w * unit for w in weights])
    assert one.statistic == pytest.approx(other.statistic, rel=1e-9, abs=1e-9)
