"""BG/NBD and MBG/NBD: the likelihood against 40 digits of mpmath, derivatives against differences, sums against lives.

Golden: mpmath 1.4.1 with 40 digits, the papers' formulas with their beta and hypergeometric functions as they stand.
"""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.stats.ascent import curvature
from tierwise.stats.clv import beta_geometric as bg
from tierwise.stats.clv.histories import Histories, histories
from tierwise.stats.special import Floats

GOLDEN = [
    ((0.243, 4.414, 0.793, 2.426), (0, 0, 38.86), -0.5547132764381585, -0.38695222057085343),
    ((0.243, 4.414, 0.793, 2.426), (2, 30.43, 38.86), -9.45860630706627, -9.687182636249961),
    ((0.243, 4.414, 0.793, 2.426), (1, 0.1, 100), -4.268501478144601, -4.798201910189028),
    ((0.243, 4.414, 0.793, 2.426), (40, 20, 52), -28.269525486832748, -28.311896997174106),
    ((0.243, 4.414, 0.793, 2.426), (900, 700, 730), -694.6161198126047, -694.6181069076732),
    ((0.243, 4.414, 0.793, 2.426), (3, 38.86, 38.86), -12.737752697343902, -12.90256226837632),
    ((0.05, 0.01, 0.02, 0.3), (0, 0, 38.86), -0.41326964654261117, -0.38178596204192583),
    ((0.05, 0.01, 0.02, 0.3), (2, 30.43, 38.86), -10.735386092812673, -10.754870078193093),
    ((0.05, 0.01, 0.02, 0.3), (1, 0.1, 100), -3.6692735027198995, -5.112941667694174),
    ((0.05, 0.01, 0.02, 0.3), (40, 20, 52), -24.107254484669042, -24.132877589556937),
    ((0.05, 0.01, 0.02, 0.3), (900, 700, 730), -690.4160173829067, -690.4171509556712),
    ((0.05, 0.01, 0.02, 0.3), (3, 38.86, 38.86), -13.702846190637608, -13.711504253380722),
    ((30, 200, 50, 3), (0, 0, 38.86), -5.326807190767324, -0.05797737696809474),
    ((30, 200, 50, 3), (2, 30.43, 38.86), -11.217222218567665, -13.83210240799304),
    ((30, 200, 50, 3), (1, 0.1, 100), -1.9708848074395333, -4.861256494715206),
    ((30, 200, 50, 3), (40, 20, 52), -117.2421991953125, -118.03712758235572),
    ((30, 200, 50, 3), (900, 700, 730), -1003.1550357215823, -1003.2100361051739),
    ((30, 200, 50, 3), (3, 38.86, 38.86), -16.927888830869534, -19.325784103667907),
]
"""Parameters, history (x, t_x, T), log-likelihood of BG/NBD, of MBG/NBD."""

EXPECTED = [
    ((0.243, 4.414, 0.793, 2.426), 2, 38.86, 39, 1.687399305805313),
    ((0.243, 4.414, 1.0000001, 2.426), 0, 38.86, 39, 0.1910770107773811),
    ((30, 200, 50, 3), 40, 52, 500, 1.8775510204081634),
    ((0.5, 2, 0.01, 0.3), 900, 730, 10, 12.301075011600163),
    ((0.5, 2, 5, 0.3), 7, 3, 400, 2.824999370075948),
]
"""Parameters, x, T, t, orders within t of customers who are alive, by BG/NBD."""

NUMBERS = st.floats(0.05, 20)


def one(x: float, last: float, age: float) -> Histories:
    return histories(np.array([x]), np.array([last]), np.array([age]))


def some(customers: int, seed: int, first: int) -> Histories:
    random = np.random.default_rng(seed)
    age = np.floor(random.uniform(20, 60, customers))
    orders, last = bg.simulated(np.array([0.5, 4.0, 0.8, 2.5]), age, first, random)
    return histories(orders, last, age)


@pytest.mark.parametrize(("params", "history", "plain", "modified"), GOLDEN)
def test_likelihood(
    params: tuple[float, ...], history: tuple[float, float, float], plain: float, modified: float
) -> None:
    for first, golden in ((0, plain), (1, modified)):
        found, _ = bg.log_likelihood(np.array(params), one(*history), first)
        assert found == pytest.approx(golden, rel=1e-11)


