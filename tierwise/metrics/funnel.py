"""A funnel: who gets how far along named steps in their order, where people stop, and how long each step takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import narwhals as nw

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import Frame, days_between, distinct, require_columns, rows_of


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One step. customers: who reached it by way of all before. share_of_first: of those at the first step; share: of
    those at the step before (conversion); null where nobody was there, and share for the first step.

    stopped: who reached the step before and not this one (drop-off); 0 for the first step. lag_days: days from the step
    before to this one, of those who reached it, quartiles of type 7; null for the first step and where there is nobody.
    """

    step: str
    customers: int
    share: float | None
    share_of_first: float | None
    stopped: int
    lag_days: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """All steps in their order, and the one before which most stop (of equals the earlier); null where nobody does."""

    steps: tuple[FunnelStep, ...]
    bottleneck: str | None


Lags = tuple[float, float, float]
"""Quartiles of days."""


def funnel(
    events: Frame,
    steps: Sequence[str],
    *,
    as_of: date,
    key: str = "customer_key",
    step: str = "step",
    day: str = "occurred_day",
    within_days: int | None = None,
    keep: Keep = lazily,
) -> Funnel:
    """How many customers went through the steps in this order, each on the day of the one before or later.

    events: rows of someone, the name of a step and a day; other steps and days after as_of are not seen. Each step is
    taken as early as it can be after the step before; what came before it does not count, nor does what is skipped.
    within_days: the last step may lie at most so many days after the first, and only customers are looked at whose
    first step lies so far back that it could. Executes one grouping a step.

    Raises `missing_column`, `bad_value` on fewer than two steps, doubled ones or within_days below 0.
    """
    reached = walked(events, steps, as_of=as_of, key=key, step=step, day=day, within_days=within_days, keep=keep)
    counts = [int(rows_of(reached[0].select(nw.len()))[0][0])]
    lags: list[Lags | None] = [None]
    for each in reached[1:]:
        here, *found = rows_of(each.select(nw.len().cast(nw.Int64).alias("n"), *lag_quartiles()))[0]
        counts.append(int(here))
        lags.append((found[0], found[1], found[2]) if here else None)
    return funnel_of_counts(steps, counts, lags)


def walked(
    events: Frame,
    steps: Sequence[str],
    *,
    as_of: date,
    key: str = "customer_key",
    step: str = "step",
    day: str = "occurred_day",
    within_days: int | None = None,
    keep: Keep = lazily,
) -> list[Frame]:
    """For each step a frame of those who reached it by way of all before, one row per customer: `key`; `start__`, the
    day of the first step; `at__`, the day of this one; and from the second on `lag__`, days from the step before.

    Parameters and errors are those of `funnel`.
    """
    _check(steps, within_days)
    require_columns(events, (key, step, day), "the events")
    known = events.filter(~nw.col(key).is_null(), nw.col(day) <= nw.lit(as_of))
    seen = keep("seen", distinct(known.select(key, nw.col(step).alias("step__"), nw.col(day).alias("day__"))))
    first, *rest = steps
    reached = seen.filter(nw.col("step__") == first).group_by(key).agg(nw.col("day__").min().alias("start__"))
    reached = reached.with_columns(nw.col("start__").alias("at__"))
    if within_days is not None:
        reached = reached.filter(days_between(nw.col("start__"), nw.lit(as_of)) >= within_days)
    frames = [keep("reached_1", reached)]
    for number, name in enumerate(rest, start=2):
        following = _next(frames[-1], seen.filter(nw.col("step__") == name), key, within_days)
        frames.append(keep(f"reached_{number}", following))
    return frames


def lag_quartiles() -> list[nw.Expr]:
    """The quartiles of `lag__`, type 7, as `q1`, `q2`, `q3`; null over nobody."""
    lag = nw.col("lag__")
    return [lag.quantile(k / 4, interpolation="linear").cast(nw.Float64).alias(f"q{k}") for k in (1, 2, 3)]


def funnel_of_counts(steps: Sequence[str], counts: Sequence[int], lags: Sequence[Lags | None] | None = None) -> Funnel:
    """The funnel of so many at each step."""
    told = []
    for place, (name, here) in enumerate(zip(steps, counts, strict=True)):
        before = counts[place - 1] if place else here
        share = here / before if place and before else None
        of_first = here / counts[0] if counts[0] else None
        told.append(FunnelStep(name, here, share, of_first, before - here, None if lags is None else lags[place]))
    most = max(told, key=lambda one: one.stopped, default=None)
    return Funnel(tuple(told), most.step if most is not None and most.stopped else None)


def passed_stages(counts: Mapping[str | None, int], stages: Sequence[str]) -> list[int]:
    """How many passed each stage, of so many that are at each now: who is at one has passed those before it; who is at
    none of them counts at the first alone."""
    everybody = sum(counts.values())
    later = [sum(counts.get(stage, 0) for stage in stages[place:]) for place in range(1, len(stages))]
    return [everybody, *later]


def _next(reached: Frame, events: Frame, key: str, within_days: int | None) -> Frame:
    """Who reaches the next step, on the earliest day from the one before on."""
    both = reached.select(key, "start__", "at__").join(events.select(key, "day__"), on=key, how="inner")
    both = both.filter(nw.col("day__") >= nw.col("at__"))
    if within_days is not None:
        both = both.filter(days_between(nw.col("start__"), nw.col("day__")) <= within_days)
    earliest = both.group_by(key, "start__", "at__").agg(nw.col("day__").min().alias("day__"))
    lag = days_between(nw.col("at__"), nw.col("day__")).alias("lag__")
    return earliest.select(key, "start__", nw.col("day__").alias("at__"), lag)


def _check(steps: Sequence[str], within_days: int | None) -> None:
    if len(steps) < 2 or len(set(steps)) < len(steps):
        raise TierwiseError(
            "bad_value", f"steps are {', '.join(steps)}", place="steps", remedy="two or more, each once"
        )
    if within_days is not None and within_days < 0:
        raise TierwiseError("bad_value", f"within_days is {within_days}", place="within_days", remedy="0 or more")
