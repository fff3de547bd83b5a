"""Per customer, from orders and refunds: how often, how much, how regular, where.

Each window is a grouping of its own rows. Measured on 10 M orders of three years, windows of 30, 90 and 365 days: 1.4 s
as three filtered groupings, 2.8 s as conditional sums in one scan of everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import narwhals as nw

from tierwise.kernel.windows import LIFE, Window
from tierwise.metrics.frame import (
    Frame,
    columns_of,
    count_where,
    days_between,
    full_join,
    integer_sum,
    left_join_all,
)

ORDER_COLUMNS = ("ordered_day", "gross_minor", "discount_minor", "coupon_minor")
"""What orders need besides the key; `cost_minor` and `store_id` give more where they are there."""

REFUND_COLUMNS = ("refunded_day", "amount_minor")

_NET = nw.col("gross_minor") - nw.col("discount_minor") - nw.col("coupon_minor")
_PROMOTED = (nw.col("discount_minor") > 0) | (nw.col("coupon_minor") > 0)


def order_sums(orders: Frame, *, key: str, as_of: date, windows: Sequence[Window]) -> Frame:
    """One row per customer with an order: sums over the whole life and over each window.

    orders: one row per order, days up to as_of, key not null. A customer without orders in a window has nulls there.
    `ordered_net…` is what was ordered after discount and coupon, refunds not yet taken off.
    """
    with_cost = "cost_minor" in columns_of(orders)
    life = (
        _with_gaps(orders, key)
        .group_by(key)
        .agg(
            *_sums(LIFE, with_cost),
            count_where(nw.col("gap__") > 0).alias("interval_count"),
            integer_sum(nw.col("gap__") * nw.col("gap__")).alias("squared_gaps"),
            nw.col("ordered_day").min().alias("first_ordered_on"),
            nw.col("ordered_day").max().alias("last_ordered_on"),
            integer_sum(nw.col("discount_minor")).alias("discount_amount_minor"),
            integer_sum(nw.col("coupon_minor")).alias("coupon_amount_minor"),
            _NET.max().alias("max_order_amount_minor"),
            _NET.min().alias("min_order_amount_minor"),
            count_where(nw.col("coupon_minor") > 0).alias("coupon_order_count"),
        )
    )
    parts = [
        orders.filter(nw.col("ordered_day") >= nw.lit(window.first_day(as_of)))
        .group_by(key)
        .agg(*_sums(window, with_cost))
        for window in windows
    ]
    if "store_id" in columns_of(orders):
        parts.append(_stores(orders, key))
    net = nw.col("monetary_amount_gross_minor") - nw.col("discount_amount_minor") - nw.col("coupon_amount_minor")
    return left_join_all(life, parts, key).with_columns(net.alias("ordered_net_minor"))


def _sums(window: Window, with_cost: bool) -> list[nw.Expr]:
    at = window.suffix
    sums = [
        nw.len().cast(nw.Int64).alias(f"frequency_count{at}"),
        integer_sum(nw.col("gross_minor")).alias(f"monetary_amount_gross{at}_minor"),
        count_where(_PROMOTED).alias(f"promotion_order_count{at}"),
    ]
    if window.last_days is not None:
        sums.append(integer_sum(_NET).alias(f"ordered_net{at}_minor"))
    if with_cost:
        sums += [
            integer_sum(nw.col("cost_minor")).alias(f"known_cost{at}_minor"),
            nw.col("cost_minor").count().cast(nw.Int64).alias(f"cost_known_count{at}"),
        ]
    return sums


def _with_gaps(orders: Frame, key: str) -> Frame:
    """Orders with `gap__`, the days since the customer's order before, 0 on the same day, null for the first.

    They come one customer after the other, so the grouping by customer that follows meets each customer once: on 10 M
    orders that pays for the window's wider rows, and saves a scan and a join.
    """
    before = nw.col("ordered_day").shift(1).over(key, order_by="ordered_day")
    wanted = (key, *ORDER_COLUMNS, *(["cost_minor"] if "cost_minor" in columns_of(orders) else []))
    return orders.select(*wanted, days_between(before, nw.col("ordered_day")).alias("gap__"))


_RANK_WIDTH = 12
_RANK_TOP = 10**_RANK_WIDTH - 1


def _stores(orders: Frame, key: str) -> Frame:
    """How many stores, and the one with the most orders, ties to the smaller store_id."""
    pairs = (
        orders.filter(~nw.col("store_id").is_null())
        .group_by(key, "store_id")
        .agg(nw.len().cast(nw.Int64).alias("times"))
    )
    return most_frequent(pairs, key=key, value="store_id", count="distinct_store_count", main="main_store_id")


def most_frequent(pairs: Frame, *, key: str, value: str, count: str, main: str) -> Frame:
    """From (key, value, times): how many values, and the most frequent one, ties to the smaller text.

    The minimum of "(largest - times) in twelve digits, then the value" is that value: no window, no second join.
    """
    ranked = nw.concat_str([(nw.lit(_RANK_TOP) - nw.col("times")).cast(nw.String), nw.col(value).cast(nw.String)])
    return (
        pairs.with_columns(ranked.alias("ranked"))
        .group_by(key)
        .agg(nw.len().cast(nw.Int64).alias(count), nw.col("ranked").min().str.slice(_RANK_WIDTH).alias(main))
    )


def refund_sums(refunds: Frame, *, key: str, as_of: date, windows: Sequence[Window]) -> Frame:
    """One row per customer with a refund. Refunds count on the day on which money was given back."""
    sums = [
        nw.len().cast(nw.Int64).alias("refund_count"),
        integer_sum(nw.col("amount_minor")).alias("refund_amount_minor"),
        nw.col("refunded_day").max().alias("last_refunded_on"),
    ]
    for window in windows:
        inside = nw.col("refunded_day") >= nw.lit(window.first_day(as_of))
        sums += [
            count_where(inside).alias(f"refund_count{window.suffix}"),
            integer_sum(nw.when(inside).then(nw.col("amount_minor")).otherwise(nw.lit(0))).alias(
                f"refund_amount{window.suffix}_minor"
            ),
        ]
    return refunds.group_by(key).agg(*sums)


def known_until(facts: Frame, *, key: str, day: str, as_of: date) -> Frame:
    """Facts of someone, on days up to as_of: nothing after it is seen."""
    return facts.filter(~nw.col(key).is_null() & (nw.col(day) <= nw.lit(as_of)))


def merge(parts: Sequence[Frame], key: str) -> Frame:
    """All customers that any part knows, one row each."""
    first, *rest = parts
    for part in rest:
        first = full_join(first, part, key)
    return first
