"""A caller's columns, under whatever names and in currency units, as the facts' own columns.

Money becomes minor units here, once, half away from zero, and comes back as an exact decimal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import narwhals as nw

from tierwise.kernel.errors import Problem, TierwiseError, did_you_mean
from tierwise.metrics.attributes import CATALOGUE, Attribute
from tierwise.metrics.frame import Frame, columns_of, count_where, integer_sum, missing, rows_of

KEY = "customer_id"

ORDER_COLUMNS = (
    KEY, "order_id", "ordered_day", "ordered_at", "gross", "net", "coupon", "cost", "store_id",
)  # fmt: skip
"""What a frame of orders may have."""

_MONEY_DIGITS = 24
"""Digits that money may have on the way to minor units: more than 10^15 currency units and six decimals."""


@dataclass(frozen=True, slots=True)
class Names:
    """Canonical column -> the caller's name for it. Columns not named are looked for under their canonical names."""

    given: Mapping[str, str]

    def of(self, column: str) -> str:
        return self.given.get(column, column)

    def check(self, frame: Frame, known: Iterable[str], needed: Sequence[Sequence[str]], what: str) -> None:
        """Raises every problem at once: names for columns that mean nothing here, and columns that are not there.

        needed: each a choice, of which one column is enough.
        """
        there, known = columns_of(frame), tuple(known)
        problems = []
        for column, name in self.given.items():
            if column not in known:
                hint = did_you_mean(column, known) or f"known: {', '.join(known)}"
                problems.append(Problem("unknown_column", f'{what} have no such thing as "{column}"', column, hint))
            elif name not in there:
                problems.append(_lacking(what, name, there))
        for choice in needed:
            if not any(self.of(column) in there or column in self.given for column in choice):
                problems.append(_lacking(what, " or ".join(self.of(column) for column in choice), there))
        if problems:
            raise TierwiseError.of(problems)

    def has(self, frame: Frame, column: str) -> bool:
        return self.of(column) in columns_of(frame)


def _lacking(what: str, name: str, there: Sequence[str]) -> Problem:
    hint = did_you_mean(name.split(" or ")[0], there) or f"there are: {', '.join(there)}"
    return Problem("missing_column", f'{what} have no column "{name}"', name, hint)


def canonical_orders(frame: Frame, names: Names, *, digits: int, needed: Sequence[str] = ("gross", "net")) -> Frame:
    """One row per customer and order: customer_id, order_id, ordered_day, minor units, cost and store if given.

    Several rows of one order (its lines) are one order of their summed money, on the first of their days. What lies
    between gross and net and is not given as `coupon` is discount. An amount that is not needed and not there is
    taken to be the other one. Rows without customer_id are left out. Raises `missing_column`, `unknown_column`,
    `bad_column` and `bad_value`, the latter with how many rows.
    """
    choices = [[KEY], ["order_id"], ["ordered_day", "ordered_at"], *[[name] for name in needed]]
    names.check(frame, ORDER_COLUMNS, choices, "orders")
    amounts = [name for name in ("gross", "net", "coupon", "cost") if names.has(frame, name)]
    day = "ordered_day" if names.has(frame, "ordered_day") else "ordered_at"
    check_values(frame, names, money=[name for name in amounts if name != "cost"], needed=["order_id", day])
    inside = frame.filter(~nw.col(names.of(KEY)).is_null()).select(
        nw.col(names.of(KEY)).alias(KEY),
        nw.col(names.of("order_id")).alias("order_id"),
        day_of(frame, names.of(day)).alias("ordered_day"),
        *(minor_of(frame, names.of(name), digits).alias(f"{name}__") for name in amounts),
        *([nw.col(names.of("store_id")).cast(nw.String).alias("store_id")] if names.has(frame, "store_id") else []),
    )
    summed = [integer_sum(nw.col(f"{name}__")).alias(f"{name}__") for name in amounts]
    if "cost" in amounts:
        summed.append((nw.len() - nw.col("cost__").count()).cast(nw.Int64).alias("costs_unknown__"))
    if names.has(frame, "store_id"):
        summed.append(nw.col("store_id").min().alias("store_id"))
    orders = inside.group_by(KEY, "order_id").agg(nw.col("ordered_day").min().alias("ordered_day"), *summed)
    gross = nw.col("gross__") if "gross" in amounts else nw.col("net__")
    net = nw.col("net__") if "net" in amounts else nw.col("gross__")
    coupon = nw.col("coupon__") if "coupon" in amounts else nw.lit(0).cast(nw.Int64)
    cost = (
        [nw.when(nw.col("costs_unknown__") == 0).then(nw.col("cost__")).alias("cost_minor")]
        if "cost" in amounts
        else []
    )
    return orders.select(
        KEY,
        "order_id",
        "ordered_day",
        gross.alias("gross_minor"),
        (gross - net - coupon).alias("discount_minor"),
        coupon.alias("coupon_minor"),
        *cost,
        *(["store_id"] if names.has(frame, "store_id") else []),
    )


