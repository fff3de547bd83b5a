"""Deciles: rank customers by a metric, cut into equal parts, and see what each part brings.

The part of a customer is SQL's `NTILE(parts) OVER (ORDER BY metric DESC, customer_id)`: 1 is the top; where the number
of customers is no multiple, the first parts have one more; with fewer customers than parts the last parts do not exist.
Customers without the metric have no part; nor have those whose metric is no number (NaN) or infinite. Customers whose
metric is 0 have one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Literal

import narwhals as nw

from tierwise.definitions.deciles import Deciles, Groups
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics.frame import Frame, columns_of, require_columns, rows_of

if TYPE_CHECKING:  # who only shows deciles need not wait for NumPy to load
    from tierwise.metrics.distribution import Distribution

Amount = int | float
"""Whole numbers (money in minor units, counts, days) where the metric is whole, else floats."""

NO_CUSTOMERS, TOTAL_NOT_POSITIVE = "no_customers", "total_not_positive"


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part, from the top. lowest, highest: of the metric within it. share and cumulative_share are of the total
    of all parts; null where that total is not positive (see `PartTable.reason`). cumulative_share may exceed 1
    before the end where some customers are below zero."""

    part: int
    customers: int
    total: Amount
    share: float | None
    cumulative_share: float | None
    per_head: float
    lowest: Amount
    highest: Amount


@dataclass(frozen=True, slots=True)
class GroupRow:
    """Parts first_part..last_part together, as G1, G2, … from the top; figures as in `PartRow`."""

    group: str
    first_part: int
    last_part: int
    customers: int
    total: Amount
    share: float | None
    cumulative_share: float | None
    per_head: float


@dataclass(frozen=True, slots=True)
class PartTable:
    """The parts that exist, their groups where asked for, and why shares are null where they are: `no_customers` or
    `total_not_positive`. column: the metric's column inside; is_money: whether amounts are minor units."""

    metric: str
    column: str
    is_money: bool
    parts: tuple[PartRow, ...]
    groups: tuple[GroupRow, ...]
    customers: int
    total: Amount
    unranked: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class TopShare:
    """What the top customers bring. customers: how many those are; share: of the total, null with a reason."""

    top: float
    customers: int
    total: Amount
    share: float | None
    reason: str | None


def metric_column(metrics: Frame, metric: str) -> str:
    """The inside column of a metric named as outside; raises `unknown_metric` with the nearest name."""
    there = columns_of(metrics)
    for column in (f"{metric}_minor", metric):
        if column in there:
            return column
    raise TierwiseError.of([unknown_name("metric", metric, [name.removesuffix("_minor") for name in there])])


