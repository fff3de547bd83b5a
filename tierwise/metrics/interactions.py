"""Interactions of each customer: how much, about what, and at what hour and by what channel they prefer them.

An interaction is a contact that is no purchase: a view, a click, a chat. What is preferred is claimed only where most
of what is known points there; else it is null with a reason, and the campaign's own hour and channel are as good.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import narwhals as nw

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import (
    Frame,
    columns_of,
    distinct,
    integer_sum,
    left_join_all,
    missing,
    quotient,
    require_columns,
)

TOO_FEW = "too_few_interactions"
NO_PREFERENCE = "no_preference"

_WIDTH = 12
_TOP = 10**_WIDTH - 1
_STEP = " > "


def interaction_summary(
    interactions: Frame,
    *,
    as_of: date,
    last_days: int | None = None,
    key: str = "customer_key",
    day: str = "occurred_day",
    min_count: int = 5,
    preferred_from: float | Fraction = 0.5,
) -> Frame:
    """One row per customer with an interaction up to as_of: `key, interaction_count, interaction_days_count,
    interaction_seconds, known_duration_count, mean_interaction_seconds, category_count, main_category,
    main_category_share, main_category_top, preferred_channel, channel_share, channel_reason, preferred_hour,
    hour_share, hour_reason`.

    interactions: one row each; what they lack of `duration_seconds`, `category`, `channel` and `hour` (0-23,
    of the business's day) is null. last_days: only days in (as_of - last_days, as_of].

    interaction_seconds: of durations that are known, which known_duration_count counts; the mean is over them.
    main_category: the path with the most interactions, main_category_share: of those with a known one;
    main_category_top: the first step of paths with the most, which need not be the main category's: three paths of one
    department may beat one of another. Of equals the smaller text.

    preferred_channel: the channel with the most interactions; preferred_hour: the hour of which it and its two
    neighbours hold the most (night is a circle), of equals that with the most in the hour itself, then the earlier one.
    The shares are of what is known. Null where fewer than min_count are known (`too_few_interactions`), or where the
    share is below preferred_from (`no_preference`); compared in whole numbers. Raises `missing_column`, `bad_value`.
    """
    share = Fraction(str(preferred_from))
    if not 0 < share <= 1:
        raise TierwiseError(
            "bad_value", f"preferred_from is {preferred_from}", place="preferred_from", remedy="above 0, up to 1"
        )
    for name, value in (("min_count", min_count), ("last_days", last_days)):
        if value is not None and value < 1:
            raise TierwiseError("bad_value", f"{name} is {value}", place=name, remedy="1 or more")
    require_columns(interactions, (key, day), "interactions")
    there = columns_of(interactions)
    known = interactions.filter(~nw.col(key).is_null(), nw.col(day) <= nw.lit(as_of))
    if last_days is not None:
        known = known.filter(nw.col(day) > nw.lit(as_of - timedelta(days=last_days)))
    types: dict[str, Any] = {
        "duration_seconds": nw.Int64,
        "category": nw.String,
        "channel": nw.String,
        "hour": nw.Int64,
    }
    known = known.select(
        key,
        nw.col(day).alias("day__"),
        *((nw.col(name) if name in there else missing(kind)).cast(kind).alias(name) for name, kind in types.items()),
    )
    sums = known.group_by(key).agg(
        nw.len().cast(nw.Int64).alias("interaction_count"),
        integer_sum(nw.col("duration_seconds").fill_null(0)).alias("interaction_seconds"),
        nw.col("duration_seconds").count().cast(nw.Int64).alias("known_duration_count"),
    )
    days = distinct(known.select(key, "day__")).group_by(key)
    parts = [
        days.agg(nw.len().cast(nw.Int64).alias("interaction_days_count")),
        _leading(known.with_columns(nw.col("category").alias("value__")), key, "category"),
        _leading(known.with_columns(_top("category").alias("value__")), key, "top"),
        _leading(known.with_columns(nw.col("channel").alias("value__")), key, "channel"),
        _hours(known, key),
    ]
    told = left_join_all(sums, parts, key).with_columns(
        quotient(nw.col("interaction_seconds"), nw.col("known_duration_count")).alias("mean_interaction_seconds"),
        quotient(nw.col("category_most__"), nw.col("category_of__")).alias("main_category_share"),
        nw.col("category_values__").fill_null(0).alias("category_count"),
        nw.col("category__").alias("main_category"),
        nw.col("top__").alias("main_category_top"),
        *_preferred("channel", "preferred_channel", min_count, share),
        *_preferred("hour", "preferred_hour", min_count, share),
    )
    return told.select(
        key, "interaction_count", "interaction_days_count", "interaction_seconds", "known_duration_count",
        "mean_interaction_seconds", "category_count", "main_category", "main_category_share", "main_category_top",
        "preferred_channel", "channel_share", "channel_reason",
        nw.col("preferred_hour").cast(nw.Int64), "hour_share", "hour_reason",
    )  # fmt: skip


def _top(category: str) -> nw.Expr:
    """The first step of a path."""
    return nw.col(category).str.replace_all(f"{_STEP}.*$", "")


def _leading(rows: Frame, key: str, name: str) -> Frame:
    """Per customer with a known value__: how many are known, how many the most frequent one has, which it is, and how
    many values there are. The minimum of "(largest - times) in twelve digits, then the value" tells both."""
    pairs = (
        rows.filter(~nw.col("value__").is_null()).group_by(key, "value__").agg(nw.len().cast(nw.Int64).alias("times"))
    )
    ranked = nw.concat_str([(nw.lit(_TOP) - nw.col("times")).cast(nw.String), nw.col("value__")])
    found = (
        pairs.with_columns(ranked.alias("ranked"))
        .group_by(key)
        .agg(
            integer_sum(nw.col("times")).alias(f"{name}_of__"),
            nw.len().cast(nw.Int64).alias(f"{name}_values__"),
            nw.col("times").max().alias(f"{name}_most__"),
            nw.col("ranked").min().alias("best"),
        )
    )
    return found.with_columns(nw.col("best").str.slice(_WIDTH).alias(f"{name}__")).drop("best")


def _hours(rows: Frame, key: str) -> Frame:
    """Per customer with a known hour: as `_leading`, the value an hour of two digits with its two neighbours."""
    hours = rows.filter(~nw.col("hour").is_null()).select(key, "hour")
    around = nw.concat(
        [
            hours.select(
                key,
                ((nw.col("hour") + 24 + shift) % 24).alias("middle"),
                nw.lit(1 if shift == 0 else 0).cast(nw.Int64).alias("own"),
            )
            for shift in (-1, 0, 1)
        ]
    )
    pairs = around.group_by(key, "middle").agg(
        nw.len().cast(nw.Int64).alias("times"), integer_sum(nw.col("own")).alias("own")
    )
    ranked = nw.concat_str(
        [
            (nw.lit(_TOP) - nw.col("times")).cast(nw.String),
            (nw.lit(_TOP) - nw.col("own")).cast(nw.String),
            (nw.col("middle") + 100).cast(nw.String).str.slice(1),
        ]
    )
    found = (
        pairs.with_columns(ranked.alias("ranked"))
        .group_by(key)
        .agg(
            integer_sum(nw.col("own")).alias("hour_of__"),
            nw.col("times").max().alias("hour_most__"),
            nw.col("ranked").min().alias("best"),
        )
    )
    return found.with_columns(nw.col("best").str.slice(2 * _WIDTH).alias("hour__")).drop("best")


def _preferred(name: str, preferred: str, min_count: int, share: Fraction) -> list[nw.Expr]:
    of, most = nw.col(f"{name}_of__").fill_null(0), nw.col(f"{name}_most__").fill_null(0)
    above, below = share.as_integer_ratio()
    enough, clear = of >= min_count, most * below >= of * above
    reason = nw.when(~enough).then(nw.lit(TOO_FEW)).when(~clear).then(nw.lit(NO_PREFERENCE))
    return [
        nw.when(enough & clear).then(nw.col(f"{name}__")).alias(preferred),
        nw.when(enough).then(quotient(most, of)).alias(f"{name}_share"),
        reason.alias(f"{name}_reason"),
    ]
