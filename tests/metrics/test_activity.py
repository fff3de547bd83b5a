from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tierwise.definitions.activity import ACTIVITY_CLASSES, Activity
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.activity import activity_classes, activity_windows

AS_OF = date(2026, 6, 30)


def naive(since_first: int, since_last: int, lately: int) -> str:
    if since_first < 30:
        return "new"
    if since_last < 90:
        return "active_high" if lately >= 4 else "active_mid" if lately >= 2 else "active_low"
    return "sleeping" if since_last < 365 else "inactive"


def test_every_day_of_two_years_has_its_class(frame: MakeFrame) -> None:
    """Silence day by day, with 0 to 5 contacts in the window where it may have any."""
    rows = [
        (since_first, since_last, lately)
        for since_last in range(740)
        for since_first in (since_last, since_last + 1, 29, 30, 1000)
        for lately in ((1, 2, 3, 4, 5) if since_last < 90 else (0,))
        if since_first >= since_last
    ]
    table = frame(
        customer_key=list(range(len(rows))),
        first_ordered_on=[AS_OF - timedelta(days=row[0]) for row in rows],
        last_ordered_on=[AS_OF - timedelta(days=row[1]) for row in rows],
        frequency_count_90d=[row[2] for row in rows],
    )
    found = by_key(activity_classes(table, Activity(), as_of=AS_OF))
    assert [found[i]["activity"] for i in range(len(rows))] == [naive(*row) for row in rows]
    assert {row["activity"] for row in found.values()} == set(ACTIVITY_CLASSES)


def test_who_was_never_seen_is_inactive(frame: MakeFrame) -> None:
    nobody = frame(
        pa.table(
            {
                "customer_key": [1],
                "first_visited_on": pa.array([None], pa.date32()),
                "last_visited_on": pa.array([None], pa.date32()),
                "visit_count_60d": pa.array([0], pa.int64()),
            }
        )
    )
    definition = Activity(count="visits", active_last_days=60, name="shop_activity")
    assert activity_windows(definition) == (60,)
    assert by_key(activity_classes(nobody, definition, as_of=AS_OF))[1]["shop_activity"] == "inactive"


def test_metrics_that_are_missing_are_named(frame: MakeFrame) -> None:
    with pytest.raises(TierwiseError, match="interaction_count_90d"):
        activity_classes(frame(customer_key=[1]), Activity(count="interactions"), as_of=AS_OF)
