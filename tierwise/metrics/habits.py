"""Habits of time and price: what a customer does more often than everybody, and not by chance.

A trial is a day on which the customer bought. A habit's value (Saturdays, the pay-day, the Spring Festival, the
evening, the upper price level) is claimed where so many of the customer's days have it as everybody's shopping would
hardly bring by chance: the upper tail of the binomial distribution with everybody's share, adjusted as Benjamini and
Hochberg over all customers and values (J. R. Statist. Soc. B 57, 1995). Days on one occasion know of each other, so a
habit needs more than one occasion: five days of one Spring Festival are one trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.distribution import distribution_of
from tierwise.metrics.frame import Frame, columns_of, days_between, integer_sum, require_columns
from tierwise.stats.dependence import adjusted_among
from tierwise.stats.tails import beta_share

TOO_FEW_DAYS = "too_few_days"
NOT_SIGNIFICANT = "not_significant"

_EPOCH = date(1970, 1, 1)

Ints = NDArray[np.int64]


def habit_columns(key: pa.Field) -> pa.Schema:
    """The columns of `habits`, the customer's as the orders have it."""
    return pa.schema(
        [
            key, ("habit", pa.string()), ("value", pa.string()), ("reason", pa.string()), ("day_count", pa.int64()),
            ("habit_count", pa.int64()), ("share", pa.float64()), ("base_share", pa.float64()),
            ("p_value", pa.float64()), ("adjusted_p_value", pa.float64()),
        ]
    )  # fmt: skip


def habits(
    orders: Frame,
    calendar: Frame | None = None,
    *,
    as_of: date,
    own: Sequence[str] = (),
    key: str = "customer_key",
    day: str = "ordered_day",
    min_days: int = 6,
    min_occasions: int = 2,
    level: float = 0.05,
    keep: Keep = lazily,
) -> pa.Table:
    """One row per customer with an order up to as_of and habit, by both: `habit_columns`.

    orders: one row per order with a day. calendar: `metrics/calendar_days.py`, on the orders' engine; it gives the
    habits `weekday, day_off, pay_day, holiday, lunar`. own: columns of the orders that are habits too, by their name,
    such as `hour_band`, `price_level`, `promotion` (`with_own_habits`) or `channel`; null values are not known.

    value: what the customer does markedly more often than everybody: of the habit's values the one with the smallest p
    value (of equals the more frequent, then the smaller text), where adjusted_p_value <= level, the customer's share
    is above everybody's, and the days lie on at least min_occasions occasions (weeks, months, years; for own habits
    days). Else null, with the reason `too_few_days` (fewer than min_days are known) or `not_significant`.

    day_count: the customer's days with an order of which the habit is known; of own habits a day counts once for each
    of its values. habit_count: those with the value; share: habit_count / day_count; base_share: the same of all
    customers' days together. p_value: that chance alone brings so many or more. The last five are null without a value.

    Executes the orders, and holds one row per customer and value. Raises `missing_column`, `bad_value`.
    """
    if min(min_days, min_occasions) < 1 or not 0 < level < 1:
        raise TierwiseError("bad_value", "min_days, min_occasions are 1 or more, level is between 0 and 1")
    require_columns(orders, (key, day, *own), "orders")
    known = orders.filter(~nw.col(key).is_null(), nw.col(day) <= nw.lit(as_of))
    rows = []
    if calendar is not None:
        require_columns(calendar, ("day", "habit", "value", "occasion", "trial"), "the calendar")
        days = known.select(key, nw.col(day).alias("day")).unique()
        rows.append(days.join(calendar, on="day", how="inner").select(key, "habit", "value", "occasion", "trial"))
    for name in own:
        pairs = known.filter(~nw.col(name).is_null()).select(
            key, nw.col(day).alias("day"), nw.col(name).cast(nw.String).alias("value")
        )
        rows.append(
            pairs.unique().select(
                key,
                nw.lit(name).alias("habit"),
                "value",
                days_between(nw.lit(_EPOCH), nw.col("day")).alias("occasion"),
                nw.lit(1).cast(nw.Int64).alias("trial"),
            )
        )
    if not rows:
        raise TierwiseError(
            "bad_value", "no habit to look for", place="calendar", remedy="give a calendar or own habits"
        )
    trials = keep("trials", nw.concat(rows))
    counted = trials.group_by(key, "habit").agg(integer_sum(nw.col("trial")).alias("n"))
    with_value = trials.filter(~nw.col("value").is_null())
    times = with_value.group_by(key, "habit", "value").agg(nw.len().cast(nw.Int64).alias("k"))
    apart = with_value.select(key, "habit", "value", "occasion").unique().group_by(key, "habit", "value")
    valued = times.join(
        apart.agg(nw.len().cast(nw.Int64).alias("occasions")), on=[key, "habit", "value"], how="inner"
    ).join(counted, on=[key, "habit"], how="inner")
    people = counted.sort(key, "habit").collect(backend="pyarrow").to_native()
    found = valued.sort(key, "habit", "value").collect(backend="pyarrow").to_native()
    return _told(people, found, key, min_days, min_occasions, level)


