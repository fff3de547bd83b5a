"""Up to the top of functions whose top is known."""

from __future__ import annotations

import numpy as np
import pytest

from tierwise.stats.ascent import ascend, curvature
from tierwise.stats.special import Floats


def hill(point: Floats) -> tuple[float, Floats]:
    """Rosenbrock's valley upside down: its top, 0, is at (1, 1), along a bent ridge."""
    x, y = point
    gradient = np.array([400 * x * (y - x * x) + 2 * (1 - x), -200 * (y - x * x)])
    return -float(100 * (y - x * x) ** 2 + (1 - x) ** 2), gradient


def test_along_a_bent_ridge() -> None:
    found = ascend(hill, np.array([-1.2, 1.0]))
    assert found.converged
    assert found.point == pytest.approx([1, 1], abs=1e-8)
    assert found.curvature == pytest.approx(np.array([[-802, 400], [400, -200]]), rel=1e-5)
    assert found.evaluations < 100


def test_from_the_top_there_is_nothing_to_climb() -> None:
    found = ascend(hill, np.array([1.0, 1.0]))
    assert (found.converged, found.value) == (True, 0.0)
    assert found.point.tolist() == [1.0, 1.0]


def test_what_is_known_of_the_bend_saves_steps() -> None:
    def bowl(point: Floats) -> tuple[float, Floats]:
        return -float(point @ (scale * point)) / 2, -scale * point

    scale = np.array([1.0, 1e4])
    start = np.array([1.0, 1.0])
    blind = ascend(bowl, start)
    told = ascend(bowl, start, inverse=np.diag(1 / scale), bend=lambda _: -np.diag(scale))
    assert told.converged
    assert told.evaluations <= 4 < blind.evaluations
    assert told.point == pytest.approx([0, 0], abs=1e-9)


def test_steps_stay_inside_the_function() -> None:
    def logarithmic(point: Floats) -> tuple[float, Floats]:
        if point[0] <= 0:
            return -np.inf, np.zeros(1)
        return float(np.log(point[0]) - point[0]), 1 / point - 1

    found = ascend(logarithmic, np.array([1e-3]))
    assert found.converged
    assert found.point == pytest.approx([1], abs=1e-7)


def test_a_slope_without_end_does_not_converge() -> None:
    found = ascend(lambda point: (float(point[0]), np.ones(1)), np.array([0.0]), most=50)
    assert not found.converged


def test_a_start_outside_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        ascend(lambda point: (float("nan"), np.ones(1)), np.array([0.0]))


def test_curvature_by_differences() -> None:
    assert curvature(hill, np.array([0.5, 0.0])) == pytest.approx(np.array([[-302, 200], [200, -200]]), rel=1e-6)
