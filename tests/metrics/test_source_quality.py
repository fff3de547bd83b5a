"""What customers of each source cost, by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.source_quality import source_quality

SINCE, AS_OF = date(2026, 1, 1), date(2026, 6, 30)


def people(frame: MakeFrame) -> Frame:
    rows = [
        (1, "ads", date(2026, 1, 1)), (2, "ads", date(2026, 1, 5)), (3, "ads", date(2026, 2, 1)),
        (4, "gift", date(2026, 1, 9)), (5, "gift", date(2026, 1, 9)),
        (6, None, date(2026, 3, 1)),
        (7, "ads", date(2026, 5, 15)), (8, "ads", date(2025, 12, 31)),   # not in the time looked at
    ]  # fmt: skip
    return frame(
        pa.table(
            {
                "customer_key": pa.array([row[0] for row in rows], pa.int64()),
                "source": pa.array([row[1] for row in rows], pa.string()),
                "registered_on": pa.array([row[2] for row in rows], pa.date32()),
            }
        )
    )


def orders(frame: MakeFrame) -> Frame:
    rows = [
        (1, date(2026, 1, 1), 1_000), (1, date(2026, 1, 1), 1_000), (1, date(2026, 3, 2), 500),
        (2, date(2026, 4, 5), 400), (2, date(2026, 4, 6), 9_000),        # the 90th day, and the one after it
        (4, date(2026, 2, 1), 100), (4, date(2026, 2, 2), 100),          # junk
        (6, date(2026, 2, 1), 800),                                      # before the registration
    ]  # fmt: skip
    return frame(
        pa.table(
            {
                "customer_key": pa.array([row[0] for row in rows], pa.int64()),
                "ordered_day": pa.array([row[1] for row in rows], pa.date32()),
                "gross_minor": pa.array([row[2] for row in rows], pa.int64()),
                "discount_minor": pa.array([0] * len(rows), pa.int64()),
                "coupon_minor": pa.array([0] * len(rows), pa.int64()),
            }
        )
    )


def costs(frame: MakeFrame) -> Frame:
    return frame(
        pa.table(
            {
                "source": ["ads", "ads", "ads", "gift", "fair"],
                "spent_day": pa.array(
                    [date(2026, 1, 1), date(2026, 4, 1), date(2026, 4, 2), date(2026, 1, 9), date(2026, 2, 2)]
                ),
                "cost_minor": pa.array([10_000, 1, 5_000, 0, 700], pa.int64()),
            }
        )
    )


def found(frame: MakeFrame, **asked: Any) -> dict[Any, dict[str, Any]]:
    given: dict[str, Any] = {"as_of": AS_OF, "since": SINCE, "costs": costs(frame), **asked}
    return by_key(source_quality(people(frame), orders(frame), **given), "source")


def test_by_hand(frame: MakeFrame) -> None:
    rows = found(frame, junk=frame(customer_key=[4, 4]))
    assert set(rows) == {"ads", "gift", "fair", None}
    ads = rows["ads"]
    counts = ("registered_count", "junk_count", "real_count", "first_order_count", "retained_count", "net_minor")
    assert [ads[name] for name in counts] == [3, 0, 3, 2, 1, 2_900]
    assert (ads["junk_share"], ads["first_order_share"], ads["retained_share"]) == (0.0, 2 / 3, 0.5)
    per = ("registration", "real_registration", "first_order", "retained")
    assert [ads[f"cost_per_{what}_minor"] for what in per] == [3_334, 3_334, 5_001, 10_001]
    assert [ads[f"cost_per_{what}_reason"] for what in per] == [None] * 4
    gift = rows["gift"]
    assert [gift[name] for name in counts] == [2, 1, 1, 0, 0, 0]
    assert (gift["cost_minor"], gift["cost_per_registration_minor"], gift["cost_per_first_order_minor"]) == (0, 0, None)
    assert [gift[f"cost_per_{what}_reason"] for what in per] == [None, None, "no_first_order", "nobody_retained"]
    assert rows[None]["cost_per_registration_reason"] == "no_cost"
    assert (rows[None]["registered_count"], rows[None]["first_order_count"]) == (1, 0)
    fair = rows["fair"]
    assert (fair["registered_count"], fair["junk_share"], fair["cost_minor"]) == (0, None, 700)
    assert fair["cost_per_registration_reason"] == "no_registrations"


def test_without_costs_nothing_is_free(frame: MakeFrame) -> None:
    rows = found(frame, costs=None)
    assert set(rows) == {"ads", "gift", None}
    assert {row["cost_minor"] for row in rows.values()} == {None}
    assert {row["cost_per_registration_reason"] for row in rows.values()} == {"no_cost"}
    assert rows["gift"]["retained_count"] == 1


def test_whom_nobody_could_follow_is_not_looked_at(frame: MakeFrame) -> None:
    assert found(frame, within_days=30)["ads"]["registered_count"] == 4
    assert found(frame, until=date(2026, 1, 31))["ads"]["registered_count"] == 2
    for asked in ({"until": date(2026, 5, 1)}, {"since": date(2026, 5, 1)}, {"within_days": 0}):
        with pytest.raises(TierwiseError) as raised:
            found(frame, **asked)
        assert raised.value.code == "bad_value"
