"""Equal customers are taken together; what cannot be is refused, all faults at once."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.kernel.errors import TierwiseError
from tierwise.stats.clv.histories import histories

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5), st.integers(0, 3)), min_size=1, max_size=60)


@given(ROWS)
def test_counts_are_those_of_equal_rows(rows: list[tuple[int, int, int]]) -> None:
    known = [(float(x), last / 7 if x else 0.0, (last + more) / 7) for x, last, more in rows]
    data = histories(*(np.array(column) for column in zip(*known, strict=True)))
    found: Counter[tuple[float, float, float]] = Counter()
    for x, last, age, count in zip(data.orders, data.last, data.age, data.count, strict=True):
        found[float(x), float(last), float(age)] += int(count)
    assert found == Counter(known)
    assert data.customers == len(rows)
    assert data.repeat_buyers == sum(x > 0 for x, _, _ in rows)
    assert data.values[data.place].tolist() == data.orders.tolist()
    assert data.by_value.tolist() == [data.count[data.orders == value].sum() for value in data.values]


def test_few_equal_ones_are_left_apart() -> None:
    age = np.linspace(10, 20, 100)
    data = histories(np.zeros(100), np.zeros(100), age)
    assert data.count.tolist() == [1] * 100


def test_equal_ones_are_taken_together_where_that_pays() -> None:
    age = np.tile(np.arange(10.0, 20.0), 100)
    data = histories(np.full(1000, 3.0), np.full(1000, 5.0), age)
    assert len(data.orders) == 10
    assert data.count.tolist() == [100] * 10


def test_a_part_stands_for_as_many_of_either_kind() -> None:
    age = np.linspace(10, 100, 30_000)
    orders = np.where(np.arange(len(age)) % 3 == 0, 2.0, 0.0)
    data = histories(orders, np.where(orders > 0, 4.0, 0.0), age)
    thin = data.thinned(100)
    assert len(thin.orders) == 200
    assert (thin.customers, thin.repeat_buyers) == (30_000, 10_000)


def test_all_faults_at_once() -> None:
    orders = np.array([1.5, 1, 1, 0, 1, np.nan, 2_000_000])
    last = np.array([2.0, -1, 9, 3, 0, 1, 1])
    with pytest.raises(TierwiseError) as caught:
        histories(orders, last, np.full(7, 5.0))
    assert [problem.code for problem in caught.value.problems] == ["bad_value"] * 7
    assert all("in 1 row" in problem.message for problem in caught.value.problems)


def test_nobody() -> None:
    with pytest.raises(TierwiseError) as caught:
        histories(np.array([]), np.array([]), np.array([]))
    assert caught.value.code == "no_customers"
