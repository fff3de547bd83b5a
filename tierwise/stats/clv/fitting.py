"""Maximum likelihood, how sure the parameters are, and whether the data bear the model at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp, inf

import numpy as np

from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.stats.ascent import Ascent, Bend, Climbed, ascend
from tierwise.stats.clv import gamma_gamma
from tierwise.stats.clv.families import Family
from tierwise.stats.clv.gamma_gamma import Spending
from tierwise.stats.clv.histories import Histories
from tierwise.stats.special import Floats
from tierwise.stats.tails import normal_quantile

FEW_REPEAT_BUYERS = 50
BORDER = 10_000.0
"""A parameter that many times above or below the ordinary is at the border: the customers do not differ in that."""

_THIN = 1_500
_CLOSE, _NEAR = 1e-9, 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What was learnt. params: at the top of the likelihood, by the paper's names. covariance: of their logarithms,
    from the observed information; null where that is not positive, so that no error can be told. problems: why the
    data bear the model badly, none where they bear it: `not_converged`, `at_border`, `not_identified`,
    `few_repeat_buyers`.
    """

    names: tuple[str, ...]
    params: Floats
    log_likelihood: float
    customers: int
    repeat_buyers: int
    converged: bool
    covariance: Floats | None
    problems: tuple[Problem, ...]
    evaluations: int

    def intervals(self, level: float = 0.95) -> dict[str, tuple[float, float] | None]:
        """Of each parameter, by the normal approximation of its logarithm; null where no error can be told."""
        z = normal_quantile((1 + checked_level(level)) / 2)
        if self.covariance is None:
            return dict.fromkeys(self.names)
        wide = z * np.sqrt(np.diag(self.covariance))
        with np.errstate(over="ignore"):
            low, high = self.params * np.exp(-wide), self.params * np.exp(wide)
        return dict(zip(self.names, zip(low.tolist(), high.tolist(), strict=True), strict=True))


def checked_level(level: float) -> float:
    """The level of an interval. Raises `bad_value` outside (0, 1)."""
    if not 0 < level < 1:
        raise TierwiseError(
            "bad_value", f"a level of {level} is not between 0 and 1", place="level", remedy="0.95, say"
        )
    return level


def fit_orders(family: Family, data: Histories) -> Fit:
    """The parameters of how often customers order. Raises `no_repeat_buyers`, `no_time`."""
    if not data.repeat_buyers:
        raise TierwiseError(
            "no_repeat_buyers",
            "nobody has a repeat order, so nothing tells how often customers come again",
            remedy="wait for more orders, or look further back",
        )
    if not data.age.max() > 0:
        raise TierwiseError("no_time", "all customers are of age 0", remedy="take a later as_of")
    thin = data.thinned(_THIN)
    sketch = max(
        (ascend(_per_customer(family, thin), np.log(start), bend=_bend(family, thin)) for start in family.starts(thin)),
        key=lambda found: found.value,
    )
    top = sketch
    if len(thin.orders) < len(data.orders):
        bend = _bend(family, data)
        steep = sketch.curvature if bend is None else bend(sketch.point)
        function, inverse = _per_customer(family, data), _inverse(steep)
        top = ascend(function, sketch.point, bend=bend, inverse=inverse, tolerance=_CLOSE, near=_NEAR)
        if not top.converged:
            top = ascend(function, top.point, bend=bend, inverse=inverse, tolerance=_CLOSE)
    unit = float(data.count @ data.age) / data.customers
    scale = np.where(family.in_time, unit, 1.0)
    return _fit(family.names, top, data.customers, data.repeat_buyers, scale)


def fit_spending(data: Spending) -> Fit:
    """The parameters of what customers spend an order."""
    customers = len(data.orders)

    def function(point: Floats) -> tuple[float, Floats]:
        params = np.exp(point)
        value, gradient = gamma_gamma.log_likelihood(params, data)
        return value / customers, gradient * params / customers

    top = ascend(_quiet(function), np.log(gamma_gamma.start(data)), tolerance=_CLOSE)
    scale = np.array([1.0, 1.0, float(data.mean.mean())])
    found = _fit(gamma_gamma.NAMES, top, customers, customers, scale)
    if found.params[1] <= 1:
        heavy = Problem(
            "no_mean", f"q is {found.params[1]:.3g}, not above 1: the mean of all customers is not finite",
            None, "look for a few orders of enormous worth",
        )  # fmt: skip
        return replace(found, problems=(*found.problems, heavy))
    return found


def _per_customer(family: Family, data: Histories) -> Climbed:
    """The log-likelihood a customer as a function of the logarithms of the parameters."""
    customers = data.customers

    def function(point: Floats) -> tuple[float, Floats]:
        params = np.exp(point)
        value, gradient = family.log_likelihood(params, data)
        return value / customers, gradient * params / customers

    return _quiet(function)


def _bend(family: Family, data: Histories) -> Bend | None:
    """The Hessian of what `_per_customer` gives; null where the model has none of its own."""
    exact = family.curvature
    if exact is None:
        return None

    def bend(point: Floats) -> Floats:
        params = np.exp(point)
        with np.errstate(all="ignore"):
            _, gradient = family.log_likelihood(params, data)
            whole = exact(params, data) * np.outer(params, params) + np.diag(gradient * params)
        return np.asarray(whole / data.customers)

    return bend


