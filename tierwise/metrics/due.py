"""Who is due to buy what again, when, and how surely; with a first date before any interval exists.

The date is the last purchase and as many days as, in this order (`basis`): the customer's own cycle, the item's cycle
(`metrics/replenishment.py`), or how long the pack lasts: pack_size x quantity / daily_usage. daily_usage is the item's
own where it is known, else what is learned of the items of its category that have a cycle: pack_size / cycle, their
median. Nothing is learned of a category with an item that was bought often and has no cycle, and such an item is given
no date by its pack. A purchase that was stocked up lasts longer: the cycle x quantity / the usual quantity.

Confidence is the share of past intervals that ended within a quarter (`tolerance`) of the cycle, by the rule of
succession, (hits + 1) / (intervals + 2); of the pack alone it cannot be told. `metrics/due_backtest.py` says what came
of such dates.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Literal

import narwhals as nw

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import (
    Frame,
    columns_of,
    count_where,
    days_until,
    missing,
    quotient,
    require_columns,
    rounded_quotient,
)
from tierwise.metrics.item_days import DAY, GAP, STOCKED, UNITS, USUAL, item_days
from tierwise.metrics.replenishment import (
    NOT_REGULAR,
    check_least,
    cycles_of_customers,
    cycles_of_items,
    rhythms,
)

Basis = Literal["customer", "item", "pack_size"]

BASES: tuple[Basis, ...] = ("customer", "item", "pack_size")

UPCOMING, DUE, LAPSED = "upcoming", "due", "lapsed"

NO_CYCLE, NO_INTERVALS_YET = "no_cycle", "no_intervals_yet"

TOLERANCE = Fraction(1, 4)


def due_list(
    purchases: Frame,
    *,
    as_of: date,
    products: Frame | None = None,
    key: str = "customer_key",
    item: str = "product_id",
    day: str = "ordered_day",
    quantity: str | None = "quantity",
    promoted: str | None = "promoted",
    min_intervals: int = 30,
    min_customers: int = 10,
    min_own_intervals: int = 3,
    tolerance: float | Fraction = TOLERANCE,
    lapsed_after_cycles: int = 1,
    keep: Keep = lazily,
) -> Frame:
    """One row per customer and item that they ever bought: `key, item, last_bought_on, due_on, basis, confidence,
    interval_days, overdue_days, state, reason`.

    products: one row per item, with any of `category`, `pack_size`, `daily_usage` (units of use a day).
    due_on: last_bought_on + interval_days. overdue_days: as_of - due_on, negative before. state: `upcoming` before
    due_on; `due` from it on; `lapsed` once so many further intervals have passed. They are null where no date can be
    told, with the reason in `reason`: the item's, `too_few_intervals`, `too_few_customers` or `not_regular`.
    confidence: null by pack size, with the reason `no_intervals_yet`.

    Executes nothing but what `keep` does. Raises `missing_column`, `bad_column`, `bad_value`.
    """
    days = item_days(purchases, as_of=as_of, key=key, item=item, day=day, quantity=quantity, promoted=promoted,
                     keep=keep)  # fmt: skip
    return due_of_days(
        days, as_of=as_of, products=products, key=key, item=item, min_intervals=min_intervals,
        min_customers=min_customers, min_own_intervals=min_own_intervals, tolerance=tolerance,
        lapsed_after_cycles=lapsed_after_cycles, keep=keep,
    )  # fmt: skip


def due_of_days(
    days: Frame,
    *,
    as_of: date,
    products: Frame | None,
    key: str,
    item: str,
    min_intervals: int,
    min_customers: int,
    min_own_intervals: int,
    tolerance: float | Fraction,
    lapsed_after_cycles: int = 1,
    keep: Keep = lazily,
) -> Frame:
    """`due_list` of what `item_days` gave."""
    check_least(
        min_intervals=min_intervals, min_customers=min_customers, lapsed_after_cycles=lapsed_after_cycles
    )  # fmt: skip
    share = share_of(tolerance)
    days = keep("item_days", days)
    own = keep("rhythms", rhythms(days, key, item))
    items = keep("item_cycles", cycles_of_items(days, own, key, item, min_intervals, min_customers))
    customers = cycles_of_customers(own, items, key, item, min_own_intervals)
    customers = keep("customer_cycles", customers.filter(~nw.col("cycle_days").is_null()))
    item_cycle = items.select(
        item, (nw.col("cycle_days") * 2).round(0).cast(nw.Int64).alias("item2__"), nw.col("reason").alias("why__")
    )
    own_cycle = customers.select(key, item, (nw.col("cycle_days") * 2).round(0).cast(nw.Int64).alias("own2__"))
    known = days.join(item_cycle, on=item, how="left").join(own_cycle, on=[key, item], how="left")
    last = known.filter(nw.col(GAP).is_null())
    last = last.join(_hits(known, [key, item], "own2__", "own", share), on=[key, item], how="left")
    last = last.join(_hits(known, [item], "item2__", "item", share), on=item, how="left")
    last = last.join(_days_of_unit(items, products, item), on=item, how="left") if products is not None else (
        last.with_columns(missing(nw.Float64).alias("unit_days__"))
    )  # fmt: skip
    return _dated(last, key, item, as_of, lapsed_after_cycles)


def share_of(tolerance: float | Fraction) -> Fraction:
    """The share as a fraction, exact as written. Raises `bad_value` unless it is above 0 and below 1."""
    share = Fraction(str(tolerance))
    if not 0 < share < 1:
        raise TierwiseError("bad_value", f"tolerance is {tolerance}", place="tolerance", remedy="above 0, below 1")
    return share


def _hits(known: Frame, by: list[str], doubled: str, name: str, share: Fraction) -> Frame:
    """Of how many intervals that count, how many ended within the share of the cycle: as one confidence."""
    above, below = share.as_integer_ratio()
    counts = ~nw.col(GAP).is_null() & ~nw.col(STOCKED) & ~nw.col(doubled).is_null()
    near = (nw.col(GAP) * 2 - nw.col(doubled)).abs() * below <= nw.col(doubled) * above
    found = known.filter(counts).group_by(*by).agg(
        count_where(near).alias("hits__"), nw.len().cast(nw.Int64).alias("many__")
    )  # fmt: skip
    return found.select(*by, quotient(nw.col("hits__") + 1, nw.col("many__") + 2).alias(f"{name}_confidence__"))


def _days_of_unit(items: Frame, products: Frame, item: str) -> Frame:
    """One row per item of which it is known or learned how many days one unit lasts: `unit_days__`, of the whole pack.

    Learned only of categories in which a cycle was found of an item with a pack size, and none was refused.
    """
    require_columns(products, (item,), "products")
    there = columns_of(products)
    given = [
        nw.col(name).cast(nw.Float64).alias(name) if name in there else missing(nw.Float64).alias(name)
        for name in ("pack_size", "daily_usage")
    ]
    category = nw.col("category") if "category" in there else missing(nw.String)
    goods = products.select(nw.col(item).cast(nw.String).alias(item), category.alias("category__"), *given)
    lasts = nw.col("cycle_days") / nw.when(nw.col("pack_size") > 0).then(nw.col("pack_size"))
    cycles = goods.join(items.select(item, "cycle_days", "reason"), on=item, how="inner")
    peers = (
        cycles.filter(~nw.col("category__").is_null())
        .with_columns(lasts.alias("lasts__"))
        .group_by("category__")
        .agg(
            nw.col("lasts__").quantile(0.5, interpolation="linear").alias("median__"),
            count_where(nw.col("reason") == NOT_REGULAR).alias("refused__"),
        )
        .with_columns(nw.when(nw.col("refused__") == 0).then(nw.col("median__")).alias("learned__"))
        .select("category__", "learned__")
    )
    stated = 1 / nw.when(nw.col("daily_usage") > 0).then(nw.col("daily_usage"))
    of_one = nw.coalesce(stated, nw.col("learned__"))
    whole = nw.when(nw.col("pack_size") > 0).then(nw.col("pack_size")) * of_one
    return goods.join(peers, on="category__", how="left").select(item, whole.alias("unit_days__"))


def _dated(last: Frame, key: str, item: str, as_of: date, lapsed_after: int) -> Frame:
    cycle2 = nw.coalesce(nw.col("own2__"), nw.col("item2__"))
    stored = nw.when(nw.col(STOCKED)).then(nw.col(UNITS) * 2).otherwise(nw.col(USUAL))
    by_cycle = rounded_quotient(cycle2 * stored, nw.col(USUAL) * 2)
    untold = nw.col("why__").is_null() | (nw.col("why__") != NOT_REGULAR)
    lasts = nw.when(untold).then(nw.col("unit_days__"))
    by_pack = (lasts * nw.col(UNITS).cast(nw.Float64) / 1000).round(0).cast(nw.Int64)
    basis = (
        nw.when(~nw.col("own2__").is_null())
        .then(nw.lit("customer"))
        .when(~nw.col("item2__").is_null())
        .then(nw.lit("item"))
        .when(~lasts.is_null())
        .then(nw.lit("pack_size"))
        .otherwise(missing(nw.String))
    )
    confidence = (
        nw.when(nw.col("basis") == "customer")
        .then(nw.col("own_confidence__"))
        .when(nw.col("basis") == "item")
        .then(nw.col("item_confidence__"))
    )
    least_one = nw.coalesce(by_cycle, by_pack)
    dated = last.with_columns(
        basis.alias("basis"), nw.when(least_one < 1).then(nw.lit(1)).otherwise(least_one).alias("interval_days")
    ).with_columns(confidence.alias("confidence"), nw.col("interval_days").cast(nw.Int64).alias("interval_days"))
    overdue = days_until(nw.col(DAY), as_of) - nw.col("interval_days")
    reason = (
        nw.when(nw.col("basis").is_null())
        .then(nw.coalesce(nw.col("why__"), nw.lit(NO_CYCLE)))
        .when(nw.col("basis") == "pack_size")
        .then(nw.lit(NO_INTERVALS_YET))
    )
    state = (
        nw.when(nw.col("overdue_days").is_null())
        .then(missing(nw.String))
        .when(nw.col("overdue_days") < 0)
        .then(nw.lit(UPCOMING))
        .when(nw.col("overdue_days") < nw.col("interval_days") * lapsed_after)
        .then(nw.lit(DUE))
        .otherwise(nw.lit(LAPSED))
    )
    return (
        dated.with_columns(overdue.alias("overdue_days"))
        .with_columns(
            (nw.col(DAY) + nw.col("interval_days").cast(nw.Int32)).alias("due_on"),
            state.alias("state"),
            reason.otherwise(missing(nw.String)).alias("reason"),
        )
        .select(
            key, item, nw.col(DAY).alias("last_bought_on"), "due_on", "basis", "confidence", "interval_days",
            "overdue_days", "state", "reason",
        )
    )  # fmt: skip
