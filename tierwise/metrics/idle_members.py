"""Idle members: who reached a level, keeps its benefits and stopped buying, and what the benefits cost meanwhile.

The cost is what the business says a member of the level costs in a year (lounge, courier, birthday gift, dedicated
line), spread evenly over the days; benefits that cost only when they are used cost an idle member nothing, and belong
elsewhere.
"""

from __future__ import annotations

from datetime import date

import narwhals as nw

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import (
    Frame,
    count_where,
    days_between,
    days_until,
    integer_sum,
    missing,
    quotient,
    require_columns,
    rounded_quotient,
)

NO_COST = "no_benefit_cost"
DAYS_A_YEAR = 365


def idle_members(
    members: Frame,
    orders: Frame,
    *,
    as_of: date,
    idle_days: int = 180,
    benefit_costs: Frame | None = None,
    key: str = "customer_key",
    level: str = "level",
    since: str = "level_since",
    day: str = "ordered_day",
) -> Frame:
    """One row per member of a level on as_of: `key, level, level_since, last_ordered_on, silent_days,
    bought_since_level, idle, benefit_cost_a_year_minor, idle_cost_minor, cost_reason`.

    members: one row per customer with the level and the day on which it was reached; no level, no row, and a level
    reached after as_of has not been. orders: one row each; only the days are read. benefit_costs: one row per level
    with `cost_minor`, what its benefits cost for one member and year of 365 days.

    last_ordered_on: null where there is no order. silent_days: from the last order, or from level_since where that is
    later or nothing was bought: who has just reached a level by an invitation is not idle yet. bought_since_level:
    whether there is an order after level_since's own day. idle: silent_days >= idle_days. idle_cost_minor: what the
    benefits cost in the silent days, rounded half away from zero; 0 for who is not idle; null with the reason
    `no_benefit_cost` where the level's is not known. Raises `missing_column`, `bad_value`.
    """
    if idle_days < 1:
        raise TierwiseError("bad_value", f"idle_days is {idle_days}", place="idle_days", remedy="1 or more")
    require_columns(members, (key, level, since), "members")
    require_columns(orders, (key, day), "orders")
    there = members.filter(~nw.col(key).is_null(), ~nw.col(level).is_null(), nw.col(since) <= nw.lit(as_of))
    known = orders.filter(~nw.col(key).is_null(), nw.col(day) <= nw.lit(as_of))
    last = known.group_by(key).agg(nw.col(day).max().alias("last_ordered_on"))
    told = there.select(key, nw.col(level).alias("level"), nw.col(since).alias("level_since"))
    told = _with_costs(told.join(last, on=key, how="left"), benefit_costs, level)
    quiet_from = nw.max_horizontal(nw.col("last_ordered_on"), nw.col("level_since"))
    silent = days_until(quiet_from, as_of)
    cost = rounded_quotient(nw.col("benefit_cost_a_year_minor") * nw.col("silent_days"), nw.lit(DAYS_A_YEAR))
    bought = (days_between(nw.col("level_since"), nw.col("last_ordered_on")) > 0).fill_null(False)
    return told.with_columns(silent.alias("silent_days"), bought.alias("bought_since_level")).select(
        key,
        "level",
        "level_since",
        "last_ordered_on",
        "silent_days",
        "bought_since_level",
        (nw.col("silent_days") >= idle_days).alias("idle"),
        "benefit_cost_a_year_minor",
        nw.when(nw.col("benefit_cost_a_year_minor").is_null())
        .then(missing(nw.Int64))
        .when(nw.col("silent_days") >= idle_days)
        .then(cost)
        .otherwise(nw.lit(0))
        .cast(nw.Int64)
        .alias("idle_cost_minor"),
        nw.when(nw.col("benefit_cost_a_year_minor").is_null()).then(nw.lit(NO_COST)).alias("cost_reason"),
    )


def idle_by_level(members: Frame) -> Frame:
    """One row per level: `level, members, idle_count, idle_share, benefit_cost_a_year_minor, idle_cost_minor,
    idle_cost_a_year_minor, cost_reason`.

    members: what `idle_members` gave. idle_cost_minor: so far, of all idle members; idle_cost_a_year_minor: what the
    idle ones cost in a year from here on, if nothing changes. Both null with the reason where the cost is not known.
    """
    idle = nw.col("idle")
    known = nw.col("benefit_cost_a_year_minor").is_null()
    return (
        members.group_by("level")
        .agg(
            nw.len().cast(nw.Int64).alias("members"),
            count_where(idle).alias("idle_count"),
            nw.col("benefit_cost_a_year_minor").max().alias("benefit_cost_a_year_minor"),
            integer_sum(nw.col("idle_cost_minor").fill_null(0)).alias("cost__"),
        )
        .select(
            "level",
            "members",
            "idle_count",
            quotient(nw.col("idle_count"), nw.col("members")).alias("idle_share"),
            "benefit_cost_a_year_minor",
            nw.when(~known).then(nw.col("cost__")).alias("idle_cost_minor"),
            (nw.col("benefit_cost_a_year_minor") * nw.col("idle_count")).alias("idle_cost_a_year_minor"),
            nw.when(known).then(nw.lit(NO_COST)).alias("cost_reason"),
        )
    )


def _with_costs(told: Frame, costs: Frame | None, level: str) -> Frame:
    if costs is None:
        return told.with_columns(missing(nw.Int64).alias("benefit_cost_a_year_minor"))
    require_columns(costs, (level, "cost_minor"), "benefit costs")
    once = costs.group_by(level).agg(nw.col("cost_minor").max().cast(nw.Int64).alias("benefit_cost_a_year_minor"))
    return told.join(once.rename({level: "level"}) if level != "level" else once, on="level", how="left")
