"""The Python door for funnels: `tierwise.funnel`, `funnel_by_value`, `funnel_stops`.

Frames are as in `engine/frame_api.py`; what each gives is told in `metrics/funnel.py`, `metrics/funnel_values.py` and
`metrics/funnel_stops.py`. A day may be given as a date or as an instant, which falls on a day of `timezone`. A funnel
is a few numbers, so the first two answer with Python values; who stops is customers, so the third answers with a frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import narwhals as nw
from narwhals.typing import IntoFrameT

from tierwise.engine.canonical import KEY, day_of, require_one_row_each
from tierwise.engine.frame_api import _day
from tierwise.engine.frames import ask, run_on
from tierwise.metrics.customer import Keep
from tierwise.metrics.frame import Frame, require_columns
from tierwise.metrics.funnel import Funnel
from tierwise.metrics.funnel import funnel as funnel_of
from tierwise.metrics.funnel_stops import funnel_stops as stops_of
from tierwise.metrics.funnel_values import FunnelByValue
from tierwise.metrics.funnel_values import funnel_by_value as by_value_of


def funnel(
    events: Any,
    steps: Sequence[str],
    *,
    as_of: date | str,
    customer_id: str = KEY,
    step: str = "step",
    day: str = "occurred_day",
    within_days: int | None = None,
    timezone: str = "UTC",
) -> Funnel:
    """Who gets how far along the steps, as Python values (`metrics/funnel.py`).

    Raises `missing_column`, `bad_column`, `bad_value`, and what `opened` raises.

    >>> import polars as pl
    >>> days = [date(2026, 6, day) for day in (1, 2, 5)]
    >>> events = pl.DataFrame({"customer_id": ["a", "b", "a"], "step": ["lead", "lead", "visit"], "occurred_day": days})
    >>> [(one.step, one.customers, one.stopped) for one in funnel(events, ["lead", "visit"], as_of="2026-06-30").steps]
    [('lead', 2, 0), ('visit', 1, 1)]
    """

    def question(given: Mapping[str, Frame], keep: Keep) -> Funnel:
        inside = with_days(given["facts"], day)
        return funnel_of(
            inside, steps, as_of=_day(as_of), key=customer_id, step=step, day=day, within_days=within_days, keep=keep
        )

    return ask({"facts": events}, question, timezone=timezone)


def funnel_by_value(
    events: Any,
    steps: Sequence[str],
    customers: Any,
    *,
    by: str,
    as_of: date | str,
    customer_id: str = KEY,
    step: str = "step",
    day: str = "occurred_day",
    within_days: int | None = None,
    timezone: str = "UTC",
) -> FunnelByValue:
    """The funnel of each value of an attribute, and what the difference is worth (`metrics/funnel_values.py`).

    customers: one row per customer, `customer_id` and the column `by`, whose values are told as texts; who has no row
    or a null has no value. Raises `missing_column`, `bad_column`, `bad_value`; `bad_frame` where a customer has two
    rows, and what `opened` raises.

    >>> import polars as pl
    >>> days = [date(2026, 6, day) for day in (1, 2, 5)]
    >>> events = pl.DataFrame({"customer_id": ["a", "b", "a"], "step": ["lead", "lead", "visit"], "occurred_day": days})
    >>> people = pl.DataFrame({"customer_id": ["a", "b"], "city": ["Xi'an", "Wuxi"]})
    >>> found = funnel_by_value(events, ["lead", "visit"], people, by="city", as_of="2026-06-30")
    >>> [(each.value, each.funnel.steps[1].customers) for each in found.values]
    [('Wuxi', 0), ("Xi'an", 1)]
    """

    def question(given: Mapping[str, Frame], keep: Keep) -> FunnelByValue:
        inside = with_days(given["facts"], day)
        people = given["customers"]
        require_columns(people, (customer_id, by), "the customers")
        values = people.select(customer_id, nw.col(by).cast(nw.String).alias("value"))
        require_one_row_each(values, customer_id, "the customers")
        return by_value_of(
            inside, steps, values, as_of=_day(as_of), key=customer_id, step=step, day=day, within_days=within_days,
            keep=keep,
        )  # fmt: skip

    return ask({"facts": events, "customers": customers}, question, timezone=timezone)


def funnel_stops(
    events: IntoFrameT,
    steps: Sequence[str],
    *,
    as_of: date | str,
    at: str | None = None,
    customer_id: str = KEY,
    step: str = "step",
    day: str = "occurred_day",
    within_days: int | None = None,
    timezone: str = "UTC",
) -> IntoFrameT:
    """Who reached the step before `at`, and whether they went on: one row per customer (`metrics/funnel_stops.py`).

    Columns: customer_id; start_day, of the first step; at, the step that was reached or not; wait_days: so long ago
    at least they were at the step before, which leaves out who has not had the time; outcome, `stopped` or `went_on`.
    at: any step but the first; None for the bottleneck. No rows where nobody stops, or nobody was there long enough ago
    (where nobody went on, wait_days is null and all who were there have stopped).

    Join your own columns to it to see what tells the two apart; take what was known on start_day, else the outcome
    explains itself. Raises `missing_column`, `bad_column`, `bad_value`, `unknown_step`, and what `opened` raises.

    >>> import polars as pl
    >>> days = [date(2026, 6, day) for day in (1, 2, 5)]
    >>> events = pl.DataFrame({"customer_id": ["a", "b", "a"], "step": ["lead", "lead", "visit"], "occurred_day": days})
    >>> funnel_stops(events, ["lead", "visit"], as_of="2026-06-30").select("customer_id", "wait_days", "outcome").rows()
    [('a', 4, 'went_on'), ('b', 4, 'stopped')]
    """

    def compute(given: Mapping[str, Frame], keep: Keep) -> Frame:
        inside = with_days(given["facts"], day)
        found = stops_of(
            inside, steps, as_of=_day(as_of), at=at, key=customer_id, step=step, day=day, within_days=within_days,
            keep=keep,
        )  # fmt: skip
        if found is None:
            nobody = inside.head(0).select(customer_id, nw.col(day).alias("start_day"))
            return _with_outcome(nobody, customer_id, None, None, "stopped")
        sides = ((found.stopped, "stopped"), (found.went_on, "went_on"))
        told = [_with_outcome(side, customer_id, found.at, found.wait_days, outcome) for side, outcome in sides]
        return nw.concat(told)

    return run_on(events, {"facts": events}, compute, timezone=timezone)


def _with_outcome(side: Frame, key: str, at: str | None, wait_days: int | None, outcome: str) -> Frame:
    return side.select(
        key,
        "start_day",
        nw.lit(at).cast(nw.String).alias("at"),
        nw.lit(wait_days).cast(nw.Int64).alias("wait_days"),
        nw.lit(outcome).alias("outcome"),
    )


def with_days(facts: Frame, day: str) -> Frame:
    """The facts with that column as a date. Raises `missing_column`, `bad_column`."""
    require_columns(facts, (day,), "the facts")
    return facts.with_columns(day_of(facts, day).alias(day))


__all__ = ["funnel", "funnel_by_value", "funnel_stops", "with_days"]
