"""Purchase paths: what a customer buys on later days, after what, how often and how long after.

All that one customer buys on one day is one occasion, whatever the number of orders: days are what the facts always
have, and a second order an hour later is no second visit. "Later" is a later day, so nothing comes after itself.

A path is a subsequence of the customer's occasions, other purchases may lie between, and it is matched as early as it
can be (Agrawal and Srikant, Mining sequential patterns, ICDE 1995). What follows next is another question: there only
the very next occasion counts, and the base rate is that of all occasions which came after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import narwhals as nw
import numpy as np
import pyarrow as pa

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import Frame, days_between, distinct, missing, quotient, require_columns, rows_of
from tierwise.stats.dependence import adjusted_among, dependence_p

ARROW = " → "
"""Between the steps of a path."""

NEXT_COLUMNS = pa.schema(
    [
        ("first", pa.string()), ("next", pa.string()), ("count", pa.int64()), ("share", pa.float64()),
        ("base_share", pa.float64()), ("lift", pa.float64()), ("p_value", pa.float64()),
        ("adjusted_p_value", pa.float64()), ("lag_q1_days", pa.float64()), ("lag_median_days", pa.float64()),
        ("lag_q3_days", pa.float64()), ("first_count", pa.int64()), ("next_count", pa.int64()),
        ("transition_count", pa.int64()),
    ]
)  # fmt: skip


LAGS = ("lag_q1_days", "lag_median_days", "lag_q3_days")
"""The quartiles of days from one purchase to another."""


def quartiles(column: str) -> list[nw.Expr]:
    """The quartiles of days, type 7 (linear between the two rows around), named as `LAGS`; null over no days."""
    days = nw.col(column)
    return [
        days.quantile(part / 4, interpolation="linear").cast(nw.Float64).alias(name)
        for part, name in enumerate(LAGS, start=1)
    ]


def occasions(lines: Frame, *, key: str, item: str, day: str, as_of: date) -> Frame:
    """One row per customer, item and day of buying it, up to as_of: `key`, `item__`, `day__`; of nobody and nothing
    none. Raises `missing_column`."""
    require_columns(lines, (key, item, day), "the lines")
    known = lines.filter(~nw.col(key).is_null(), ~nw.col(item).is_null(), nw.col(day) <= nw.lit(as_of))
    return distinct(known.select(key, nw.col(item).cast(nw.String).alias("item__"), nw.col(day).alias("day__")))


def later_purchases(
    lines: Frame,
    *,
    as_of: date,
    key: str = "customer_key",
    item: str = "product_id",
    day: str = "ordered_day",
    within_days: int | None = None,
    min_customers: int = 10,
    keep: Keep = lazily,
) -> Frame:
    """One row per two items of which at least so many customers bought the second on a later day than, for the first
    time, the first: `first, next, first_count, count, share, base_share, lag_q1_days, lag_median_days, lag_q3_days`.

    within_days: only what came at most so many days later counts, and only customers whose first purchase lies so far
    back that it could have come; else the whole time up to as_of, in which those who began lately had little.

    first_count: customers who bought the first item (and could be followed). count: those of them who bought the next
    one later; share: count / first_count. base_share: of all customers who bought anything (and could be followed from
    their first day on), those who bought it on a day after their first, within the same time. lag: days from the first
    purchase of the first item to the earliest of the next one after it, quartiles of type 7.

    An item after itself is a repeat purchase. Executes the count of customers. Raises `missing_column`, `bad_value`.
    """
    _check(within_days=within_days, min_customers=min_customers)
    bought = keep("bought", occasions(lines, key=key, item=item, day=day, as_of=as_of))
    firsts = bought.group_by(key, "item__").agg(nw.col("day__").min().alias("first_day"))
    starts = bought.group_by(key).agg(nw.col("day__").min().alias("first_day"))
    # What too few ever bought cannot be followed by enough.
    ever = firsts.group_by("item__").agg(nw.len().alias("ever")).filter(nw.col("ever") >= min_customers)
    nexts = bought.join(ever.select("item__"), on="item__", how="semi")
    if within_days is not None:
        could = nw.col("first_day") <= nw.lit(as_of - timedelta(days=within_days))
        firsts, starts = firsts.filter(could), starts.filter(could)
    counted = firsts.group_by("item__").agg(nw.len().cast(nw.Int64).alias("first_count"))
    counted = counted.filter(nw.col("first_count") >= min_customers).rename({"item__": "first"})
    own = firsts.rename({"item__": "first"}).join(counted.select("first"), on="first", how="semi")
    # What comes after a day is the same whatever was bought on it, and days are fewer than items.
    lags = keep("lags", _lags(distinct(own.select(key, "first_day")), nexts, key, within_days))
    pairs = (
        own.join(lags, on=[key, "first_day"], how="inner")
        .group_by("first", "next")
        .agg(nw.len().cast(nw.Int64).alias("count"), *quartiles("lag"))
        .filter(nw.col("count") >= min_customers)
    )
    everybody = int(rows_of(starts.select(nw.len()))[0][0])
    base = _lags(starts, nexts, key, within_days).group_by("next").agg(nw.len().cast(nw.Int64).alias("base"))
    found = pairs.join(counted, on="first", how="inner").join(base, on="next", how="left")
    share = quotient(nw.col("count"), nw.col("first_count")).alias("share")
    base_share = quotient(nw.col("base"), nw.lit(everybody)).alias("base_share")
    return found.with_columns(share, base_share).select(
        "first", "next", "first_count", "count", "share", "base_share", *LAGS
    )


def went_along(
    lines: Frame,
    path: Sequence[str],
    *,
    as_of: date,
    key: str = "customer_key",
    item: str = "product_id",
    day: str = "ordered_day",
    within_days: int | None = None,
) -> Frame:
    """The customers who bought these items in this order, each on a later day than the one before and as early as it
    can be, one row each: `key`. within_days: as `later_purchases` has it. Raises `missing_column`."""
    bought = occasions(lines, key=key, item=item, day=day, as_of=as_of)
    first, *rest = path
    went = bought.filter(nw.col("item__") == first).group_by(key).agg(nw.col("day__").min().alias("first_day"))
    if within_days is not None:
        went = went.filter(nw.col("first_day") <= nw.lit(as_of - timedelta(days=within_days)))
    went = went.with_columns(nw.col("first_day").alias("end_day"))
    for each in rest:
        both = went.join(bought.filter(nw.col("item__") == each).select(key, "day__"), on=key, how="inner")
        both = both.filter(nw.col("day__") > nw.col("end_day"))
        if within_days is not None:
            both = both.filter(days_between(nw.col("first_day"), nw.col("day__")) <= within_days)
        went = both.group_by(key, "first_day").agg(nw.col("day__").min().alias("end_day"))
    return went.select(key)


def _lags(starts: Frame, bought: Frame, key: str, within_days: int | None) -> Frame:
    """Of each customer and start, `first_day`, the days to the earliest later purchase of each item, `next`, `lag`."""
    both = starts.join(bought.rename({"item__": "next"}), on=key, how="inner").filter(
        nw.col("day__") > nw.col("first_day")
    )
    if within_days is not None:
        both = both.filter(days_between(nw.col("first_day"), nw.col("day__")) <= within_days)
    ends = both.group_by(key, "first_day", "next").agg(nw.col("day__").min().alias("end_day"))
    return ends.select(key, "first_day", "next", days_between(nw.col("first_day"), nw.col("end_day")).alias("lag"))


def next_products(
    lines: Frame,
    *,
    as_of: date,
    key: str = "customer_key",
    item: str = "product_id",
    day: str = "ordered_day",
    min_count: int = 10,
    from_first: bool = False,
    keep: Keep = lazily,
) -> pa.Table:
    """What the very next occasion holds: one row per two items that follow so often, `NEXT_COLUMNS`, first item by
    first item, of each the best next one first.

    A transition is an occasion and the customer's next one; from_first: only each customer's first one, that is, what
    follows first purchases. first_count: transitions from the first item; count: those of them that led to the next
    item; share: count / first_count. base_share: the share of all transitions that led to it; lift: share / base_share.
    "Best" is the most transitions beyond what the base rate would bring, as in `metrics/association.py`: what everybody
    buys anyway is nobody's next best. lag: days between the two occasions, quartiles of type 7.

    p_value: two-sided, that the next item follows the first as often as it follows anything else
    (`stats/dependence.py`). Transitions of one customer are counted as if they knew nothing of each other, so of few
    heavy buyers it is too small; with from_first each customer counts once. adjusted_p_value: as Benjamini and
    Hochberg, among all pairs of items that occur so often; those that did not follow so often have p 1 there.

    Executes the lines. Raises `missing_column`, `bad_value`.
    """
    _check(min_count=min_count)
    bought = keep("bought", occasions(lines, key=key, item=item, day=day, as_of=as_of))
    days = distinct(bought.select(key, "day__"))
    steps = days.with_columns(nw.col("day__").shift(-1).over(key, order_by="day__").alias("next_day"))
    if from_first:
        earliest = days.group_by(key).agg(nw.col("day__").min().alias("day__"))
        steps = steps.join(earliest, on=[key, "day__"], how="semi")
    steps = keep("steps", steps.filter(~nw.col("next_day").is_null()))
    sources = bought.join(steps, on=[key, "day__"], how="inner").rename({"item__": "first"})
    targets = steps.select(key, nw.col("next_day")).join(
        bought.rename({"item__": "next", "day__": "next_day"}), on=[key, "next_day"], how="inner"
    )
    firsts = sources.group_by("first").agg(nw.len().cast(nw.Int64).alias("first_count"))
    nexts = targets.group_by("next").agg(nw.len().cast(nw.Int64).alias("next_count"))
    often = firsts.filter(nw.col("first_count") >= min_count), nexts.filter(nw.col("next_count") >= min_count)
    lag = days_between(nw.col("day__"), nw.col("next_day")).alias("lag")
    both = sources.join(often[0].select("first"), on="first", how="semi").join(
        targets.join(often[1].select("next"), on="next", how="semi"), on=[key, "next_day"], how="inner"
    )
    both = keep("transitions", both.select("first", "next", lag))
    counts = both.group_by("first", "next").agg(nw.len().cast(nw.Int64).alias("count"))
    counts = keep("pairs", counts.filter(nw.col("count") >= min_count))
    # Most pairs are rare: lags are gathered of the others alone.
    lags = both.join(counts.select("first", "next"), on=["first", "next"], how="semi")
    pairs = (
        lags.group_by("first", "next")
        .agg(*quartiles("lag"))
        .join(counts, on=["first", "next"], how="inner")
        .join(often[0], on="first", how="inner")
        .join(often[1], on="next", how="inner")
    )
    transitions, one, two = (int(rows_of(frame.select(nw.len()))[0][0]) for frame in (steps, *often))
    return _told(pairs.sort("first", "next").collect(backend="pyarrow").to_native(), transitions, one * two)


def _told(pairs: pa.Table, transitions: int, tests: int) -> pa.Table:
    count, first, after = (
        pairs.column(name).to_numpy().astype(np.int64) for name in ("count", "first_count", "next_count")
    )
    p_value = dependence_p(count, first, after, transitions)
    both, one, two = (values.astype(np.float64) for values in (count, first, after))
    columns = {
        **{name: pairs.column(name).combine_chunks() for name in pairs.column_names},
        "share": pa.array(both / one),
        "base_share": pa.array(two / max(transitions, 1)),
        "lift": pa.array(both * transitions / (one * two)),
        "p_value": pa.array(p_value),
        "adjusted_p_value": pa.array(adjusted_among(p_value, tests)),
        "transition_count": pa.array(np.full(len(count), transitions)),
    }
    names = zip(pairs.column("first").to_pylist(), pairs.column("next").to_pylist(), strict=True)
    beyond = [c * transitions - a * b for c, a, b in zip(count.tolist(), first.tolist(), after.tolist(), strict=True)]
    keys = [(a, -more, b) for (a, b), more in zip(names, beyond, strict=True)]
    order = pa.array(sorted(range(len(keys)), key=keys.__getitem__), pa.int64())
    arrays = [columns[field.name].cast(field.type) for field in NEXT_COLUMNS]
    return pa.table(arrays, schema=NEXT_COLUMNS).take(order)


def _check(**least: int | None) -> None:
    for name, value in least.items():
        if value is not None and value < 1:
            raise TierwiseError("bad_value", f"{name} is {value}", place=name, remedy="1 or more")


def common_paths(
    lines: Frame,
    *,
    as_of: date,
    key: str = "customer_key",
    item: str = "product_id",
    day: str = "ordered_day",
    max_steps: int = 3,
    min_customers: int = 10,
    keep: Keep = lazily,
) -> Frame:
    """One row per path of 1 to max_steps items that at least so many customers went: `path, step_count, count,
    share, continued_share, lag_q1_days, lag_median_days, lag_q3_days`.

    path: the items' texts in order, joined by " → " (which none of them may hold), each bought on a later day than the
    one before, whatever lay between. count: customers; share: of all who bought anything. continued_share: of those who
    went the path without its last step, null for the first step. lag: days from the first step to the last, each
    matched as early as it can be.

    Only paths whose beginning is common are followed further, since no path is commoner than its beginning. Of
    thousands of products there are millions of paths: take categories, or a high min_customers. Executes nothing but
    what `keep` does. Raises `missing_column`, `bad_value`.
    """
    _check(max_steps=max_steps, min_customers=min_customers)
    bought = keep("bought", occasions(lines, key=key, item=item, day=day, as_of=as_of))
    everybody = distinct(bought.select(key)).select(nw.len().cast(nw.Int64).alias("everybody"))
    one = bought.group_by(key, "item__").agg(nw.col("day__").min().alias("first_day"))
    ways = one.with_columns(missing(nw.String).alias("before"), nw.col("first_day").alias("end_day"))
    told: list[Frame] = []
    pairs, later = bought, bought  # of use from the second and third step on
    for step in range(1, max_steps + 1):
        if step >= 3:  # no path is commoner than its last two steps
            ways = ways.join(pairs, on=["last", "item__"], how="semi")
        common, counted = _common(ways, step, min_customers, keep)
        if step < max_steps:
            common = keep(f"ways_{step}", common)
        told.append(keep(f"told_{step}", _with_lags(common, counted)))
        if step == max_steps:
            break
        if step == 1:  # no path is commoner than any of its steps
            bought = bought.join(counted.select("item__"), on="item__", how="semi")
            # What comes after a day is the same whatever way led to it, and days are fewer than ways.
            later = keep("later", _later(bought, key))
        if step == 2:
            pairs = counted.select(nw.col("before").alias("last"), "item__")
            later = later.join(distinct(pairs.select("item__")), on="item__", how="semi")
        ways = (
            common.select(key, nw.col("path").alias("before"), nw.col("item__").alias("last"), "first_day", "end_day")
            .join(later, on=[key, "end_day"], how="inner")
            .select(key, "before", "last", "item__", "first_day", nw.col("next_day").alias("end_day"))
        )
    found = nw.concat(told)
    begun = found.select(nw.col("path").alias("before"), nw.col("count").alias("begun"))
    joined = found.join(begun, on="before", how="left").join(everybody, how="cross")
    return joined.with_columns(
        quotient(nw.col("count"), nw.col("everybody")).alias("share"),
        quotient(nw.col("count"), nw.col("begun")).alias("continued_share"),
    ).select("path", "step_count", "count", "share", "continued_share", *LAGS)


def _later(bought: Frame, key: str) -> Frame:
    """One row per customer, day of buying and item bought later: `key, end_day, item__, next_day`, the earliest."""
    days = distinct(bought.select(key, nw.col("day__").alias("end_day")))
    both = days.join(bought, on=key, how="inner").filter(nw.col("day__") > nw.col("end_day"))
    return both.group_by(key, "end_day", "item__").agg(nw.col("day__").min().alias("next_day"))


def _common(ways: Frame, step: int, min_customers: int, keep: Keep) -> tuple[Frame, Frame]:
    """The common ways among these, with their `path`; and one row per common path: `before, item__, path, step_count,
    count`."""
    on = ["item__"] if step == 1 else ["before", "item__"]
    counted = ways.group_by(*on).agg(nw.len().cast(nw.Int64).alias("count"))
    path = nw.col("item__") if step == 1 else nw.concat_str([nw.col("before"), nw.col("item__")], separator=ARROW)
    before = missing(nw.String) if step == 1 else nw.col("before")
    often = counted.filter(nw.col("count") >= min_customers)
    counted = keep(
        f"paths_{step}",
        often.select(
            before.alias("before"), "item__", path.alias("path"), nw.lit(step).cast(nw.Int64).alias("step_count"),
            "count",
        ),
    )  # fmt: skip
    return ways.join(counted.select(*on, "path"), on=on, how="inner"), counted


def _with_lags(common: Frame, counted: Frame) -> Frame:
    """The common paths with the quartiles of lags; lags are gathered of common ways alone."""
    lag = common.select("path", days_between(nw.col("first_day"), nw.col("end_day")).alias("lag"))
    return counted.join(lag.group_by("path").agg(*quartiles("lag")), on="path", how="left")
