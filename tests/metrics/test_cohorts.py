"""The triangle of cohorts by hand, and against an evaluator that walks each customer's months."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.cohorts import COHORT_COLUMNS, CURVE_COLUMNS, cohort_retention, retention_curve
from tierwise.metrics.frame import Frame

AS_OF = date(2026, 4, 15)

Orders = list[tuple[int | None, date, int]]

ORDERS: Orders = [
    (1, date(2026, 1, 1), 1_000), (1, date(2026, 1, 31), 500), (1, date(2026, 3, 1), 300),
    (2, date(2026, 1, 20), 700), (2, date(2026, 4, 2), 900),
    (3, date(2026, 3, 31), 250), (3, date(2026, 4, 20), 9_999),   # the last after as_of
    (4, date(2026, 4, 1), 80),
    (None, date(2026, 1, 2), 5_000),
]  # fmt: skip


def orders_of(frame: MakeFrame, orders: Orders) -> Frame:
    return frame(
        pa.table(
            {
                "customer_key": pa.array([row[0] for row in orders], pa.int64()),
                "ordered_day": pa.array([row[1] for row in orders], pa.date32()),
                "gross_minor": pa.array([row[2] + 30 for row in orders], pa.int64()),
                "discount_minor": pa.array([20] * len(orders), pa.int64()),
                "coupon_minor": pa.array([10] * len(orders), pa.int64()),
            }
        )
    )


def told(table: pa.Table) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


def test_by_hand_from_first_orders(frame: MakeFrame) -> None:
    refunds = frame(
        pa.table(
            {
                "customer_key": pa.array([1, 1, 9], pa.int64()),
                "refunded_day": pa.array([date(2026, 2, 3), date(2025, 12, 1), date(2026, 2, 1)], pa.date32()),
                "amount_minor": pa.array([400, 77, 55], pa.int64()),
            }
        )
    )
    found = cohort_retention(orders_of(frame, ORDERS), as_of=AS_OF, refunds=refunds)
    january, march, april = date(2026, 1, 1), date(2026, 3, 1), date(2026, 4, 1)
    none = (None,) * 6
    assert found.schema == COHORT_COLUMNS
    assert told(found) == [
        (january, 0, january, 2, 2, 1.0, 3, 2_200, 2_200, 1_100, None),
        (january, 1, date(2026, 2, 1), 2, 0, 0.0, 0, -400, 1_800, 900, None),
        (january, 2, march, 2, 1, 0.5, 1, 300, 2_100, 1_050, None),
        (january, 3, april, 2, *none, "month_incomplete"),
        (march, 0, march, 1, 1, 1.0, 1, 250, 250, 250, None),
        (march, 1, april, 1, *none, "month_incomplete"),
        (april, 0, april, 1, *none, "cohort_incomplete"),
    ]
    curve = retention_curve(found)
    assert curve.schema == CURVE_COLUMNS
    assert told(curve) == [
        (0, 2, 3, 3, 1.0, 2_450, 817),
        (1, 1, 2, 0, 0.0, -400, -200),
        (2, 1, 2, 1, 0.5, 300, 150),
    ]


def test_by_hand_from_registration(frame: MakeFrame) -> None:
    starts = frame(
        pa.table(
            {
                "customer_key": pa.array([1, 2, 4, 5, 6], pa.int64()),
                "registered_on": pa.array(
                    [date(2026, 1, 10), date(2025, 12, 31), None, date(2026, 1, 3), date(2026, 4, 16)], pa.date32()
                ),
            }
        )
    )
    found = cohort_retention(orders_of(frame, ORDERS), as_of=date(2026, 2, 28), starts=starts)
    december, january = date(2025, 12, 1), date(2026, 1, 1)
    assert [row[:6] for row in told(found)] == [
        (december, 0, december, 1, 0, 0.0),
        (december, 1, january, 1, 1, 1.0),
        (december, 2, date(2026, 2, 1), 1, 0, 0.0),
        (january, 0, january, 2, 1, 0.5),       # the order of the first is before the registration
        (january, 1, date(2026, 2, 1), 2, 0, 0.0),
    ]  # fmt: skip
    assert found.column("net_minor").to_pylist() == [0, 700, 0, 500, 0]
    assert found.column("reason").null_count == 5


@pytest.mark.parametrize("seed", range(2))
def test_as_walked(frame: MakeFrame, seed: int) -> None:
    draw = random.Random(seed)
    first = date(2025, 1, 1)
    orders: Orders = [(draw.randrange(40), first + timedelta(days=draw.randrange(460)), 100) for _ in range(300)]
    seen: dict[int, set[int]] = defaultdict(set)
    for customer, day, _ in orders:
        if day <= AS_OF and customer is not None:
            seen[customer].add(day.year * 12 + day.month - 1)
    rows = cohort_retention(orders_of(frame, orders), as_of=AS_OF).to_pylist()
    for row in rows:
        cohort = row["cohort_month"].year * 12 + row["cohort_month"].month - 1
        of = [months for months in seen.values() if min(months) == cohort]
        assert row["customers"] == len(of)
        if row["reason"] is None:
            assert row["retained"] == sum(cohort + row["month_number"] in months for months in of)
        else:
            assert row["month"] == date(2026, 4, 1)
    complete = [row for row in rows if row["reason"] is None]
    assert sum(row["order_count"] for row in complete) == sum(day < date(2026, 4, 1) for _, day, _ in orders)


def test_nobody_and_what_lacks(frame: MakeFrame) -> None:
    assert cohort_retention(orders_of(frame, []), as_of=AS_OF).num_rows == 0
    assert retention_curve(cohort_retention(orders_of(frame, []), as_of=AS_OF)).num_rows == 0
    with pytest.raises(TierwiseError, match='have no column "gross_minor"'):
        cohort_retention(frame(customer_key=[1], ordered_day=[AS_OF]), as_of=AS_OF)
