"""Promotion dependence: how much of what a customer buys is bought on promotion, and what that has cost.

An order is on promotion where it has a discount or a coupon. What a customer was given is the benefit: discount and
coupon, in money; refunds are not looked at, since they give back what was paid and not what was given.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Literal

import narwhals as nw

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame, count_where, integer_sum, missing, quotient, require_columns

PromotionClass = Literal["only", "mostly", "sometimes", "never"]

CLASSES: tuple[PromotionClass, ...] = ("only", "mostly", "sometimes", "never")

TOO_FEW_ORDERS = "too_few_orders"

_GIVEN = nw.col("discount_minor") + nw.col("coupon_minor")


def promotion_dependence(
    orders: Frame,
    *,
    as_of: date,
    key: str = "customer_key",
    day: str = "ordered_day",
    mostly_from: float | Fraction = 0.5,
    min_orders: int = 2,
) -> Frame:
    """One row per customer with an order up to as_of: `key, order_count, promotion_order_count, promotion_order_share,
    gross_amount_minor, benefit_amount_minor, coupon_amount_minor, benefit_share, coupon_share, promotion_class,
    promotion_reason`.

    orders: one row per order with `gross_minor`, `discount_minor`, `coupon_minor`. benefit_amount_minor: discount and
    coupon, over the whole life. benefit_share: benefit / gross; coupon_share: coupon / what was paid after discount,
    the coupon's own worth included (gross - discount); both null where nothing is to be divided by.

    promotion_class: `only` (every order), `mostly` (a share of at least mostly_from, compared in whole numbers),
    `sometimes`, `never`; null with the reason `too_few_orders` below min_orders, since one order on promotion is no
    habit. Raises `missing_column`, `bad_value`.
    """
    share = Fraction(str(mostly_from))
    if not 0 < share <= 1:
        said = f"mostly_from is {mostly_from}"
        raise TierwiseError("bad_value", said, place="mostly_from", remedy="above 0, up to 1")
    if min_orders < 1:
        raise TierwiseError("bad_value", f"min_orders is {min_orders}", place="min_orders", remedy="1 or more")
    require_columns(orders, (key, day, "gross_minor", "discount_minor", "coupon_minor"), "orders")
    known = orders.filter(~nw.col(key).is_null(), nw.col(day) <= nw.lit(as_of))
    sums = known.group_by(key).agg(
        nw.len().cast(nw.Int64).alias("order_count"),
        count_where((nw.col("discount_minor") > 0) | (nw.col("coupon_minor") > 0)).alias("promotion_order_count"),
        integer_sum(nw.col("gross_minor")).alias("gross_amount_minor"),
        integer_sum(_GIVEN).alias("benefit_amount_minor"),
        integer_sum(nw.col("coupon_minor")).alias("coupon_amount_minor"),
        integer_sum(nw.col("gross_minor") - nw.col("discount_minor")).alias("before_coupon__"),
    )
    many, on = nw.col("order_count"), nw.col("promotion_order_count")
    above, below = share.as_integer_ratio()
    classed = (
        nw.when(on == many)
        .then(nw.lit("only"))
        .when(on * below >= many * above)
        .then(nw.lit("mostly"))
        .when(on > 0)
        .then(nw.lit("sometimes"))
        .otherwise(nw.lit("never"))
    )
    enough = many >= min_orders
    return sums.with_columns(
        quotient(on, many).alias("promotion_order_share"),
        quotient(nw.col("benefit_amount_minor"), nw.col("gross_amount_minor")).alias("benefit_share"),
        quotient(nw.col("coupon_amount_minor"), nw.col("before_coupon__")).alias("coupon_share"),
        nw.when(enough).then(classed).otherwise(missing(nw.String)).alias("promotion_class"),
        nw.when(~enough).then(nw.lit(TOO_FEW_ORDERS)).alias("promotion_reason"),
    ).select(
        key, "order_count", "promotion_order_count", "promotion_order_share", "gross_amount_minor",
        "benefit_amount_minor", "coupon_amount_minor", "benefit_share", "coupon_share", "promotion_class",
        "promotion_reason",
    )  # fmt: skip


def promotion_classes(dependence: Frame) -> Frame:
    """One row per class that somebody is in, null among them: `promotion_class, customers, order_count,
    promotion_order_count, gross_amount_minor, benefit_amount_minor, benefit_share`.

    dependence: what `promotion_dependence` gave. benefit_share: benefit / gross of them together.
    """
    summed = ("order_count", "promotion_order_count", "gross_amount_minor", "benefit_amount_minor")
    return (
        dependence.group_by("promotion_class")
        .agg(nw.len().cast(nw.Int64).alias("customers"), *(integer_sum(nw.col(name)).alias(name) for name in summed))
        .with_columns(quotient(nw.col("benefit_amount_minor"), nw.col("gross_amount_minor")).alias("benefit_share"))
    )
