"""Who of those a claim speaks of has the tag, and who then did what it claims: the counts of one past day."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import narwhals as nw

from tierwise.metrics.frame import Frame, integer_sum, require_columns, rows_of


@dataclass(frozen=True, slots=True)
class ValueCounts:
    """Customers with one value of the tag: `yes` of a tag that one just has, null for those without it."""

    value: str | None
    claimed: bool
    customers: int
    outcomes: int


def tag_outcomes(
    people: Frame,
    tagged: Frame,
    did: Frame,
    values: Collection[str] = (),
    key: str = "customer_key",
) -> list[ValueCounts]:
    """One entry per value that somebody has, and one for those without the tag; the highest rate first.

    people: those of whom the claim speaks, one row each. tagged: `key` and `value` of those who had the tag that day,
    each once. did: `key` of those who then had the outcome, each once. values: those of which it is claimed; all where
    none is listed. Rates are compared in whole numbers. Raises `missing_column`.
    """
    require_columns(people, (key,), "people")
    require_columns(tagged, (key, "value"), "tagged")
    have = tagged.select(key, nw.coalesce(nw.col("value"), nw.lit("yes")).alias("has__"))
    done = did.select(key, nw.lit(1).alias("did__"))
    joined = people.select(key).join(have, on=key, how="left").join(done, on=key, how="left")
    rows = rows_of(
        joined.group_by("has__")
        .agg(
            nw.len().cast(nw.Int64).alias("customers"),
            integer_sum(nw.col("did__").fill_null(0)).alias("outcomes"),
        )
        .select("has__", "customers", "outcomes")
    )
    found = [
        ValueCounts(value, value is not None and (not values or value in values), int(many), int(outcomes))
        for value, many, outcomes in rows
    ]
    return sorted(found, key=lambda each: (-each.outcomes / each.customers, each.value is None, each.value or ""))
