"""Replenishment cycles: after how many days an item is bought again, and whether it has a cycle at all.

An item is whatever the caller says: a product, a category. An interval runs from one day of buying it to the
customer's next. Intervals that begin with a purchase that was stocked up (on promotion, and more than usual:
`metrics/item_days.py`) are left out: they tell how long the store lasts, not how fast it is used.

A cycle is claimed of an item only where all three hold:

1. there are enough intervals, of enough customers who have two or more;
2. the intervals of one customer vary less than memoryless ones would, beyond chance (`regularity_z`): Greenwood's
   statistic of each customer, which has the same mean and variance under chance whatever the customer's pace, summed
   (`stats/regularity.py`);
3. and so much less that a date means something: `irregularity`, the squared coefficient of variation within customers
   as a part of what chance would give (0 clockwork, 1 chance), is at most 0.25, which is half the deviation.

A customer has a cycle of their own where the item has one, and the exact test of their own intervals says so.
"""

from __future__ import annotations

from datetime import date

import narwhals as nw

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import Frame, count_where, integer_sum, missing, quotient, rounded_quotient
from tierwise.metrics.item_days import DAY, GAP, STOCKED, TIMES, item_days
from tierwise.stats.regularity import regular_below

TOO_FEW_INTERVALS, TOO_FEW_CUSTOMERS = "too_few_intervals", "too_few_customers"
NOT_REGULAR, NO_ITEM_CYCLE = "not_regular", "no_item_cycle"

Z_LIMIT = -3.09
"""The normal quantile of one in a thousand: an item's intervals must be rarer than that by chance."""

MOST_IRREGULAR = 0.25

OWN_ALPHA = 0.05
"""At most so many customers whose intervals are chance are said to have a cycle of their own, where the item has one.
"""

_WIDEST = 24
"""From so many intervals on a customer is judged by the limit of so many, which is the stricter one."""

_MICRO, _BILLION = 1_000_000, 1_000_000_000

QUARTILES = ("interval_q1_days", "interval_median_days", "interval_q3_days")


def item_cycles(
    purchases: Frame,
    *,
    as_of: date,
    key: str = "customer_key",
    item: str = "product_id",
    day: str = "ordered_day",
    quantity: str | None = "quantity",
    promoted: str | None = "promoted",
    min_intervals: int = 30,
    min_customers: int = 10,
    keep: Keep = lazily,
) -> Frame:
    """One row per item that was bought: `item, customer_count, interval_count, left_out_count, interval_q1_days,
    interval_median_days, interval_q3_days, tested_customer_count, irregularity, regularity_z, cycle_days, reason`.

    purchases: one row per line, as `bought_items` makes them. customer_count: customers with an interval that counts;
    left_out_count: intervals that begin with a stocked-up purchase. The quartiles (type 7) are over all intervals that
    count, so who buys often weighs more; null over none. tested_customer_count: customers with two or more.
    irregularity and regularity_z are null without any.

    cycle_days: the median where a cycle is claimed; else null with the reason `too_few_intervals`,
    `too_few_customers` or `not_regular`. Executes nothing but what `keep` does. Raises `missing_column`, `bad_value`.
    """
    check_least(min_intervals=min_intervals, min_customers=min_customers)
    days = keep("item_days", item_days(purchases, as_of=as_of, key=key, item=item, day=day,
                                       quantity=quantity, promoted=promoted, keep=keep))  # fmt: skip
    return cycles_of_items(days, keep("rhythms", rhythms(days, key, item)), key, item, min_intervals, min_customers)


def who_came_again(
    purchases: Frame,
    value: str,
    *,
    least: int,
    as_of: date,
    key: str = "customer_key",
    item: str = "product_id",
    day: str = "ordered_day",
    quantity: str | None = "quantity",
    promoted: str | None = "promoted",
    keep: Keep = lazily,
) -> Frame:
    """The customers whom `item_cycles` counts of the item of that value, one row each: `key`. least: intervals that
    count, 1 for `customer_count`, 2 for `tested_customer_count`. Raises `missing_column`."""
    days = keep("item_days", item_days(purchases, as_of=as_of, key=key, item=item, day=day,
                                       quantity=quantity, promoted=promoted, keep=keep))  # fmt: skip
    here = rhythms(days.filter(nw.col(item) == nw.lit(value)), key, item)
    return here.filter(nw.col("interval_count") >= least).select(key)


