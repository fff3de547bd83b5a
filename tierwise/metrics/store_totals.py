"""Per store: orders and money of everyone, and how much of it is identified."""

from __future__ import annotations

from datetime import date

import narwhals as nw

from tierwise.metrics.frame import Frame, count_where, distinct, integer_sum, quotient, require_columns


def store_totals(
    orders: Frame,
    *,
    as_of: date,
    refunds: Frame | None = None,
    stores: Frame | None = None,
    junk: Frame | None = None,
    key: str = "customer_key",
) -> Frame:
    """One row per store with an order or a refund by as_of, and per store of `stores` (one row per `store_id`).

    A null store_id is what happened in unknown places.

    Orders without a customer count here, and nowhere else; so do those of junk accounts (`junk`, rows with `key`),
    which stay in every sum, since the money was in the till, and are told apart.

    Columns: store_id, orders, identified_orders, monetary_amount_gross_minor, identified_gross_minor,
    discount_amount_minor, coupon_amount_minor, refund_amount_minor, monetary_amount_minor (net of all four),
    identified_order_share and identified_amount_share (0-1, of orders and of gross sales; null where there are none);
    where junk is given junk_orders and junk_gross_minor, parts of the identified. Raises `missing_column`.
    """
    money = ("gross_minor", "discount_minor", "coupon_minor")
    require_columns(orders, (key, "store_id", "ordered_day", *money), "orders")
    identified = ~nw.col(key).is_null()
    gross = nw.col("gross_minor")
    of_junk: list[nw.Expr] = []
    if junk is not None:
        flagged = distinct(junk.select(key)).with_columns(nw.lit(True).alias("junk__"))
        orders = orders.join(flagged, on=key, how="left")
        theirs = ~nw.col("junk__").is_null()
        theirs_gross = integer_sum(nw.when(theirs).then(gross).otherwise(nw.lit(0)))
        of_junk = [count_where(theirs).alias("junk_orders"), theirs_gross.alias("junk_gross_minor")]
    parts = [
        orders.filter(nw.col("ordered_day") <= nw.lit(as_of))
        .group_by("store_id")
        .agg(
            nw.len().cast(nw.Int64).alias("orders"),
            count_where(identified).alias("identified_orders"),
            integer_sum(gross).alias("monetary_amount_gross_minor"),
            integer_sum(nw.when(identified).then(gross).otherwise(nw.lit(0))).alias("identified_gross_minor"),
            integer_sum(nw.col("discount_minor")).alias("discount_amount_minor"),
            integer_sum(nw.col("coupon_minor")).alias("coupon_amount_minor"),
            *of_junk,
        )
        .with_columns(nw.lit(0).cast(nw.Int64).alias("refund_amount_minor"))
    ]
    sums = (
        "orders", "identified_orders", "monetary_amount_gross_minor", "identified_gross_minor", "discount_amount_minor",
        "coupon_amount_minor", *(["junk_orders", "junk_gross_minor"] if junk is not None else []),
        "refund_amount_minor",
    )  # fmt: skip
    if refunds is not None:
        require_columns(refunds, ("store_id", "refunded_day", "amount_minor"), "refunds")
        back = (
            refunds.filter(nw.col("refunded_day") <= nw.lit(as_of))
            .group_by("store_id")
            .agg(integer_sum(nw.col("amount_minor")).alias("refund_amount_minor"))
        )
        parts.append(
            back.select(
                "store_id",
                *(nw.lit(0).cast(nw.Int64).alias(name) for name in sums[:-1]),
                "refund_amount_minor",
            )
        )
    if stores is not None:
        require_columns(stores, ("store_id",), "stores")
        parts.append(stores.select("store_id", *(nw.lit(0).cast(nw.Int64).alias(name) for name in sums)))
    together = nw.concat([part.select("store_id", *sums) for part in parts])
    totals = together.group_by("store_id").agg(*(integer_sum(nw.col(name)).alias(name) for name in sums))
    net = (
        nw.col("monetary_amount_gross_minor")
        - nw.col("discount_amount_minor")
        - nw.col("coupon_amount_minor")
        - nw.col("refund_amount_minor")
    )
    return totals.with_columns(
        net.alias("monetary_amount_minor"),
        quotient(nw.col("identified_orders"), nw.col("orders")).alias("identified_order_share"),
        quotient(nw.col("identified_gross_minor"), nw.col("monetary_amount_gross_minor")).alias(
            "identified_amount_share"
        ),
    )
