"""Days on which a customer bought an item, how much, whether on promotion, and how long until the next such day.

The ground of replenishment cycles and of increments. All that one customer buys of an item on one day is one purchase.
"""

from __future__ import annotations

from datetime import date

import narwhals as nw

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import (
    Frame,
    columns_of,
    count_where,
    days_between,
    integer_sum,
    missing,
    require_columns,
)

DAY, UNITS, PROMOTED, STOCKED, GAP, USUAL = "day__", "units__", "promoted__", "stocked__", "gap__", "usual__"
TIMES = "times__"
"""The inner columns of `item_days`: the day; thousandths bought on it; whether any of it was on promotion; whether it
was stocked up; days to the next day of buying it, null for the last; twice the usual thousandths; the customer's days
of buying it in all."""


def bought_items(orders: Frame, lines: Frame, products: Frame | None = None, *, key: str = "customer_key") -> Frame:
    """One row per line of a known customer's order: `key, order_id, product_id, ordered_day, quantity, promoted`, and
    `category` (null where not known) with products.

    promoted: the line had a discount, or the order had a coupon, or a discount larger than those of its lines together:
    what is not given off a line is given off all of them. So a line at full price beside a cheaper one is not promoted.
    Facts are as in `facts/contract.py`. Raises `missing_column`.
    """
    require_columns(orders, ("order_id", key, "ordered_day", "discount_minor", "coupon_minor"), "orders")
    require_columns(lines, ("order_id", "product_id", "quantity"), "the lines")
    own = "discount_minor" in columns_of(lines)
    heads = orders.filter(~nw.col(key).is_null()).select(
        "order_id", key, "ordered_day", "coupon_minor", nw.col("discount_minor").alias("order_discount__")
    )
    off_all, off_line = nw.col("order_discount__") > 0, nw.lit(False)
    if own:
        given = lines.filter(nw.col("discount_minor") > 0).group_by("order_id")
        sums = given.agg(integer_sum(nw.col("discount_minor")).alias("of_lines__"))
        heads = heads.join(sums, on="order_id", how="left")
        off_all = nw.col("order_discount__") > nw.col("of_lines__").fill_null(0)
        off_line = nw.col("discount_minor") > 0
    bought = lines.select("order_id", "product_id", "quantity", *(["discount_minor"] if own else []))
    bought = bought.join(heads, on="order_id", how="inner").with_columns(
        ((nw.col("coupon_minor") > 0) | off_all | off_line).fill_null(False).alias("promoted")
    )
    names = [key, "order_id", "product_id", "ordered_day", "quantity", "promoted"]
    if products is None:
        return bought.select(*names)
    require_columns(products, ("product_id", "category"), "products")
    return bought.join(products.select("product_id", "category"), on="product_id", how="left").select(
        *names, "category"
    )


def item_days(
    purchases: Frame,
    *,
    as_of: date,
    key: str,
    item: str,
    day: str,
    quantity: str | None,
    promoted: str | None,
    keep: Keep = lazily,
) -> Frame:
    """One row per customer, item and day of buying it, up to as_of: key, item, `DAY`, `UNITS`, `PROMOTED`, `USUAL`,
    `STOCKED`, `GAP`, `TIMES`. Of nobody and nothing none.

    quantity: null, zero and negative ones are left out; None: one each time. promoted: a column of true and false, null
    is false; None: never. The usual quantity is the median of what the customer bought of it at a time without a
    promotion; where every time was on promotion, the least. Stocked up: on promotion, and more than usual.

    Raises `missing_column`, `bad_column`.
    """
    days = days_bought(purchases, as_of=as_of, key=key, item=item, day=day, quantity=quantity, promoted=promoted)
    return with_gaps(keep("days_bought", days), key, item, keep)


