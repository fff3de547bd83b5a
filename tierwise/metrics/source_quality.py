"""Source quality: what a registration, a first order and a customer who comes again cost, by where they came from.

Everybody is followed equally long from the own registration, so that sources which began lately are not called bad.
"""

from __future__ import annotations

from datetime import date, timedelta

import narwhals as nw

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import (
    Frame,
    count_where,
    days_between,
    distinct,
    full_join,
    integer_sum,
    missing,
    quotient,
    require_columns,
    rounded_quotient,
)

NO_COST = "no_cost"
_NOBODY = {
    "registration": "no_registrations",
    "real_registration": "only_junk",
    "first_order": "no_first_order",
    "retained": "nobody_retained",
}
"""What a cost is per, and the reason why it cannot be told where there is nothing to divide by."""

_COUNTS = {
    "registration": "registered_count",
    "real_registration": "real_count",
    "first_order": "first_order_count",
    "retained": "retained_count",
}
_UNKNOWN = ""
"""The source that is not known, while engines join: null equals nothing."""


def source_quality(
    customers: Frame,
    orders: Frame,
    *,
    as_of: date,
    since: date,
    within_days: int = 90,
    until: date | None = None,
    costs: Frame | None = None,
    junk: Frame | None = None,
    source: str = "source",
    key: str = "customer_key",
    day: str = "ordered_day",
) -> Frame:
    """One row per source that somebody came from or that cost something: `source, registered_count, junk_count,
    junk_share, real_count, first_order_count, first_order_share, retained_count, retained_share, net_minor, cost_minor`
    and, for X each of registration, real_registration, first_order and retained, `cost_per_X_minor` and
    `cost_per_X_reason`.

    customers: one row each with `registered_on` and source, which may be null: a row of its own, "not known". Looked
    at are those who registered from since to until, both included; until: not after as_of - within_days, which it is
    where it is not given, so that all had within_days. orders: one row per order with `gross_minor`, `discount_minor`,
    `coupon_minor`; what counts is from the registration to within_days after it. costs: source, `spent_day`,
    `cost_minor`; what was spent from since to until is summed. junk: `key` of accounts that cleaning flags; they are
    registrations that cost money, and nothing else is counted of them.

    junk_share: junk / registered; real: the others. first_order: real ones with an order in time; its share: of the
    real. retained: those with orders on two days in time; its share: of first_order. net_minor: what they bought in
    time. cost_minor: null where costs say nothing of the source, which is not 0; then the costs per head are null with
    the reason `no_cost`. They are rounded half away from zero; null with a reason too where nobody is there to be
    divided by (`no_registrations`, `only_junk`, `no_first_order`, `nobody_retained`). Shares of nobody are null.

    A cost per head is an average, not what one more would cost. Raises `missing_column`, `bad_value`.
    """
    last = as_of - timedelta(days=within_days)
    until = last if until is None else until
    _check(since, until, last, within_days)
    require_columns(customers, (key, source, "registered_on"), "customers")
    require_columns(orders, (key, day, "gross_minor", "discount_minor", "coupon_minor"), "orders")
    people = _people(customers, junk, since=since, until=until, source=source, key=key)
    real = nw.col("junk__") == 0
    both = people.join(_bought(people, orders, key, day, within_days), on=key, how="left")
    counted = both.group_by("source__").agg(
        nw.len().cast(nw.Int64).alias("registered_count"),
        count_where(~real).alias("junk_count"),
        count_where(real).alias("real_count"),
        count_where(real & (nw.col("days__") >= 1)).alias("first_order_count"),
        count_where(real & (nw.col("days__") >= 2)).alias("retained_count"),
        integer_sum(nw.when(real).then(nw.col("net__")).otherwise(nw.lit(0))).alias("net_minor"),
    )
    return _told(full_join(counted, _spent(costs, people, source, since, until), "source__"), source)


def brought_by(
    customers: Frame,
    orders: Frame,
    value: str | None,
    *,
    as_of: date,
    since: date,
    within_days: int,
    least_days: int,
    source: str = "source",
    key: str = "customer_key",
    day: str = "ordered_day",
) -> Frame:
    """The customers whom `source_quality` counts of a source with orders on so many days in time, one row each: `key`.
    least_days: 0 for all real ones, 1 for the first order, 2 for those retained. customers: without junk."""
    until = as_of - timedelta(days=within_days)
    people = _people(customers, None, since=since, until=until, source=source, key=key)
    here = people.filter(nw.col("source__") == (_UNKNOWN if value is None else value))
    if not least_days:
        return here.select(key)
    bought = _bought(here, orders, key, day, within_days)
    return bought.filter(nw.col("days__") >= least_days).select(key)


