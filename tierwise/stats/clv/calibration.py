"""What a model makes of the customers it knows, beside what they did: figures for plots and for doubts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tierwise.kernel.errors import TierwiseError
from tierwise.stats.clv.families import Family
from tierwise.stats.clv.histories import Histories
from tierwise.stats.special import Floats


@dataclass(frozen=True, slots=True)
class RepeatCount:
    """repeat_orders: so many, or that and more where `and_more`. customers: who have them. expected: by the model."""

    repeat_orders: int
    and_more: bool
    customers: int
    expected: float


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Customers with so many repeat orders before: their mean orders in the hold-out, and those foreseen."""

    repeat_orders: int
    and_more: bool
    customers: int
    mean_orders: float | None
    mean_expected: float | None


@dataclass(frozen=True, slots=True)
class TrackedPeriod:
    """end: of the period, in units of age from the first customer's first order. expected: repeat orders in it, of all.
    cumulative: up to it."""

    end: float
    expected: float
    cumulative: float


@dataclass(frozen=True, slots=True)
class CountedPeriod:
    """end: of the period, in units of age from the first customer's first order. orders: repeat orders that came in it,
    of all. cumulative: up to it."""

    end: float
    orders: int
    cumulative: int


def repeat_counts(family: Family, params: Floats, data: Histories, most: int) -> tuple[RepeatCount, ...]:
    """One row for each number of repeat orders from 0 to `most`, the last with all above."""
    if most < 1:
        raise TierwiseError("bad_value", f"{most} repeat orders: at least 1 must be told apart", place="most")
    ages, place = np.unique(data.age, return_inverse=True)
    people = np.bincount(place, data.count)
    stays = family.staying(params)
    none = np.zeros(len(ages))
    expected = []
    for x, share in enumerate(family.shares(params, none, none, ages)):
        if x == most:
            break
        expected.append(float(people @ (stays * share + (1 - stays if x == 0 else 0.0))))
    expected.append(data.customers - sum(expected))
    seen = [float(data.count[data.orders == x].sum()) for x in range(most)]
    seen.append(data.customers - sum(seen))
    return tuple(
        RepeatCount(x, x == most, round(customers), foreseen)
        for x, (customers, foreseen) in enumerate(zip(seen, expected, strict=True))
    )


def held_out(orders: Floats, held: Floats, foreseen: Floats, most: int) -> tuple[HeldGroup, ...]:
    """One row for each number of repeat orders from 0 to `most`, the last with all above; means null over nobody.

    orders, held, foreseen: by customer. Raises `bad_value` where a number of orders held out is missing or below 0.
    """
    if not np.isfinite(held).all() or (held < 0).any():
        raise TierwiseError("bad_value", "holdout_orders is missing or below 0", place="holdout_orders")
    capped = np.minimum(orders, most)
    found = []
    for x in range(most + 1):
        rows = capped == x
        people = int(rows.sum())
        means = (float(held[rows].mean()), float(foreseen[rows].mean())) if people else (None, None)
        found.append(HeldGroup(x, x == most, people, *means))
    return tuple(found)


def tracked(family: Family, params: Floats, data: Histories, until: float, step: float) -> tuple[TrackedPeriod, ...]:
    """Σ over customers of E X(end - first order), by period. Every customer counts from the own first order on."""
    ends = [0.0, *_ends(until, step)]
    ages, place = np.unique(data.age, return_inverse=True)
    people = np.bincount(place, data.count)
    begins = ages.max() - ages
    sums = [float(people @ family.new(params, np.maximum(0.0, end - begins))) for end in ends]
    return tuple(
        TrackedPeriod(end, now - before, now) for end, (before, now) in zip(ends[1:], pairwise(sums), strict=True)
    )


def counted_periods(
    counts: Mapping[int, int], unit_days: float, until: float, step: float
) -> tuple[CountedPeriod, ...]:
    """The same periods with what came: counts by days since the first order of all. A day on an end is before it."""
    ends = _ends(until, step)
    days, many = np.array(sorted(counts), dtype=np.float64), np.array([counts[day] for day in sorted(counts)])
    sums = np.concatenate([[0], np.cumsum(many, dtype=np.int64)])
    up_to = [int(sums[np.searchsorted(days, end * unit_days + 1e-6, side="right")]) for end in ends]
    return tuple(
        CountedPeriod(end, now - before, now) for end, (before, now) in zip(ends, pairwise([0, *up_to]), strict=True)
    )


def _ends(until: float, step: float) -> list[float]:
    if not (step > 0 and np.isfinite(step)) or until / step > 100_000:
        raise TierwiseError("bad_value", f"a step of {step}: it must be above 0, and not tiny", place="step")
    return [min(number * step, until) for number in range(1, int(np.ceil(until / step - 1e-9)) + 1)]
