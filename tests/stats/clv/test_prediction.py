"""What is foreseen: intervals against the distribution, worth and totals against plain sums."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from tierwise.kernel.errors import TierwiseError
from tierwise.stats.clv import prediction
from tierwise.stats.clv.families import FAMILIES
from tierwise.stats.clv.fitting import Fit

PARAMS = {
    "bg_nbd": np.array([0.243, 4.414, 0.793, 2.426]),
    "mbg_nbd": np.array([0.525, 6.183, 0.891, 1.614]),
    "pareto_nbd": np.array([0.553, 10.578, 0.606, 11.669]),
}
ORDERS, LAST, AGE = np.array([2.0, 0.0, 26.0, 2.0]), np.array([30.43, 0.0, 30.0, 5.0]), np.full(4, 38.86)
ROWS = prediction.rows_of(ORDERS, LAST, AGE)


@pytest.mark.parametrize("kind", FAMILIES)
def test_the_interval_is_that_of_the_distribution(kind: str) -> None:
    family, params = FAMILIES[kind], PARAMS[kind]
    low, high = prediction.prediction_interval(family, params, ROWS, 39, 0.9)
    below = np.cumsum(np.stack(list(islice(prediction.order_shares(family, params, ROWS, 39), 300))), axis=0)
    assert below[-1] == pytest.approx(np.ones(4), abs=1e-6)
    for row in range(4):
        assert below[high[row], row] >= 0.95
        assert high[row] == 0 or below[high[row] - 1, row] < 0.95
        assert below[low[row], row] >= 0.05
        assert low[row] == 0 or below[low[row] - 1, row] < 0.05


@pytest.mark.parametrize("kind", FAMILIES)
def test_equal_orders_and_ages_differ_by_the_last_order(kind: str) -> None:
    found = prediction.expected_orders(FAMILIES[kind], PARAMS[kind], ROWS, 39)
    assert found[0] > found[3] > 0
    shares = np.stack(list(islice(prediction.order_shares(FAMILIES[kind], PARAMS[kind], ROWS, 39), 400)))
    assert np.arange(400) @ shares == pytest.approx(found, rel=1e-6)


@pytest.mark.parametrize("kind", FAMILIES)
def test_the_total_is_the_sum_of_all(kind: str) -> None:
    family, params = FAMILIES[kind], PARAMS[kind]
    covariance = np.diag([0.01, 0.02, 0.03, 0.04])
    fit = Fit(family.names, params, 0.0, 4, 3, True, covariance, (), 0)
    total = prediction.expected_total(family, fit, ROWS, 39, 0.9)
    shares = np.stack(list(islice(prediction.order_shares(family, params, ROWS, 39), 500)))
    means, y = np.arange(500) @ shares, np.arange(500)
    variance = (y**2 @ shares - means**2).sum()
    assert total.expected == pytest.approx(means.sum(), rel=1e-6)
    assert total.of_chance == pytest.approx(np.sqrt(variance), rel=1e-5)
    # By one parameter at a time: orders ten per cent more of it bring, beside ten per cent less.
    slope = [
        (
            prediction.expected_orders(family, params * np.exp(step), ROWS, 39).sum()
            - prediction.expected_orders(family, params * np.exp(-step), ROWS, 39).sum()
        )
        / 0.02
        for step in np.eye(4) * 0.01
    ]
    assert total.of_learning == pytest.approx(np.sqrt(slope @ covariance @ slope), rel=1e-2)
    assert total.interval is not None
    assert total.interval[1] - total.expected == pytest.approx(
        1.6448536 * np.hypot(total.of_chance, total.of_learning or 0), rel=1e-6
    )
    unsure = prediction.expected_total(family, replace(fit, covariance=None), ROWS, 39, 0.9)
    assert (unsure.expected, unsure.interval, unsure.of_learning) == (total.expected, None, None)


@pytest.mark.parametrize("kind", FAMILIES)
def test_worth_is_the_sum_of_discounted_steps(kind: str) -> None:
    family, params = FAMILIES[kind], PARAMS[kind]
    value = np.array([10.0, 20.0, 30.0, np.nan])
    found = prediction.lifetime_value(family, params, ROWS, value, horizon=2.5, step=1, discount_rate=0.1, margin=0.5)
    so_far = [prediction.expected_orders(family, params, ROWS, t) for t in (0, 1, 2, 2.5)]
    plain = sum((so_far[k] - so_far[k - 1]) / 1.1**t for k, t in ((1, 1), (2, 2), (3, 2.5))) * value * 0.5
    assert found[:3] == pytest.approx(plain[:3], rel=1e-12)
    assert np.isnan(found[3])


def test_horizons_out_of_proportion_are_refused() -> None:
    for t in (-1.0, float("nan"), float("inf"), 1e9):
        with pytest.raises(TierwiseError) as caught:
            prediction.checked_horizon(t, 39)
        assert caught.value.code == "bad_value"
    with pytest.raises(TierwiseError, match="level"):
        prediction.prediction_interval(FAMILIES["bg_nbd"], PARAMS["bg_nbd"], ROWS, 39, 95)
