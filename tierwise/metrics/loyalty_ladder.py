"""The loyalty ladder: how spending and the breadth of categories grow from purchase to purchase, and where people stop.

A step is a customer's n-th day with a purchase; several orders on one day are one purchase, as in `metrics/paths.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import narwhals as nw

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import (
    Frame,
    count_where,
    days_between,
    integer_sum,
    quotient,
    require_columns,
    rounded_quotient,
    rows_of,
)


@dataclass(frozen=True, slots=True)
class LadderStep:
    """Everybody's n-th purchase.

    customers: who have made it. followed: those of them of whom it is known whether they go on: the n-th purchase lies
    within_days or more before as_of. stopped: those of them who did not buy again in that time; stop_share: stopped /
    followed, null where nobody could be followed.

    net_minor: spent at the n-th purchase, mean over customers, rounded half away from zero; net_so_far_minor: up to
    and with it. categories_so_far: how many known categories they had bought by then, mean; null where categories were
    not given. gap_days: days since the purchase before, median of type 7; null for the first.
    """

    purchase: int
    customers: int
    followed: int
    stopped: int
    stop_share: float | None
    net_minor: int
    net_so_far_minor: int
    categories_so_far: float | None
    gap_days: float | None


@dataclass(frozen=True, slots=True)
class LoyaltyLadder:
    """The steps that somebody has reached, up to the most asked for. bottleneck: the purchase after which most
    customers stop; steepest: the one after which the largest share does, among steps with enough followed. Of equals
    the earlier; null where nobody stops."""

    steps: tuple[LadderStep, ...]
    bottleneck: int | None
    steepest: int | None


def loyalty_ladder(
    orders: Frame,
    *,
    as_of: date,
    within_days: int,
    bought_categories: Frame | None = None,
    key: str = "customer_key",
    day: str = "ordered_day",
    max_steps: int = 10,
    min_followed: int = 30,
    keep: Keep = lazily,
) -> LoyaltyLadder:
    """The ladder of all customers with an order up to as_of.

    orders: one row per order with `gross_minor`, `discount_minor`, `coupon_minor`. bought_categories: rows of `key`,
    `day` and `category`, as of lines with their products; a null category is none. within_days: so long without a
    purchase is a stop; take the time in which nearly all who come again do (`metrics/paths.py` tells it). min_followed:
    with fewer followed a step is too small to be the steepest.

    Raises `missing_column`, `bad_value`.
    """
    if min(within_days, max_steps, min_followed) < 1:
        raise TierwiseError("bad_value", "within_days, max_steps and min_followed are 1 or more", place="within_days")
    require_columns(orders, (key, day, "gross_minor", "discount_minor", "coupon_minor"), "orders")
    steps = keep("steps", _steps(orders, bought_categories, key=key, day=day, as_of=as_of))
    could = nw.col("day__") <= nw.lit(as_of - timedelta(days=within_days))
    went_on = (days_between(nw.col("day__"), nw.col("next__")) <= within_days).fill_null(False)
    counted = (
        steps.filter(nw.col("purchase") <= max_steps)
        .group_by("purchase")
        .agg(
            nw.len().cast(nw.Int64).alias("customers"),
            count_where(could).alias("followed"),
            count_where(could & ~went_on).alias("stopped"),
            integer_sum(nw.col("net__")).alias("net"),
            integer_sum(nw.col("net_so_far__")).alias("so_far"),
            integer_sum(nw.col("categories__")).alias("categories"),
            nw.col("gap__").quantile(0.5, interpolation="linear").cast(nw.Float64).alias("gap"),
        )
        .select(
            "purchase", "customers", "followed", "stopped", "gap",
            rounded_quotient(nw.col("net"), nw.col("customers")).alias("net"),
            rounded_quotient(nw.col("so_far"), nw.col("customers")).alias("so_far"),
            quotient(nw.col("categories"), nw.col("customers")).alias("categories"),
        )
        .sort("purchase")
    )  # fmt: skip
    told = [
        LadderStep(
            int(purchase), customers, followed, stopped, stopped / followed if followed else None, net, so_far,
            None if bought_categories is None else categories, gap,
        )
        for purchase, customers, followed, stopped, gap, net, so_far, categories in rows_of(counted)
    ]  # fmt: skip
    return LoyaltyLadder(tuple(told), *_where_most_stop(told, min_followed))


def at_purchase(
    orders: Frame,
    purchase: int,
    *,
    as_of: date,
    within_days: int,
    stopped: bool = False,
    key: str = "customer_key",
    day: str = "ordered_day",
) -> Frame:
    """The customers whom `loyalty_ladder` follows after their n-th purchase; stopped: those of them who did not buy
    again in time. One row each: `key`."""
    steps = _steps(orders, None, key=key, day=day, as_of=as_of)
    there = steps.filter(nw.col("purchase") == purchase, nw.col("day__") <= nw.lit(as_of - timedelta(days=within_days)))
    went_on = (days_between(nw.col("day__"), nw.col("next__")) <= within_days).fill_null(False)
    return (there.filter(~went_on) if stopped else there).select(key)


def _where_most_stop(steps: Sequence[LadderStep], min_followed: int) -> tuple[int | None, int | None]:
    stopping = [step for step in steps if step.stopped]
    large = [step for step in stopping if step.followed >= min_followed]
    most = max(stopping, key=lambda step: step.stopped, default=None)
    steepest = max(large, key=lambda step: step.stopped / step.followed, default=None)
    return (None if most is None else most.purchase), (None if steepest is None else steepest.purchase)


def _steps(orders: Frame, categories: Frame | None, *, key: str, day: str, as_of: date) -> Frame:
    """One row per customer and day with an order: the number of the purchase, what was spent then and so far, how many
    categories so far, the days since the one before, and the day of the next."""
    known = orders.filter(~nw.col(key).is_null(), nw.col(day) <= nw.lit(as_of))
    net = nw.col("gross_minor") - nw.col("discount_minor") - nw.col("coupon_minor")
    days = known.group_by(key, nw.col(day).alias("day__")).agg(integer_sum(net).alias("net__"))
    if categories is None:
        days = days.with_columns(nw.lit(0).cast(nw.Int64).alias("new__"))
    else:
        days = days.join(_new_categories(categories, key, day, as_of), on=[key, "day__"], how="left")
    before, after = nw.col("day__").shift(1), nw.col("day__").shift(-1)
    return days.with_columns(nw.lit(1).alias("one__"), nw.col("new__").fill_null(0)).select(
        key,
        "day__",
        "net__",
        nw.col("one__").cum_sum().over(key, order_by="day__").cast(nw.Int64).alias("purchase"),
        nw.col("net__").cum_sum().over(key, order_by="day__").cast(nw.Int64).alias("net_so_far__"),
        nw.col("new__").cum_sum().over(key, order_by="day__").cast(nw.Int64).alias("categories__"),
        days_between(before.over(key, order_by="day__"), nw.col("day__")).alias("gap__"),
        after.over(key, order_by="day__").alias("next__"),
    )


def _new_categories(bought: Frame, key: str, day: str, as_of: date) -> Frame:
    """How many categories each customer bought for the first time on each day."""
    require_columns(bought, (key, day, "category"), "bought_categories")
    known = bought.filter(~nw.col(key).is_null(), ~nw.col("category").is_null(), nw.col(day) <= nw.lit(as_of))
    firsts = known.group_by(key, "category").agg(nw.col(day).min().alias("day__"))
    return firsts.group_by(key, "day__").agg(nw.len().cast(nw.Int64).alias("new__"))
