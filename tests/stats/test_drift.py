"""The population stability index, worked by hand."""

from math import isclose, log

import pytest

from tierwise.stats.drift import drift_of, population_stability_index


def test_by_hand() -> None:
    # (0.6 - 0.5) ln 1.2 + (0.4 - 0.5) ln 0.8
    index = population_stability_index({"yes": 50, "no": 50}, {"yes": 600, "no": 400})
    assert index is not None
    assert isclose(index, 0.1 * log(1.2) - 0.1 * log(0.8), rel_tol=1e-12)


def test_nothing_moved_and_both_ways_alike() -> None:
    one, other = {"a": 10, "b": 20, "c": 70}, {"a": 30, "b": 30, "c": 40}
    assert population_stability_index(one, {name: 7 * count for name, count in one.items()}) == pytest.approx(0)
    assert population_stability_index(one, other) == pytest.approx(population_stability_index(other, one))


def test_an_empty_class_counts_half_a_customer() -> None:
    index = population_stability_index({"a": 9}, {"a": 9, "b": 9})
    # before 9.5/10 and 0.5/10, after 9.5/19 and 9.5/19
    assert index == pytest.approx((0.5 - 0.95) * log(0.5 / 0.95) + (0.5 - 0.05) * log(0.5 / 0.05))
    assert population_stability_index({"a": 9, "b": 0}, {"a": 3}) == 0


def test_nobody_cannot_be_told() -> None:
    assert population_stability_index({}, {"a": 3}) is None
    assert population_stability_index({"a": 3}, {"a": 0}) is None


@pytest.mark.parametrize(("index", "said"), [(0.0999, "stable"), (0.1, "some"), (0.2499, "some"), (0.25, "large")])
def test_thresholds(index: float, said: str) -> None:
    assert drift_of(index) == said
