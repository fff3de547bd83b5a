"""Members who keep a level and stopped buying, by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.idle_members import idle_by_level, idle_members

AS_OF = date(2026, 6, 30)

MEMBERS = [
    (1, "gold", date(2025, 1, 1)),    # bought last on the day itself
    (2, "gold", date(2025, 6, 30)),   # never bought: silent since the level
    (3, "gold", date(2026, 6, 1)),    # invited lately
    (4, "silver", date(2025, 1, 1)),  # a level whose cost nobody told
    (5, None, date(2025, 1, 1)),
    (6, "gold", date(2026, 7, 1)),    # not yet
    (7, "black", date(2024, 1, 1)),   # benefits that cost nothing
]  # fmt: skip
ORDERS = [(1, date(2024, 12, 1)), (1, date(2026, 1, 1)), (1, date(2026, 7, 1)), (3, date(2026, 6, 1)), (None, AS_OF)]


def found(frame: MakeFrame, costs: bool = True, **asked: Any) -> Frame:
    members = pa.table(
        {
            "customer_key": pa.array([row[0] for row in MEMBERS], pa.int64()),
            "level": pa.array([row[1] for row in MEMBERS], pa.string()),
            "level_since": pa.array([row[2] for row in MEMBERS], pa.date32()),
        }
    )
    orders = pa.table(
        {
            "customer_key": pa.array([row[0] for row in ORDERS], pa.int64()),
            "ordered_day": pa.array([row[1] for row in ORDERS], pa.date32()),
        }
    )
    given = frame(level=["gold", "black"], cost_minor=[36_500, 0]) if costs else None
    return idle_members(frame(members), frame(orders), as_of=AS_OF, benefit_costs=given, **asked)


def test_by_hand(frame: MakeFrame) -> None:
    rows = by_key(found(frame))
    names = ("last_ordered_on", "silent_days", "bought_since_level", "idle", "idle_cost_minor", "cost_reason")
    assert {key: tuple(row[name] for name in names) for key, row in rows.items()} == {
        1: (date(2026, 1, 1), 180, True, True, 18_000, None),
        2: (None, 365, False, True, 36_500, None),
        3: (date(2026, 6, 1), 29, False, False, 0, None),
        4: (None, 545, False, True, None, "no_benefit_cost"),
        7: (None, 911, False, True, 0, None),
    }
    assert not by_key(found(frame, idle_days=181))[1]["idle"]


def test_by_level(frame: MakeFrame) -> None:
    rows = by_key(idle_by_level(found(frame)), "level")
    gold = rows["gold"]
    assert (gold["members"], gold["idle_count"], gold["idle_share"]) == (3, 2, 2 / 3)
    assert (gold["idle_cost_minor"], gold["idle_cost_a_year_minor"], gold["cost_reason"]) == (54_500, 73_000, None)
    silver = rows["silver"]
    assert (silver["idle_cost_minor"], silver["idle_cost_a_year_minor"]) == (None, None)
    assert silver["cost_reason"] == "no_benefit_cost"
    unknown = by_key(idle_by_level(found(frame, costs=False)), "level")
    assert {row["cost_reason"] for row in unknown.values()} == {"no_benefit_cost"}


def test_what_is_wrong_is_refused(frame: MakeFrame) -> None:
    with pytest.raises(TierwiseError, match="idle_days"):
        found(frame, idle_days=0)
    with pytest.raises(TierwiseError, match='have no column "level_since"'):
        idle_members(frame(customer_key=[1], level=["a"]), frame(customer_key=[1], ordered_day=[AS_OF]), as_of=AS_OF)