def decile_parts(metrics: Frame, definition: Deciles, *, tie_by: str = "customer_id") -> Frame:
    """The frame with one more column, named as the definition: 1..parts, null where the metric is not finite.

    Equal metrics are ordered by the column `tie_by`, which must be unique for the result to be one and the same.
    Executes the count of those who have the metric. Raises `missing_column`, `unknown_metric`.
    """
    require_columns(metrics, [tie_by], "metrics")
    column = metric_column(metrics, definition.metric)
    dtype = metrics.collect_schema()[column]
    metric = nw.col(column)
    if dtype.is_float():
        metric = nw.when(metric.is_finite()).then(metric)
    # The smallest integer has no negative, but -1 minus it there is.
    falling = nw.lit(-1) - metric.cast(nw.Int64) if dtype.is_integer() else -metric
    # Customers without the metric go last, so that their places do not count.
    ordered = metrics.with_columns(
        nw.when(metric.is_null()).then(nw.lit(1)).otherwise(nw.lit(0)).alias("without__"),
        falling.alias("falling__"),
    ).with_row_index("place__", order_by=["without__", "falling__", tie_by])
    place = nw.col("place__").cast(nw.Int64)
    # Counted beforehand: a second window over all rows would cost more than this one column read twice.
    ranked = int(rows_of(metrics.select(metric.count().alias("ranked")))[0][0])
    size, longer = divmod(ranked, definition.parts)
    in_longer = longer * (size + 1)
    later = longer + (place - in_longer) // max(size, 1)
    part = nw.when(place < in_longer).then(place // (size + 1)).otherwise(later) + 1
    given = nw.when(nw.col("without__") == 0).then(part.cast(nw.Int64)).alias(definition.name)
    return ordered.with_columns(given).drop("without__", "falling__", "place__")


def decile_table(ranked: Frame, definition: Deciles) -> PartTable:
    """The parts of a frame that `decile_parts` gave; executes one grouping of it."""
    column = metric_column(ranked, definition.metric)
    is_whole = ranked.collect_schema()[column].is_integer()
    metric, part = nw.col(column), nw.col(definition.name)
    total = metric.sum().cast(nw.Int64) if is_whole else metric.sum()
    found = rows_of(
        ranked.group_by(part.alias("part")).agg(
            nw.len().cast(nw.Int64).alias("n"),
            total.alias("total"),
            metric.min().alias("low"),
            metric.max().alias("high"),
        )
    )
    unranked = sum(n for place, n, *_ in found if place is None)
    rows = sorted(row for row in found if row[0] is not None)
    everything = sum(row[2] for row in rows)
    reason = NO_CUSTOMERS if not rows else None if everything > 0 else TOTAL_NOT_POSITIVE
    parts: list[PartRow] = []
    so_far: Amount = 0
    for place, n, amount, low, high in rows:
        so_far += amount
        share, cumulative = (amount / everything, so_far / everything) if reason is None else (None, None)
        parts.append(PartRow(int(place), n, amount, share, cumulative, amount / n, low, high))
    groups = _merged(parts, definition.groups) if definition.groups and parts else ()
    return PartTable(
        metric=definition.metric,
        column=column,
        is_money=column.endswith("_minor"),
        parts=tuple(parts),
        groups=groups,
        customers=sum(row.customers for row in parts),
        total=everything,
        unranked=unranked,
        reason=reason,
    )


def _merged(parts: Sequence[PartRow], groups: Groups) -> tuple[GroupRow, ...]:
    ends = groups.by_hand or _ends_at_largest_gaps(parts, groups.largest_gaps or 1)
    merged, first = [], 1
    so_far: Amount = 0
    everything = sum(row.total for row in parts)
    for number, end in enumerate(ends, start=1):
        members = [row for row in parts if first <= row.part <= end]
        if members:
            customers, total = sum(row.customers for row in members), sum(row.total for row in members)
            so_far += total
            share, cumulative = (total / everything, so_far / everything) if everything > 0 else (None, None)
            merged.append(
                GroupRow(f"G{number}", first, members[-1].part, customers, total, share, cumulative, total / customers)
            )
        first = end + 1
    return tuple(merged)


def _ends_at_largest_gaps(parts: Sequence[PartRow], groups: int) -> list[int]:
    """The last part of each group, where the per-head amount falls most to the next part; of equal falls the upper."""
    heads = [Fraction(row.total) / row.customers for row in parts]
    falls = sorted(range(len(parts) - 1), key=lambda i: (heads[i + 1] - heads[i], i))
    return [*sorted(parts[i].part for i in falls[: groups - 1]), parts[-1].part]


def top_share(distribution: Distribution, top: float | Fraction) -> TopShare:
    """What the top fraction of customers brings; how many those are is rounded half up, at least 1 if there are any.

    Equal values bring equal amounts, so ties do not matter. Raises `bad_fraction` outside 0 < top <= 1.

    >>> import numpy as np
    >>> from tierwise.metrics.distribution import Distribution
    >>> top_share(Distribution(np.array([1, 9]), np.array([9, 1])), 0.1).share
    0.5
    """
    if not 0 < top <= 1:
        raise TierwiseError("bad_fraction", f"the top {top} of the customers", remedy="a fraction above 0, up to 1")
    size, everything = distribution.size, distribution.total()
    # The fraction as written: 0.1 is one tenth, not the double next to it.
    fraction = top if isinstance(top, Fraction) else Fraction(str(top))
    customers = max(1, floor(fraction * size + Fraction(1, 2))) if size else 0
    total = distribution.top(customers)
    reason = NO_CUSTOMERS if not size else None if everything > 0 else TOTAL_NOT_POSITIVE
    return TopShare(float(top), customers, total, total / everything if reason is None else None, reason)


def concentration_curve(distribution: Distribution, points: int = 100) -> tuple[TopShare, ...]:
    """The curve "the top x % bring y %", from the top, at 1/points, 2/points, … 1. Empty over nobody."""
    if not distribution.size:
        return ()
    return tuple(top_share(distribution, Fraction(i, points)) for i in range(1, points + 1))


def decile_sentence(
    table: PartTable, language: Literal["zh", "en"], *, parts: int | None = None, noun: str = ""
) -> str:
    """Such as "The top 30% of customers bring 83% of net sales.": the first `parts`, else as many as bring 80 %.

    Shares are rounded to a whole percent. Where shares cannot be told, the sentence says why. noun: what is
    brought, such as "net sales" or "净消费额".
    """
    zh = language == "zh"
    if table.reason == NO_CUSTOMERS:
        return "没有可以排名的客户。" if zh else "There is no customer to rank."
    if table.reason is not None:
        return "合计不为正数,无法计算占比。" if zh else "The total is not positive, so there are no shares to tell."
    reached = [row for row in table.parts if (row.cumulative_share or 0) >= 0.8] or list(table.parts[-1:])
    last = reached[0] if parts is None else next((row for row in table.parts if row.part == parts), table.parts[-1])
    people = sum(row.customers for row in table.parts if row.part <= last.part)
    of_people = _percent(Fraction(people, table.customers))
    of_total = _percent(Fraction(last.cumulative_share or 0))
    if zh:
        return f"前 {of_people}% 的客户贡献了 {of_total}% 的{noun or '合计'}。"
    return f"The top {of_people}% of customers bring {of_total}% of {noun or 'the total'}."


def _percent(share: Fraction) -> int:
    return floor(share * 100 + Fraction(1, 2))
