"""Figures for plots against counts, and whether a model fits at all."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from tierwise.kernel.errors import TierwiseError
from tierwise.stats.clv import beta_geometric, calibration
from tierwise.stats.clv.families import FAMILIES
from tierwise.stats.clv.histories import histories

PARAMS = {
    "bg_nbd": np.array([0.243, 4.414, 0.793, 2.426]),
    "mbg_nbd": np.array([0.525, 6.183, 0.891, 1.614]),
    "pareto_nbd": np.array([0.553, 10.578, 0.606, 11.669]),
}
ORDERS, LAST, AGE = np.array([2.0, 0.0, 26.0, 2.0]), np.array([30.43, 0.0, 30.0, 5.0]), np.full(4, 38.86)


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


def test_what_came_lies_in_the_same_periods() -> None:
    counts = {0: 5, 7: 1, 8: 2, 14: 4, 30: 8}
    found = calibration.counted_periods(counts, 7.0, 31 / 7, 1.0)
    assert [period.orders for period in found] == [6, 6, 0, 0, 8]
    assert found[-1].cumulative == 20
    assert [period.end for period in found] == [1, 2, 3, 4, 31 / 7]
    assert [period.cumulative for period in calibration.counted_periods({}, 7.0, 2.0, 1.0)] == [0, 0]


def test_many_ages_are_taken_together_without_loss() -> None:
    ages = np.linspace(20, 60, 5000)
    data = histories(np.zeros(5000), np.zeros(5000), ages)
    rows = calibration.repeat_counts(FAMILIES["bg_nbd"], PARAMS["bg_nbd"], data, 3)
    none = np.zeros(5000)
    each = list(islice(FAMILIES["bg_nbd"].shares(PARAMS["bg_nbd"], none, none, ages), 3))
    assert [row.expected for row in rows[:3]] == pytest.approx([share.sum() for share in each], rel=1e-6)


def test_a_misfit_is_told_only_where_it_is_large_and_sure() -> None:
    family, params, many = FAMILIES["bg_nbd"], PARAMS["bg_nbd"], 3000
    age = np.full(many, 38.0)
    orders, last = beta_geometric.simulated(params, age, 0, np.random.default_rng(3))
    assert calibration.misfit(family, params, histories(orders, last, age)) is None
    # Everybody orders ten times, more or less: no spread as of chance.
    steady = 9.0 + np.arange(many) % 3
    found = calibration.misfit(family, np.array([50.0, 190.0, 0.01, 5.0]), histories(steady, np.full(many, 37.0), age))
    assert found is not None
    assert found.code == "poor_fit"


def test_held_out_means_by_orders_before() -> None:
    orders, held = np.array([0.0, 0.0, 1.0, 5.0, 9.0]), np.array([0.0, 2.0, 1.0, 4.0, 6.0])
    groups = calibration.held_out(orders, held, held / 2, 3)
    assert [(group.customers, group.mean_orders, group.mean_expected) for group in groups] == [
        (2, 1.0, 0.5), (1, 1.0, 0.5), (0, None, None), (2, 5.0, 2.5),
    ]  # fmt: skip
    with pytest.raises(TierwiseError):
        calibration.held_out(orders, -held, held, 3)
