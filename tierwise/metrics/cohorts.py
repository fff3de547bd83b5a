"""Cohorts: customers by the month in which they began, and how many of them buy in each month after.

Months are calendar months, so months of 28 and of 31 days stand side by side; month 0 is the one of the beginning. A
customer is retained in a month who has an order in it, whatever was in the months between (period retention: "of those
who began in March, so many bought in June").
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import narwhals as nw
import pyarrow as pa

from tierwise.metrics.frame import Frame, integer_sum, require_columns, rows_of

COHORT_COLUMNS = pa.schema(
    [
        ("cohort_month", pa.date32()), ("month_number", pa.int64()), ("month", pa.date32()), ("customers", pa.int64()),
        ("retained", pa.int64()), ("retained_share", pa.float64()), ("order_count", pa.int64()),
        ("net_minor", pa.int64()), ("net_so_far_minor", pa.int64()), ("net_so_far_per_customer_minor", pa.int64()),
        ("reason", pa.string()),
    ]
)  # fmt: skip

CURVE_COLUMNS = pa.schema(
    [
        ("month_number", pa.int64()), ("cohorts", pa.int64()), ("customers", pa.int64()), ("retained", pa.int64()),
        ("retained_share", pa.float64()), ("net_minor", pa.int64()), ("net_per_customer_minor", pa.int64()),
    ]
)  # fmt: skip

MONTH_INCOMPLETE = "month_incomplete"
COHORT_INCOMPLETE = "cohort_incomplete"


def cohort_retention(
    orders: Frame,
    *,
    as_of: date,
    starts: Frame | None = None,
    refunds: Frame | None = None,
    key: str = "customer_key",
    day: str = "ordered_day",
    start_day: str = "registered_on",
    refund_day: str = "refunded_day",
) -> pa.Table:
    """One row per cohort and month from its own up to that of as_of, `COHORT_COLUMNS`, by both.

    orders: one row per order with `gross_minor`, `discount_minor`, `coupon_minor`. starts: one row per customer with
    start_day, the beginning (registration); who has none, or one after as_of, is in no cohort, and orders before it are
    not looked at. Without starts the beginning is the first order. refunds: `amount_minor` by refund_day, taken off in
    the month in which money was given back, from the beginning on.

    customers: of the cohort; retained: those with an order in the month; retained_share: retained / customers.
    net_minor: after discount and coupon, refunds off; net_so_far_minor: from month 0 on, per customer rounded half away
    from zero.

    A month that is not over on as_of has nulls from `retained` on and the reason `month_incomplete`: half a month's
    figure looks like a fall. A cohort whose own month is not over has `cohort_incomplete`: more will join it. A cohort
    month in which nobody began is not there. Executes the orders. Raises `missing_column`.
    """
    require_columns(orders, (key, day, "gross_minor", "discount_minor", "coupon_minor"), "orders")
    net = nw.col("gross_minor") - nw.col("discount_minor") - nw.col("coupon_minor")
    known = orders.filter(~nw.col(key).is_null(), nw.col(day) <= nw.lit(as_of))
    deeds = known.select(key, nw.col(day).alias("day__"), net.cast(nw.Int64).alias("net__"), nw.lit(1).alias("order__"))
    if starts is None:
        began = deeds.group_by(key).agg(nw.col("day__").min().alias("start__"))
    else:
        require_columns(starts, (key, start_day), "starts")
        began = starts.filter(~nw.col(key).is_null(), nw.col(start_day) <= nw.lit(as_of))
        began = began.group_by(key).agg(nw.col(start_day).min().alias("start__"))
    if refunds is not None:
        deeds = nw.concat([deeds, _refunded(refunds, key, refund_day, as_of)])
    placed = deeds.join(began, on=key, how="inner").filter(nw.col("day__") >= nw.col("start__"))
    sums = (
        placed.select(key, "order__", "net__", _month("start__").alias("cohort"), _month("day__").alias("month"))
        .group_by(key, "cohort", "month")
        .agg(integer_sum(nw.col("order__")).alias("orders"), integer_sum(nw.col("net__")).alias("net"))
        .with_columns(nw.when(nw.col("orders") > 0).then(nw.lit(1)).otherwise(nw.lit(0)).alias("came"))
        .group_by("cohort", "month")
        .agg(*(integer_sum(nw.col(name)).alias(name) for name in ("came", "orders", "net")))
    )
    sizes = began.select(_month("start__").alias("cohort")).group_by("cohort").agg(nw.len().cast(nw.Int64).alias("n"))
    cells = {(int(row[0]), int(row[1])): (int(row[2]), int(row[3]), int(row[4])) for row in rows_of(sums)}
    return _triangle({int(cohort): int(n) for cohort, n in rows_of(sizes)}, cells, as_of)


def retention_curve(triangle: pa.Table) -> pa.Table:
    """All cohorts together: one row per month number, `CURVE_COLUMNS`, of the cells that are complete.

    triangle: what `cohort_retention` gave. customers: of the cohorts that have come so far, so each share is of those
    of whom it is known; a later number rests on fewer and older cohorts. Per customer rounded half away from zero.
    """
    found: dict[int, list[int]] = {}
    for row in triangle.to_pylist():
        if row["reason"] is None:
            cell = found.setdefault(row["month_number"], [0, 0, 0, 0])
            for place, value in enumerate((1, row["customers"], row["retained"], row["net_minor"])):
                cell[place] += value
    rows = [
        (number, cohorts, customers, retained, retained / customers, net, _rounded(net, customers))
        for number, (cohorts, customers, retained, net) in sorted(found.items())
    ]
    return _table(rows, CURVE_COLUMNS)


def _refunded(refunds: Frame, key: str, day: str, as_of: date) -> Frame:
    require_columns(refunds, (key, day, "amount_minor"), "refunds")
    return refunds.filter(~nw.col(key).is_null(), nw.col(day) <= nw.lit(as_of)).select(
        key,
        nw.col(day).alias("day__"),
        (nw.lit(0) - nw.col("amount_minor")).cast(nw.Int64).alias("net__"),
        nw.lit(0).alias("order__"),
    )


def _month(day: str) -> nw.Expr:
    """The number of the month, years times twelve and on."""
    return nw.col(day).dt.year().cast(nw.Int64) * 12 + nw.col(day).dt.month().cast(nw.Int64) - 1


def _first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _triangle(sizes: dict[int, int], cells: dict[tuple[int, int], tuple[int, int, int]], as_of: date) -> pa.Table:
    now = as_of.year * 12 + as_of.month - 1
    over = now if (as_of + timedelta(days=1)).day == 1 else now - 1
    rows: list[tuple[object, ...]] = []
    for cohort, customers in sorted(sizes.items()):
        so_far = 0
        for month in range(cohort, now + 1):
            head = (_first_day(cohort), month - cohort, _first_day(month), customers)
            if month > over:
                reason = COHORT_INCOMPLETE if cohort > over else MONTH_INCOMPLETE
                rows.append((*head, None, None, None, None, None, None, reason))
                continue
            came, orders, net = cells.get((cohort, month), (0, 0, 0))
            so_far += net
            per_head = _rounded(so_far, customers)
            rows.append((*head, came, came / customers, orders, net, so_far, per_head, None))
    return _table(rows, COHORT_COLUMNS)


def _rounded(above: int, below: int) -> int:
    whole = (2 * abs(above) + below) // (2 * below)
    return -whole if above < 0 else whole


def _table(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [() for _ in schema]
    arrays = [pa.array(list(values), field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)
