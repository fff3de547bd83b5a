"""Whether who has a tag does what it claims, on one past day and over several: figures, intervals, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import exp, log, sqrt
from typing import Literal

from tierwise.kernel.errors import TierwiseError
from tierwise.stats.tails import normal_quantile
from tierwise.stats.tgi import difference_p

LEAST = 30
"""On a day with fewer tagged, or fewer without the tag, nothing is told."""

LEAST_OUTCOMES = 10
"""Nor where fewer of all have the outcome, or fewer have it not."""

LEAST_DATES = 2
"""On fewer days than these nothing is decided: one season is no proof."""

ALPHA = 0.05

KEEP_FROM = Fraction(3, 4)
"""A claim that holds on this share of the days is kept."""

Verdict = Literal["keep", "revise", "drop"]


@dataclass(frozen=True, slots=True)
class Counts:
    """Customers on one day: all of whom the claim speaks, those who have the tag, and how many of each then had the
    outcome."""

    customers: int
    tagged: int
    outcomes: int
    hits: int


@dataclass(frozen=True, slots=True)
class PastDay:
    """One day. base_rate: of the outcome among all. precision: among the tagged. recall: the share of outcomes that the
    tagged have. lift: precision / base_rate, with its interval; null where a side is empty or nobody has the outcome.

    p_value: two-sided, of the tagged against the untagged. reason: why nothing is told: `too_few_tagged`,
    `too_few_untagged`, `too_few_outcomes`.
    """

    counts: Counts
    base_rate: float | None
    precision: float | None
    recall: float | None
    lift: float | None
    interval: tuple[float, float] | None
    p_value: float | None
    reason: str | None


def past_day(counts: Counts, *, level: float = 0.95) -> PastDay:
    """The figures of one day.

    The interval of the lift is by the delta method on its logarithm. With w the share of the tagged, p and q the rates
    of tagged and untagged, and b = w p + (1 - w) q:

        var(log lift) = (1/p - w/b)² p(1-p)/tagged + ((1-w)/b)² q(1-q)/untagged

    given who is tagged (Agresti, Categorical Data Analysis, 3rd ed., 2013, section 16.1). Null where no tagged customer
    has the outcome. The p value is of the chi-square test, or Fisher's where few are expected (`stats/tgi.py`). Raises
    `bad_value` on counts that cannot be.

    >>> found = past_day(Counts(1000, 200, 150, 60))
    >>> found.precision, found.recall, found.lift, [round(end, 3) for end in found.interval]
    (0.3, 0.4, 2.0, [1.675, 2.389])
    """
    n, t, b, h = counts.customers, counts.tagged, counts.outcomes, counts.hits
    if not (0 <= h <= min(t, b) and max(t, b) <= n and t + b - h <= n):
        raise TierwiseError("bad_value", f"{counts} cannot be")
    base, precision = (b / n if n else None), (h / t if t else None)
    recall = h / b if b else None
    lift = Fraction(h * n, t * b) if t and b else None
    reason = None
    if t < LEAST or n - t < LEAST:
        reason = "too_few_tagged" if t < LEAST else "too_few_untagged"
    elif min(b, n - b) < LEAST_OUTCOMES:
        reason = "too_few_outcomes"
    if reason is not None:
        return PastDay(counts, base, precision, recall, None if lift is None else float(lift), None, None, reason)
    assert lift is not None
    p_value = difference_p(h, t, b - h, n - t)
    return PastDay(counts, base, precision, recall, float(lift), _interval(counts, level), p_value, None)


def _interval(counts: Counts, level: float) -> tuple[float, float] | None:
    n, t, b, h = counts.customers, counts.tagged, counts.outcomes, counts.hits
    if not h:
        return None
    p, q, rate, share = h / t, (b - h) / (n - t), b / n, t / n
    variance = (1 / p - share / rate) ** 2 * p * (1 - p) / t + ((1 - share) / rate) ** 2 * q * (1 - q) / (n - t)
    half = normal_quantile((1 + level) / 2) * sqrt(variance)
    middle = log(p / rate)
    return exp(middle - half), exp(middle + half)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values as Holm adjusts them, in the order given: below alpha, at most alpha is the chance that any of them
    is so by chance, however they depend on each other (S. Holm, Scand. J. Statist. 6, 1979).

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03, 0.005])]
    [0.03, 0.06, 0.06, 0.02]
    """
    found = [1.0] * len(p_values)
    most = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda at: p_values[at])):
        most = max(most, min(1.0, p_values[place] * (len(p_values) - rank)))
        found[place] = most
    return found


@dataclass(frozen=True, slots=True)
class Decided:
    """verdict: null with the reason `too_few_dates`. held: days on which the claim held; against: days on which the
    tagged had the outcome less often than all, beyond chance. told: days that tell anything, of `dates`."""

    verdict: Verdict | None
    held: int
    against: int
    told: int
    dates: int
    reason: str | None
    said: str


def decided(days: Sequence[tuple[PastDay, float | None]], at_least_lift: float) -> Decided:
    """The verdict over days, each with its adjusted p value, the oldest first.

    A day *holds* where the adjusted p value is below 5 % and the lift at least at_least_lift; it is *against* where the
    adjusted p value is below 5 % and the lift below 1.

    - none: fewer than two days tell anything.
    - drop: no day holds, or as many are against as hold.
    - keep: at least three in four of the days that tell anything hold, none is against, and on the newest of them the
      lift is above 1.
    - revise: all else.
    """
    told = [(day, p) for day, p in days if day.reason is None and p is not None and day.lift is not None]
    held = sum(_is_below(p) and (day.lift or 0) >= at_least_lift for day, p in told)
    against = sum(_is_below(p) and (day.lift or 0) < 1 for day, p in told)
    figures = (held, against, len(told), len(days))
    counted = f"it held on {held} of {len(told)} days"
    if len(told) < LEAST_DATES:
        said = f"only {len(told)} of {len(days)} days tell anything: at least {LEAST_DATES} are needed"
        return Decided(None, *figures, "too_few_dates", said)
    if not held or against >= held:
        return Decided("drop", *figures, None, f"{counted}, and {against} speak against it")
    newest = told[-1][0].lift
    if Fraction(held, len(told)) >= KEEP_FROM and not against and newest is not None and newest > 1:
        return Decided("keep", *figures, None, counted)
    return Decided("revise", *figures, None, f"{counted}, which is fewer than three in four"
                   if not against else f"{counted}, and {against} speak against it")  # fmt: skip


def _is_below(p: float | None) -> bool:
    return p is not None and p < ALPHA
