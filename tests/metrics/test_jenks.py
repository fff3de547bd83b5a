from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.distribution import Distribution
from tierwise.metrics.jenks import MOST_DISTINCT_VALUES, jenks_cuts


def spread(values: list[int], weights: list[int], cuts: tuple[int | float, ...]) -> Fraction:
    """The squared deviation within the classes that the cuts make, exactly."""
    total = Fraction(0)
    for k in range(len(cuts) + 1):
        low = cuts[k - 1] if k else -np.inf
        high = cuts[k] if k < len(cuts) else np.inf
        members = [(v, w) for v, w in zip(values, weights, strict=True) if low < v <= high]
        centre = Fraction(sum(v * w for v, w in members), sum(w for _, w in members))
        total += sum(w * (v - centre) ** 2 for v, w in members)
    return total


@settings(max_examples=60, deadline=None)
@given(
    rows=st.dictionaries(st.integers(-500, 5_000), st.integers(1, 9), min_size=2, max_size=11),
    classes=st.integers(2, 5),
)
def test_no_division_is_better(rows: dict[int, int], classes: int) -> None:
    values = sorted(rows)
    weights = [rows[value] for value in values]
    cuts = jenks_cuts(Distribution(np.array(values), np.array(weights)), classes)
    if len(values) <= classes:
        assert cuts == tuple(values[:-1])
        return
    best = min(spread(values, weights, found) for found in combinations(values[:-1], classes - 1))
    assert len(cuts) == classes - 1
    assert float(spread(values, weights, cuts)) == pytest.approx(float(best), rel=1e-12)


def test_large_money_far_from_zero_is_divided_as_well() -> None:
    values = [10**13 + value for value in (1, 2, 3, 50, 51, 900)]
    assert jenks_cuts(Distribution(np.array(values), np.ones(6, dtype=np.int64)), 3) == (10**13 + 3, 10**13 + 51)


def test_too_many_distinct_values_are_refused() -> None:
    many = np.arange(MOST_DISTINCT_VALUES + 1)
    with pytest.raises(TierwiseError, match="100,001 distinct values") as raised:
        jenks_cuts(Distribution(many, np.ones(len(many), dtype=np.int64)), 5)
    assert raised.value.code == "too_many_distinct_values"
    assert raised.value.remedy == "use method: quantile or breakpoints"
