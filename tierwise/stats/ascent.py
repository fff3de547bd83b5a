"""The top of a smooth function of a few numbers, from its gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tierwise.stats.special import Floats

Climbed = Callable[[Floats], tuple[float, Floats]]
"""A point -> the value and the gradient there; the value is -inf or nan where the function is not."""

Bend = Callable[[Floats], Floats]
"""A point -> the Hessian there."""

_LONGEST_STEP = 2.0
_LAST_STEPS = 3
_STEP = 1e-4
"""Of differences of gradients: their error is the square of it."""


@dataclass(frozen=True, slots=True)
class Ascent:
    """point, value, gradient: where it ended. curvature: the Hessian near there. converged: the gradient vanishes."""

    point: Floats
    value: float
    gradient: Floats
    curvature: Floats
    converged: bool
    evaluations: int


def ascend(
    function: Climbed,
    start: Floats,
    *,
    bend: Bend | None = None,
    inverse: Floats | None = None,
    tolerance: float = 1e-8,
    near: float | None = None,
    most: int = 400,
) -> Ascent:
    """The top near a start by the method of Broyden, Fletcher, Goldfarb and Shanno with steps that rise, then Newton's.

    J. Nocedal and S. Wright, Numerical Optimization, 2nd ed., 2006, chapters 3 and 6. bend: the Hessian at a point;
    differences of the gradient where it is null. inverse: what is known of the inverse of the negative Hessian.
    tolerance: how small all parts of the gradient must be to have converged; near: how small to leave the rest to
    Newton. The function should be near 1 in scale,
    such as a log-likelihood per customer. Raises ValueError where the start is outside the function.
    """
    bend = bend or (lambda point: curvature(function, point))
    point, evaluations = start.astype(np.float64), 1
    value, gradient = function(point)
    if not np.isfinite(value):
        raise ValueError("the start is outside the function")
    size = len(point)
    known = np.eye(size) if inverse is None else inverse
    while evaluations < most and np.abs(gradient).max() > (near or tolerance):
        direction = known @ gradient
        if direction @ gradient <= 0:
            known = np.eye(size)
            direction = gradient
        direction = direction * min(1.0, _LONGEST_STEP / np.abs(direction).max())
        step = 1.0
        while True:
            ahead, uphill = function(point + step * direction)
            evaluations += 1
            if np.isfinite(ahead) and np.isfinite(uphill).all() and _rises(ahead, value, step, direction, gradient):
                break
            step /= 3 if not np.isfinite(ahead) else 2
            if step < 1e-12:
                return _finish(function, bend, point, value, gradient, evaluations, tolerance)
        moved, turned = step * direction, gradient - uphill
        point, value, gradient = point + moved, ahead, uphill
        along = float(moved @ turned)
        if along > 1e-14 * float(np.linalg.norm(moved) * np.linalg.norm(turned)):
            left = np.eye(size) - np.outer(moved, turned) / along
            known = left @ known @ left.T + np.outer(moved, moved) / along
    return _finish(function, bend, point, value, gradient, evaluations, tolerance)


def _rises(ahead: float, value: float, step: float, direction: Floats, gradient: Floats) -> bool:
    """Armijo's condition, forgiving the last digits of a sum over many customers."""
    return ahead >= value + 1e-4 * step * float(direction @ gradient) - 1e-14 * abs(value)


def _finish(
    function: Climbed, bend: Bend, point: Floats, value: float, gradient: Floats, evaluations: int, tolerance: float
) -> Ascent:
    """The Hessian there, and Newton's steps by it to the last digits, as long as they lower the gradient."""
    hessian = bend(point)
    for _ in range(_LAST_STEPS):
        try:
            move = np.linalg.solve(hessian, -gradient)
        except np.linalg.LinAlgError:
            break
        if not np.isfinite(move).all() or not 0 < np.abs(move).max() < 0.01:
            break
        ahead, uphill = function(point + move)
        evaluations += 1
        if np.abs(uphill).max() >= np.abs(gradient).max() or not ahead >= value - 1e-13 * abs(value):
            break
        point, value, gradient = point + move, ahead, uphill
        if np.abs(gradient).max() <= tolerance / 10:
            break
    converged = bool(np.abs(gradient).max() <= tolerance)
    return Ascent(point, value, gradient, hessian, converged, evaluations)


def curvature(function: Climbed, point: Floats) -> Floats:
    """The Hessian by central differences of the gradient, made symmetric."""
    size = len(point)
    hessian = np.empty((size, size))
    for i in range(size):
        aside = np.zeros(size)
        aside[i] = _STEP
        hessian[i] = (function(point + aside)[1] - function(point - aside)[1]) / (2 * _STEP)
    return np.asarray((hessian + hessian.T) / 2)
