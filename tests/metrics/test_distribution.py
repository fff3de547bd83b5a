from __future__ import annotations

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.metrics.conftest import MakeFrame
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.distribution import Distribution, distribution_of


def of(values: list[int]) -> Distribution:
    return Distribution(
        *(part.astype(np.int64) for part in np.unique(np.array(values, dtype=np.int64), return_counts=True))
    )


def test_values_are_counted_and_nulls_left_out(frame: MakeFrame) -> None:
    found = distribution_of(frame(pa.table({"x": pa.array([5, 3, None, 5], pa.int64())})), "x")
    assert (found.values.tolist(), found.counts.tolist(), found.size, found.total()) == ([3, 5], [1, 2], 3, 13)


def test_nothing_has_no_rows(frame: MakeFrame) -> None:
    found = distribution_of(frame(pa.table({"x": pa.array([], pa.int64())})), "x")
    assert (found.size, found.total(), found.top(3)) == (0, 0, 0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(frame: MakeFrame, value: float) -> None:
    with pytest.raises(TierwiseError, match="not numbers"):
        distribution_of(frame(x=[1.0, value]), "x")


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=30), st.integers(1, 9), st.integers(1, 9))
def test_quantiles_lie_between_the_rows_around_them(values: list[int], above: int, below: int) -> None:
    if above > below:
        above, below = below, above
    ordered = sorted(values)
    place = (len(ordered) - 1) * Fraction(above, below)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    assert of(values).quantile(above, below) == ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=30), st.integers(0, 40))
def test_the_top_rows_are_the_largest(values: list[int], rows: int) -> None:
    assert of(values).top(rows) == sum(sorted(values, reverse=True)[:rows])


def test_sums_beyond_64_bits_are_whole() -> None:
    huge = Distribution(np.array([2**62]), np.array([10]))
    assert huge.total() == 10 * 2**62
