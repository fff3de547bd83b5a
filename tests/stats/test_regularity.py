"""Regularity against chance: the simplex's geometry beside draws, and its edges."""

from __future__ import annotations

import numpy as np
import pytest

from tierwise.stats.regularity import greenwood_mean, greenwood_variance, memoryless_p, regular_below


@pytest.mark.parametrize("intervals", [2, 3, 5, 10])
def test_memoryless_intervals_are_as_likely_as_said(intervals: int) -> None:
    draws = np.random.default_rng(20260630).exponential(size=(100_000, intervals))
    greenwood = (draws**2).sum(1) / draws.sum(1) ** 2
    assert greenwood.mean() == pytest.approx(greenwood_mean(intervals), rel=0.01)
    assert greenwood.var() == pytest.approx(greenwood_variance(intervals), rel=0.05)
    for alpha in (0.05, 0.01):
        limit = regular_below(intervals, alpha)
        share = (intervals * greenwood - 1 <= limit).mean()
        assert share <= alpha + 0.002
        if limit <= 1 / (intervals - 1):
            assert share == pytest.approx(alpha, abs=0.002)


def test_the_limit_is_where_the_probability_is_alpha() -> None:
    for intervals in (2, 4, 24):
        assert memoryless_p(intervals, regular_below(intervals, 0.05)) == pytest.approx(0.05)
    limits = [regular_below(intervals, 0.05) for intervals in range(2, 40)]
    assert limits == sorted(limits)


def test_nothing_is_told_of_one_interval() -> None:
    for wrong in ((1, 0.1), (3, -0.1)):
        with pytest.raises(ValueError, match="intervals"):
            memoryless_p(*wrong)
    for wrong in ((1, 0.05), (3, 0.0)):
        with pytest.raises(ValueError, match="intervals"):
            regular_below(*wrong)
