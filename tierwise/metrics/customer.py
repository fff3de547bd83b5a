"""customer_metrics: facts in, one row per customer out, with every attribute that the facts can tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeAlias

import narwhals as nw

from tierwise.kernel.windows import LIFE, Window
from tierwise.metrics.attributes import Attribute, AttributeType, Fact, attributes, windows_of
from tierwise.metrics.breadth import (
    LINE_COLUMNS,
    PRODUCT_COLUMNS,
    carry_their_order,
    category_days,
    category_rhythm,
    line_sums,
    lines_of_orders,
)
from tierwise.metrics.contacts import INTERACTION_COLUMNS, VISIT_COLUMNS, interaction_sums, visit_sums
from tierwise.metrics.frame import (
    Frame,
    columns_of,
    days_between,
    days_until,
    left_join_all,
    quotient,
    require_columns,
    rounded_quotient,
)
from tierwise.metrics.purchases import ORDER_COLUMNS, REFUND_COLUMNS, known_until, merge, order_sums, refund_sums

Expressions = dict[str, nw.Expr]

Keep: TypeAlias = Callable[[str, Frame], Frame]
"""Executes a named intermediate and gives it back. An engine passes one: a deep lazy tree is bound anew at each step,
which costs more than the rows of a small business."""


CATEGORY_DAYS = "category_days"
"""The intermediate from which alone a customer's attributes come of other customers' facts too."""


def lazily(name: str, frame: Frame) -> Frame:
    """Keeps nothing: one lazy frame from end to end."""
    return frame


def customer_metrics(
    orders: Frame,
    *,
    as_of: date,
    refunds: Frame | None = None,
    lines: Frame | None = None,
    products: Frame | None = None,
    visits: Frame | None = None,
    interactions: Frame | None = None,
    customers: Frame | None = None,
    windows: Sequence[int] = (30, 90, 365),
    key: str = "customer_key",
    keep: Keep = lazily,
) -> Frame:
    """One row per customer that any of the facts knows by as_of.

    Facts are as in `facts/contract.py`, with `key` in place of the source's key: orders one row per order, money in
    minor units of one currency. Without `cost_minor` or `store_id` in orders, and for facts that are not given, the
    attributes that need them are left out (`attributes.py` says which; `completed` adds them). customers: one row per
    key; may have `registered_on`, `closed_on`, `birth_on` and `known_from`, dates of the business's own days.

    Nothing after as_of is seen; as_of's own day counts whole. Orders and other facts of nobody are left out. Over no
    rows counts and sums are 0 and everything else is null; who has refunds only has frequency 0 and a negative net.
    Columns: `key`, then `attributes.attributes(windows, facts)` by their inside names, in that order.

    Raises `missing_column` naming all that lack, and `bad_window`.
    """
    _require(orders, refunds, lines, products, visits, interactions, customers, key)
    spans = windows_of(windows)[1:]
    seen = known_until(orders, key=key, day="ordered_day", as_of=as_of)
    facts: list[Fact] = ["orders"]
    facts += ["orders.cost_minor"] if "cost_minor" in columns_of(orders) else []
    facts += ["orders.store_id"] if "store_id" in columns_of(orders) else []
    bought = [keep("order_sums", order_sums(seen, key=key, as_of=as_of, windows=spans))]
    if lines is not None:
        facts.append("lines")
        bought_lines = lines_of_orders(lines, seen, key)
        bought.append(keep("line_sums", line_sums(bought_lines, key)))
        if products is not None:
            facts.append("products")
            days = keep(CATEGORY_DAYS, category_days(bought_lines, products, key))
            bought.append(keep("category_rhythm", category_rhythm(days, key)))
    parts = [left_join_all(bought[0], bought[1:], key)]
    if refunds is not None:
        facts.append("refunds")
        back = known_until(refunds, key=key, day="refunded_day", as_of=as_of)
        parts.append(refund_sums(back, key=key, as_of=as_of, windows=spans))
    if visits is not None:
        facts.append("visits")
        came = known_until(visits, key=key, day="visited_day", as_of=as_of)
        parts.append(keep("visit_sums", visit_sums(came, key=key, as_of=as_of, windows=spans)))
    if interactions is not None:
        facts.append("interactions")
        past = known_until(interactions, key=key, day="occurred_day", as_of=as_of)
        parts.append(keep("interaction_sums", interaction_sums(past, key=key, as_of=as_of, windows=spans)))
    if customers is not None:
        facts.append("customers")
        parts.append(_people(customers, key, as_of))
    wanted = attributes(windows, facts)
    return _finish(merge(parts, key), wanted, facts, windows_of(windows), key, as_of)


def completed(metrics: Frame, windows: Sequence[int]) -> Frame:
    """The metrics of some facts, with the attributes of all others as constants: sums and counts 0, else null.

    The catalogue's columns stand together in its order where the first of them stood. A run keeps the metrics and
    leaves these to the pass that writes them: they cost no join and no memory.
    """
    there = columns_of(metrics)
    catalogue = attributes(windows)
    columns = {attribute.column for attribute in catalogue}
    first = next((place for place, name in enumerate(there) if name in columns), len(there))
    return metrics.select(
        *there[:first],
        *(nw.col(a.column) if a.column in there else _over_no_rows(a) for a in catalogue),
        *(name for name in there[first:] if name not in columns),
    )


def aged(metrics: Frame, as_of: date) -> Frame:
    """The metrics of customers of whom nothing but the day has changed: what counts days up to as_of, counted anew."""
    counted = {**_days_of_orders(as_of), **_days_of_visits(as_of), **_days_of_interactions(as_of), **_ages(as_of)}
    there = columns_of(metrics)
    return metrics.with_columns(*(counted[name].alias(name) for name in there if name in counted))


def _days_of_orders(as_of: date) -> Expressions:
    return {
        "recency_days": days_until(nw.col("last_ordered_on"), as_of),
        "tenure_days": days_until(nw.col("first_ordered_on"), as_of),
    }


def _days_of_visits(as_of: date) -> Expressions:
    return {
        "days_since_last_visit": days_until(nw.col("last_visited_on"), as_of),
        "days_since_last_paid_visit": days_until(nw.col("last_paid_visited_on"), as_of),
    }


def _days_of_interactions(as_of: date) -> Expressions:
    return {"days_since_last_interaction": days_until(nw.col("last_interacted_on"), as_of)}


def _ages(as_of: date) -> Expressions:
    return {"days_since_registered": days_until(nw.col("registered_on"), as_of), "age_years": _age(as_of)}


def _over_no_rows(attribute: Attribute) -> nw.Expr:
    """What the attribute comes to without the fact that it needs."""
    constant = nw.lit(None) if attribute.null else nw.lit(0)
    return constant.cast(_DTYPES[attribute.type]).alias(attribute.column)


_DTYPES: dict[AttributeType, Any] = {
    "integer": nw.Int64,
    "number": nw.Float64,
    "money": nw.Int64,
    "date": nw.Date,
    "text": nw.String,
    "boolean": nw.Boolean,
}


def _require(
    orders: Frame, refunds: Frame | None, lines: Frame | None, products: Frame | None, visits: Frame | None,
    interactions: Frame | None, customers: Frame | None, key: str,
) -> None:  # fmt: skip
    joined = ["order_id"] if lines is not None and not carry_their_order(lines, key) else []
    for frame, needed, what in (
        (orders, (key, *ORDER_COLUMNS, *joined), "orders"),
        (refunds, (key, *REFUND_COLUMNS), "refunds"),
        (lines, (*joined, *LINE_COLUMNS), "lines"),
        (products, PRODUCT_COLUMNS, "products"),
        (visits, (key, *VISIT_COLUMNS), "visits"),
        (interactions, (key, *INTERACTION_COLUMNS), "interactions"),
        (customers, (key,), "customers"),
    ):
        if frame is not None:
            require_columns(frame, needed, what)


def _people(customers: Frame, key: str, as_of: date) -> Frame:
    """Those known by as_of, with dates that lie after it left out."""
    there = columns_of(customers)
    if "known_from" in there:
        known = nw.col("known_from")
        customers = customers.filter(known.is_null() | (known <= nw.lit(as_of)))
    columns: list[nw.Expr] = []
    for name in ("registered_on", "closed_on", "birth_on"):
        if name in there:
            columns.append(nw.when(nw.col(name) <= nw.lit(as_of)).then(nw.col(name)).alias(name))
        else:
            columns.append(nw.lit(None).cast(nw.Date).alias(name))
    return customers.filter(~nw.col(key).is_null()).select(key, *columns)


def _finish(
    table: Frame, wanted: Sequence[Attribute], facts: Sequence[Fact], windows: Sequence[Window], key: str, as_of: date
) -> Frame:
    """Stage 2: from the joined sums, one row per customer, to the attributes."""
    with_refunds = "refunds" in facts
    found = _from_orders(as_of)
    found["net_sales_per_order_minor"] = rounded_quotient(_net_over(LIFE, with_refunds), _zero("frequency_count"))
    for window in windows:
        found[f"monetary_amount{window.suffix}_minor"] = _net_over(window, with_refunds)
    if "orders.cost_minor" in facts:
        for window in windows:
            found |= _profit_over(window, with_refunds)
    if with_refunds:
        found["refund_share"] = quotient(_zero("refund_amount_minor"), _zero("ordered_net_minor"))
    if "lines" in facts:
        thousandths = _zero("unit_thousandths")
        found["unit_count"] = thousandths.cast(nw.Float64) / nw.lit(1000.0)
        found["units_per_order"] = quotient(thousandths, _zero("frequency_count") * 1000)
    if "visits" in facts:
        found |= _from_visits(as_of)
    if "interactions" in facts:
        found |= _from_interactions(as_of)
    if "customers" in facts:
        found |= _ages(as_of)
    return table.select(
        key, *(found.get(a.column, _zero(a.column) if _is_sum(a) else nw.col(a.column)).alias(a.column) for a in wanted)
    )


def _zero(column: str) -> nw.Expr:
    return nw.col(column).fill_null(0)


def _is_sum(attribute: Attribute) -> bool:
    """Whether it is 0 over no rows: sums and counts; extremes and days are null."""
    return attribute.null == "" and attribute.type in ("integer", "money")


def _net_over(window: Window, with_refunds: bool) -> nw.Expr:
    net = _zero(f"ordered_net{window.suffix}_minor")
    return net - _zero(f"refund_amount{window.suffix}_minor") if with_refunds else net


def _profit_over(window: Window, with_refunds: bool) -> Expressions:
    at = window.suffix
    known = _zero(f"cost_known_count{at}") == _zero(f"frequency_count{at}")
    cost = nw.when(known).then(_zero(f"known_cost{at}_minor"))
    net = _net_over(window, with_refunds)
    found = {f"profit_amount{at}_minor": net - cost}
    if window.last_days is None:
        found |= {"cost_amount_minor": cost, "profit_share": quotient(net - cost, net)}
    return found


def _from_orders(as_of: date) -> Expressions:
    intervals = nw.col("interval_count")
    first, last = nw.col("first_ordered_on"), nw.col("last_ordered_on")
    span = days_between(first, last)
    # n x sum of squares - square of the sum, by n (n - 1): the sample variance, from integers alone.
    spread = intervals * nw.col("squared_gaps") - span * span
    gross, orders = _zero("monetary_amount_gross_minor"), _zero("frequency_count")
    return {
        **_days_of_orders(as_of),
        "order_days_count": (intervals + 1).fill_null(0),
        "mean_interval_days": quotient(span, intervals),
        "interval_deviation_days": quotient(spread, intervals * (intervals - 1)).sqrt(),
        "discount_share": quotient(_zero("discount_amount_minor"), gross),
        "coupon_share": quotient(_zero("coupon_amount_minor"), gross),
        "promotion_order_share": quotient(_zero("promotion_order_count"), orders),
    }


def _from_visits(as_of: date) -> Expressions:
    span = days_between(nw.col("first_visited_on"), nw.col("last_visited_on"))
    return {
        **_days_of_visits(as_of),
        "mean_visit_interval_days": quotient(span, nw.col("visit_days_count") - 1),
    }


def _from_interactions(as_of: date) -> Expressions:
    span = days_between(nw.col("first_interacted_on"), nw.col("last_interacted_on"))
    return {
        **_days_of_interactions(as_of),
        "mean_interaction_interval_days": quotient(span, nw.col("interaction_days_count") - 1),
    }


def _age(as_of: date) -> nw.Expr:
    birth = nw.col("birth_on")
    month, day = birth.dt.month().cast(nw.Int64), birth.dt.day().cast(nw.Int64)
    later_this_year = month * 100 + day > as_of.month * 100 + as_of.day
    years = nw.lit(as_of.year) - birth.dt.year().cast(nw.Int64)
    return nw.when(later_this_year).then(years - 1).otherwise(years).cast(nw.Int64)
