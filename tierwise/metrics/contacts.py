"""Per customer, from visits and interactions: how often, since when, how long ago."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import narwhals as nw

from tierwise.kernel.windows import Window
from tierwise.metrics.frame import Frame, columns_of, count_where, distinct, integer_sum

VISIT_COLUMNS = ("visited_day",)

INTERACTION_COLUMNS = ("occurred_day",)


def visit_sums(visits: Frame, *, key: str, as_of: date, windows: Sequence[Window]) -> Frame:
    """One row per customer with a visit. A visit counts as paid only where `paid` is there and true."""
    day = nw.col("visited_day")
    # A visit has a day, so that this is false without `paid`; Narwhals cannot sum a literal.
    paid = nw.col("paid").fill_null(False) if "paid" in columns_of(visits) else day.is_null()
    sums = [
        nw.len().cast(nw.Int64).alias("visit_count"),
        count_where(paid).alias("paid_visit_count"),
        day.min().alias("first_visited_on"),
        day.max().alias("last_visited_on"),
        nw.when(paid).then(day).max().alias("last_paid_visited_on"),
    ]
    for window in windows:
        inside = day >= nw.lit(window.first_day(as_of))
        sums += [
            count_where(inside).alias(f"visit_count{window.suffix}"),
            count_where(inside & paid).alias(f"paid_visit_count{window.suffix}"),
        ]
    days = _distinct_days(visits, key, "visited_day", "visit_days_count")
    return visits.group_by(key).agg(*sums).join(days, on=key, how="left")


def interaction_sums(interactions: Frame, *, key: str, as_of: date, windows: Sequence[Window]) -> Frame:
    """One row per customer with an interaction. Durations that are not known count nothing."""
    day = nw.col("occurred_day")
    with_duration = "duration_seconds" in columns_of(interactions)
    none = nw.when(day.is_null()).then(nw.lit(1)).otherwise(nw.lit(0))
    seconds = nw.col("duration_seconds").fill_null(0) if with_duration else none
    sums = [
        nw.len().cast(nw.Int64).alias("interaction_count"),
        integer_sum(seconds).alias("interaction_seconds"),
        day.min().alias("first_interacted_on"),
        day.max().alias("last_interacted_on"),
    ]
    sums += [
        count_where(day >= nw.lit(window.first_day(as_of))).alias(f"interaction_count{window.suffix}")
        for window in windows
    ]
    days = _distinct_days(interactions, key, "occurred_day", "interaction_days_count")
    return interactions.group_by(key).agg(*sums).join(days, on=key, how="left")


def _distinct_days(facts: Frame, key: str, day: str, name: str) -> Frame:
    return distinct(facts.select(key, day)).group_by(key).agg(nw.len().cast(nw.Int64).alias(name))
