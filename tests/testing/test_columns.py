from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from tierwise.testing.columns import decimals, half_up, money, ranges, scatter, serial, stable_order, words


def test_serial_ids_have_leading_zeros_and_nulls():
    ids = serial("C", np.array([7, -1, 12345678]), 8, np.array([True, False, True]))
    assert ids.to_pylist() == ["C00000007", None, "C12345678"]


def test_money_keeps_sign_and_cents():
    assert money(np.array([-1, 0, 123_456_789_012])).to_pylist() == [
        Decimal("-0.01"),
        Decimal("0.00"),
        Decimal("1234567890.12"),
    ]
    assert decimals(np.array([350]), 3).to_pylist() == [Decimal("0.350")]


def test_half_up_rounds_a_half_up():
    assert half_up(np.array([0, 499, 500, 1499, 1500]), 1000).tolist() == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("widest", [3, 1 << 40, 1 << 62])
def test_stable_order_is_the_stable_argsort(widest: int):
    keys = np.array([5, -2, 5, widest, 0, -2, widest], dtype=np.int64)
    assert stable_order(keys).tolist() == np.argsort(keys, kind="stable").tolist()
    assert stable_order(keys[:0]).tolist() == []


def test_ranges_start_anew_for_each_count():
    assert ranges(np.array([2, 0, 3])).tolist() == [0, 1, 0, 1, 2]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10, 618, 1000, 4096])
def test_scatter_is_a_permutation(count: int):
    assert sorted(scatter(count).tolist()) == list(range(count))


def test_words_are_null_where_not_valid():
    assert words(np.array([1, 9]), ("a", "b"), np.array([True, False])).to_pylist() == ["b", None]
