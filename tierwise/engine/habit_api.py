"""The Python door for cohorts, sources, interactions, abnormal value, habits, idle members and share of wallet.

Frames are as in `engine/frame_api.py`, the first one's type comes back; money is in currency units outside. Orders are
rows with `customer_id`, `order_id`, `ordered_day` (a date) or `ordered_at`, `gross`, `net` and, where there is,
`coupon`; several rows of one order are one order. What each gives is told in the function of the same name in
`metrics/`; here its money stands under names without `_minor`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
from narwhals.typing import IntoFrameT

from tierwise.engine.basket_api import on_engine
from tierwise.engine.canonical import (
    KEY,
    Names,
    canonical_contacts,
    canonical_orders,
    canonical_refunds,
    day_of,
    minor_of,
    to_outside,
)
from tierwise.engine.frame_api import _day
from tierwise.engine.frames import back_as, opened, run_on
from tierwise.kernel.money import exponent
from tierwise.metrics import abnormal, cohorts
from tierwise.metrics import idle_members as idle
from tierwise.metrics import interactions as contacts
from tierwise.metrics import source_quality as sources
from tierwise.metrics.abnormal import AbnormalThresholds
from tierwise.metrics.calendar_days import calendar_days
from tierwise.metrics.customer import Keep
from tierwise.metrics.frame import Frame, columns_of, require_columns
from tierwise.metrics.habits import habits as habits_of
from tierwise.metrics.habits import with_own_habits
from tierwise.metrics.share_of_wallet import share_of_wallet as wallet_of

Given = Mapping[str, Frame]

CALENDAR_YEARS = 5
"""So many years before as_of's own the calendar of habits begins."""


def cohort_retention(
    orders: IntoFrameT,
    *,
    as_of: date | str,
    starts: Any = None,
    refunds: Any = None,
    currency: str = "CNY",
    timezone: str = "UTC",
) -> IntoFrameT:
    """Cohorts by the month of the first order, or of `registered_on` in starts, month by month
    (`metrics/cohorts.py`). refunds: `customer_id`, `refunded_day`, `amount`.

    >>> import polars as pl
    >>> days = [date(2026, 1, 5), date(2026, 1, 9), date(2026, 2, 1)]
    >>> orders = pl.DataFrame({"customer_id": ["a", "b", "a"], "order_id": [1, 2, 3], "ordered_day": days,
    ...                        "gross": [5.0, 5.0, 5.0]})
    >>> cohort_retention(orders, as_of="2026-02-28").select("month_number", "customers", "retained").rows()
    [(0, 2, 2), (1, 2, 1)]
    """
    day, digits = _day(as_of), exponent(currency)

    def compute(given: Given, keep: Keep) -> pa.Table:
        return cohorts.cohort_retention(
            _orders(given, digits, keep),
            as_of=day,
            key=KEY,
            starts=None if "starts" not in given else _with_day(given["starts"], "registered_on"),
            refunds=None if "refunds" not in given else canonical_refunds(given["refunds"], digits=digits),
        )

    return _table(orders, {"orders": orders, "starts": starts, "refunds": refunds}, compute, digits, timezone)


def source_quality(
    customers: IntoFrameT,
    orders: Any,
    *,
    as_of: date | str,
    since: date | str,
    within_days: int = 90,
    until: date | str | None = None,
    costs: Any = None,
    junk: Any = None,
    source: str = "source",
    currency: str = "CNY",
    timezone: str = "UTC",
) -> IntoFrameT:
    """What customers of each source cost and whether they stay (`metrics/source_quality.py`).

    customers: `customer_id`, `registered_on`, source. costs: source, `spent_day`, `cost`. junk: `customer_id`.
    """
    day, digits = _day(as_of), exponent(currency)

    def compute(given: Given, keep: Keep) -> Frame:
        costs = given.get("costs")
        if costs is not None:
            require_columns(costs, ("spent_day", "cost"), "costs")
            costs = costs.with_columns(
                minor_of(costs, "cost", digits).alias("cost_minor"), day_of(costs, "spent_day").alias("spent_day")
            )
        found = sources.source_quality(
            _with_day(given["customers"], "registered_on"), _orders(given, digits, keep), as_of=day, since=_day(since),
            within_days=within_days, until=None if until is None else _day(until), costs=costs,
            junk=given.get("junk"), source=source, key=KEY,
        )  # fmt: skip
        return to_outside(found, digits)

    given = {"customers": customers, "orders": orders, "costs": costs, "junk": junk}
    return run_on(customers, given, compute, timezone=timezone)


