"""Lines with their promotion, by hand: a discount belongs to the line that has it, the rest of the order's to all."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import rows_of
from tierwise.metrics.item_days import bought_items


def test_a_line_beside_a_cheaper_one_is_not_promoted(frame: MakeFrame) -> None:
    """
    order   off the order   coupon   off its lines   promoted
    one     3               0        3, 0            yes, no
    two     5               0        3, 0            yes, yes: 2 are off the whole
    three   0               1        0               yes
    four    0               0        2, 0            yes, no: the order's own record says nothing of it
    five    0               0        0               no
    """
    orders = frame(
        order_id=["one", "two", "three", "four", "five", "nobody's"],
        customer_key=pa.array([1, 1, 1, 1, 1, None], pa.int64()),
        ordered_day=[date(2026, 6, 1)] * 6,
        discount_minor=pa.array([3, 5, 0, 0, 0, 9], pa.int64()),
        coupon_minor=pa.array([0, 0, 1, 0, 0, 0], pa.int64()),
    )
    lines = pa.table(
        {
            "order_id": ["one", "one", "two", "two", "three", "four", "four", "five", "nobody's"],
            "product_id": ["a", "b", "a", "b", "a", "a", "b", "a", "a"],
            "quantity": [1] * 9,
            "discount_minor": pa.array([3, 0, 3, 0, 0, 2, 0, 0, 9], pa.int64()),
        }
    )
    found = bought_items(orders, frame(lines)).select("order_id", "product_id", "promoted")
    told = {(row["order_id"], row["product_id"]): row["promoted"] for row in rows_of(found, "order_id")}
    assert told == {
        ("one", "a"): True, ("one", "b"): False, ("two", "a"): True, ("two", "b"): True, ("three", "a"): True,
        ("four", "a"): True, ("four", "b"): False, ("five", "a"): False,
    }  # fmt: skip
    without = bought_items(orders, frame(lines.drop(["discount_minor"]))).select("order_id", "product_id", "promoted")
    by_order = {(row["order_id"], row["product_id"]): row["promoted"] for row in rows_of(without, "order_id")}
    assert by_order["one", "b"]
    assert not by_order["four", "a"]