def canonical_refunds(frame: Frame, *, digits: int) -> Frame:
    """customer_id, refunded_day, amount_minor, from `customer_id`, `refunded_day` or `refunded_at`, `amount`."""
    names = Names({})
    names.check(frame, (), [[KEY], ["refunded_day", "refunded_at"], ["amount"]], "refunds")
    day = "refunded_day" if names.has(frame, "refunded_day") else "refunded_at"
    check_values(frame, names, money=["amount"], needed=[day])
    return frame.select(
        KEY, day_of(frame, day).alias("refunded_day"), minor_of(frame, "amount", digits).alias("amount_minor")
    )


def canonical_contacts(frame: Frame, day: str, what: str) -> Frame:
    """Visits or interactions with their day as a date, from the day or from the instant of the same name."""
    instant = day.removesuffix("_day") + "_at"
    names = Names({})
    names.check(frame, (), [[KEY], [day, instant]], what)
    source = day if names.has(frame, day) else instant
    check_values(frame, names, money=[], needed=[source])
    return frame.with_columns(day_of(frame, source).alias(day))


def canonical_customers(frame: Frame) -> Frame:
    """customer_id and, where there, registered_on, closed_on, birth_on and known_from, as dates."""
    Names({}).check(frame, (), [[KEY]], "customers")
    there = columns_of(frame)
    days = [name for name in ("registered_on", "closed_on", "birth_on", "known_from") if name in there]
    return frame.select(KEY, *(day_of(frame, name).alias(name) for name in days))


def check_values(frame: Frame, names: Names, *, money: Sequence[str], needed: Sequence[str]) -> None:
    """Raises `bad_value` for money that is missing or not finite and for what is needed and missing, with row counts.

    Looks only at rows of someone; executes one aggregation.
    """
    schema = frame.collect_schema()
    checks = []
    for name in (*money, *needed):
        column = names.of(name)
        bad = nw.col(column).is_null()
        if schema[column].is_float():
            bad = bad | ~nw.col(column).is_finite().fill_null(False)
        checks.append(count_where(bad).alias(name))
    if not checks:
        return
    there = frame.filter(~nw.col(names.of(KEY)).is_null())
    counts = there.select(*checks).collect(backend="pyarrow").row(0)
    problems = [
        Problem("bad_value", f'"{names.of(name)}" is {lack} in {bad:,} row{"s" if bad > 1 else ""}', names.of(name))
        for name, lack, bad in zip(
            (*money, *needed),
            [*("missing or not finite" for _ in money), *("missing" for _ in needed)],
            counts,
            strict=True,
        )
        if bad
    ]
    if problems:
        raise TierwiseError.of(problems)


def require_one_row_each(frame: Frame, key: str, what: str) -> None:
    """Raises `bad_frame` where a customer has several rows, with how many do. Executes one grouping."""
    several = frame.group_by(key).agg(nw.len().alias("rows__")).filter(nw.col("rows__") > 1)
    doubled = int(rows_of(several.select(nw.len()))[0][0])
    if doubled:
        raise TierwiseError(
            "bad_frame", f"{what} have several rows of one {key}: {doubled:,} of them", remedy="one row per customer"
        )


