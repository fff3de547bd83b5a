"""Per customer, from order lines: how much, how many products and categories, and the main category's rhythm."""

from __future__ import annotations

import narwhals as nw

from tierwise.metrics.frame import Frame, columns_of, days_between, distinct, integer_sum, quotient
from tierwise.metrics.purchases import most_frequent

LINE_COLUMNS = ("product_id", "quantity")
"""What lines need besides the key and `ordered_day`, or the `order_id` by which orders tell both."""

PRODUCT_COLUMNS = ("product_id", "category")


def lines_of_orders(lines: Frame, orders: Frame, key: str) -> Frame:
    """Lines with their order's customer and day. Lines that carry both are taken as they are.

    A line of an order that is not there (no customer, after as_of) is not seen.
    """
    if carry_their_order(lines, key):
        return lines
    return lines.join(orders.select("order_id", key, "ordered_day"), on="order_id", how="inner")


def carry_their_order(lines: Frame, key: str) -> bool:
    """Whether lines say themselves whose they are and of which day."""
    return {key, "ordered_day"} <= set(columns_of(lines))


def line_sums(lines: Frame, key: str) -> Frame:
    """One row per customer with a line. Quantities have at most three decimals, so thousandths are exact."""
    thousandths = (nw.col("quantity") * 1000).round(0).cast(nw.Int64)
    sums = lines.group_by(key).agg(
        nw.len().cast(nw.Int64).alias("line_count"),
        integer_sum(thousandths).alias("unit_thousandths"),
    )
    products = (
        distinct(lines.select(key, "product_id"))
        .group_by(key)
        .agg(nw.len().cast(nw.Int64).alias("distinct_product_count"))
    )
    return sums.join(products, on=key, how="left")


def category_days(lines: Frame, products: Frame, key: str) -> Frame:
    """One row per customer and known category that was bought: `times`, the days on which it was, and `span_days`
    from the first of them to the last."""
    known = products.filter(~nw.col("category").is_null()).select("product_id", "category")
    days = lines.select(key, "product_id", "ordered_day").join(known, on="product_id", how="inner")
    return (
        days.group_by(key, "category", "ordered_day")
        .agg(nw.len().alias("lines_that_day"))
        .group_by(key, "category")
        .agg(
            nw.len().cast(nw.Int64).alias("times"),
            days_between(nw.col("ordered_day").min(), nw.col("ordered_day").max()).alias("span_days"),
        )
    )


def category_intervals(days: Frame) -> Frame:
    """One row per category: its typical interval, `category_interval_days`; null where nobody bought it on two days.

    days: as `category_days`. It is the mean over all intervals between one customer's consecutive days of buying it:
    the days from first to last, summed over customers, by the number of intervals, summed likewise.
    """
    return (
        days.group_by("category")
        .agg(integer_sum(nw.col("span_days")).alias("spans"), integer_sum(nw.col("times") - 1).alias("intervals"))
        .select(
            nw.col("category").alias("main_category"),
            quotient(nw.col("spans"), nw.col("intervals")).alias("category_interval_days"),
        )
    )


def category_rhythm(days: Frame, key: str) -> Frame:
    """One row per customer with a known category: how many categories, the main one, and its typical interval."""
    main = most_frequent(days, key=key, value="category", count="distinct_category_count", main="main_category")
    return main.join(category_intervals(days), on="main_category", how="left").select(
        key, "distinct_category_count", "main_category", "category_interval_days"
    )
