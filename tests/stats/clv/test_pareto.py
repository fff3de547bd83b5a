"""Pareto/NBD: the likelihood against 40 digits of mpmath, derivatives against differences, sums against lives.

Golden: mpmath 1.4.1 with 40 digits, the literature's hypergeometric functions and the integral, which agree.
"""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.stats.clv import pareto
from tierwise.stats.clv.histories import Histories, histories

GOLDEN = [
    ((0.553, 10.578, 0.606, 11.669), (0, 0, 38.86), -0.5210462940808904),
    ((0.553, 10.578, 0.606, 11.669), (2, 30.43, 38.86), -9.554283245150407),
    ((0.553, 10.578, 0.606, 11.669), (1, 0.1, 100), -4.271809576807372),
    ((0.553, 10.578, 0.606, 11.669), (40, 20, 52), -34.06155658036808),
    ((0.553, 10.578, 0.606, 11.669), (900, 700, 730), -698.6347821595954),
    ((0.553, 10.578, 0.606, 11.669), (3, 38.86, 38.86), -12.657952820093733),
    ((0.05, 0.01, 0.02, 50), (0, 0, 38.86), -0.4125733406643947),
    ((0.05, 0.01, 0.02, 50), (2, 30.43, 38.86), -10.689586060664224),
    ((0.05, 0.01, 0.02, 50), (1, 0.1, 100), -7.83404763348767),
    ((0.05, 0.01, 0.02, 50), (40, 20, 52), -25.226060305243994),
    ((0.05, 0.01, 0.02, 50), (900, 700, 730), -690.3361966248208),
    ((0.05, 0.01, 0.02, 50), (3, 38.86, 38.86), -13.634540979210842),
    ((0.05, 50, 0.02, 0.01), (0, 0, 38.86), -0.02490011612418657),
    ((0.05, 50, 0.02, 0.01), (2, 30.43, 38.86), -12.109689120315302),
    ((0.05, 50, 0.02, 0.01), (1, 0.1, 100), -7.917151535857883),
    ((0.05, 50, 0.02, 0.01), (40, 20, 52), -72.66943420493804),
    ((0.05, 50, 0.02, 0.01), (900, 700, 730), -752.0256765905493),
    ((0.05, 50, 0.02, 0.01), (3, 38.86, 38.86), -15.884348421978554),
    ((30, 200, 5, 3), (0, 0, 38.86), -0.10328982680642962),
    ((30, 200, 5, 3), (2, 30.43, 38.86), -20.938621018894278),
    ((30, 200, 5, 3), (1, 0.1, 100), -2.1862597580336),
    ((30, 200, 5, 3), (40, 20, 52), -74.79829822746643),
    ((30, 200, 5, 3), (900, 700, 730), -846.581134848243),
    ((30, 200, 5, 3), (3, 38.86, 38.86), -24.63211166228986),
    ((1, 7, 2, 7), (0, 0, 38.86), -0.40368856338784675),
    ((1, 7, 2, 7), (2, 30.43, 38.86), -12.063868589778476),
    ((1, 7, 2, 7), (1, 0.1, 100), -2.695776483321234),
    ((1, 7, 2, 7), (40, 20, 52), -28.63066801139638),
    ((1, 7, 2, 7), (900, 700, 730), -698.410020730961),
    ((1, 7, 2, 7), (3, 38.86, 38.86), -15.324069748184556),
]
"""Parameters, history (x, t_x, T), log-likelihood."""

NUMBERS = st.floats(0.05, 20)
CDNOW = np.array([0.553, 10.578, 0.606, 11.669])


def some(customers: int, seed: int) -> Histories:
    random = np.random.default_rng(seed)
    age = np.floor(random.uniform(20, 60, customers))
    orders, last = pareto.simulated(np.array([0.8, 4.0, 0.8, 10.0]), age, random)
    return histories(orders, last, age)


@pytest.mark.parametrize(("params", "history", "golden"), GOLDEN)
def test_likelihood(params: tuple[float, ...], history: tuple[float, float, float], golden: float) -> None:
    found, _ = pareto.log_likelihood(np.array(params), histories(*(np.array([float(each)]) for each in history)))
    assert found == pytest.approx(golden, rel=1e-11)


@settings(max_examples=25, deadline=None)
@given(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS))
def test_gradient_is_that_of_differences(params: tuple[float, ...]) -> None:
    data, point = some(40, 3), np.array(params)
    _, gradient = pareto.log_likelihood(point, data)
    for i, step in enumerate(np.eye(4) * 1e-5 * point):
        rise = pareto.log_likelihood(point + step, data)[0] - pareto.log_likelihood(point - step, data)[0]
        assert gradient[i] == pytest.approx(rise / (2 * step[i]), rel=1e-5, abs=1e-5 * float(np.abs(gradient).max()))


def test_rows_in_parts_are_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    data = some(300, 5)
    whole, by = pareto.log_likelihood(CDNOW, data)
    monkeypatch.setattr(pareto, "_AT_ONCE", 100)
    parts, by_parts = pareto.log_likelihood(CDNOW, data)
    assert parts == pytest.approx(whole, rel=1e-14)
    assert by_parts == pytest.approx(by, rel=1e-12, abs=1e-12)


def test_who_ordered_just_now_is_alive() -> None:
    x, age = np.array([4.0]), np.array([50.0])
    assert pareto.alive(CDNOW, x, age, age)[0] == 1
    assert pareto.alive(CDNOW, x, np.array([5.0]), age)[0] < 0.2


def test_nothing_is_special_where_s_is_one() -> None:
    x, age, far = np.array([2.0]), np.array([38.86]), np.array([39.0])
    at = [pareto.ahead(np.array([0.5, 10.0, s, 12.0]), x, age, far)[0] for s in (1 - 1e-7, 1.0, 1 + 1e-7)]
    assert at[1] == pytest.approx((at[0] + at[2]) / 2, rel=1e-9)
    assert at[0] > at[1] > at[2]


@settings(max_examples=25, deadline=None)
@given(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), st.integers(0, 30), st.floats(0.1, 20))
def test_shares_sum_to_one_and_to_the_mean(params: tuple[float, ...], x: int, t: float) -> None:
    point, orders, age, far = np.array(params), np.array([float(x)]), np.array([20.0]), np.array([t])
    shares = np.concatenate(list(islice(pareto.shares(point, orders, age, far), 600)))
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1, abs=1e-9)
    assert np.arange(600) @ shares == pytest.approx(pareto.ahead(point, orders, age, far)[0], rel=1e-6, abs=1e-9)


def test_nothing_comes_within_no_time() -> None:
    x, age, far = np.array([3.0]), np.array([10.0]), np.array([0.0])
    assert pareto.ahead(CDNOW, x, age, far)[0] == 0
    assert pareto.new(CDNOW, far)[0] == 0
    assert next(pareto.shares(CDNOW, x, age, far))[0] == 1


def test_what_histories_foresee_is_what_longer_lives_bring() -> None:
    """The mean of expected orders over histories of 10 is that of orders between 10 and 20."""
    many, half = 20_000, np.full(20_000, 10.0)
    young, last = pareto.simulated(CDNOW, half, np.random.default_rng(12))
    expected = pareto.alive(CDNOW, young, last, half) * pareto.ahead(CDNOW, young, half, half)
    gain = np.diff(pareto.new(CDNOW, np.array([10.0, 20.0])))[0]
    assert expected.mean() == pytest.approx(gain, abs=4 * expected.std() / np.sqrt(many))
    assert young.mean() == pytest.approx(pareto.new(CDNOW, np.array([10.0]))[0], abs=4 * young.std() / np.sqrt(many))
