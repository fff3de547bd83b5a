"""What a step is given of the profile is all that it looks for."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any, get_args

import duckdb
import narwhals as nw
import pytest

from tierwise.definitions.lifecycle import Lifecycle, Silence, Stage
from tierwise.definitions.read import parse_rule
from tierwise.engine.profile_rows import ProfileRows, columns_read
from tierwise.engine.workshop import DuckdbWorkshop
from tierwise.metrics.lifecycle import lifecycle_stages

AS_OF = date(2026, 6, 30)
DAYS = ("last_ordered_on", "last_visited_on", "last_interacted_on")
RHYTHMS = ("mean_interval_days", "mean_visit_interval_days", "mean_interaction_interval_days")
COUNTS = ("order_days_count", "visit_days_count", "interaction_days_count")


@pytest.fixture
def profile() -> ProfileRows:
    """Four customers, each of whose days and rhythms are others; nobody's are equal."""
    connection = duckdb.connect()
    days = [f"DATE '2026-01-01' + (key * {7 + place})::INTEGER AS {name}" for place, name in enumerate(DAYS)]
    rhythms = [f"(20 + key * {place + 3})::DOUBLE AS {name}" for place, name in enumerate(RHYTHMS)]
    counts = [f"CASE WHEN key < 3 THEN 1 ELSE 9 END AS {name}" for name in COUNTS]  # of two the own rhythm is not known
    told = ", ".join([*days, *rhythms, *counts, "(5 * key)::DOUBLE AS category_interval_days", "3 AS frequency_count"])
    connection.execute(f"CREATE VIEW metrics AS SELECT key AS customer_key, {told} FROM range(1, 5) t(key)")
    found = ProfileRows(DuckdbWorkshop(connection))
    found.begin("metrics")
    return found


STAGES = (
    Stage(name="overdue", when=parse_rule({"attribute": "overdue_days", "op": ">", "value": 0})),
    Stage(name="rest"),
)
PARTS = (get_args(Silence.model_fields[name].annotation) for name in ("since", "normal"))


@pytest.mark.parametrize(("since", "normal"), list(product(*PARTS)))
def test_silence_is_the_same_of_all_columns_and_of_those_it_reads(
    profile: ProfileRows, since: Any, normal: Any
) -> None:
    silence = Silence(since=since, normal=normal, at_least_intervals=2, at_least_days=1)
    ladder = Lifecycle(name="stage", silence=silence, stages=STAGES)
    whole = nw.from_native(profile.shop.connection.view("profile_rows"))
    narrow = profile.narrow("narrow", columns_read([ladder], {}))
    added = ("customer_key", "stage_silent_days", "stage_normal_silence_days", "stage_overdue_days", "stage")

    def told(rows: Any) -> list[tuple[Any, ...]]:
        return sorted(nw.to_native(lifecycle_stages(rows, ladder, as_of=AS_OF).select(*added)).fetchall())

    assert told(narrow) == told(whole)
    assert len(set(told(whole))) == 4


def test_a_tier_is_joined_by_customer_and_null_where_it_has_no_row(profile: ProfileRows) -> None:
    profile.shop.connection.execute("CREATE TABLE junk AS SELECT 4 AS customer_key")
    profile.without("junk")
    profile.shop.connection.execute("CREATE TABLE tier AS SELECT 2 AS customer_key, 'a' AS tier, 1 AS other")
    profile.add("tier")
    narrow = nw.to_native(profile.narrow("narrow", {"tier", "frequency_count", "not_there"}))
    assert narrow.columns == ["customer_key", "frequency_count", "tier"]
    assert sorted(narrow.fetchall()) == [(1, 3, None), (2, 3, "a"), (3, 3, None)]
    assert profile.shop.connection.view("profile_rows").columns[-2:] == ["tier", "other"]