def _quiet(function: Climbed) -> Climbed:
    """Without warnings where parameters are out of all reason; the value tells."""

    def quietly(point: Floats) -> tuple[float, Floats]:
        if np.abs(point).max() > 60:
            return -inf, np.zeros_like(point)
        with np.errstate(all="ignore"):
            return function(point)

    return quietly


def _inverse(curvature: Floats) -> Floats | None:
    """The inverse of minus the curvature where it is a top's, else null."""
    if not np.isfinite(curvature).all():
        return None
    values, vectors = np.linalg.eigh(-curvature)
    if values.min() <= 1e-12 * max(1.0, float(values.max())):
        return None
    return np.asarray(vectors / values @ vectors.T)


def _fit(names: tuple[str, ...], top: Ascent, customers: int, repeat_buyers: int, scale: Floats) -> Fit:
    params = np.exp(top.point)
    inverse = _inverse(top.curvature)
    covariance = None if inverse is None else inverse / customers
    problems = []
    if not top.converged:
        problems.append(
            Problem("not_converged", "the top of the likelihood was not found", None, "do not use the model")
        )
    for name, value, unit in zip(names, params.tolist(), scale.tolist(), strict=True):
        if not 1 / BORDER < value / unit < BORDER:
            problems.append(
                Problem(
                    "at_border",
                    f"{name} is {value:.3g}, at the border: the customers do not differ in what it stands for",
                    name,
                    "read the others with care, or take a simpler model",
                )
            )
    if covariance is None:
        problems.append(
            Problem("not_identified", "the likelihood is flat around its top, so no interval can be told", None,
                    "wait for more customers, or take a simpler model")
        )  # fmt: skip
    if repeat_buyers < FEW_REPEAT_BUYERS:
        problems.append(
            Problem("few_repeat_buyers", f"only {repeat_buyers} of {customers:,} customers have a repeat order", None,
                    f"from {FEW_REPEAT_BUYERS} on the figures begin to mean something")
        )  # fmt: skip
    return Fit(
        names, params, top.value * customers, customers, repeat_buyers, top.converged, covariance,
        tuple(problems), top.evaluations,
    )  # fmt: skip


def profile_interval(
    family: Family, data: Histories, fit: Fit, name: str, level: float = 0.95
) -> tuple[float | None, float | None]:
    """The values of a parameter that a likelihood ratio test does not refuse, the others being at their best.

    2 (LL at the top - LL with the parameter held) is at most the square of the normal quantile. Sharper than the normal
    approximation where the likelihood is lopsided, and slower. An end is null where none is found within a factor of
    e^12: the data set no bound there. D. Cox and D. Oakes, Analysis of Survival Data, 1984, section 3.3.
    """
    held = fit.names.index(name)
    z = normal_quantile((1 + checked_level(level)) / 2)
    drop = z**2 / 2 / fit.customers
    function = _per_customer(family, data)
    top, place = np.log(fit.params), float(np.log(fit.params[held]))
    rest = [i for i in range(len(top)) if i != held]
    width = 1.0 if fit.covariance is None else float(np.sqrt(fit.covariance[held, held]))
    known = (
        None
        if fit.covariance is None
        else _inverse(-np.asarray(np.linalg.inv(fit.covariance), dtype=np.float64)[np.ix_(rest, rest)])
    )
    inverse = None if known is None else known * fit.customers

    def below(value: float, near: Floats) -> tuple[float, Floats]:
        """How far the best with the parameter held is below the top; and where that is."""

        def others(point: Floats) -> tuple[float, Floats]:
            found, gradient = function(np.insert(point, held, value))
            return found, gradient[rest]

        found = ascend(others, near, inverse=inverse, tolerance=1e-7)
        return max(0.0, fit.log_likelihood / fit.customers - found.value), found.point

    low, high = (_end(below, place, sign * width * z, top[rest], drop) for sign in (-1, 1))
    return low, high


def _end(
    below: Callable[[float, Floats], tuple[float, Floats]], top: float, step: float, near: Floats, drop: float
) -> float | None:
    """Where the likelihood is `drop` below its top. The root of the depth is nearly straight, which tells the next
    place to look at; where that leaves the bracket, its middle does."""
    inside, outside = 0.0, None
    for _ in range(60):
        depth, near = below(top + step, near)
        if abs(depth - drop) < 1e-6 * drop:
            break
        if depth < drop:
            inside = step
        else:
            outside = step
        following = step * float(np.sqrt(drop / depth)) if depth > 0 else 2 * step
        if outside is None:
            step = float(np.sign(step)) * min(abs(following), 2 * abs(step))
            if abs(step) > _FARTHEST:
                return None
        else:
            between = min(abs(inside), abs(outside)) < abs(following) < max(abs(inside), abs(outside))
            step = following if between else (inside + outside) / 2
            if abs(outside - inside) < 1e-9:
                break
    return exp(top + step)


_FARTHEST = 12.0
