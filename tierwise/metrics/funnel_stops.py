"""Who stops before a step of a funnel, and who goes on: the two sides, to be read against each other.

Who has not had the time to go on has not stopped. So of both sides only those are looked at who were at the step before
so long ago that of those who went on three in four had done so: as_of - that day is at least the third quartile (type
7) of their lags. Of both, since else the last days would have none but quick ones who went on.

What is held against the outcome must not come of it: `before_start` leaves of facts what lies before the customer's own
first step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

import narwhals as nw

from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import Frame, columns_of, count_where, days_between, rows_of
from tierwise.metrics.funnel import funnel_of_counts, lag_quartiles, walked
from tierwise.metrics.group_profile import GroupProfile, GroupRow

NOBODY_STOPPED = "nobody_stopped"
NOBODY_WENT_ON = "nobody_went_on"


@dataclass(frozen=True, slots=True)
class FunnelStops:
    """Those who were at `before`, the step before `at`, long enough ago.

    stopped, went_on: rows (key, start_day: the day of the first step), each customer once; stopped_count,
    went_on_count: how many. wait_days: so long ago at least they were at `before`. too_soon: customers left out who
    were there later and have not gone on; too_soon_went_on: and who have; late, late_went_on: rows of these. reason:
    why there is nothing to compare, one of `nobody_went_on` (wait_days is null then) and `nobody_stopped`; null where
    there is.
    """

    at: str
    before: str
    stopped: Frame
    went_on: Frame
    stopped_count: int
    went_on_count: int
    too_soon: int
    too_soon_went_on: int
    late: Frame
    late_went_on: Frame
    wait_days: int | None
    reason: str | None


def funnel_stops(
    events: Frame,
    steps: Sequence[str],
    *,
    as_of: date,
    at: str | None = None,
    key: str = "customer_key",
    step: str = "step",
    day: str = "occurred_day",
    within_days: int | None = None,
    keep: Keep = lazily,
) -> FunnelStops | None:
    """Who reached the step before `at` and not `at` itself, against those who did. at: any step but the first; None for
    the bottleneck, where nobody stops there is none and nothing is told. The other parameters are those of `funnel`.

    Raises what `funnel` raises, and `unknown_step`, `bad_value` for `at`.
    """
    reached = walked(events, steps, as_of=as_of, key=key, step=step, day=day, within_days=within_days, keep=keep)
    if at is None:
        counts = [int(rows_of(each.select(nw.len()))[0][0]) for each in reached]
        at = funnel_of_counts(steps, counts).bottleneck
        if at is None:
            return None
    if at not in steps:
        raise TierwiseError.of([unknown_name("step", at, steps, "at")])
    place = list(steps).index(at)
    if not place:
        raise TierwiseError(
            "bad_value", f"{at} is the first step", place="at", remedy=f"one of: {', '.join(steps[1:])}"
        )
    gone = reached[place].select(key, "lag__")
    both = reached[place - 1].select(key, "start__", "at__").join(gone, on=key, how="left")
    waited = days_between(nw.col("at__"), nw.lit(as_of)).alias("waited__")
    sides = keep("sides_of_stop", both.select(key, nw.col("start__").alias("start_day"), "lag__", waited))
    third = rows_of(gone.select(*lag_quartiles()))[0][2]
    wait = None if third is None else ceil(round(third, 6))
    went = ~nw.col("lag__").is_null()
    long_ago = nw.col("waited__") >= (0 if wait is None else wait)
    sums = sides.select(
        count_where(long_ago & ~went).alias("stopped"),
        count_where(long_ago & went).alias("went_on"),
        count_where(~long_ago & ~went).alias("too_soon"),
        count_where(~long_ago & went).alias("too_soon_went_on"),
    )
    stopped, went_on, too_soon, too_soon_went_on = map(int, rows_of(sums)[0])
    return FunnelStops(
        at=at,
        before=steps[place - 1],
        stopped=sides.filter(long_ago & ~went).select(key, "start_day"),
        went_on=sides.filter(long_ago & went).select(key, "start_day"),
        stopped_count=stopped,
        went_on_count=went_on,
        too_soon=too_soon,
        too_soon_went_on=too_soon_went_on,
        late=sides.filter(~long_ago & ~went).select(key, "start_day"),
        late_went_on=sides.filter(~long_ago & went).select(key, "start_day"),
        wait_days=wait,
        reason=NOBODY_WENT_ON if not went_on else NOBODY_STOPPED if not stopped else None,
    )


def before_start(facts: Frame, starts: Frame, *, day: str, key: str = "customer_key") -> Frame:
    """The facts of those in `starts` (key, start_day) on days before their own start, with their columns."""
    both = facts.join(starts.select(key, "start_day"), on=key, how="inner")
    return both.filter(nw.col(day) < nw.col("start_day")).select(*columns_of(facts))


def differing(found: GroupProfile) -> list[GroupRow]:
    """The rows that differ, the largest difference of shares first, of equals in their order."""
    rows = [row for row in found.rows if row.differs]
    return sorted(rows, key=lambda row: -abs((row.share or 0.0) - (row.reference_share or 0.0)))
