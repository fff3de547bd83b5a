"""Habits of time and price: what a customer does more often than everybody, and not by chance.

A trial is a day on which the customer bought. A habit's value (Saturdays, the pay-day, the Spring Festival, the
evening, the upper price level) is claimed where so many of the customer's days have it as everybody's shopping would
hardly bring by chance: the upper tail of the binomial distribution with everybody's share, adjusted as Benjamini and
Hochberg over all customers and values (J. R. Statist. Soc. B 57, 1995). Days on one occasion know of each other, so a
habit needs more than one occasion: five days of one Spring Festival are one trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.distribution import distribution_of
from tierwise.metrics.frame import Frame, columns_of, distinct, integer_sum, require_columns, rows_of
from tierwise.stats.dependence import adjusted_among
from tierwise.stats.tails import beta_share

TOO_FEW_DAYS = "too_few_days"
NOT_SIGNIFICANT = "not_significant"

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

    A calendar's habit that is also an own one is refused. Executes the orders, and holds one row per customer and
    habit, and one per value of those who have days enough. Raises `missing_column`, `bad_value`.
    """
    if min(min_days, min_occasions) < 1 or not 0 < level < 1:
        raise TierwiseError("bad_value", "min_days, min_occasions are 1 or more, level is between 0 and 1")
    require_columns(orders, (key, day, *own), "orders")
    if calendar is not None:
        require_columns(calendar, ("day", "habit", "value", "occasion", "trial"), "the calendar")
    if calendar is None and not own:
        raise TierwiseError(
            "bad_value", "no habit to look for", place="calendar", remedy="give a calendar or own habits"
        )
    parts = _trials(orders, calendar, own, key, nw.col(day), as_of, keep)
    names = sorted(name for part in parts for name in part.names)
    counted = keep("habit_days", nw.concat([count for part in parts for count in part.counts(key, names)]))
    enough = counted.filter(nw.col("n") >= min_days)
    able = keep("habit_people", distinct(enough.select(key)))
    values = keep(
        "habit_values",
        nw.concat([part.totals() for part in parts]).with_row_index("label", order_by=["habit", "value"]),
    )
    valued = nw.concat([part.times(able, values, key, names) for part in parts])
    people = counted.sort(key, "habit").collect(backend="pyarrow").to_native()
    found = valued.join(enough, on=[key, "habit"], how="inner").select(key, "label", "k", "n", "occasions")
    told = found.sort(key, "label").collect(backend="pyarrow").to_native()
    labels = values.sort("label").collect(backend="pyarrow").to_native()
    return _told(people, told, labels, names, key, min_days, min_occasions, level)


@dataclass(frozen=True)
class _OfCalendar:
    """Habits of the day alone. days: `key, day`, each once."""

    days: Frame
    calendar: Frame
    names: tuple[str, ...]
    keep: Keep

    def counts(self, key: str, names: Sequence[str]) -> list[Frame]:
        """Days of each customer of which the habit is known: `key, habit, n`, a habit as its place among the names."""
        told = [
            integer_sum(nw.when(nw.col("habit") == name).then(nw.col("trial")).otherwise(nw.lit(0))).alias(f"n{place}")
            for place, name in enumerate(self.names)
        ]
        of_day = self.calendar.group_by("day").agg(*told)
        sums = [integer_sum(nw.col(f"n{place}")).alias(f"n{place}") for place in range(len(self.names))]
        wide = self.keep("habit_counts", self.days.join(of_day, on="day", how="inner").group_by(key).agg(*sums))
        return [
            wide.filter(nw.col(f"n{place}") > 0).select(
                key, nw.lit(names.index(name)).cast(nw.Int64).alias("habit"), nw.col(f"n{place}").alias("n")
            )
            for place, name in enumerate(self.names)
        ]

    def totals(self) -> Frame:
        """Days of all customers together by `habit, value`: `total`. Days are counted before they are looked up."""
        on_day = self.days.group_by("day").agg(nw.len().cast(nw.Int64).alias("customers"))
        known = self.calendar.filter(~nw.col("value").is_null())
        of_value = on_day.join(known, on="day", how="inner").group_by("habit", "value")
        return of_value.agg(integer_sum(nw.col("customers")).alias("total"))

    def times(self, able: Frame, values: Frame, key: str, names: Sequence[str]) -> Frame:
        """`key, habit, label, k, occasions` of the able customers."""
        known = self.calendar.filter(~nw.col("value").is_null()).join(
            values.select("habit", "value", "label"), on=["habit", "value"], how="inner"
        )
        coded = known.select("day", _place_in(names, self.names).alias("habit"), "label", "occasion")
        days = self.days.join(able, on=key, how="semi").join(coded, on="day", how="inner")
        apart = days.group_by(key, "habit", "label", "occasion").agg(nw.len().cast(nw.Int64).alias("k"))
        return apart.group_by(key, "habit", "label").agg(
            integer_sum(nw.col("k")).alias("k"), nw.len().cast(nw.Int64).alias("occasions")
        )