def days_bought(
    purchases: Frame, *, as_of: date, key: str, item: str, day: str, quantity: str | None, promoted: str | None
) -> Frame:
    """The rows of `item_days` with the first five columns; what comes after a day changes nothing of them."""
    names = [key, item, day, *([quantity] if quantity else []), *([promoted] if promoted else [])]
    require_columns(purchases, names, "the purchases")
    known = purchases.filter(~nw.col(key).is_null(), ~nw.col(item).is_null(), nw.col(day) <= nw.lit(as_of))
    units = nw.lit(1000).cast(nw.Int64) if quantity is None else _thousandths(purchases, quantity)
    lines = known.select(
        key,
        nw.col(item).cast(nw.String).alias(item),
        nw.col(day).alias(DAY),
        units.alias(UNITS),
        (nw.lit(False) if promoted is None else _flag(purchases, promoted)).alias(PROMOTED),
    ).filter(nw.col(UNITS) > 0)
    days = lines.group_by(key, item, DAY).agg(
        integer_sum(nw.col(UNITS)).alias(UNITS), count_where(nw.col(PROMOTED)).alias("on__")
    )
    return days.select(key, item, DAY, UNITS, (nw.col("on__") > 0).alias(PROMOTED))


def with_gaps(days: Frame, key: str, item: str, keep: Keep) -> Frame:
    """`item_days` of what `days_bought` gave, or of those of them up to a day."""
    # Most customers buy most items once: of these nothing is to be put in order.
    pairs = days.group_by(key, item).agg(
        nw.len().cast(nw.Int64).alias(TIMES),
        nw.col(DAY).min().alias(DAY),
        nw.col(UNITS).min().alias(UNITS),
        count_where(nw.col(PROMOTED)).alias("on__"),
    )
    pairs = keep("items_bought", pairs)
    several = nw.col(TIMES) > 1
    columns = [key, item, DAY, UNITS, PROMOTED, USUAL, STOCKED, GAP, TIMES]
    once = pairs.filter(~several).with_columns(
        (nw.col("on__") > 0).alias(PROMOTED),
        (nw.col(UNITS) * 2).alias(USUAL),
        nw.lit(False).alias(STOCKED),
        missing(nw.Int64).alias(GAP),
    )
    again = days.join(pairs.filter(several).select(key, item, TIMES), on=[key, item], how="inner")
    again = again.with_columns(nw.when(~nw.col(PROMOTED)).then(nw.col(UNITS)).alias("plain__"))
    usual = again.group_by(key, item).agg(
        nw.col("plain__").quantile(0.5, interpolation="linear").alias("median__"), nw.col(UNITS).min().alias("least__")
    )
    doubled = nw.coalesce((nw.col("median__") * 2).round(0).cast(nw.Int64), nw.col("least__") * 2)
    following = nw.col(DAY).shift(-1).over(key, item, order_by=DAY)
    again = (
        again.with_columns(days_between(nw.col(DAY), following).alias(GAP))
        .join(usual.with_columns(doubled.alias(USUAL)).select(key, item, USUAL), on=[key, item], how="inner")
        .with_columns((nw.col(PROMOTED) & (nw.col(UNITS) * 2 > nw.col(USUAL))).alias(STOCKED))
    )
    return nw.concat([once.select(*columns), again.select(*columns)])


def _thousandths(frame: Frame, column: str) -> nw.Expr:
    dtype = frame.collect_schema()[column]
    if dtype.is_integer():
        return nw.col(column).cast(nw.Int64) * 1000
    if not dtype.is_numeric():
        said = f'"{column}" is {dtype}, not a quantity'
        raise TierwiseError("bad_column", said, place=column, remedy="a number")
    if dtype.is_float():
        return nw.when(nw.col(column).is_finite()).then((nw.col(column) * 1000).round(0)).cast(nw.Int64)
    return (nw.col(column) * 1000).round(0).cast(nw.Int64)


def _flag(frame: Frame, column: str) -> nw.Expr:
    dtype = frame.collect_schema()[column]
    if dtype == nw.Boolean:
        return nw.col(column).fill_null(False)
    if dtype.is_integer():
        return (nw.col(column) > 0).fill_null(False)
    raise TierwiseError("bad_column", f'"{column}" is {dtype}, not true or false', place=column, remedy="a boolean")
