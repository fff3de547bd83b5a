from __future__ import annotations

from datetime import date

import pyarrow as pa

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tierwise.metrics.store_totals import store_totals

AS_OF = date(2026, 6, 30)
LATER = date(2026, 7, 1)


def test_orders_of_nobody_count_and_the_identified_share_is_told(frame: MakeFrame) -> None:
    orders = frame(
        pa.table(
            {
                "customer_key": pa.array([1, None, None, 1], pa.int64()),
                "store_id": ["s1", "s1", None, "s1"],
                "ordered_day": [AS_OF, AS_OF, AS_OF, LATER],
                "gross_minor": [300, 100, 50, 999],
                "discount_minor": [10, 0, 0, 0],
                "coupon_minor": [0, 5, 0, 0],
            }
        )
    )
    refunds = frame(store_id=["s1", "s2", "s1"], refunded_day=[AS_OF, AS_OF, LATER], amount_minor=[20, 7, 1])
    stores = frame(store_id=["s1", "s3"])
    found = by_key(store_totals(orders, as_of=AS_OF, refunds=refunds, stores=stores), "store_id")
    assert set(found) == {"s1", "s2", "s3", None}
    one = found["s1"]
    assert (one["orders"], one["identified_orders"], one["identified_order_share"]) == (2, 1, 0.5)
    assert (one["monetary_amount_gross_minor"], one["monetary_amount_minor"]) == (400, 400 - 10 - 5 - 20)
    assert (one["identified_gross_minor"], one["identified_amount_share"]) == (300, 0.75)
    assert (found[None]["orders"], found[None]["identified_order_share"]) == (1, 0.0)
    assert (found["s2"]["orders"], found["s2"]["monetary_amount_minor"]) == (0, -7)
    assert (found["s3"]["orders"], found["s3"]["identified_order_share"], found["s3"]["identified_amount_share"]) == (
        0,
        None,
        None,
    )


def test_the_money_of_junk_accounts_stays_and_is_told_apart(frame: MakeFrame) -> None:
    orders = frame(
        pa.table(
            {
                "customer_key": pa.array([1, 2, 2, None], pa.int64()),
                "store_id": ["s1", "s1", None, "s2"],
                "ordered_day": [AS_OF, AS_OF, AS_OF, AS_OF],
                "gross_minor": [300, 100, 50, 7],
                "discount_minor": [0, 0, 0, 0],
                "coupon_minor": [0, 0, 0, 0],
            }
        )
    )
    flagged = frame(customer_key=[2, 2], rule=["test_account", "burst"])
    found = by_key(store_totals(orders, as_of=AS_OF, junk=flagged), "store_id")
    assert (found["s1"]["monetary_amount_gross_minor"], found["s1"]["identified_orders"]) == (400, 2)
    assert (found["s1"]["junk_orders"], found["s1"]["junk_gross_minor"]) == (1, 100)
    assert (found[None]["junk_orders"], found[None]["junk_gross_minor"]) == (1, 50)
    assert (found["s2"]["junk_orders"], found["s2"]["junk_gross_minor"]) == (0, 0)
    without = store_totals(orders, as_of=AS_OF).collect_schema().names()
    assert "junk_orders" not in without