@dataclass(frozen=True)
class _Own:
    """A habit of the orders. days: `key, day, value`, each once: each is a trial, and an occasion."""

    days: Frame
    name: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def counts(self, key: str, names: Sequence[str]) -> list[Frame]:
        """As of `_OfCalendar`."""
        n = self.days.group_by(key).agg(nw.len().cast(nw.Int64).alias("n"))
        return [n.select(key, nw.lit(names.index(self.name)).cast(nw.Int64).alias("habit"), "n")]

    def totals(self) -> Frame:
        """As of `_OfCalendar`."""
        total = self.days.group_by("value").agg(nw.len().cast(nw.Int64).alias("total"))
        return total.select(nw.lit(self.name).alias("habit"), "value", "total")

    def times(self, able: Frame, values: Frame, key: str, names: Sequence[str]) -> Frame:
        """As of `_OfCalendar`."""
        own = values.filter(nw.col("habit") == self.name).select("value", "label")
        days = self.days.join(able, on=key, how="semi").join(own, on="value", how="inner")
        k = days.group_by(key, "label").agg(nw.len().cast(nw.Int64).alias("k"))
        place = nw.lit(names.index(self.name)).cast(nw.Int64).alias("habit")
        return k.select(key, place, "label", "k", nw.col("k").alias("occasions"))


def _trials(
    orders: Frame, calendar: Frame | None, own: Sequence[str], key: str, day: nw.Expr, as_of: date, keep: Keep
) -> list[_OfCalendar | _Own]:
    """What is counted; the orders are read once."""
    columns = [nw.col(name).cast(nw.String).alias(f"own__{name}") for name in own]
    known = orders.filter(~nw.col(key).is_null(), day <= nw.lit(as_of)).select(key, day.alias("day"), *columns)
    known = keep("habit_orders", known)
    parts: list[_OfCalendar | _Own] = []
    if calendar is not None:
        found = tuple(sorted(name for (name,) in rows_of(distinct(calendar.select("habit")))))
        if twice := set(found) & set(own):
            raise TierwiseError("bad_value", f"the calendar tells {', '.join(sorted(twice))} already", place="own")
        parts.append(_OfCalendar(keep("days_bought", distinct(known.select(key, "day"))), calendar, found, keep))
    for name in own:
        valued = known.filter(~nw.col(f"own__{name}").is_null())
        days = distinct(valued.select(key, "day", nw.col(f"own__{name}").alias("value")))
        parts.append(_Own(keep(f"days_of_{name}", days), name))
    return parts


def _place_in(names: Sequence[str], some: Sequence[str]) -> nw.Expr:
    """The place of the column `habit`, which is one of some, among the names."""
    place = nw.lit(-1)
    for name in some:
        place = nw.when(nw.col("habit") == name).then(nw.lit(names.index(name))).otherwise(place)
    return place.cast(nw.Int64)


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


