"""What the models need to know of customers, and how many customers share it.

x repeat orders, t_x age at the last of them, T age now: a likelihood sees nothing else, so that equal customers are
taken together and counted (P. Fader and B. Hardie, Implementing the BG/NBD model for customer base analysis in Excel,
2005). A year of days has few of them: a million customers are some hundred thousand different histories.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.stats.special import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """One row per different history.

    orders: x, whole numbers. last: t_x, 0 where x is 0. age: T, at least t_x, in the same unit. count: how many
    customers. values: the different numbers of orders; place: which of them each row has; by_value: how many customers
    have each.
    """

    orders: Floats
    last: Floats
    age: Floats
    count: Floats
    values: Floats
    place: np.ndarray[tuple[int], np.dtype[np.intp]]
    by_value: Floats

    @property
    def customers(self) -> int:
        return round(float(self.count.sum()))

    @property
    def repeat_buyers(self) -> int:
        return round(float(self.count[self.orders > 0].sum()))

    def thinned(self, rows: int) -> Histories:
        """About so many rows of those with repeat orders and of those without, evenly taken, that stand for as many
        customers of either kind as there are: enough to find out where to start."""
        parts = []
        for part in (np.flatnonzero(self.orders == 0), np.flatnonzero(self.orders > 0)):
            taken = part[:: max(1, len(part) // rows)]
            stands_for = self.count[part].sum() / max(1.0, self.count[taken].sum())
            parts.append((taken, self.count[taken] * stands_for))
        places = np.concatenate([taken for taken, _ in parts])
        count = np.concatenate([count for _, count in parts])
        return _of(self.orders[places], self.last[places], self.age[places], count)


def histories(orders: Floats, last: Floats, age: Floats) -> Histories:
    """The different histories of customers, one row per customer in; not all are taken together where most differ.

    Raises `no_customers`, and `bad_value` for all faults at once with how many rows have each: not finite, x not a
    whole number of 0 or more, t_x below 0 or above T, t_x not 0 without a repeat order, t_x of 0 with one.
    """
    orders, last, age = (np.asarray(column, dtype=np.float64) for column in (orders, last, age))
    if not len(orders):
        raise TierwiseError("no_customers", "there is no customer to learn from")
    _check(orders, last, age)
    none = orders == 0
    ages, many = np.unique(age[none], return_counts=True)
    zero = np.zeros(len(ages))
    some, some_last, some_age, count = _together(orders[~none], last[~none], age[~none])
    return _of(
        np.concatenate([zero, some]),
        np.concatenate([zero, some_last]),
        np.concatenate([ages, some_age]),
        np.concatenate([many.astype(np.float64), count]),
    )


def _together(orders: Floats, last: Floats, age: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Equal rows once, in order, and how many there are of each; the rows as they are where that costs more than it
    saves: with half as many pairs of ages as rows, a likelihood is worked out sooner than rows are sorted."""
    ages, lasts = np.unique(age), np.unique(last)
    if 2 * len(ages) * len(lasts) > len(age):
        return orders, last, age, np.ones(len(age))
    # Looked up, not sorted with their places: with so few different ones that is several times as fast.
    key = (orders.astype(np.int64) * len(lasts) + np.searchsorted(lasts, last)) * len(ages)
    key += np.searchsorted(ages, age)
    different, count = np.unique(key, return_counts=True)
    rest, age_of = np.divmod(different, len(ages))
    x, last_of = np.divmod(rest, len(lasts))
    return x.astype(np.float64), lasts[last_of], ages[age_of], count.astype(np.float64)


def _of(orders: Floats, last: Floats, age: Floats, count: Floats) -> Histories:
    found = np.bincount(orders.astype(np.int64))
    values = np.flatnonzero(found)
    place = (np.cumsum(found > 0) - 1)[orders.astype(np.int64)]
    by_value = np.bincount(place, count).astype(np.float64)
    return Histories(orders, last, age, count, values.astype(np.float64), place, by_value)


MOST_ORDERS = 1_000_000


def _check(orders: Floats, last: Floats, age: Floats) -> None:
    finite = np.isfinite(orders) & np.isfinite(last) & np.isfinite(age)
    faults = (
        (~finite, "a figure is missing or not finite", "leave such customers out"),
        (finite & ((orders < 0) | (orders != np.floor(orders))), "repeat_orders is no count", "it is orders less one"),
        (finite & (orders > MOST_ORDERS), f"repeat_orders is above {MOST_ORDERS:,}", "no customer orders so often"),
        (finite & (last < 0), "age_at_last_order is below 0", "it is from the first order to the last"),
        (finite & (last > age), "age_at_last_order is above age", "both are from the first order, in one unit"),
        (finite & (orders == 0) & (last > 0), "age_at_last_order is not 0 without a repeat order", "it must be 0 then"),
        (finite & (orders > 0) & (last == 0), "age_at_last_order is 0 with a repeat order", "merge orders of one day"),
    )
    problems = [
        Problem("bad_value", f"{what}, in {bad:,} row{'s' if bad > 1 else ''}", None, remedy)
        for rows, what, remedy in faults
        if (bad := int(rows.sum()))
    ]
    if problems:
        raise TierwiseError.of(problems)
