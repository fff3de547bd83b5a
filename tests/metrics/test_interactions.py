"""Interactions per customer, by hand and against an evaluator over each customer's rows."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.interactions import interaction_summary

AS_OF = date(2026, 6, 30)

Rows = list[tuple[int | None, int, str | None, str | None, int | None, int | None]]
"""Customer, days before AS_OF, channel, category, hour, seconds."""


def looked(frame: MakeFrame, rows: Rows) -> Frame:
    return frame(
        pa.table(
            {
                "customer_key": pa.array([row[0] for row in rows], pa.int64()),
                "occurred_day": pa.array([AS_OF - timedelta(days=row[1]) for row in rows], pa.date32()),
                "channel": pa.array([row[2] for row in rows], pa.string()),
                "category": pa.array([row[3] for row in rows], pa.string()),
                "hour": pa.array([row[4] for row in rows], pa.int64()),
                "duration_seconds": pa.array([row[5] for row in rows], pa.int64()),
            }
        )
    )


ROWS: Rows = [
    (1, 0, "app", "tea > green", 23, 10), (1, 0, "app", "tea > black", 0, None), (1, 5, "app", "cups", 23, 30),
    (1, 9, "web", "cups", 22, 5), (1, 40, None, "tea > white", 9, None), (1, -1, "web", "pots", 3, 999),
    (2, 1, "app", None, None, None), (2, 2, "web", None, None, None), (2, 3, "sms", None, None, None),
    (2, 3, "live", None, None, None), (2, 4, "mail", None, None, None),
    (3, 1, "app", "cups", 12, 0),
    (None, 1, "app", "cups", 12, 0),
]  # fmt: skip


def test_by_hand(frame: MakeFrame) -> None:
    found = by_key(interaction_summary(looked(frame, ROWS), as_of=AS_OF, min_count=4))
    assert set(found) == {1, 2, 3}
    assert list(found[1].items())[1:] == [
        ("interaction_count", 5), ("interaction_days_count", 4), ("interaction_seconds", 45),
        ("known_duration_count", 3), ("mean_interaction_seconds", 15.0), ("category_count", 4),
        ("main_category", "cups"), ("main_category_share", 0.4), ("main_category_top", "tea"),
        ("preferred_channel", "app"), ("channel_share", 0.75), ("channel_reason", None),
        ("preferred_hour", 23), ("hour_share", 0.8), ("hour_reason", None),
    ]  # fmt: skip
    two = found[2]
    assert (two["preferred_channel"], two["channel_share"], two["channel_reason"]) == (None, 0.2, "no_preference")
    assert (two["preferred_hour"], two["hour_share"], two["hour_reason"]) == (None, None, "too_few_interactions")
    assert (two["main_category"], two["category_count"], two["mean_interaction_seconds"]) == (None, 0, None)
    assert (found[3]["mean_interaction_seconds"], found[3]["channel_reason"]) == (0.0, "too_few_interactions")


def test_days_that_lie_back_and_columns_that_lack(frame: MakeFrame) -> None:
    lately = by_key(interaction_summary(looked(frame, ROWS), as_of=AS_OF, last_days=9, min_count=1))
    assert (lately[1]["interaction_count"], lately[1]["main_category"]) == (3, "cups")
    bare = by_key(interaction_summary(frame(customer_key=[1], occurred_day=[AS_OF]), as_of=AS_OF))
    assert (bare[1]["interaction_count"], bare[1]["interaction_seconds"], bare[1]["main_category"]) == (1, 0, None)
    for asked in ({"min_count": 0}, {"last_days": 0}, {"preferred_from": 0}):
        with pytest.raises(TierwiseError) as raised:
            interaction_summary(looked(frame, ROWS), as_of=AS_OF, **asked)  # type: ignore[arg-type]
        assert raised.value.code == "bad_value"


@pytest.mark.parametrize("seed", range(2))
def test_as_walked(frame: MakeFrame, seed: int) -> None:
    draw = random.Random(seed)
    rows: Rows = [
        (draw.randrange(25), draw.randrange(50), draw.choice("aab"), draw.choice(["x", "x > y", "z"]),
         draw.randrange(24), draw.randrange(9))
        for _ in range(150)
    ]  # fmt: skip
    found = by_key(interaction_summary(looked(frame, rows), as_of=AS_OF, min_count=1, preferred_from=0.01))
    for customer, row in found.items():
        own: list[Any] = [one for one in rows if one[0] == customer]
        channels = Counter(one[2] for one in own)
        most = min(channels, key=lambda channel: (-channels[channel], channel))
        assert (row["preferred_channel"], row["channel_share"]) == (most, channels[most] / len(own))
        at = Counter(one[4] for one in own)

        def near(hour: int, at: Counter[int] = at) -> int:
            return sum(at[(hour + step) % 24] for step in (-1, 0, 1))

        best = min(range(24), key=lambda hour: (-near(hour), -at[hour], hour))
        assert (row["preferred_hour"], row["hour_share"]) == (best, near(best) / len(own))
        tops = Counter(one[3].split(" > ")[0] for one in own)
        assert row["main_category_top"] == min(tops, key=lambda top: (-tops[top], top))
