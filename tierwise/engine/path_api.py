"""The Python door for paths: `tierwise.later_purchases`, `next_products`, `common_paths`, `first_purchases`.

Frames are as in `engine/frame_api.py`; what each gives is told in `metrics/paths.py` and `metrics/first_purchase.py`. A
day may be given as a date or as an instant, which falls on a day of `timezone`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import narwhals as nw
import pyarrow as pa
from narwhals.typing import IntoFrameT

from tierwise.engine.basket_api import on_engine
from tierwise.engine.canonical import KEY
from tierwise.engine.frame_api import _day
from tierwise.engine.frames import back_as, opened
from tierwise.engine.funnel_api import with_days
from tierwise.metrics import first_purchase, paths
from tierwise.metrics.customer import Keep
from tierwise.metrics.frame import Frame


def later_purchases(
    lines: IntoFrameT,
    *,
    as_of: date | str,
    customer_id: str = KEY,
    item: str = "product_id",
    day: str = "ordered_day",
    within_days: int | None = None,
    min_customers: int = 10,
    timezone: str = "UTC",
) -> IntoFrameT:
    """A, and on a later day B: one row per two items, by first, most customers first (`metrics/paths.py`).

    Raises `missing_column`, `bad_column`, `bad_value`, and what `opened` raises.
    """

    def compute(inside: Frame, keep: Keep) -> Frame:
        return paths.later_purchases(
            inside, as_of=_day(as_of), key=customer_id, item=item, day=day, within_days=within_days,
            min_customers=min_customers, keep=keep,
        )  # fmt: skip

    return _answered(lines, day, timezone, compute, '"first", "count" DESC, "next"')


def common_paths(
    lines: IntoFrameT,
    *,
    as_of: date | str,
    customer_id: str = KEY,
    item: str = "product_id",
    day: str = "ordered_day",
    max_steps: int = 3,
    min_customers: int = 10,
    timezone: str = "UTC",
) -> IntoFrameT:
    """The paths that many customers go: one row per path, shorter first, most customers first (`metrics/paths.py`).

    Raises `missing_column`, `bad_column`, `bad_value`, and what `opened` raises.
    """

    def compute(inside: Frame, keep: Keep) -> Frame:
        return paths.common_paths(
            inside, as_of=_day(as_of), key=customer_id, item=item, day=day, max_steps=max_steps,
            min_customers=min_customers, keep=keep,
        )  # fmt: skip

    return _answered(lines, day, timezone, compute, '"step_count", "count" DESC, "path"')


def next_products(
    lines: IntoFrameT,
    *,
    as_of: date | str,
    customer_id: str = KEY,
    item: str = "product_id",
    day: str = "ordered_day",
    min_count: int = 10,
    from_first: bool = False,
    timezone: str = "UTC",
) -> IntoFrameT:
    """What the very next purchase holds, against what any next purchase holds: the best next item of each first
    (`metrics/paths.py`).

    Raises `missing_column`, `bad_column`, `bad_value`, and what `opened` raises.
    """

    def compute(inside: Frame, keep: Keep) -> pa.Table:
        return paths.next_products(
            inside, as_of=_day(as_of), key=customer_id, item=item, day=day, min_count=min_count,
            from_first=from_first, keep=keep,
        )  # fmt: skip

    return _answered(lines, day, timezone, compute)


def first_purchases(
    purchases: IntoFrameT,
    *,
    by: str,
    as_of: date | str,
    within_days: int,
    customer_id: str = KEY,
    day: str = "ordered_day",
    min_customers: int = 10,
    timezone: str = "UTC",
) -> IntoFrameT:
    """What first purchases hold, and who comes again: one row per value of `by` (`metrics/first_purchase.py`).

    Raises `missing_column`, `bad_column`, `bad_value`, and what `opened` raises.
    """

    def compute(inside: Frame, keep: Keep) -> pa.Table:
        return first_purchase.first_purchases(
            inside, by=by, as_of=_day(as_of), within_days=within_days, key=customer_id, day=day,
            min_customers=min_customers, keep=keep,
        )  # fmt: skip

    return _answered(purchases, day, timezone, compute)


def _answered(
    like: IntoFrameT,
    day: str,
    timezone: str,
    compute: Callable[[Frame, Keep], Frame | pa.Table],
    order: str | None = None,
) -> IntoFrameT:
    """What is computed, in the caller's type; order: of eager rows, where it is a frame."""
    with opened({"facts": like}, timezone) as (given, keep, connection):
        found = compute(with_days(given["facts"], day), keep)
        if connection is None:
            lazily: IntoFrameT = nw.to_native(found) if isinstance(found, nw.LazyFrame) else on_engine(found, like)
            return lazily
        native: Any = nw.to_native(found) if isinstance(found, nw.LazyFrame) else None
        table = found if native is None else native.order(order).to_arrow_table()
        eagerly: IntoFrameT = back_as(table, like)
    return eagerly


__all__ = ["common_paths", "first_purchases", "later_purchases", "next_products"]
