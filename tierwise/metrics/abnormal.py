"""Abnormal value: money that is not what it looks like. Resellers, cash-out, bursts and round amounts.

Each customer gets points for what is seen, and the score is their sum; what gave points is the reason that people read:

- burst: so many orders within so few hours, as a program or a team makes them; heavy_burst: far more.
- round_amounts: nearly all orders of a round sum, and much more often than everybody's.
- bulk: so many of one product on one day.
- cash_goods: nearly all money for goods that are as good as money (gift cards), of the categories that are named.
- quick_refunds: most of the money given back within days, order by order.

None is a proof: a school buys in bulk, a company in a burst. Points say whom a person should look at first; that person
releases (`tierwise junk release`, docs/abnormal.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

import narwhals as nw

from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.metrics.frame import (
    Frame,
    columns_of,
    count_where,
    days_between,
    integer_sum,
    left_join_all,
    missing,
    quotient,
    require_columns,
)

TOO_FEW_ORDERS = "too_few_orders"

POINTS = {
    "heavy_burst": 60,
    "burst": 40,
    "round_amounts": 30,
    "bulk": 30,
    "cash_goods": 30,
    "quick_refunds": 60,
}
"""Points of each signal; of the two bursts only the higher counts. In the order in which reasons are joined."""

KINDS = ("cash_out", "reseller", "burst", "round_amounts")

_EPOCH = date(1970, 1, 1)
_NET = nw.col("gross_minor") - nw.col("discount_minor") - nw.col("coupon_minor")


@dataclass(frozen=True, slots=True)
class AbnormalThresholds:
    """What is taken for abnormal; editable defaults, ours. Shares are compared in whole numbers.

    burst_orders, heavy_burst_orders: within burst_minutes; where orders have no instant, on one day. round_to_minor:
    what a round sum is a multiple of; round_share: of orders that cost something, and at least round_times_usual as
    many as of everybody's. bulk_units: of one product on one day. cash_categories: beginnings of the category paths
    of goods as good as money; cash_share: of the money. refund_share: of the money, given back within refund_days of
    the order, in at least refund_orders orders. min_orders: with fewer nothing is told. flag_from: points from which a
    customer is called abnormal.
    """

    burst_minutes: int = 180
    burst_orders: int = 4
    heavy_burst_orders: int = 10
    round_to_minor: int = 10_000
    round_share: float | Fraction = 0.8
    round_times_usual: int = 3
    bulk_units: int = 20
    cash_categories: tuple[str, ...] = ()
    cash_share: float | Fraction = 0.8
    refund_share: float | Fraction = 0.8
    refund_days: int = 7
    refund_orders: int = 3
    min_orders: int = 3
    flag_from: int = 50

    def __post_init__(self) -> None:
        problems = []
        for name in self.__slots__:
            value = getattr(self, name)
            wrong = not 0 < value <= 1 if name.endswith("_share") else isinstance(value, int) and value < 1
            if wrong:
                problems.append(Problem("bad_value", f"{name} is {value}", name, "a positive number; a share up to 1"))
        if self.heavy_burst_orders < self.burst_orders:
            problems.append(Problem("bad_value", "a heavy burst is smaller than a burst", "heavy_burst_orders"))
        if problems:
            raise TierwiseError.of(problems)


DEFAULT = AbnormalThresholds()


def abnormal_value(
    orders: Frame,
    *,
    as_of: date,
    lines: Frame | None = None,
    products: Frame | None = None,
    refunds: Frame | None = None,
    thresholds: AbnormalThresholds = DEFAULT,
    last_days: int | None = None,
    key: str = "customer_key",
    day: str = "ordered_day",
    at: str = "ordered_at",
) -> Frame:
    """One row per customer with an order up to as_of: `key, order_count, net_minor, most_orders_a_day, round_share,
    bulk_unit_count, cash_share, quick_refund_share, abnormal_score, abnormal_kind, abnormal, abnormal_reason,
    untold_reason`.

    orders: one row per order with `order_id`, `gross_minor`, `discount_minor`, `coupon_minor`, and, where known, the
    instant at. lines: `order_id`, `product_id`, `quantity`, `amount_minor`; products: `product_id`, `category`;
    refunds: `order_id`, `refunded_day`, `amount_minor`. What is not given cannot speak: its column is null and it gives
    no points. last_days: only orders of the last days.

    abnormal_score: the points of `POINTS`, 0 and more. abnormal: score >= flag_from. abnormal_reason: the signals,
    joined by "+", null where there is none. abnormal_kind: `cash_out` with quick_refunds, else `reseller` with bulk or
    with a burst and any of round_amounts and cash_goods, else `cash_out` with cash_goods, else `burst`, else
    `round_amounts`; null without a signal. With fewer than min_orders score, kind and abnormal are null and
    untold_reason is `too_few_orders`. Raises `missing_column`, `bad_value`.
    """
    require_columns(orders, (key, day, "order_id", "gross_minor", "discount_minor", "coupon_minor"), "orders")
    if last_days is not None and last_days < 1:
        raise TierwiseError("bad_value", f"last_days is {last_days}", place="last_days", remedy="1 or more")
    known = orders.filter(~nw.col(key).is_null(), nw.col(day) <= nw.lit(as_of))
    if last_days is not None:
        known = known.filter(nw.col(day) > nw.lit(as_of - timedelta(days=last_days)))
    parts = [_daily(known, key, day), _bursts(known, key, day, at, thresholds)]
    parts.append(_goods(known, lines, products, key, day, thresholds))
    parts.append(_refunds(known, refunds, key, day, as_of, thresholds))
    sums = _sums(known, key, thresholds)
    everybody = known.select(
        count_where(_is_round(thresholds)).alias("all_round__"), count_where(_NET > 0).alias("all_paid__")
    )
    told = left_join_all(sums, [part for part in parts if part is not None], key).join(everybody, how="cross")
    return _scored(told, key, thresholds)


def _is_round(limits: AbnormalThresholds) -> nw.Expr:
    return (_NET > 0) & (_NET % limits.round_to_minor == 0)


def _sums(orders: Frame, key: str, limits: AbnormalThresholds) -> Frame:
    return orders.group_by(key).agg(
        nw.len().cast(nw.Int64).alias("order_count"),
        integer_sum(_NET).alias("net_minor"),
        count_where(_NET > 0).alias("paid__"),
        count_where(_is_round(limits)).alias("round__"),
    )


def _daily(orders: Frame, key: str, day: str) -> Frame:
    days = orders.group_by(key, day).agg(nw.len().cast(nw.Int64).alias("orders__"))
    return days.group_by(key).agg(nw.col("orders__").max().alias("most_orders_a_day"))


def _bursts(orders: Frame, key: str, day: str, at: str, limits: AbnormalThresholds) -> Frame | None:
    """For each customer the shortest time, in seconds, in which so many orders were made; null where there never were
    so many. None where orders have no instant: then days tell."""
    if at not in columns_of(orders):
        return None
    clock = nw.col(at).dt
    seconds = days_between(nw.lit(_EPOCH), clock.date()) * 86_400 + (
        clock.hour().cast(nw.Int64) * 3_600 + clock.minute().cast(nw.Int64) * 60 + clock.second().cast(nw.Int64)
    )
    timed = orders.select(key, seconds.alias("second__"))
    wanted = {"burst__": limits.burst_orders, "heavy__": limits.heavy_burst_orders}
    earlier = [
        (nw.col("second__") - nw.col("second__").shift(many - 1).over(key, order_by="second__")).alias(name)
        for name, many in wanted.items()
    ]
    return timed.select(key, *earlier).group_by(key).agg(*(nw.col(name).min().alias(name) for name in wanted))


def _goods(
    orders: Frame, lines: Frame | None, products: Frame | None, key: str, day: str, limits: AbnormalThresholds
) -> Frame | None:
    if lines is None:
        return None
    require_columns(lines, ("order_id", "product_id", "quantity", "amount_minor"), "lines")
    bought = lines.select("order_id", "product_id", "quantity", "amount_minor").join(
        orders.select("order_id", key, nw.col(day).alias("day__")), on="order_id", how="inner"
    )
    thousandths = (nw.col("quantity") * 1000).round(0).cast(nw.Int64)
    a_day = bought.group_by(key, "product_id", "day__").agg(integer_sum(thousandths).alias("units__"))
    found = a_day.group_by(key).agg(nw.col("units__").max().alias("thousandths__"))
    if products is None or not limits.cash_categories:
        return found
    require_columns(products, ("product_id", "category"), "products")
    named = [nw.col("category").str.starts_with(path) for path in limits.cash_categories]
    cash = products.filter(nw.any_horizontal(*named, ignore_nulls=False)).select(
        "product_id", nw.lit(1).alias("cash__")
    )
    spent = bought.join(cash, on="product_id", how="left").group_by(key)
    as_cash = nw.when(nw.col("cash__") == 1).then(nw.col("amount_minor")).otherwise(nw.lit(0))
    return found.join(
        spent.agg(integer_sum(nw.col("amount_minor")).alias("bought__"), integer_sum(as_cash).alias("cash_bought__")),
        on=key,
        how="left",
    )


def _refunds(
    orders: Frame, refunds: Frame | None, key: str, day: str, as_of: date, limits: AbnormalThresholds
) -> Frame | None:
    if refunds is None:
        return None
    require_columns(refunds, ("order_id", "refunded_day", "amount_minor"), "refunds")
    back = refunds.filter(nw.col("refunded_day") <= nw.lit(as_of)).select("order_id", "refunded_day", "amount_minor")
    both = back.join(orders.select("order_id", key, nw.col(day).alias("day__")), on="order_id", how="inner")
    quick = both.filter(days_between(nw.col("day__"), nw.col("refunded_day")).is_between(0, limits.refund_days))
    by_order = quick.group_by(key, "order_id").agg(integer_sum(nw.col("amount_minor")).alias("back__"))
    return by_order.group_by(key).agg(
        nw.len().cast(nw.Int64).alias("back_orders__"), integer_sum(nw.col("back__")).alias("back__")
    )


def _at_least(above: nw.Expr, below: nw.Expr, share: float | Fraction) -> nw.Expr:
    """Whether above / below is at least the share, in whole numbers; false where there is nothing to divide by."""
    numerator, denominator = Fraction(str(share)).as_integer_ratio()
    return ((below > 0) & (above * denominator >= below * numerator)).fill_null(False)


def _scored(told: Frame, key: str, limits: AbnormalThresholds) -> Frame:
    there = columns_of(told)

    def column(name: str) -> nw.Expr:
        return nw.col(name) if name in there else missing(nw.Int64)

    if "burst__" in there:
        seconds = limits.burst_minutes * 60
        burst = (nw.col("burst__") <= seconds).fill_null(False)
        heavy = (nw.col("heavy__") <= seconds).fill_null(False)
    else:
        burst = nw.col("most_orders_a_day") >= limits.burst_orders
        heavy = nw.col("most_orders_a_day") >= limits.heavy_burst_orders
    usual = nw.col("round__") * nw.col("all_paid__") >= nw.col("all_round__") * nw.col("paid__") * (
        limits.round_times_usual
    )
    signals = {
        "heavy_burst": heavy,
        "burst": burst & ~heavy,
        "round_amounts": _at_least(nw.col("round__"), nw.col("paid__"), limits.round_share) & usual,
        "bulk": (column("thousandths__") >= limits.bulk_units * 1000).fill_null(False),
        "cash_goods": _at_least(column("cash_bought__"), column("bought__"), limits.cash_share),
        "quick_refunds": _at_least(column("back__"), nw.col("net_minor"), limits.refund_share)
        & (column("back_orders__") >= limits.refund_orders).fill_null(False),
    }
    flags = told.with_columns(*(_one_where(seen).alias(f"is_{name}") for name, seen in signals.items()))
    points = [nw.col(f"is_{name}") * POINTS[name] for name in signals]
    score = points[0]
    for more in points[1:]:
        score = score + more
    named = [nw.when(nw.col(f"is_{name}") == 1).then(nw.lit(name)) for name in signals]
    reasons = flags.with_columns(
        score.cast(nw.Int64).alias("score__"),
        nw.concat_str(named, separator="+", ignore_nulls=True).alias("reason__"),
        _kind().alias("kind__"),
    )
    enough = nw.col("order_count") >= limits.min_orders
    units = column("thousandths__").cast(nw.Float64) / nw.lit(1000.0)
    return reasons.select(
        key, "order_count", "net_minor", "most_orders_a_day",
        quotient(nw.col("round__"), nw.col("paid__")).alias("round_share"),
        units.alias("bulk_unit_count"),
        quotient(column("cash_bought__"), column("bought__")).alias("cash_share"),
        quotient(column("back__").fill_null(0), nw.col("net_minor")).alias("quick_refund_share")
        if "back__" in there else missing(nw.Float64).alias("quick_refund_share"),
        nw.when(enough).then(nw.col("score__")).alias("abnormal_score"),
        nw.when(enough).then(nw.col("kind__")).alias("abnormal_kind"),
        nw.when(enough).then(nw.col("score__") >= limits.flag_from).alias("abnormal"),
        nw.when(enough & (nw.col("score__") > 0)).then(nw.col("reason__")).alias("abnormal_reason"),
        nw.when(~enough).then(nw.lit(TOO_FEW_ORDERS)).alias("untold_reason"),
    )  # fmt: skip


def _one_where(seen: nw.Expr) -> nw.Expr:
    return nw.when(seen).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)


def _kind() -> nw.Expr:
    def has(*names: str) -> nw.Expr:
        return nw.any_horizontal(*(nw.col(f"is_{name}") == 1 for name in names), ignore_nulls=False)

    bursts = has("burst", "heavy_burst")
    return (
        nw.when(has("quick_refunds"))
        .then(nw.lit("cash_out"))
        .when(has("bulk") | (bursts & has("round_amounts", "cash_goods")))
        .then(nw.lit("reseller"))
        .when(has("cash_goods"))
        .then(nw.lit("cash_out"))
        .when(bursts)
        .then(nw.lit("burst"))
        .when(has("round_amounts"))
        .then(nw.lit("round_amounts"))
    )