def interaction_summary(
    interactions: IntoFrameT,
    *,
    as_of: date | str,
    last_days: int | None = None,
    min_count: int = 5,
    preferred_from: float | Fraction = 0.5,
    timezone: str = "UTC",
) -> IntoFrameT:
    """Each customer's interactions, preferred hour and channel (`metrics/interactions.py`).

    interactions: `customer_id`, `occurred_at` or `occurred_day`, and what there is of `channel`, `category`,
    `duration_seconds`; the hour is that of `occurred_at`, where no column `hour` tells it.
    """
    day = _day(as_of)

    def compute(given: Given, keep: Keep) -> Frame:
        inside = canonical_contacts(given["interactions"], "occurred_day", "interactions")
        return contacts.interaction_summary(
            _with_hour(inside, "occurred_at"), as_of=day, last_days=last_days, key=KEY, min_count=min_count,
            preferred_from=preferred_from,
        )  # fmt: skip

    return run_on(interactions, {"interactions": interactions}, compute, timezone=timezone)


def abnormal_value(
    orders: IntoFrameT,
    *,
    as_of: date | str,
    lines: Any = None,
    products: Any = None,
    refunds: Any = None,
    thresholds: AbnormalThresholds = abnormal.DEFAULT,
    last_days: int | None = None,
    currency: str = "CNY",
    timezone: str = "UTC",
) -> IntoFrameT:
    """Each customer's signs of abnormal value, with points and reasons (`metrics/abnormal.py`).

    lines: `order_id`, `product_id`, `quantity`, `amount`; products: `product_id`, `category`; refunds: `order_id`,
    `refunded_day`, `amount`.
    """
    day, digits = _day(as_of), exponent(currency)

    def compute(given: Given, keep: Keep) -> Frame:
        amounts = {}
        for name in ("lines", "refunds"):
            if name in given:
                require_columns(given[name], ("order_id", "amount"), name)
                amounts[name] = given[name].with_columns(minor_of(given[name], "amount", digits).alias("amount_minor"))
        if "refunds" in amounts:
            amounts["refunds"] = _with_day(amounts["refunds"], "refunded_day")
        found = abnormal.abnormal_value(
            _orders(given, digits, keep), as_of=day, lines=amounts.get("lines"), products=given.get("products"),
            refunds=amounts.get("refunds"), thresholds=thresholds, last_days=last_days, key=KEY,
        )  # fmt: skip
        return to_outside(found, digits)

    given = {"orders": orders, "lines": lines, "products": products, "refunds": refunds}
    return run_on(orders, given, compute, timezone=timezone)


def habits(
    orders: IntoFrameT,
    *,
    as_of: date | str,
    own: Sequence[str] = ("hour_band", "price_level", "promotion"),
    pay_days: Sequence[int] = (10, 15, 25),
    min_days: int = 6,
    level: float = 0.05,
    currency: str = "CNY",
    timezone: str = "UTC",
) -> IntoFrameT:
    """Each customer's habits of time and price, where they are more than chance (`metrics/habits.py`).

    own: which of the three, whose hour is that of `ordered_at`. pay_days: days of the month. The calendar reaches back
    CALENDAR_YEARS; days before it count for own habits alone.
    """
    day, digits = _day(as_of), exponent(currency)

    def compute(given: Given, keep: Keep) -> pa.Table:
        inside = keep("bought", with_own_habits(_with_hour(_orders(given, digits, keep), "ordered_at")))
        return habits_of(
            inside, given["calendar"], as_of=day, own=own, key=KEY, min_days=min_days, level=level, keep=keep
        )

    first = max(day.year - CALENDAR_YEARS, 1901)
    calendar: Any = calendar_days(date(first, 1, 1), day, pay_days=pay_days)
    native: Any = orders
    known = nw.from_native(native)
    if not isinstance(known, nw.LazyFrame) or known.implementation.is_polars():
        return _table(orders, {"orders": orders, "calendar": calendar}, compute, digits, timezone)
    if known.implementation.is_duckdb():  # a relation of a connection that is not ours takes no other table
        copied = known.collect(backend="pyarrow").to_native()
        found: pa.Table = _table(copied, {"orders": copied, "calendar": calendar}, compute, digits, timezone)
        relation: IntoFrameT = on_engine(found, orders)
        return relation
    calendar = on_engine(calendar, orders)
    return _table(orders, {"orders": orders, "calendar": calendar}, compute, digits, timezone)


