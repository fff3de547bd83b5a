"""What a fitted model foresees of customers: orders to come, how many at least and at most, what they will be worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tierwise.kernel.errors import TierwiseError
from tierwise.stats.clv.families import Family
from tierwise.stats.clv.fitting import Fit, checked_level
from tierwise.stats.special import Floats
from tierwise.stats.tails import normal_quantile

FARTHEST = 2_000.0
"""How many times the ages a horizon may be, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One row per customer: x, t_x, T; and their different (x, T), which orders to come of those alive depend on."""

    orders: Floats
    last: Floats
    age: Floats
    different_orders: Floats
    different_age: Floats
    place: np.ndarray[tuple[int], np.dtype[np.intp]]


def rows_of(orders: Floats, last: Floats, age: Floats) -> Rows:
    """The rows with their different (x, T)."""
    ages, age_place = np.unique(age, return_inverse=True)
    key = orders.astype(np.int64) * len(ages) + age_place
    different, place = np.unique(key, return_inverse=True)
    x, age_of = np.divmod(different, max(1, len(ages)))
    return Rows(orders, last, age, x.astype(np.float64), ages[age_of], place)


def checked_horizon(t: float, age: float) -> float:
    """Raises `bad_value` for a horizon that is not finite, below 0, or out of all proportion to the ages."""
    if not np.isfinite(t) or t < 0:
        raise TierwiseError(
            "bad_value", f"a horizon of {t}: it must be 0 or more", place="t", remedy="in the unit of age"
        )
    if t > FARTHEST * age:
        raise TierwiseError(
            "bad_value",
            f"a horizon of {t:g} where customers were watched for {age:g} at most",
            place="t",
            remedy="give it in the unit of age",
        )
    return float(t)


def probability_alive(family: Family, params: Floats, rows: Rows) -> Floats:
    """The probability that each customer will still order."""
    return family.alive(params, rows.orders, rows.last, rows.age)


def expected_orders(family: Family, params: Floats, rows: Rows, t: float) -> Floats:
    """The orders expected of each customer within t from now."""
    far = np.full(len(rows.different_age), float(t))
    living = family.ahead(params, rows.different_orders, rows.different_age, far)
    return probability_alive(family, params, rows) * living[rows.place]


def order_shares(family: Family, params: Floats, rows: Rows, t: float) -> Iterator[Floats]:
    """P(Y = 0), P(Y = 1), … of each customer, without end: orders within t from now, with those who are gone."""
    alive = probability_alive(family, params, rows)
    far = np.full(len(rows.different_age), float(t))
    for y, share in enumerate(family.shares(params, rows.different_orders, rows.different_age, far)):
        yield alive * share[rows.place] + (1 - alive if y == 0 else 0.0)


MOST_FORESEEN = 100_000


def prediction_interval(
    family: Family, params: Floats, rows: Rows, t: float, level: float
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """The least and the most orders of each customer within t: the quantiles (1 - level) / 2 and (1 + level) / 2 of the
    distribution of orders, the parameters taken as they were learnt. Whole numbers hold the level at least.
    """
    tail = (1 - checked_level(level)) / 2
    alive = probability_alive(family, params, rows)
    low = np.full(len(alive), -1, dtype=np.int64)
    high = np.full(len(alive), -1, dtype=np.int64)
    far = np.full(len(rows.different_age), float(t))
    below = np.zeros(len(far))
    going = np.arange(len(alive))
    for y, share in enumerate(family.shares(params, rows.different_orders, rows.different_age, far)):
        below = below + share
        at_most = 1 - alive[going] + alive[going] * below[rows.place[going]]
        low[going[(low[going] < 0) & (at_most >= tail)]] = y
        done = at_most >= 1 - tail - 1e-12
        high[going[done]] = y
        going = going[~done]
        if not len(going) or y >= MOST_FORESEEN:
            break
    low[low < 0] = MOST_FORESEEN
    high[high < 0] = MOST_FORESEEN
    return low, high


@dataclass(frozen=True, slots=True)
class Total:
    """expected: orders of all customers together. interval: at `level`, not below 0; null where the parameters' error
    cannot be told. of_chance and of_learning: the standard deviations of the customers' orders, and of what was
    learnt; the latter null where it cannot be told."""

    expected: float
    interval: tuple[float, float] | None
    of_chance: float
    of_learning: float | None
    level: float


_NUDGE = 1e-4


def expected_total(family: Family, fit: Fit, rows: Rows, t: float, level: float) -> Total:
    """The sum over customers, each independent of the others given the parameters.

    The variance is that of the customers' orders, from their distributions, and g' C g of the parameters: C their
    covariance, g the slope of the sum, both by logarithms (the delta method). By the central limit the sum of many
    customers is normal; of a handful it is not, and `prediction_interval` of each is to be preferred.
    """
    z = normal_quantile((1 + checked_level(level)) / 2)
    each = expected_orders(family, fit.params, rows, t)
    alive = probability_alive(family, fit.params, rows)
    squares = _mean_squares(family, fit.params, rows, t)
    chance = float(np.sqrt(max(0.0, float((alive * squares[rows.place] - each**2).sum()))))
    expected = float(each.sum())
    if fit.covariance is None:
        return Total(expected, None, chance, None, level)
    slope = np.empty(len(fit.params))
    for i in range(len(slope)):
        up, down = fit.params.copy(), fit.params.copy()
        up[i] *= np.exp(_NUDGE)
        down[i] *= np.exp(-_NUDGE)
        rise = expected_orders(family, up, rows, t).sum() - expected_orders(family, down, rows, t).sum()
        slope[i] = rise / (2 * _NUDGE)
    learning = float(np.sqrt(slope @ fit.covariance @ slope))
    half = z * float(np.hypot(chance, learning))
    return Total(expected, (max(0.0, expected - half), expected + half), chance, learning, level)


def _mean_squares(family: Family, params: Floats, rows: Rows, t: float) -> Floats:
    """E Y² of the different rows, given that they are alive."""
    far = np.full(len(rows.different_age), float(t))
    found, seen = np.zeros(len(far)), np.zeros(len(far))
    for y, share in enumerate(family.shares(params, rows.different_orders, rows.different_age, far)):
        found += share * float(y) ** 2
        seen += share
        if (
            (seen > 1 - 1e-10).all()
            or (y > 100 and (share * float(y) ** 3 < 1e-10 * found).all())
            or y >= MOST_FORESEEN
        ):
            break
    return found


def lifetime_value(
    family: Family,
    params: Floats,
    rows: Rows,
    mean_value: Floats,
    *,
    horizon: float,
    step: float,
    discount_rate: float,
    margin: float,
) -> Floats:
    """What the orders of each customer within the horizon are worth today.

    Σ over steps k of (E Y(k step) - E Y((k - 1) step)) × mean_value × margin / (1 + discount_rate)^(k step): what comes
    in during a step is discounted from its end. discount_rate: per unit of age, 0.0018 a week for 10 % a year. The last
    step is shortened to the horizon. nan where the mean value is.
    """
    ends = np.minimum(np.arange(1, int(np.ceil(horizon / step - 1e-9)) + 1) * step, horizon)
    discounted = np.zeros(len(rows.different_age))
    before = np.zeros_like(discounted)
    for end in ends.tolist():
        so_far = family.ahead(params, rows.different_orders, rows.different_age, np.full(len(discounted), end))
        discounted += (so_far - before) / (1 + discount_rate) ** end
        before = so_far
    return probability_alive(family, params, rows) * discounted[rows.place] * mean_value * margin
