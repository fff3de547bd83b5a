"""Gamma-Gamma: derivatives against differences, the mean as a weighted mean, planted parameters found again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.kernel.errors import TierwiseError
from tierwise.stats.clv import gamma_gamma as gg
from tierwise.stats.clv.fitting import fit_spending
from tierwise.stats.special import Floats

NUMBERS = st.floats(0.05, 20)


def spenders(customers: int, params: tuple[float, float, float], seed: int) -> tuple[Floats, Floats]:
    p, q, v = params
    random = np.random.default_rng(seed)
    orders = 1 + random.poisson(3, customers).astype(np.float64)
    rate = random.gamma(q, 1 / v, customers)
    return orders, random.gamma(p * orders, 1 / (rate * orders))


@settings(max_examples=25, deadline=None)
@given(st.tuples(NUMBERS, NUMBERS, NUMBERS))
def test_gradient_is_that_of_differences(params: tuple[float, ...]) -> None:
    data, point = gg.spending(*spenders(30, (6.0, 4.0, 15.0), 1)), np.array(params)
    _, gradient = gg.log_likelihood(point, data)
    for i, step in enumerate(np.eye(3) * 1e-5 * point):
        rise = gg.log_likelihood(point + step, data)[0] - gg.log_likelihood(point - step, data)[0]
        assert gradient[i] == pytest.approx(rise / (2 * step[i]), rel=1e-5, abs=1e-5 * float(np.abs(gradient).max()))


def test_likelihood_is_a_density() -> None:
    """Of one customer with two orders, over all means, it sums to one."""
    means = np.exp(np.linspace(-12, 14, 801))
    logs = [gg.log_likelihood(np.array([2.0, 3.0, 5.0]), gg.spending(np.array([2.0]), np.array([z])))[0] for z in means]
    assert np.trapezoid(np.exp(logs) * means, np.log(means)) == pytest.approx(1, abs=1e-6)


def test_planted_parameters_are_found_again() -> None:
    planted = (6.0, 4.0, 15.0)
    found = fit_spending(gg.spending(*spenders(20_000, planted, 3)))
    assert found.converged
    assert not found.problems
    for true, interval in zip(planted, found.intervals(0.999).values(), strict=True):
        assert interval is not None
        assert interval[0] < true < interval[1]


def test_the_mean_lies_between_the_customers_own_and_that_of_all() -> None:
    params = np.array([6.25, 3.74, 15.44])
    of_all = 6.25 * 15.44 / 2.74
    found = gg.expected(params, np.array([0.0, 1.0, 50.0, 1.0]), np.array([np.nan, 100.0, 100.0, 1.0]))
    assert found[0] == pytest.approx(of_all)
    assert of_all < found[1] < found[2] < 100
    assert 1 < found[3] < of_all


def test_no_mean_of_all_where_q_is_not_above_one() -> None:
    found = gg.expected(np.array([2.0, 0.8, 3.0]), np.array([0.0, 1.0]), np.array([np.nan, 10.0]))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(2 * 13 / 1.8)


def test_heavy_tails_are_told() -> None:
    found = fit_spending(gg.spending(*spenders(3000, (6.0, 0.6, 15.0), 3)))
    assert "no_mean" in {problem.code for problem in found.problems}


def test_who_teaches_nothing_is_counted() -> None:
    data = gg.spending(np.array([0.0, 1.0, 2.0, 3.0]), np.array([np.nan, 0.0, 10.0, -4.0]))
    assert (len(data.orders), data.left_out, data.worthless) == (1, 1, 2)


def test_refusals() -> None:
    for orders, mean, code in (
        ([], [], "no_customers"),
        ([0.0], [np.nan], "no_repeat_buyers"),
        ([1.0, 2.0], [np.nan, 3.0], "bad_value"),
        ([1.5], [3.0], "bad_value"),
    ):
        with pytest.raises(TierwiseError) as caught:
            gg.spending(np.array(orders), np.array(mean))
        assert caught.value.code == code
