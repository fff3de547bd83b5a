"""What high potential is learnt from: attributes as of a cut, and what came after it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

import narwhals as nw

from tierwise.metrics.attributes import Attribute, attributes
from tierwise.metrics.frame import Frame, columns_of, count_where, integer_sum, require_columns

OF_NUMBERS = ("integer", "number", "money", "boolean")
"""Types of attributes that a model reads; of a day the days since then are an attribute of their own."""


def feature_attributes(metrics: Frame, windows: Sequence[int]) -> list[Attribute]:
    """The attributes among the columns of `customer_metrics` that a model can read, in the order of the catalogue."""
    there = set(columns_of(metrics))
    return [each for each in attributes(windows) if each.type in OF_NUMBERS and each.column in there]


def features(metrics: Frame, names: Collection[str], key: str = "customer_key") -> Frame:
    """One row per customer: `key` and those columns as floats. metrics: `customer_metrics` as of the cut, so that
    nothing later than the cut is seen. Raises `missing_column`."""
    require_columns(metrics, (key, *names), "metrics")
    return metrics.select(key, *(nw.col(name).cast(nw.Float64).alias(name) for name in names))


def spent_after(
    orders: Frame,
    *,
    after: date,
    until: date,
    key: str = "customer_key",
    day: str = "ordered_day",
) -> Frame:
    """One row per customer with an order in (after, until]: `key, order_count, net_minor`.

    orders: one row per order with `gross_minor`, `discount_minor`, `coupon_minor`. net_minor: gross less discount and
    coupon; refunds are not looked at, since those of the last orders are still to come. Raises `missing_column`.
    """
    require_columns(orders, (key, day, "gross_minor", "discount_minor", "coupon_minor"), "orders")
    inside = (nw.col(day) > nw.lit(after)) & (nw.col(day) <= nw.lit(until))
    net = nw.col("gross_minor") - nw.col("discount_minor") - nw.col("coupon_minor")
    return (
        orders.filter(~nw.col(key).is_null(), inside)
        .group_by(key)
        .agg(count_where(nw.col(day) > nw.lit(after)).alias("order_count"), integer_sum(net).alias("net_minor"))
    )


def last_order_day(orders: Frame, day: str = "ordered_day") -> Frame:
    """One row, one column `last_day`: the last day with an order, null where there is none."""
    return orders.select(nw.col(day).max().alias("last_day"))
