"""Activity: how often a customer came lately, as a total ladder of six classes."""

from __future__ import annotations

from datetime import date

import narwhals as nw

from tierwise.definitions.activity import Activity
from tierwise.kernel.windows import Window
from tierwise.metrics.frame import Frame, days_until, require_columns

CONTACTS = {
    "orders": ("frequency_count", "first_ordered_on", "last_ordered_on"),
    "visits": ("visit_count", "first_visited_on", "last_visited_on"),
    "interactions": ("interaction_count", "first_interacted_on", "last_interacted_on"),
}
"""What is counted -> the columns of how often, first and last."""


def activity_windows(definition: Activity) -> tuple[int, ...]:
    """The windows that `customer_metrics` must count for this definition."""
    return (definition.active_last_days,)


def activity_inputs(definition: Activity) -> tuple[str, str, str]:
    """The inside columns that are read: how often lately, the first day and the last."""
    count, first, last = CONTACTS[definition.count]
    return f"{count}{Window(definition.active_last_days).suffix}", first, last


def activity_classes(metrics: Frame, definition: Activity, *, as_of: date) -> Frame:
    """The frame with one more column, named as the definition, never null: the first class that fits.

    new: the first contact is less than new_within_days ago. active_high, active_mid, active_low: at least
    high_at_least, mid_at_least, 1 contacts in (as_of - active_last_days, as_of]. sleeping: the last contact is less
    than sleeping_within_days ago. inactive: the rest, those never seen included. Raises `missing_column`.
    """
    lately, first, last = activity_inputs(definition)
    require_columns(metrics, (lately, first, last), "metrics")
    contacts = nw.col(lately).fill_null(0)
    since_first = days_until(nw.col(first), as_of).fill_null(_NEVER)
    since_last = days_until(nw.col(last), as_of).fill_null(_NEVER)
    found = nw.when(since_last < definition.sleeping_within_days).then(nw.lit("sleeping")).otherwise(nw.lit("inactive"))
    for name, fits in (
        ("active_low", contacts >= 1),
        ("active_mid", contacts >= definition.mid_at_least),
        ("active_high", contacts >= definition.high_at_least),
        ("new", since_first < definition.new_within_days),
    ):
        found = nw.when(fits).then(nw.lit(name)).otherwise(found)
    return metrics.with_columns(found.alias(definition.name))


_NEVER = 10_000_000
"""More days than any definition may name."""
