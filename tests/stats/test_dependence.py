"""Tests of many tables at once: against the one-table tests of `stats/tgi.py`, and printed figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.stats.dependence import adjusted_among, dependence_p
from tierwise.stats.tgi import adjusted, difference_p


def p_of(both: int, left: int, right: int, of: int) -> float:
    return float(dependence_p(np.array([both]), np.array([left]), np.array([right]), of)[0])


def test_fisher_s_tea() -> None:
    # Fisher 1935, The Design of Experiments: 4 of 8 cups had milk first, 3 of them were told rightly: 34 / 70
    assert p_of(3, 4, 4, 8) == pytest.approx(34 / 70, rel=1e-12)
    assert p_of(4, 4, 4, 8) == pytest.approx(2 / 70, rel=1e-12)


def test_chi_square_by_hand() -> None:
    # (20 * 100 - 30 * 40)² * 100 / (30 * 70 * 40 * 60) = 12.698…
    assert p_of(20, 30, 40, 100) == pytest.approx(0.000366, abs=1e-6)
    assert p_of(12, 30, 40, 100) == pytest.approx(1.0)


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, int, int]:
    of = draw(st.integers(1, 400))
    left, right = draw(st.integers(0, of)), draw(st.integers(0, of))
    return draw(st.integers(max(0, left + right - of), min(left, right))), left, right, of


@settings(max_examples=300, deadline=None)
@given(tables())
def test_as_one_table_at_a_time(table: tuple[int, int, int, int]) -> None:
    both, left, right, of = table
    one = difference_p(both, left, right - both, of - left)
    expected = 1.0 if one is None else one
    assert p_of(*table) == pytest.approx(expected, rel=1e-9)
    assert p_of(both, right, left, of) == pytest.approx(p_of(*table), rel=1e-9)


def test_many_at_once_as_each_alone() -> None:
    made = [(3, 4, 4), (0, 10, 150), (10, 10, 10), (20, 30, 40), (3, 200, 3), (1, 1, 1), (0, 0, 5), (190, 190, 195)]
    columns = (np.array(column) for column in zip(*made, strict=True))
    assert dependence_p(*columns, 200).tolist() == pytest.approx([p_of(*table, 200) for table in made], rel=1e-12)


def test_what_is_out_of_a_float_s_reach_is_zero_not_an_error() -> None:
    assert p_of(2_000, 2_000, 2_000, 10_000_000) == 0.0


@pytest.mark.parametrize("table", [(5, 4, 9, 20), (-1, 4, 9, 20), (1, 12, 12, 20)])
def test_counts_that_cannot_be_are_refused(table: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="2 x 2"):
        p_of(*table)


def test_adjusted_as_if_all_were_given() -> None:
    p_values = [0.001, 0.04, 0.03, 0.5]
    assert adjusted_among(np.array(p_values), 4).tolist() == pytest.approx(adjusted(p_values))
    assert adjusted_among(np.array(p_values), 20).tolist() == pytest.approx(adjusted(p_values + [1.0] * 16)[:4])
    assert adjusted_among(np.zeros(0), 7).tolist() == []
