"""What a model makes of the customers it knows, beside what they did: figures for plots and for doubts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.stats.clv.families import Family
from tierwise.stats.clv.histories import Histories
from tierwise.stats.special import Floats
from tierwise.stats.tails import chi_square_above


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
    ages, people = _ages(data)
    stays = family.staying(params)
    none = np.zeros(len(ages))
    expected = []
    for x, share in enumerate(family.shares(params, none, none, ages)):
        if x == most:
            break
        expected.append(float((people * (stays * share + (1 - stays if x == 0 else 0.0))).sum()))
    expected.append(data.customers - sum(expected))
    by_value = dict(zip(data.values.tolist(), data.by_value.tolist(), strict=True))
    seen = [by_value.get(x, 0.0) for x in range(most)]
    seen.append(data.customers - sum(seen))
    return tuple(
        RepeatCount(x, x == most, round(customers), foreseen)
        for x, (customers, foreseen) in enumerate(zip(seen, expected, strict=True))
    )


_MOST_AGES = 1_000


def _ages(data: Histories) -> tuple[Floats, Floats]:
    """The different ages and how many customers have each; more than a thousand of them are taken together in a
    thousandth of the span each, at their mean."""
    ages = np.unique(data.age)
    if len(ages) <= _MOST_AGES:
        return ages, np.bincount(np.searchsorted(ages, data.age), data.count).astype(np.float64)
    block = ((data.age - ages[0]) * (_MOST_AGES / (ages[-1] - ages[0]))).astype(np.int64)
    people, sums = np.bincount(block, data.count), np.bincount(block, data.count * data.age)
    there = people > 0
    return sums[there] / people[there], people[there].astype(np.float64)


MISFIT_P = 0.001
MISFIT_SHARE = 0.05
_LEAST_EXPECTED = 5.0
_MOST_TOLD_APART = 60


def misfit(family: Family, params: Floats, data: Histories) -> Problem | None:
    """Whether the repeat orders are spread over customers as the model has it: null where they are, near enough.

    Pearson's chi-square of customers by repeat orders, those of fewer than 5 expected taken together, with as many
    degrees of freedom less as there are parameters (as Fader, Hardie and Lee 2005 judge by it), and the share of
    customers who would have to have another number. Both must be clear: much data make any difference significant.
    """
    usual = float(data.values[np.searchsorted(np.cumsum(data.by_value), 0.95 * data.customers)])
    rows = repeat_counts(family, params, data, int(min(max(usual, 7), _MOST_TOLD_APART)))
    seen, expected = [0.0], [0.0]
    for row in rows:
        if expected[-1] >= _LEAST_EXPECTED:
            seen.append(0.0)
            expected.append(0.0)
        seen[-1] += row.customers
        expected[-1] += row.expected
    if len(seen) > 1 and expected[-1] < _LEAST_EXPECTED:
        seen[-2:], expected[-2:] = [sum(seen[-2:])], [sum(expected[-2:])]
    degrees = len(seen) - 1 - len(params)
    apart = sum(abs(one - other) for one, other in zip(seen, expected, strict=True)) / 2 / data.customers
    if degrees < 1 or apart < MISFIT_SHARE:
        return None
    statistic = sum((one - other) ** 2 / max(other, 1e-9) for one, other in zip(seen, expected, strict=True))
    if chi_square_above(statistic, degrees) >= MISFIT_P:
        return None
    return Problem(
        "poor_fit",
        f"{apart:.0%} of the customers would have to have another number of repeat orders to be as the model has it",
        None,
        "look at `calibration()`; try another model, or customers of a kind by themselves",
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
