"""Increments: a customer buys more of the same item than the time before. Out of need and trust, or to stock up?

Both look alike at the till. They are told apart by how they were bought and by what came after (MISSION's D3):

- `need`: without coupon or discount, the next interval is not longer than usual, and the next purchase is no smaller;
- `stocking_up`: with a coupon or discount, and the next interval is longer than usual;
- undecided (null) otherwise, with the reason: `no_next_purchase` so far, `no_usual_interval` (too few to compare with),
  `promoted_not_longer`, `longer_without_promotion`, `not_kept` (the next purchase was smaller again).

Usual is the median of the customer's other intervals of the item, those that begin with an increment left out. Longer
is longer than usual by more than a quarter (`tolerance`), compared in whole numbers.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import narwhals as nw

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import Frame, count_where, integer_sum, missing, quotient
from tierwise.metrics.item_days import DAY, GAP, PROMOTED, TIMES, UNITS, item_days
from tierwise.metrics.replenishment import check_least

NEED, STOCKING_UP = "need", "stocking_up"

NO_NEXT_PURCHASE, NO_USUAL_INTERVAL = "no_next_purchase", "no_usual_interval"
PROMOTED_NOT_LONGER, LONGER_WITHOUT_PROMOTION = "promoted_not_longer", "longer_without_promotion"
NOT_KEPT, MIXED = "not_kept", "mixed"

TOLERANCE = Fraction(1, 4)


def increments(
    purchases: Frame,
    *,
    as_of: date,
    key: str = "customer_key",
    item: str = "product_id",
    day: str = "ordered_day",
    quantity: str = "quantity",
    promoted: str = "promoted",
    tolerance: float | Fraction = TOLERANCE,
    min_usual_intervals: int = 2,
    keep: Keep = lazily,
) -> Frame:
    """One row per purchase that was larger than the customer's one before of the item: `key, item, bought_on,
    units_before, units, promoted, next_interval_days, usual_interval_days, verdict, reason`.

    purchases: one row per line, as `metrics/item_days.py`'s `bought_items` makes them; a day is one purchase. units:
    in thousandths inside. next_interval_days: null until there is a next purchase. usual_interval_days: null below
    min_usual_intervals others. verdict: `need`, `stocking_up`, or null with a reason.

    Executes nothing but what `keep` does. Raises `missing_column`, `bad_column`, `bad_value`.
    """
    beyond = _tolerance(tolerance)
    check_least(min_usual_intervals=min_usual_intervals)
    days = keep("item_days", item_days(purchases, as_of=as_of, key=key, item=item, day=day, quantity=quantity,
                                       promoted=promoted, keep=keep))  # fmt: skip
    by_day = {"order_by": DAY}
    steps = days.filter(nw.col(TIMES) > 1).with_columns(
        nw.col(UNITS).shift(1).over(key, item, **by_day).alias("units_before"),
        nw.col(UNITS).shift(-1).over(key, item, **by_day).alias("units_after__"),
    )
    more = nw.col("units_before").is_null() | (nw.col(UNITS) <= nw.col("units_before"))
    steps = keep("increment_steps", steps.with_columns((~more).alias("more__")))
    usual = (
        steps.filter(~nw.col("more__"), ~nw.col(GAP).is_null())
        .group_by(key, item)
        .agg(
            nw.col(GAP).quantile(0.5, interpolation="linear").cast(nw.Float64).alias("usual_interval_days"),
            nw.len().alias("others__"),
        )
        .filter(nw.col("others__") >= min_usual_intervals)
        .drop("others__")
    )
    found = steps.filter(nw.col("more__")).join(usual, on=[key, item], how="left")
    doubled = (nw.col("usual_interval_days") * 2).round(0).cast(nw.Int64)
    above, below = (1 + beyond).as_integer_ratio()
    longer, on = nw.col(GAP) * 2 * below > doubled * above, nw.col(PROMOTED)
    kept = nw.col("units_after__") >= nw.col(UNITS)
    known = ~nw.col(GAP).is_null() & ~nw.col("usual_interval_days").is_null()
    verdict = (
        nw.when(known & ~on & ~longer & kept)
        .then(nw.lit(NEED))
        .when(known & on & longer)
        .then(nw.lit(STOCKING_UP))
        .otherwise(missing(nw.String))
    )
    reason = (
        nw.when(~nw.col("verdict").is_null())
        .then(missing(nw.String))
        .when(nw.col(GAP).is_null())
        .then(nw.lit(NO_NEXT_PURCHASE))
        .when(nw.col("usual_interval_days").is_null())
        .then(nw.lit(NO_USUAL_INTERVAL))
        .when(on)
        .then(nw.lit(PROMOTED_NOT_LONGER))
        .when(longer)
        .then(nw.lit(LONGER_WITHOUT_PROMOTION))
        .otherwise(nw.lit(NOT_KEPT))
    )
    return (
        found.with_columns(verdict.alias("verdict"))
        .with_columns(reason.alias("reason"))
        .select(
            key, item, nw.col(DAY).alias("bought_on"), "units_before", nw.col(UNITS).alias("units"),
            nw.col(PROMOTED).alias("promoted"), nw.col(GAP).alias("next_interval_days"), "usual_interval_days",
            "verdict", "reason",
        )
    )  # fmt: skip


def customer_increments(steps: Frame, *, key: str = "customer_key", item: str = "product_id") -> Frame:
    """One row per customer and item with an increment: `key, item, increment_count, need_count, stocking_up_count,
    undecided_count, verdict, reason`.

    steps: what `increments` gave. verdict: `need` or `stocking_up` where all increments that were decided say so; else
    null with the reason `mixed`, or, where none was decided, the first of their reasons in the alphabet.
    """
    need, stocked = nw.col("need_count"), nw.col("stocking_up_count")
    verdict = (
        nw.when((need > 0) & (stocked == 0))
        .then(nw.lit(NEED))
        .when((stocked > 0) & (need == 0))
        .then(nw.lit(STOCKING_UP))
        .otherwise(missing(nw.String))
    )
    reason = nw.when((need > 0) & (stocked > 0)).then(nw.lit(MIXED)).when(need + stocked == 0).then(nw.col("reason__"))
    return (
        steps.group_by(key, item)
        .agg(*_verdicts(), nw.col("reason").min().alias("reason__"))
        .with_columns(verdict.alias("verdict"), reason.otherwise(missing(nw.String)).alias("reason"))
        .select(key, item, "increment_count", "need_count", "stocking_up_count", "undecided_count", "verdict", "reason")
    )


def item_increments(steps: Frame, *, item: str = "product_id") -> Frame:
    """One row per item with an increment: `item, increment_count, need_count, stocking_up_count, undecided_count,
    need_units, stocking_up_units, need_share`.

    units: by how much the increments of that verdict were more than the purchase before, in thousandths inside.
    need_share: need_count / decided ones; null where none was decided.
    """
    more = nw.col("units") - nw.col("units_before")
    parts = {
        f"{name}_units": nw.when(nw.col("verdict") == name).then(more).otherwise(0) for name in (NEED, STOCKING_UP)
    }
    found = (
        steps.with_columns(*(part.alias(name) for name, part in parts.items()))
        .group_by(item)
        .agg(*_verdicts(), *(integer_sum(nw.col(name)).alias(name) for name in parts))
    )
    share = quotient(nw.col("need_count"), nw.col("need_count") + nw.col("stocking_up_count"))
    return found.with_columns(share.alias("need_share")).select(
        item, "increment_count", "need_count", "stocking_up_count", "undecided_count", *parts, "need_share"
    )


def _verdicts() -> list[nw.Expr]:
    return [
        nw.len().cast(nw.Int64).alias("increment_count"),
        count_where(nw.col("verdict") == NEED).alias("need_count"),
        count_where(nw.col("verdict") == STOCKING_UP).alias("stocking_up_count"),
        count_where(nw.col("verdict").is_null()).alias("undecided_count"),
    ]


def _tolerance(tolerance: float | Fraction) -> Fraction:
    share = Fraction(str(tolerance))
    if not 0 <= share <= 1:
        raise TierwiseError("bad_value", f"tolerance is {tolerance}", place="tolerance", remedy="0 to 1")
    return share