def _told(
    people: pa.Table,
    found: pa.Table,
    labels: pa.Table,
    names: Sequence[str],
    key: str,
    min_days: int,
    min_occasions: int,
    level: float,
) -> pa.Table:
    """people: key, habit, n; found: key, label, k, n, occasions, of n >= min_days; both in the order of the first two.

    labels: label, habit, value, total, a row for each value that anybody's day has.
    """
    place, n_of = _ints(people, "habit"), _ints(people, "n")
    label, k, n, occasions = (_ints(found, name) for name in ("label", "k", "n", "occasions"))
    habits_of = np.array([names.index(name) for name in labels.column("habit").to_pylist()], dtype=np.int64)
    base_n = np.bincount(place, n_of, minlength=len(names)).astype(np.int64)
    base = (_ints(labels, "total") / np.maximum(base_n[habits_of], 1))[label]
    able = np.bincount(place[n_of >= min_days], minlength=len(names))
    several = np.bincount(habits_of, minlength=len(names))
    p_value = _upper_tails(label, k, n, base)
    adjusted = adjusted_among(p_value, int((able * several).sum()))
    claimed = (adjusted <= level) & (k > base * n) & (occasions >= min_occasions)
    best = _first_of_each(found.column(key), habits_of[label], claimed, p_value, k)
    at = _rows_of(people, key, found.column(key).take(best), habits_of[label[best]])

    def at_best(values: NDArray[Any]) -> pa.Array:
        """These values in the rows of the people who have them, null in the others."""
        there, rows = np.zeros(len(place), dtype=np.bool_), np.zeros(len(place), dtype=values.dtype)
        there[at], rows[at] = True, values
        return pa.array(rows, mask=~there)

    claims = at_best(label[best])
    why = np.where(n_of < min_days, 0, 1).astype(np.int8)
    why_not = pa.array(why, mask=claims.is_valid().to_numpy(zero_copy_only=False))
    reasons = pa.DictionaryArray.from_arrays(why_not, pa.array([TOO_FEW_DAYS, NOT_SIGNIFICANT]))
    names_of = pa.DictionaryArray.from_arrays(pa.array(place.astype(np.int32)), pa.array(list(names), pa.string()))
    columns = {
        key: people.column(key),
        "habit": names_of.cast(pa.string()),
        "value": labels.column("value").combine_chunks().cast(pa.string()).take(claims),
        "reason": reasons.cast(pa.string()),
        "day_count": pa.array(n_of),
        "habit_count": at_best(k[best]),
        "share": at_best(k[best] / n[best]),
        "base_share": at_best(base[best]),
        "p_value": at_best(p_value[best]),
        "adjusted_p_value": at_best(adjusted[best]),
    }
    return pa.table(columns).cast(habit_columns(people.schema.field(key)))


def _ints(table: pa.Table, name: str) -> Ints:
    found: Ints = table.column(name).to_numpy().astype(np.int64)
    return found


def _rows_of(people: pa.Table, key: str, who: pa.ChunkedArray, habit: Ints) -> Ints:
    """The row of each of these customers and habits among the people."""
    rows = people.select([key, "habit"]).append_column("row", pa.array(np.arange(people.num_rows)))
    asked = pa.table({key: who, "habit": pa.array(habit), "asked": pa.array(np.arange(len(habit)))})
    both = rows.join(asked, keys=[key, "habit"], join_type="inner")
    found = np.empty(len(habit), dtype=np.int64)
    found[both.column("asked").to_numpy()] = both.column("row").to_numpy()
    return found


def _upper_tails(value: Ints, k: Ints, n: Ints, base: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(X >= k) for X binomial(n, base), once for each value, k and n; value tells base."""
    most = int(n.max(initial=0)) + 1
    different, first, place = np.unique((value * most + k) * most + n, return_index=True, return_inverse=True)
    tails = [
        1.0 if share >= 1 else beta_share(count, of - count + 1, share)
        for count, of, share in zip(k[first].tolist(), n[first].tolist(), base[first].tolist(), strict=True)
    ]
    return np.array(tails, dtype=np.float64)[place.reshape(-1)] if len(different) else np.empty(0)


def _first_of_each(
    keys: pa.ChunkedArray, habit: Ints, claimed: NDArray[np.bool_], p_value: NDArray[np.float64], k: Ints
) -> Ints:
    """Of each customer and habit with a claim the row with the smallest p value, then the most days, then the first."""
    rows = np.flatnonzero(claimed)
    who = keys.take(rows).combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    order = np.lexsort((rows, -k[rows], p_value[rows], habit[rows], who))
    rows, who = rows[order], who[order]
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = (who[1:] != who[:-1]) | (habit[rows][1:] != habit[rows][:-1])
    return rows[new].astype(np.int64)