def minor_of(frame: Frame, column: str, digits: int) -> nw.Expr:
    """Minor units of a column in currency units, rounded once, half away from zero. A float is first taken to six
    decimals, so that 2.675 is what it looks like. Raises `bad_column` where it is no number, unless it is empty."""
    dtype = frame.collect_schema()[column]
    value = nw.col(column)
    if dtype.is_integer():
        return value.cast(nw.Int64) * nw.lit(int(10**digits))
    if not (dtype.is_float() or dtype.is_decimal()):
        if _is_empty(frame, column):
            return missing(nw.Int64)
        raise TierwiseError(
            "bad_column", f'"{column}" is {dtype}, not money', place=column, remedy="a number or a decimal"
        )
    exact = value.cast(nw.Decimal(_MONEY_DIGITS, 6))
    return (exact * nw.lit(int(10**digits))).round(0).cast(nw.Int64)


def day_of(frame: Frame, column: str) -> nw.Expr:
    """The day of a date or an instant. Raises `bad_column` for anything else, unless it is empty."""
    dtype = frame.collect_schema()[column]
    if dtype == nw.Date:
        return nw.col(column)
    if isinstance(dtype, nw.Datetime):
        return nw.col(column).dt.date()
    if _is_empty(frame, column):
        return missing(nw.Date)
    raise TierwiseError(
        "bad_column",
        f'"{column}" is {dtype}, not a date',
        place=column,
        remedy="parse it first, as in pandas.to_datetime",
    )


def _is_empty(frame: Frame, column: str) -> bool:
    """Whether it has no value at all, so that its type says nothing: pandas has no type for a column of no rows."""
    return not frame.select(nw.col(column).count().alias("values")).collect(backend="pyarrow").item()


_DAY_NAMES = {attribute.name for attribute in CATALOGUE if attribute.type == "date"}

_MONEY_NAMES = {attribute.name for attribute in CATALOGUE if attribute.type == "money"}


def is_money(name: str) -> bool:
    """Whether an attribute's outside name is money, over the whole life or a window.

    >>> is_money("monetary_amount_90d"), is_money("recency_days")
    (True, False)
    """
    base, _, last = name.rpartition("_")
    return name in _MONEY_NAMES or (base in _MONEY_NAMES and last.endswith("d") and last[:-1].isdigit())


def to_inside(frame: Frame, digits: int) -> Frame:
    """The profile's money in minor units under its inside names, and its days as dates; other columns as they are."""
    schema = frame.collect_schema()
    columns = []
    for name in columns_of(frame):
        if is_money(name) and schema[name].is_numeric():
            columns.append(minor_of(frame, name, digits).alias(f"{name}_minor"))
        elif name in _DAY_NAMES:
            columns.append(day_of(frame, name).alias(name))
        else:
            columns.append(nw.col(name))
    return frame.select(*columns)


def to_outside(frame: Frame, digits: int) -> Frame:
    """Money in currency units as exact decimals, under names without `_minor`."""
    unit = nw.lit(Decimal(1).scaleb(-digits))
    columns = []
    for name in columns_of(frame):
        if name.endswith("_minor"):
            amount = nw.col(name).cast(nw.Decimal(18, 0)) * unit
            columns.append(amount.cast(nw.Decimal(18, digits)).alias(name.removesuffix("_minor")))
        else:
            columns.append(nw.col(name))
    return frame.select(*columns)


def null_columns(frame: Frame, wanted: Iterable[Attribute]) -> Frame:
    """The frame, with nulls for attributes that it has not: what was not given cannot be told."""
    there = set(columns_of(frame))
    lacking = [a for a in wanted if a.column not in there]
    return frame.with_columns(*(missing(_TYPES[a.type]).alias(a.column) for a in lacking)) if lacking else frame


_TYPES = {
    "integer": nw.Int64,
    "money": nw.Int64,
    "number": nw.Float64,
    "date": nw.Date,
    "text": nw.String,
    "boolean": nw.Boolean,
}
