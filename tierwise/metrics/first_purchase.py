"""First purchases: what brings customers in, by whatever it is looked at, and what comes of them.

The first purchase is all that a customer bought on the first day. Whether customers come again is looked at over the
same time for everybody, so that early customers are not taken for loyal ones.
"""

from __future__ import annotations

from datetime import date, timedelta

import narwhals as nw
import numpy as np
import pyarrow as pa

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import Frame, count_where, days_between, distinct, integer_sum, require_columns, rows_of
from tierwise.metrics.paths import LAGS, quartiles
from tierwise.stats.dependence import adjusted_among, dependence_p

FIRST_COLUMNS = pa.schema(
    [
        ("value", pa.string()), ("customers", pa.int64()), ("share", pa.float64()), ("again_count", pa.int64()),
        ("again_share", pa.float64()), ("others_again_share", pa.float64()), ("p_value", pa.float64()),
        ("adjusted_p_value", pa.float64()), ("lag_q1_days", pa.float64()), ("lag_median_days", pa.float64()),
        ("lag_q3_days", pa.float64()), ("later_days_per_customer", pa.float64()), ("customer_count", pa.int64()),
    ]
)  # fmt: skip

TRIAL = "trial"
"""The column that `with_trial_before` adds."""


def first_purchases(
    purchases: Frame,
    *,
    by: str,
    as_of: date,
    within_days: int,
    key: str = "customer_key",
    day: str = "ordered_day",
    min_customers: int = 10,
    keep: Keep = lazily,
) -> pa.Table:
    """One row per value of `by` that so many customers' first purchases held: `FIRST_COLUMNS`, most customers first.

    purchases: orders or lines with a day and a column `by`: product, category, channel, store, whether a coupon was
    used. A first day may hold several values, so shares may add up to more than 1. The null value is those whose first
    day holds a row without one. Only customers are looked at whose first day lies within_days or more before as_of,
    and of what they did later only the within_days after it.

    customers, share: whose first purchase held the value, of `customer_count` looked at. again_count, again_share:
    those of them who bought on another day in time. others_again_share: the same of everybody else, null where there
    is nobody else. p_value: two-sided, that they come again as often as the others (`stats/dependence.py`);
    adjusted_p_value: as Benjamini and Hochberg among the rows. lag: days to the second day, quartiles of type 7 over
    those who came again, null where nobody did. later_days_per_customer: days with a purchase after the first, mean
    over all `customers`.

    A value with more who come again need not be why they do: it may draw others. Executes the purchases. Raises
    `missing_column`, `bad_value`.
    """
    if within_days < 1 or min_customers < 1:
        raise TierwiseError("bad_value", "within_days and min_customers are 1 or more", place="within_days")
    require_columns(purchases, (key, by, day), "the purchases")
    known = purchases.filter(~nw.col(key).is_null(), nw.col(day) <= nw.lit(as_of))
    value = nw.col(by).cast(nw.String).alias("value")
    bought = keep("bought", distinct(known.select(key, value, nw.col(day).alias("day__"))))
    people = keep("people", _people(bought, key, as_of, within_days))
    everybody, again = rows_of(
        people.select(nw.len().cast(nw.Int64).alias("all"), nw.col("lag").count().cast(nw.Int64).alias("again"))
    )[0]
    held = bought.join(people, on=key, how="inner").filter(nw.col("day__") == nw.col("first_day"))
    counted = (
        held.group_by("value")
        .agg(
            nw.len().cast(nw.Int64).alias("customers"),
            nw.col("lag").count().cast(nw.Int64).alias("again_count"),
            integer_sum(nw.col("later_days")).alias("later_days"),
            *quartiles("lag"),
        )
        .filter(nw.col("customers") >= min_customers)
    )
    found: pa.Table = counted.collect(backend="pyarrow").to_native()
    return _told(found, int(everybody), int(again))


def whose_first(
    purchases: Frame,
    value: str | None,
    *,
    by: str,
    as_of: date,
    within_days: int,
    again: bool = False,
    key: str = "customer_key",
    day: str = "ordered_day",
) -> Frame:
    """The customers whom `first_purchases` counts under a value; again: those of them who bought on another day in
    time. One row each: `key`."""
    known = purchases.filter(~nw.col(key).is_null(), nw.col(day) <= nw.lit(as_of))
    bought = known.select(key, nw.col(by).cast(nw.String).alias("value"), nw.col(day).alias("day__"))
    people = _people(bought, key, as_of, within_days)
    held = nw.col("value").is_null() if value is None else nw.col("value") == nw.lit(value)
    found = bought.filter(held).join(people, on=key, how="inner").filter(nw.col("day__") == nw.col("first_day"))
    return distinct((found.filter(~nw.col("lag").is_null()) if again else found).select(key))


