"""What came of due dates: at past days the list as it stood then, against what was bought after.

A date is judged where its whole window, a quarter of the interval (`tolerance`) and at least one day before and after
due_on, had passed by as_of, and it lay after the cut by horizon_days at most. It is a hit where the customer bought the
item on a day of the window after the cut. Chance is what other people's dates would have hit: of all other customers on
the list for the same item, on the same basis and at the same cut, the share who bought it within this very window. So
it has the same lengths, the same seasons and the same buyers; only the knowledge of whose turn it is, is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import narwhals as nw
import pyarrow as pa

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.due import TOLERANCE, due_of_days, share_of
from tierwise.metrics.frame import Frame, count_where, days_between, distinct, integer_sum, quotient, rows_of
from tierwise.metrics.item_days import DAY, days_bought, with_gaps
from tierwise.metrics.replenishment import check_least

COLUMNS = pa.schema(
    [
        ("cut_on", pa.date32()), ("basis", pa.string()), ("due_count", pa.int64()), ("hit_count", pa.int64()),
        ("hit_share", pa.float64()), ("chance_share", pa.float64()), ("lift", pa.float64()),
        ("bought_count", pa.int64()), ("median_error_days", pa.float64()),
        ("median_absolute_error_days", pa.float64()), ("mean_confidence", pa.float64()),
    ]
)  # fmt: skip

_BILLION = 1_000_000_000
"""Shares are summed in whole billionths, so that two runs and two engines agree to the last digit."""


def due_backtest(
    purchases: Frame,
    *,
    cuts: Sequence[date],
    as_of: date,
    products: Frame | None = None,
    key: str = "customer_key",
    item: str = "product_id",
    day: str = "ordered_day",
    quantity: str | None = "quantity",
    promoted: str | None = "promoted",
    min_intervals: int = 30,
    min_customers: int = 10,
    min_own_intervals: int = 3,
    tolerance: float | Fraction = TOLERANCE,
    horizon_days: int = 60,
    keep: Keep = lazily,
) -> pa.Table:
    """One row per cut and basis with a date to judge, by cut and basis: `COLUMNS`.

    cuts: days before as_of; what was bought after a cut is not seen by its list. due_count: dates judged. hit_share:
    hits / them. chance_share: of dates with another customer to compare with; null where there is none. lift: hit_share
    / chance_share, null where that is null or 0. bought_count: who bought the item again by as_of at all;
    median_error_days: of them, the first such day - due_on, and the median of its size; null without any.
    mean_confidence: what the list said (null by pack size), which should be near hit_share, and is above it as far as
    people leave.

    Executes. Raises `missing_column`, `bad_column`, `bad_value`.
    """
    check_least(horizon_days=horizon_days)
    share = share_of(tolerance)
    if not cuts or max(cuts) >= as_of:
        raise TierwiseError("bad_value", "a cut is a day before as_of", place="cuts", remedy="one or more past days")
    all_days = keep(
        "all_days_bought",
        days_bought(purchases, as_of=as_of, key=key, item=item, day=day, quantity=quantity, promoted=promoted),
    )
    rows: list[dict[str, Any]] = []
    for cut in sorted(set(cuts)):
        days = with_gaps(all_days.filter(nw.col(DAY) <= nw.lit(cut)), key, item, keep)
        dates = due_of_days(
            days, as_of=cut, products=products, key=key, item=item, min_intervals=min_intervals,
            min_customers=min_customers, min_own_intervals=min_own_intervals, tolerance=share, keep=keep,
        )  # fmt: skip
        judged = keep("judged", _judged(dates, key, item, cut, as_of, share, horizon_days))
        later = keep("bought_later", all_days.filter(nw.col(DAY) > nw.lit(cut)).select(key, item, DAY))
        chances = _chances(judged, later, key, item)
        for row in _hits(judged, later, key, item):
            rows.append({"cut_on": cut, **row, **_beside(row, *chances.get(row["basis"], (0, 0.0)))})
    return pa.Table.from_pylist(rows, schema=COLUMNS)


def _judged(dates: Frame, key: str, item: str, cut: date, as_of: date, share: Fraction, horizon: int) -> Frame:
    """The dates to judge: `key, item, basis, due_on, margin__, confidence`."""
    above, below = share.as_integer_ratio()
    wide = nw.col("interval_days") * above
    margin = ((wide - wide % below) / below).cast(nw.Int64)
    ahead = dates.filter(nw.col("due_on") > nw.lit(cut), nw.col("due_on") <= nw.lit(cut + timedelta(days=horizon)))
    return (
        ahead.with_columns(nw.when(margin < 1).then(nw.lit(1)).otherwise(margin).cast(nw.Int64).alias("margin__"))
        .filter(days_between(nw.col("due_on"), nw.lit(as_of)) >= nw.col("margin__"))
        .select(key, item, "basis", "due_on", "margin__", "confidence")
    )


def _inside() -> nw.Expr:
    return days_between(nw.col("due_on"), nw.col(DAY)).abs() <= nw.col("margin__")


def _hits(judged: Frame, later: Frame, key: str, item: str) -> list[dict[str, Any]]:
    bought = judged.join(later, on=[key, item], how="left")
    single = bought.group_by(key, item, "basis", "due_on", "confidence").agg(
        nw.col(DAY).min().alias("next__"), count_where(_inside()).alias("inside__")
    )
    error = days_between(nw.col("due_on"), nw.col("next__"))
    told = single.with_columns(error.alias("error__"), error.abs().alias("size__")).group_by("basis").agg(
        nw.len().cast(nw.Int64).alias("due_count"),
        count_where(nw.col("inside__") > 0).alias("hit_count"),
        nw.col("error__").count().cast(nw.Int64).alias("bought_count"),
        *(
            nw.col(column).quantile(0.5, interpolation="linear").cast(nw.Float64).alias(name)
            for column, name in (("error__", "median_error_days"), ("size__", "median_absolute_error_days"))
        ),
        integer_sum((nw.col("confidence") * _BILLION).round(0).cast(nw.Int64)).alias("confidence__"),
        nw.col("confidence").count().cast(nw.Int64).alias("confident__"),
    )  # fmt: skip
    mean = quotient(nw.col("confidence__"), nw.col("confident__")) / _BILLION
    told = told.with_columns(mean.alias("mean_confidence")).drop("confidence__", "confident__")
    found: list[dict[str, Any]] = told.sort("basis").collect(backend="pyarrow").to_native().to_pylist()
    return found


def _chances(judged: Frame, later: Frame, key: str, item: str) -> dict[str, tuple[int, float]]:
    """Basis -> how many dates have another customer to compare with, and how many would be hits by chance."""
    group = [item, "basis"]
    window = [*group, "due_on", "margin__"]
    sizes = judged.group_by(*group).agg(nw.len().cast(nw.Int64).alias("size__"))
    windows = judged.group_by(*window).agg(nw.len().cast(nw.Int64).alias("dates__"))
    listed = judged.select(key, *group).join(later, on=[key, item], how="inner")
    inside = windows.join(listed, on=group, how="inner").filter(_inside())
    buyers = distinct(inside.select(key, *window)).group_by(*window).agg(nw.len().cast(nw.Int64).alias("buyers__"))
    own = distinct(judged.join(later, on=[key, item], how="inner").filter(_inside()).select(key, *window))
    hits = own.group_by(*group).agg(nw.len().cast(nw.Int64).alias("hits__"))
    pairs = (
        windows.join(buyers, on=window, how="inner")
        .with_columns((nw.col("dates__") * nw.col("buyers__")).alias("pairs__"))
        .group_by(*group)
        .agg(integer_sum(nw.col("pairs__")).alias("pairs__"))
    )
    both = sizes.filter(nw.col("size__") > 1).join(pairs, on=group, how="left").join(hits, on=group, how="left")
    others = nw.coalesce(nw.col("pairs__"), nw.lit(0)) - nw.coalesce(nw.col("hits__"), nw.lit(0))
    by_chance = both.with_columns(quotient(others, nw.col("size__") - 1).alias("by_chance__"))
    summed = by_chance.group_by("basis").agg(
        integer_sum(nw.col("size__")).alias("compared__"),
        integer_sum((nw.col("by_chance__") * _BILLION).round(0).cast(nw.Int64)).alias("by_chance__"),
    )
    return {str(basis): (int(many), int(chance) / _BILLION) for basis, many, chance in rows_of(summed)}


def _beside(row: dict[str, Any], compared: int, by_chance: float) -> dict[str, float | None]:
    hit = row["hit_count"] / row["due_count"]
    chance = by_chance / compared if compared else None
    return {"hit_share": hit, "chance_share": chance, "lift": hit / chance if chance else None}