def with_own_habits(orders: Frame) -> Frame:
    """The orders with three columns more, each a habit: `hour_band`, `price_level`, `promotion`.

    hour_band: three hours, "18-20", of `hour` (0-23, of the business's day), null where that lacks. price_level: `low`,
    `mid`, `high`: what was paid for the order, against the thirds of all orders that cost something (a third's border
    belongs to the lower one), null for the others. promotion: `on_promotion` (discount or coupon) or `full_price`.
    Executes the orders once, for the thirds. Raises `missing_column`.
    """
    require_columns(orders, ("gross_minor", "discount_minor", "coupon_minor"), "orders")
    there = columns_of(orders)
    net = nw.col("gross_minor") - nw.col("discount_minor") - nw.col("coupon_minor")
    promoted = (nw.col("discount_minor") > 0) | (nw.col("coupon_minor") > 0)
    paid = distribution_of(orders.select(net.alias("net__")).filter(nw.col("net__") > 0), "net__")
    low, high = (int(paid.quantile(third, 3)) if paid.size else 0 for third in (1, 2))
    level = (
        nw.when(net <= 0)
        .then(nw.lit(None).cast(nw.String))
        .when(net <= low)
        .then(nw.lit("low"))
        .when(net <= high)
        .then(nw.lit("mid"))
        .otherwise(nw.lit("high"))
    )
    band = nw.lit(None).cast(nw.String)
    if "hour" in there:
        start = nw.col("hour").cast(nw.Int64) - nw.col("hour").cast(nw.Int64) % 3
        band = nw.concat_str([_two(start), nw.lit("-"), _two(start + 2)])
    return orders.with_columns(
        band.alias("hour_band"),
        level.alias("price_level"),
        nw.when(promoted).then(nw.lit("on_promotion")).otherwise(nw.lit("full_price")).alias("promotion"),
    )


def _two(number: nw.Expr) -> nw.Expr:
    return (number + 100).cast(nw.String).str.slice(1)


def _told(people: pa.Table, found: pa.Table, key: str, min_days: int, min_occasions: int, level: float) -> pa.Table:
    """people: key, habit, n; found: key, habit, value, k, occasions, n, ordered by the first three."""
    schema = habit_columns(people.schema.field(key))
    n_of = people.column("n").to_numpy().astype(np.int64)
    k, n, occasions = (found.column(name).to_numpy().astype(np.int64) for name in ("k", "n", "occasions"))
    habit, names = _coded(found.column("habit"))
    value, values = _coded(pc.binary_join_element_wise(found.column("habit"), found.column("value"), "\x1f"))
    everybody, _ = _coded(people.column("habit"), names)
    base_n = np.bincount(everybody, n_of, minlength=len(names))
    base = np.bincount(value, k, minlength=len(values))[value] / np.maximum(base_n[habit], 1)
    enough = n >= min_days
    able = np.bincount(everybody[n_of >= min_days], minlength=len(names))
    several = np.bincount([names.index(each.split("\x1f")[0]) for each in values], minlength=len(names))
    p_value, adjusted = np.ones(len(k)), np.ones(len(k))
    p_value[enough] = _upper_tails(value[enough], k[enough], n[enough], base[enough])
    adjusted[enough] = adjusted_among(p_value[enough], int((able * several).sum()))
    claimed = enough & (adjusted <= level) & (k > base * n) & (occasions >= min_occasions)
    best = _first_of_each(found, key, claimed, p_value, k)
    told = pa.table(
        {
            key: found.column(key).take(best),
            "habit": found.column("habit").take(best),
            "value": found.column("value").take(best),
            "habit_count": pa.array(k[best]),
            "share": pa.array(k[best] / n[best]),
            "base_share": pa.array(base[best]),
            "p_value": pa.array(p_value[best]),
            "adjusted_p_value": pa.array(adjusted[best]),
        }
    )
    both = people.rename_columns([key, "habit", "day_count"]).join(told, keys=[key, "habit"], join_type="left outer")
    why = np.where(both.column("day_count").to_numpy() < min_days, TOO_FEW_DAYS, NOT_SIGNIFICANT)
    known = both.column("value").is_valid().to_numpy(zero_copy_only=False)
    both = both.append_column("reason", pa.array(why.tolist(), pa.string(), mask=known))
    return both.select(schema.names).cast(schema).sort_by([(key, "ascending"), ("habit", "ascending")])


def _coded(column: pa.ChunkedArray, names: list[str] | None = None) -> tuple[Ints, list[str]]:
    """Texts as places in a list of them; the list may be given, and then holds them all."""
    encoded = column.combine_chunks().dictionary_encode()
    own = encoded.dictionary.to_pylist()
    places = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    if names is None:
        return places, own
    names.extend(name for name in own if name not in names)
    return np.array([names.index(name) for name in own], dtype=np.int64)[places], names


def _upper_tails(value: Ints, k: Ints, n: Ints, base: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(X >= k) for X binomial(n, base), once for each value, k and n; value tells base."""
    rows = np.column_stack([value, k, n])
    different, first, place = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    tails = [
        1.0 if share >= 1 else beta_share(count, of - count + 1, share)
        for (_, count, of), share in zip(different.tolist(), base[first].tolist(), strict=True)
    ]
    return np.array(tails, dtype=np.float64)[place.reshape(-1)]


def _first_of_each(
    found: pa.Table, key: str, claimed: NDArray[np.bool_], p_value: NDArray[np.float64], k: Ints
) -> Ints:
    """Of each customer and habit with a claim the row with the smallest p value, then the most days, then the first."""
    rows = np.flatnonzero(claimed)
    who = found.column(key).combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)[rows]
    habit, _ = _coded(found.column("habit"))
    order = np.lexsort((rows, -k[rows], p_value[rows], habit[rows], who))
    rows, who = rows[order], who[order]
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = (who[1:] != who[:-1]) | (habit[rows][1:] != habit[rows][:-1])
    return rows[new].astype(np.int64)