def who_began(
    purchases: Frame, *, as_of: date, within_days: int, key: str = "customer_key", day: str = "ordered_day"
) -> Frame:
    """All customers whom `first_purchases` looks at, one row each: `key`."""
    known = purchases.filter(~nw.col(key).is_null(), nw.col(day) <= nw.lit(as_of))
    return _people(known.select(key, nw.col(day).alias("day__")), key, as_of, within_days).select(key)


def with_trial_before(
    purchases: Frame,
    trials: Frame,
    *,
    kind: str = "kind",
    key: str = "customer_key",
    day: str = "ordered_day",
    trial_day: str = "occurred_day",
    keep: Keep = lazily,
) -> Frame:
    """The purchases with one more column, `trial`: the kind of the customer's last trial (test drive, sample, course)
    on the day of the first purchase or before; null where there was none. Of several kinds on that day the first by
    code points. `first_purchases` by it then tells what trials lead to. Raises `missing_column`.
    """
    require_columns(purchases, (key, day), "the purchases")
    require_columns(trials, (key, kind, trial_day), "the trials")
    firsts = purchases.filter(~nw.col(key).is_null()).group_by(key).agg(nw.col(day).min().alias("first_day__"))
    tried = trials.filter(~nw.col(key).is_null(), ~nw.col(kind).is_null()).select(
        key, nw.col(kind).cast(nw.String).alias("kind__"), nw.col(trial_day).alias("tried__")
    )
    before = keep(
        "trials_before", tried.join(firsts, on=key, how="inner").filter(nw.col("tried__") <= nw.col("first_day__"))
    )
    last = before.group_by(key).agg(nw.col("tried__").max().alias("last__"))
    on_last = before.join(last, on=key, how="inner").filter(nw.col("tried__") == nw.col("last__"))
    return purchases.join(on_last.group_by(key).agg(nw.col("kind__").min().alias(TRIAL)), on=key, how="left")


def _people(bought: Frame, key: str, as_of: date, within_days: int) -> Frame:
    """One row per customer who can be followed: first_day, lag to the second day (null: none in time), later_days."""
    days = distinct(bought.select(key, "day__"))
    firsts = days.group_by(key).agg(nw.col("day__").min().alias("first_day"))
    firsts = firsts.filter(nw.col("first_day") <= nw.lit(as_of - timedelta(days=within_days)))
    gap = days_between(nw.col("first_day"), nw.col("day__"))
    gaps = days.join(firsts, on=key, how="inner").with_columns(gap.alias("gap")).filter(nw.col("gap") <= within_days)
    later = nw.col("gap") > 0
    return gaps.group_by(key, "first_day").agg(
        nw.when(later).then(nw.col("gap")).min().alias("lag"), count_where(later).alias("later_days")
    )


def _told(found: pa.Table, everybody: int, again: int) -> pa.Table:
    names = found.column("value").to_pylist()
    customers, came, later = (
        found.column(name).to_numpy().astype(np.int64) for name in ("customers", "again_count", "later_days")
    )
    p_value = dependence_p(came, customers, np.full(len(came), again), everybody)
    others = everybody - customers
    columns = {
        "value": pa.array(names, pa.string()),
        "customers": pa.array(customers),
        "share": pa.array(customers / max(everybody, 1)),
        "again_count": pa.array(came),
        "again_share": pa.array(came / customers),
        "others_again_share": pa.array((again - came) / np.maximum(others, 1), mask=others == 0),
        "p_value": pa.array(p_value),
        "adjusted_p_value": pa.array(adjusted_among(p_value, len(p_value))),
        **{name: found.column(name).combine_chunks() for name in LAGS},
        "later_days_per_customer": pa.array(later / customers),
        "customer_count": pa.array(np.full(len(came), everybody)),
    }
    order = sorted(range(len(names)), key=lambda i: (-customers[i], names[i] is None, names[i] or ""))
    arrays = [columns[field.name].cast(field.type) for field in FIRST_COLUMNS]
    return pa.table(arrays, schema=FIRST_COLUMNS).take(pa.array(order, pa.int64()))
