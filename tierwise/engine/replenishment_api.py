"""The Python door for what runs out: `tierwise.replenishment_cycles`, `customer_cycles`, `due_list`, `due_backtest`,
`increments`, `vehicle_due`.

Frames are as in `engine/frame_api.py`; what each gives is told in `metrics/replenishment.py`, `metrics/due.py`,
`metrics/due_backtest.py`, `metrics/increment.py` and `metrics/vehicle_due.py`. Purchases are one row per line.
`quantity` and `promoted` (true where a coupon or a discount was used) may be None where there is no such column: one
each time, never on promotion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import narwhals as nw
import pyarrow as pa
from narwhals.typing import IntoFrameT

from tierwise.engine.basket_api import on_engine
from tierwise.engine.canonical import KEY, day_of
from tierwise.engine.frame_api import _day
from tierwise.engine.frames import back_as, opened
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics import due as dates
from tierwise.metrics import due_backtest as backtest
from tierwise.metrics import increment, replenishment
from tierwise.metrics import vehicle_due as vehicles_due
from tierwise.metrics.customer import Keep
from tierwise.metrics.frame import Frame, columns_of, require_columns
from tierwise.metrics.vehicle_due import DEFAULT_RULES, DueRule


def replenishment_cycles(
    purchases: IntoFrameT,
    *,
    as_of: date | str,
    customer_id: str = KEY,
    item: str = "product_id",
    day: str = "ordered_day",
    quantity: str | None = "quantity",
    promoted: str | None = "promoted",
    min_intervals: int = 30,
    min_customers: int = 10,
    timezone: str = "UTC",
) -> IntoFrameT:
    """After how many days each item is bought again, and whether that is a cycle: one row per item, by item
    (`item_cycles` in `metrics/replenishment.py`).

    Raises `missing_column`, `bad_column`, `bad_value`, and what `opened` raises.
    """

    def compute(given: Mapping[str, Frame], keep: Keep) -> Frame:
        return replenishment.item_cycles(
            given["purchases"], as_of=_day(as_of), key=customer_id, item=item, day=day, quantity=quantity,
            promoted=promoted, min_intervals=min_intervals, min_customers=min_customers, keep=keep,
        )  # fmt: skip

    return _answered(purchases, {}, day, timezone, compute, (item,))


def customer_cycles(
    purchases: IntoFrameT,
    *,
    as_of: date | str,
    customer_id: str = KEY,
    item: str = "product_id",
    day: str = "ordered_day",
    quantity: str | None = "quantity",
    promoted: str | None = "promoted",
    min_intervals: int = 30,
    min_customers: int = 10,
    min_own_intervals: int = 3,
    timezone: str = "UTC",
) -> IntoFrameT:
    """Each customer's own cycle of each item: one row per customer and item, in that order
    (`metrics/replenishment.py`).

    Raises `missing_column`, `bad_column`, `bad_value`, and what `opened` raises.
    """

    def compute(given: Mapping[str, Frame], keep: Keep) -> Frame:
        return replenishment.customer_cycles(
            given["purchases"], as_of=_day(as_of), key=customer_id, item=item, day=day, quantity=quantity,
            promoted=promoted, min_intervals=min_intervals, min_customers=min_customers,
            min_own_intervals=min_own_intervals, keep=keep,
        )  # fmt: skip

    return _answered(purchases, {}, day, timezone, compute, (customer_id, item))


def due_list(
    purchases: IntoFrameT,
    *,
    as_of: date | str,
    products: IntoFrameT | None = None,
    customer_id: str = KEY,
    item: str = "product_id",
    day: str = "ordered_day",
    quantity: str | None = "quantity",
    promoted: str | None = "promoted",
    min_intervals: int = 30,
    min_customers: int = 10,
    min_own_intervals: int = 3,
    tolerance: float | Fraction = dates.TOLERANCE,
    lapsed_after_cycles: int = 1,
    timezone: str = "UTC",
) -> IntoFrameT:
    """Who is due to buy what again: one row per customer and item, by due_on, those without a date last
    (`metrics/due.py`). products: item with `category`, `pack_size`, `daily_usage`, as far as they are known.

    Raises `missing_column`, `bad_column`, `bad_value`, and what `opened` raises.
    """

    def compute(given: Mapping[str, Frame], keep: Keep) -> Frame:
        return dates.due_list(
            given["purchases"], as_of=_day(as_of), products=given.get("products"), key=customer_id, item=item, day=day,
            quantity=quantity, promoted=promoted, min_intervals=min_intervals, min_customers=min_customers,
            min_own_intervals=min_own_intervals, tolerance=tolerance, lapsed_after_cycles=lapsed_after_cycles,
            keep=keep,
        )  # fmt: skip

    return _answered(purchases, {"products": products}, day, timezone, compute, ("due_on", customer_id, item))


def due_backtest(
    purchases: IntoFrameT,
    *,
    cuts: Sequence[date | str],
    as_of: date | str,
    products: IntoFrameT | None = None,
    customer_id: str = KEY,
    item: str = "product_id",
    day: str = "ordered_day",
    quantity: str | None = "quantity",
    promoted: str | None = "promoted",
    min_intervals: int = 30,
    min_customers: int = 10,
    min_own_intervals: int = 3,
    tolerance: float | Fraction = dates.TOLERANCE,
    horizon_days: int = 60,
    timezone: str = "UTC",
) -> IntoFrameT:
    """What came of the due lists of past days, beside chance: one row per cut and basis
    (`metrics/due_backtest.py`).

    Raises `missing_column`, `bad_column`, `bad_value`, and what `opened` raises.
    """

    def compute(given: Mapping[str, Frame], keep: Keep) -> pa.Table:
        return backtest.due_backtest(
            given["purchases"], cuts=[_day(cut) for cut in cuts], as_of=_day(as_of), products=given.get("products"),
            key=customer_id, item=item, day=day, quantity=quantity, promoted=promoted, min_intervals=min_intervals,
            min_customers=min_customers, min_own_intervals=min_own_intervals, tolerance=tolerance,
            horizon_days=horizon_days, keep=keep,
        )  # fmt: skip

    return _answered(purchases, {"products": products}, day, timezone, compute, ())


def increments(
    purchases: IntoFrameT,
    *,
    as_of: date | str,
    customer_id: str = KEY,
    item: str = "product_id",
    day: str = "ordered_day",
    quantity: str = "quantity",
    promoted: str = "promoted",
    tolerance: float | Fraction = increment.TOLERANCE,
    min_usual_intervals: int = 2,
    per: str = "purchase",
    timezone: str = "UTC",
) -> IntoFrameT:
    """Who bought more of the same, and whether out of need or to stock up (`metrics/increment.py`).

    per: `purchase` (one row per larger purchase, by customer, item and day), `customer` (per customer and item) or
    `item`. Units are counted, not thousandths.

    Raises `unknown_per`, `missing_column`, `bad_column`, `bad_value`, and what `opened` raises.
    """
    known = {"purchase": (customer_id, item, "bought_on"), "customer": (customer_id, item), "item": (item,)}
    if per not in known:
        raise TierwiseError.of([unknown_name("per", per, known)])

    def compute(given: Mapping[str, Frame], keep: Keep) -> Frame:
        steps = increment.increments(
            given["purchases"], as_of=_day(as_of), key=customer_id, item=item, day=day, quantity=quantity,
            promoted=promoted, tolerance=tolerance, min_usual_intervals=min_usual_intervals, keep=keep,
        )  # fmt: skip
        if per == "customer":
            return increment.customer_increments(keep("increments", steps), key=customer_id, item=item)
        if per == "item":
            steps = increment.item_increments(keep("increments", steps), item=item)
        units = [name for name in columns_of(steps) if name.startswith("units") or name.endswith("_units")]
        return steps.with_columns(*((nw.col(name).cast(nw.Float64) / 1000).alias(name) for name in units))

    return _answered(purchases, {}, day, timezone, compute, known[per])


def vehicle_due(
    vehicles: IntoFrameT,
    visits: IntoFrameT,
    *,
    as_of: date | str,
    rules: Sequence[DueRule] = DEFAULT_RULES,
    customer_id: str = KEY,
    service_kinds: Sequence[str] | None = None,
    timezone: str = "UTC",
) -> IntoFrameT:
    """What each vehicle is due for, by time or mileage, whichever comes first: one row per vehicle and kind, by vin and
    kind (`metrics/vehicle_due.py`).

    Raises `missing_column`, `bad_column`, `bad_rule`, and what `opened` raises.
    """

    def compute(given: Mapping[str, Frame], keep: Keep) -> Frame:
        came = given["visits"]
        require_columns(came, ("visited_day",), "visits")
        return vehicles_due.vehicle_due(
            given["purchases"], came.with_columns(day_of(came, "visited_day").alias("visited_day")), as_of=_day(as_of),
            rules=rules, key=customer_id, service_kinds=service_kinds, keep=keep,
        )  # fmt: skip

    return _answered(vehicles, {"visits": visits}, "delivered_on", timezone, compute, ("vin", "kind"))


def _answered(
    like: IntoFrameT,
    others: Mapping[str, Any],
    day: str,
    timezone: str,
    compute: Callable[[Mapping[str, Frame], Keep], Frame | pa.Table],
    order: Sequence[str],
) -> IntoFrameT:
    """What is computed, in the type of the first frame; order: of eager rows, nulls last."""
    with opened({"purchases": like, **others}, timezone) as (given, keep, connection):
        bought = given["purchases"]
        require_columns(bought, (day,), "the rows")
        found = compute({**given, "purchases": bought.with_columns(day_of(bought, day).alias(day))}, keep)
        if connection is None:
            lazily: IntoFrameT = nw.to_native(found) if isinstance(found, nw.LazyFrame) else on_engine(found, like)
            return lazily
        if isinstance(found, nw.LazyFrame):
            found = found.sort(*order, nulls_last=True).collect(backend="pyarrow").to_native()
        eagerly: IntoFrameT = back_as(found, like)
    return eagerly


__all__ = ["customer_cycles", "due_backtest", "due_list", "increments", "replenishment_cycles", "vehicle_due"]