@pytest.mark.parametrize("first", [0, 1])
@settings(max_examples=25, deadline=None)
@given(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS))
def test_derivatives_are_those_of_differences(first: int, params: tuple[float, ...]) -> None:
    data, point = some(40, 3, first), np.array(params)
    _, gradient = bg.log_likelihood(point, data, first)
    for i, step in enumerate(np.eye(4) * 1e-5 * point):
        rise = bg.log_likelihood(point + step, data, first)[0] - bg.log_likelihood(point - step, data, first)[0]
        assert gradient[i] == pytest.approx(rise / (2 * step[i]), rel=1e-5, abs=1e-5 * float(np.abs(gradient).max()))

    def scaled(logs: Floats) -> tuple[float, Floats]:
        value, by = bg.log_likelihood(np.exp(logs), data, first)
        return value, by * np.exp(logs)

    exact = bg.curvature(point, data, first) * np.outer(point, point) + np.diag(gradient * point)
    assert exact == pytest.approx(curvature(scaled, np.log(point)), rel=1e-5, abs=1e-5 * float(np.abs(exact).max()))


@pytest.mark.parametrize("first", [0, 1])
def test_pieces_add_up(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data, point = some(500, 5, first), np.array([0.5, 4.0, 0.8, 2.5])
    whole, by = bg.log_likelihood(point, data, first)
    bend = bg.curvature(point, data, first)
    monkeypatch.setattr(bg, "_AT_ONCE", 37)
    parts, by_parts = bg.log_likelihood(point, data, first)
    assert parts == pytest.approx(whole, rel=1e-13)
    assert by_parts == pytest.approx(by, rel=1e-10, abs=1e-10)
    assert bg.curvature(point, data, first) == pytest.approx(bend, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize(("params", "x", "age", "t", "golden"), EXPECTED)
def test_orders_to_come_of_those_alive(
    params: tuple[float, ...], x: float, age: float, t: float, golden: float
) -> None:
    found = bg.ahead(np.array(params), np.array([x]), np.array([age]), np.array([t]), 0)
    assert found[0] == pytest.approx(golden, rel=1e-8 if abs(params[2] - 1) < 1e-3 else 1e-12)


def test_nothing_comes_within_no_time() -> None:
    params, far = np.array([0.5, 4.0, 0.8, 2.5]), np.array([0.0])
    assert bg.ahead(params, np.array([3.0]), np.array([10.0]), far, 0)[0] == 0
    assert bg.new(params, far, 1)[0] == 0
    assert next(bg.shares(params, np.array([3.0]), np.array([10.0]), far, 0))[0] == 1


@pytest.mark.parametrize("first", [0, 1])
@settings(max_examples=25, deadline=None)
@given(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), st.integers(0, 30), st.floats(0.1, 20))
def test_shares_sum_to_one_and_to_the_mean(first: int, params: tuple[float, ...], x: int, t: float) -> None:
    point, orders, age, far = np.array(params), np.array([float(x)]), np.array([20.0]), np.array([t])
    shares = np.concatenate(list(islice(bg.shares(point, orders, age, far, first), 600)))
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1, abs=1e-9)
    assert np.arange(600) @ shares == pytest.approx(bg.ahead(point, orders, age, far, first)[0], rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("first", [0, 1])
def test_made_up_customers_order_as_expected(first: int) -> None:
    params, age = np.array([0.5, 4.0, 0.8, 2.5]), np.full(40_000, 30.0)
    orders, last = bg.simulated(params, age, first, np.random.default_rng(7))
    error = orders.std() / np.sqrt(len(orders))
    assert orders.mean() == pytest.approx(bg.new(params, np.array([30.0]), first)[0], abs=4 * error)
    assert ((last > 0) == (orders > 0)).all()
    assert (last <= age).all()


def test_who_has_one_order_is_alive_in_bg_and_perhaps_not_in_mbg() -> None:
    params, none, age = np.array([0.5, 4.0, 0.8, 2.5]), np.zeros(1), np.array([500.0])
    assert bg.alive(params, none, none, age, 0)[0] == 1
    assert 0 < bg.alive(params, none, none, age, 1)[0] < 0.5


def test_what_histories_foresee_is_what_longer_lives_bring() -> None:
    """The mean of expected orders over histories of 10 is that of orders between 10 and 20."""
    params, many = np.array([0.8, 3.0, 1.2, 3.0]), 100_000
    half = np.full(many, 10.0)
    young, last = bg.simulated(params, half, 0, np.random.default_rng(12))
    expected = bg.alive(params, young, last, half, 0)
    by_orders = bg.ahead(params, np.arange(young.max() + 1), np.full(int(young.max()) + 1, 10.0), np.full(1, 10.0), 0)
    expected *= by_orders[young.astype(int)]
    gain = np.diff(bg.new(params, np.array([10.0, 20.0]), 0))[0]
    assert expected.mean() == pytest.approx(gain, abs=4 * expected.std() / np.sqrt(many))
