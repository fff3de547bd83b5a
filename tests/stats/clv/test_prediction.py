"""What is foreseen: intervals against the distribution, worth against a plain sum, figures for plots against counts."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from tierwise.kernel.errors import TierwiseError
from tierwise.stats.clv import calibration, prediction
from tierwise.stats.clv.families import FAMILIES
from tierwise.stats.clv.histories import histories
from tierwise.stats.clv.weekdays import weekday_pattern

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


@pytest.mark.parametrize("kind", FAMILIES)
def test_calibration_counts_everybody_once(kind: str) -> None:
    data = histories(ORDERS, LAST, AGE)
    rows = calibration.repeat_counts(FAMILIES[kind], PARAMS[kind], data, 3)
    assert [row.customers for row in rows] == [1, 0, 2, 1]
    assert sum(row.expected for row in rows) == pytest.approx(4)
    assert all(row.expected > 0 for row in rows)
    assert [row.and_more for row in rows] == [False, False, False, True]
    with pytest.raises(TierwiseError):
        calibration.repeat_counts(FAMILIES[kind], PARAMS[kind], data, 0)


@pytest.mark.parametrize("kind", FAMILIES)
def test_tracking_ends_at_what_is_expected_of_all(kind: str) -> None:
    ages = np.array([10.0, 20.0, 20.0])
    data = histories(np.array([0.0, 1.0, 2.0]), np.array([0.0, 3.0, 4.0]), ages)
    periods = calibration.tracked(FAMILIES[kind], PARAMS[kind], data, 25.5, 2.0)
    assert periods[-1].end == 25.5
    whole = FAMILIES[kind].new(PARAMS[kind], ages + 5.5).sum()
    assert periods[-1].cumulative == pytest.approx(whole)
    assert sum(period.expected for period in periods) == pytest.approx(whole)
    assert periods[0].cumulative == pytest.approx(2 * FAMILIES[kind].new(PARAMS[kind], np.array([2.0]))[0])
    with pytest.raises(TierwiseError):
        calibration.tracked(FAMILIES[kind], PARAMS[kind], data, 25.5, 0.0)


def test_held_out_means_by_orders_before() -> None:
    orders, held = np.array([0.0, 0.0, 1.0, 5.0, 9.0]), np.array([0.0, 2.0, 1.0, 4.0, 6.0])
    groups = calibration.held_out(orders, held, held / 2, 3)
    assert [(group.customers, group.mean_orders, group.mean_expected) for group in groups] == [
        (2, 1.0, 0.5), (1, 1.0, 0.5), (0, None, None), (2, 5.0, 2.5),
    ]  # fmt: skip
    with pytest.raises(TierwiseError):
        calibration.held_out(orders, -held, held, 3)


def test_an_uneven_week_is_told_only_where_it_is_large_and_sure() -> None:
    assert weekday_pattern([100, 100, 100, 100, 100, 300, 300]).warning is not None
    assert (
        weekday_pattern([1_000_000, 1_010_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000]).warning is None
    )
    assert weekday_pattern([1, 1, 1, 1, 1, 3, 1]).warning is None
    assert weekday_pattern([0] * 7) == type(weekday_pattern([0] * 7))((0,) * 7, None, None, None)