def idle_members(
    members: IntoFrameT,
    orders: Any,
    *,
    as_of: date | str,
    idle_days: int = 180,
    benefit_costs: Any = None,
    currency: str = "CNY",
    timezone: str = "UTC",
) -> IntoFrameT:
    """Members who keep a level and stopped buying, and what their benefits cost (`metrics/idle_members.py`).

    members: `customer_id`, `level`, `level_since`. orders: `customer_id`, `ordered_day` or `ordered_at`.
    benefit_costs: `level`, `cost`, for one member and year.
    """
    day, digits = _day(as_of), exponent(currency)

    def compute(given: Given, keep: Keep) -> Frame:
        costs = given.get("benefit_costs")
        if costs is not None:
            require_columns(costs, ("level", "cost"), "benefit costs")
            costs = costs.with_columns(minor_of(costs, "cost", digits).alias("cost_minor"))
        bought = canonical_contacts(given["orders"], "ordered_day", "orders")
        found = idle.idle_members(
            _with_day(given["members"], "level_since"), bought, as_of=day, idle_days=idle_days, benefit_costs=costs,
            key=KEY,
        )  # fmt: skip
        return to_outside(found, digits)

    given = {"members": members, "orders": orders, "benefit_costs": benefit_costs}
    return run_on(members, given, compute, timezone=timezone)


def share_of_wallet(
    customers: IntoFrameT,
    *,
    peers: Sequence[str],
    spent: str = "net",
    given_need: str | None = None,
    need_quantile: float | Fraction = 0.9,
    min_peers: int = 30,
    currency: str = "CNY",
) -> IntoFrameT:
    """What each customer needs in all, by peers or as given, and our share of it (`metrics/share_of_wallet.py`).

    customers: `customer_id`, spent, the attributes of peers, and given_need; money in currency units.
    """
    digits = exponent(currency)

    def compute(given: Given, keep: Keep) -> Frame:
        inside = given["customers"]
        money = [name for name in (spent, given_need) if name]
        require_columns(inside, (KEY, *money), "customers")
        inside = inside.with_columns(*(minor_of(inside, name, digits).alias(name) for name in money))
        found = wallet_of(
            inside, peers=peers, spent=spent, given_need=given_need, need_quantile=need_quantile, min_peers=min_peers,
            key=KEY,
        )  # fmt: skip
        return to_outside(found, digits)

    return run_on(customers, {"customers": customers}, compute)


def _orders(given: Given, digits: int, keep: Keep) -> Frame:
    """One row per order in minor units, with `ordered_at` where there is an instant."""
    frame = given["orders"]
    found = canonical_orders(frame, Names({}), digits=digits, needed=())
    if "ordered_at" in columns_of(frame):
        at = frame.group_by(KEY, "order_id").agg(nw.col("ordered_at").min().alias("ordered_at"))
        found = found.join(at, on=[KEY, "order_id"], how="left")
    return keep("orders", found)


def _with_day(frame: Frame, day: str) -> Frame:
    require_columns(frame, (KEY, day) if day != "refunded_day" else (day,), "the frame")
    return frame.with_columns(day_of(frame, day).alias(day))


def _with_hour(frame: Frame, at: str) -> Frame:
    schema = frame.collect_schema()
    if "hour" in schema or not isinstance(schema.get(at), nw.Datetime):
        return frame
    return frame.with_columns(nw.col(at).dt.hour().cast(nw.Int64).alias("hour"))


def _table(
    like: IntoFrameT, frames: Mapping[str, Any], compute: Callable[[Given, Keep], pa.Table], digits: int, timezone: str
) -> IntoFrameT:
    """What is computed as a table, in the caller's type and with money in currency units."""
    with opened(frames, timezone) as (given, keep, connection):
        found = outside_table(compute(given, keep), digits)
        if connection is None:
            lazily: IntoFrameT = on_engine(found, like)
            return lazily
    eagerly: IntoFrameT = back_as(found, like)
    return eagerly


def outside_table(table: pa.Table, digits: int) -> pa.Table:
    """Money in currency units as exact decimals, under names without `_minor` (`to_outside`, of a table)."""
    unit = pa.scalar(Decimal(1).scaleb(-digits))
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if name.endswith("_minor"):
            column = pc.multiply(column.cast(pa.decimal128(19, 0)), unit).cast(pa.decimal128(18, digits))
        columns[name.removesuffix("_minor")] = column
    return pa.table(columns)


__all__ = [
    "AbnormalThresholds", "abnormal_value", "cohort_retention", "habits", "idle_members", "interaction_summary",
    "outside_table", "share_of_wallet", "source_quality",
]  # fmt: skip