def customer_cycles(
    purchases: Frame,
    *,
    as_of: date,
    key: str = "customer_key",
    item: str = "product_id",
    day: str = "ordered_day",
    quantity: str | None = "quantity",
    promoted: str | None = "promoted",
    min_intervals: int = 30,
    min_customers: int = 10,
    min_own_intervals: int = 3,
    keep: Keep = lazily,
) -> Frame:
    """One row per customer and item that was bought: `key, item, purchase_count, last_bought_on, interval_count,
    left_out_count, interval_q1_days, interval_median_days, interval_q3_days, interval_variation, cycle_days, reason`.

    purchase_count: days of buying it. interval_variation: the coefficient of variation of the intervals that count
    (variance by n), null below two. cycle_days: their median where the item has a cycle (`item_cycles`), they are
    min_own_intervals or more, and memoryless intervals would vary so little in one of twenty cases at most; else null
    with the reason `no_item_cycle`, `too_few_intervals` or `not_regular`.

    Executes nothing but what `keep` does. Raises `missing_column`, `bad_value`.
    """
    check_least(min_intervals=min_intervals, min_customers=min_customers)
    days = keep("item_days", item_days(purchases, as_of=as_of, key=key, item=item, day=day,
                                       quantity=quantity, promoted=promoted, keep=keep))  # fmt: skip
    own = keep("rhythms", rhythms(days, key, item))
    items = cycles_of_items(days, own, key, item, min_intervals, min_customers)
    return cycles_of_customers(own, items, key, item, min_own_intervals)


def check_least(**least: int) -> None:
    """Raises `bad_value` for what is below 1."""
    for name, value in least.items():
        if value < 1:
            raise TierwiseError("bad_value", f"{name} is {value}", place=name, remedy="1 or more")


def _counts() -> nw.Expr:
    return ~nw.col(GAP).is_null() & ~nw.col(STOCKED)


def _quartiles() -> list[nw.Expr]:
    return [
        nw.col("used__").quantile(part / 4, interpolation="linear").cast(nw.Float64).alias(name)
        for part, name in enumerate(QUARTILES, start=1)
    ]


def _with_used(days: Frame) -> Frame:
    return days.with_columns(nw.when(_counts()).then(nw.col(GAP)).alias("used__"))


def rhythms(days: Frame, key: str, item: str) -> Frame:
    """One row per customer and item: what their intervals are. days: as `item_days` gives them."""
    used = nw.when(_counts()).then(nw.col(GAP)).otherwise(0)
    several = nw.col(TIMES) > 1
    none = ("interval_count", "left_out_count", "sum__", "squares__")
    once = days.filter(~several).select(
        key,
        item,
        nw.col(TIMES).alias("purchase_count"),
        nw.col(DAY).alias("last_bought_on"),
        *(nw.lit(0).cast(nw.Int64).alias(name) for name in none),
        *(missing(nw.Float64).alias(name) for name in QUARTILES),
    )
    again = (
        _with_used(days.filter(several))
        .with_columns(used.alias("gap_or_0__"))
        .group_by(key, item)
        .agg(
            nw.len().cast(nw.Int64).alias("purchase_count"),
            nw.col(DAY).max().alias("last_bought_on"),
            nw.col("used__").count().cast(nw.Int64).alias("interval_count"),
            count_where(nw.col(STOCKED) & ~nw.col(GAP).is_null()).alias("left_out_count"),
            integer_sum(nw.col("gap_or_0__")).alias("sum__"),
            integer_sum(nw.col("gap_or_0__") * nw.col("gap_or_0__")).alias("squares__"),
            *_quartiles(),
        )
    )
    summed = nw.concat([once, again])
    many, total, squares = nw.col("interval_count"), nw.col("sum__"), nw.col("squares__")
    squared = quotient(many * squares - total * total, nw.when(many >= 2).then(total * total).otherwise(0))
    return summed.with_columns(squared.alias("squared_variation__"))