def _people(customers: Frame, junk: Frame | None, *, since: date, until: date, source: str, key: str) -> Frame:
    """Who registered from since to until: `key`, `registered_on`, `source__`, and `junk__`, 1 for junk."""
    inside = nw.col("registered_on").is_between(nw.lit(since), nw.lit(until))
    people = customers.filter(~nw.col(key).is_null(), inside).select(
        key, "registered_on", nw.col(source).cast(nw.String).fill_null(_UNKNOWN).alias("source__")
    )
    flagged = nw.lit(1).alias("junk__")
    if junk is None:
        people = people.with_columns(nw.lit(0).alias("junk__"))
    else:
        require_columns(junk, (key,), "junk")
        people = people.join(distinct(junk.select(key)).with_columns(flagged), on=key, how="left").with_columns(
            nw.col("junk__").fill_null(0)
        )
    return people


def _check(since: date, until: date, last: date, within_days: int) -> None:
    if within_days < 1:
        raise TierwiseError("bad_value", f"within_days is {within_days}", place="within_days", remedy="1 or more")
    if until > last:
        said = f"until {until} leaves less than {within_days} days to as_of"
        raise TierwiseError("bad_value", said, place="until", remedy=f"{last} or earlier, or fewer within_days")
    if since > until:
        raise TierwiseError(
            "bad_value", f"since {since} is after until {until}", place="since", remedy="an earlier day"
        )


def _bought(people: Frame, orders: Frame, key: str, day: str, within_days: int) -> Frame:
    """Of each who bought in time: on how many days, and for how much."""
    net = nw.col("gross_minor") - nw.col("discount_minor") - nw.col("coupon_minor")
    deeds = orders.filter(~nw.col(key).is_null()).select(key, nw.col(day).alias("day__"), net.alias("net__"))
    gap = days_between(nw.col("registered_on"), nw.col("day__"))
    in_time = deeds.join(people.select(key, "registered_on"), on=key, how="inner").filter(
        gap.is_between(0, within_days)
    )
    days = in_time.group_by(key, "day__").agg(integer_sum(nw.col("net__")).alias("net__"))
    return days.group_by(key).agg(nw.len().cast(nw.Int64).alias("days__"), integer_sum(nw.col("net__")).alias("net__"))


def _spent(costs: Frame | None, people: Frame, source: str, since: date, until: date) -> Frame:
    if costs is None:
        nothing = people.group_by("source__").agg(nw.len().alias("many__"))
        return nothing.select("source__", missing(nw.Int64).alias("cost_minor"))
    require_columns(costs, (source, "spent_day", "cost_minor"), "costs")
    inside = costs.filter(nw.col("spent_day").is_between(nw.lit(since), nw.lit(until)))
    named = inside.select(nw.col(source).cast(nw.String).fill_null(_UNKNOWN).alias("source__"), "cost_minor")
    return named.group_by("source__").agg(integer_sum(nw.col("cost_minor")).alias("cost_minor"))


def _told(table: Frame, source: str) -> Frame:
    counts = ("registered_count", "junk_count", "real_count", "first_order_count", "retained_count", "net_minor")
    filled = table.with_columns(*(nw.col(name).fill_null(0) for name in counts))
    costs: list[nw.Expr] = []
    for what, count in _COUNTS.items():
        reason = (
            nw.when(nw.col("cost_minor").is_null())
            .then(nw.lit(NO_COST))
            .when(nw.col(count) == 0)
            .then(nw.lit(_NOBODY[what]))
        )
        costs.append(rounded_quotient(nw.col("cost_minor"), nw.col(count)).alias(f"cost_per_{what}_minor"))
        costs.append(reason.alias(f"cost_per_{what}_reason"))
    return filled.select(
        nw.when(nw.col("source__") != _UNKNOWN).then(nw.col("source__")).alias(source),
        "registered_count",
        "junk_count",
        quotient(nw.col("junk_count"), nw.col("registered_count")).alias("junk_share"),
        "real_count",
        "first_order_count",
        quotient(nw.col("first_order_count"), nw.col("real_count")).alias("first_order_share"),
        "retained_count",
        quotient(nw.col("retained_count"), nw.col("first_order_count")).alias("retained_share"),
        "net_minor",
        "cost_minor",
        *costs,
    )