def cycles_of_items(days: Frame, rhythms: Frame, key: str, item: str, min_intervals: int, min_customers: int) -> Frame:
    """`item_cycles` of what `item_days` and `rhythms` gave."""
    counted = rhythms.group_by(item).agg(
        count_where(nw.col("interval_count") > 0).alias("customer_count"),
        integer_sum(nw.col("interval_count")).alias("interval_count"),
        integer_sum(nw.col("left_out_count")).alias("left_out_count"),
        count_where(nw.col("interval_count") >= 2).alias("tested_customer_count"),
    )
    spread = _with_used(days.filter(nw.col(TIMES) > 1)).group_by(item).agg(*_quartiles())
    found = counted.join(spread, on=item, how="left").join(_regularity(rhythms, item), on=item, how="left")
    regular = (nw.col("regularity_z") <= Z_LIMIT) & (nw.col("irregularity") <= MOST_IRREGULAR)
    reason = (
        nw.when(nw.col("interval_count") < min_intervals)
        .then(nw.lit(TOO_FEW_INTERVALS))
        .when(nw.col("tested_customer_count") < min_customers)
        .then(nw.lit(TOO_FEW_CUSTOMERS))
        .when(~regular)
        .then(nw.lit(NOT_REGULAR))
        .otherwise(missing(nw.String))
    )
    claimed = nw.when(nw.col("reason").is_null()).then(nw.col("interval_median_days"))
    return (
        found.with_columns(reason.alias("reason"))
        .with_columns(claimed.alias("cycle_days"))
        .select(
            item, "customer_count", "interval_count", "left_out_count", *QUARTILES, "tested_customer_count",
            "irregularity", "regularity_z", "cycle_days", "reason",
        )
    )  # fmt: skip


def _regularity(rhythms: Frame, item: str) -> Frame:
    """One row per item with a customer of two intervals or more: `irregularity`, `regularity_z`.

    All is summed in whole parts of a unit, so that two runs and two engines agree to the last digit.
    """
    total = nw.col("sum__")
    greenwood = rounded_quotient(nw.col("squares__") * _MICRO, total * total)
    by_count = (
        rhythms.filter(nw.col("interval_count") >= 2)
        .with_columns(greenwood.alias("greenwood__"))
        .group_by(item, "interval_count")
        .agg(nw.len().cast(nw.Int64).alias("many__"), integer_sum(nw.col("greenwood__")).alias("micro__"))
    )
    n, many = nw.col("interval_count").cast(nw.Float64), nw.col("many__").cast(nw.Float64)
    seen = nw.col("micro__").cast(nw.Float64) / _MICRO
    mean, variance = 2 / (n + 1), 4 * (n - 1) / ((n + 1) * (n + 1) * (n + 2) * (n + 3))
    terms = {
        "beyond__": (seen - many * mean, _BILLION),
        "variance__": (many * variance, _BILLION * 1_000),
        "variation__": (n * (n * seen - many), _MICRO),
        "by_chance__": (n * many * (n - 1) / (n + 1), _MICRO),
    }
    sums = (
        by_count.with_columns(
            *((term * scale).round(0).cast(nw.Int64).alias(name) for name, (term, scale) in terms.items())
        )
        .group_by(item)
        .agg(*(integer_sum(nw.col(name)).alias(name) for name in terms))
    )
    told = {name: nw.col(name).cast(nw.Float64) / scale for name, (_, scale) in terms.items()}
    return sums.select(
        item,
        (told["variation__"] / told["by_chance__"]).alias("irregularity"),
        (told["beyond__"] / told["variance__"].sqrt()).alias("regularity_z"),
    )


def cycles_of_customers(rhythms: Frame, items: Frame, key: str, item: str, min_own_intervals: int) -> Frame:
    """`customer_cycles` of what `rhythms` and `item_cycles` gave. Raises `bad_value` below two intervals."""
    if min_own_intervals < 2:
        said = f"min_own_intervals is {min_own_intervals}"
        raise TierwiseError("bad_value", said, place="min_own_intervals", remedy="2 or more: one interval is no rhythm")
    claimed = items.filter(~nw.col("cycle_days").is_null()).select(item, nw.col("cycle_days").alias("item_days__"))
    many, variation = nw.col("interval_count"), nw.col("squared_variation__")
    limit = nw.lit(regular_below(_WIDEST, OWN_ALPHA))
    for intervals in range(2, _WIDEST):
        limit = nw.when(many == intervals).then(nw.lit(regular_below(intervals, OWN_ALPHA))).otherwise(limit)
    reason = (
        nw.when(nw.col("item_days__").is_null())
        .then(nw.lit(NO_ITEM_CYCLE))
        .when(many < min_own_intervals)
        .then(nw.lit(TOO_FEW_INTERVALS))
        .when(variation > limit)
        .then(nw.lit(NOT_REGULAR))
        .otherwise(missing(nw.String))
    )
    own = nw.when(nw.col("reason").is_null()).then(nw.col("interval_median_days"))
    return (
        rhythms.join(claimed, on=item, how="left")
        .with_columns(reason.alias("reason"), variation.sqrt().alias("interval_variation"))
        .with_columns(own.alias("cycle_days"))
        .select(
            key, item, "purchase_count", "last_bought_on", "interval_count", "left_out_count", *QUARTILES,
            "interval_variation", "cycle_days", "reason",
        )
    )  # fmt: skip
