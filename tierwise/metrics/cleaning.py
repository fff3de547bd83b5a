"""Junk accounts: which rules find whom, who is released, until when an account is kept, and who remains.

What is read by cleaning rules besides the profile (`definitions/cleaning.py`, CLEANING_ATTRIBUTES):

- name, email: as a source writes them; they are in no table that a run writes.
- registered_hour: 0-23, of the business's day; null where nobody knows when.
- registered_same_day_count: how many accounts registered on that day, this one included.
- registered_same_day_idle_share: which share of them has no order, visit or interaction, 0-1. Where a giveaway drew
  accounts that do nothing else, both are high.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals as nw

from tierwise.definitions.cleaning import CLEANING_ATTRIBUTES, Cleaning
from tierwise.metrics.frame import Frame, columns_of, count_where, distinct, quotient, require_columns
from tierwise.metrics.rules import RuleColumn

_LIFE = ("registered_on", "last_ordered_on", "last_refunded_on", "last_visited_on", "last_interacted_on")
_DEEDS = ("frequency_count", "visit_count", "interaction_count")
CARRIED = ("customer_id", "registered_on", "frequency_count", "monetary_amount_minor", "monetary_amount_gross_minor")
"""What the junk table carries of an account, as far as the profile has it."""

CLEANING_INPUTS = (*dict.fromkeys((*CARRIED, *_LIFE, *_DEEDS)),)
"""What is looked for in the profile besides what rules read; some of it may not be there."""


def cleaning_schema(schema: Mapping[str, RuleColumn]) -> dict[str, RuleColumn]:
    """The profile's attributes with those that only cleaning rules may read."""
    return {**schema, **{name: RuleColumn(name, kind) for name, kind in CLEANING_ATTRIBUTES.items()}}


def with_cleaning_attributes(people: Frame, accounts: Frame | None = None, key: str = "customer_key") -> Frame:
    """The people with one column for each of CLEANING_ATTRIBUTES; one row each, as before.

    people: one row per customer with `registered_on` and the counts of the profile; a count that lacks is 0.
    accounts: at most one row per customer with `name`, `email`, `registered_hour`; what lacks is null.
    """
    require_columns(people, (key, "registered_on"), "people")
    there = columns_of(people)
    if accounts is None:
        widened = people.with_columns(
            nw.lit(None).cast(nw.String).alias("name"),
            nw.lit(None).cast(nw.String).alias("email"),
            nw.lit(None).cast(nw.Int64).alias("registered_hour"),
        )
    else:
        require_columns(accounts, (key, "name", "email", "registered_hour"), "accounts")
        widened = people.join(accounts.select(key, "name", "email", "registered_hour"), on=key, how="left")
    deeds = [nw.col(name).fill_null(0) for name in _DEEDS if name in there]
    idle = nw.all_horizontal(*(count == 0 for count in deeds), ignore_nulls=False) if deeds else nw.lit(True)
    days = (
        people.filter(~nw.col("registered_on").is_null())
        .group_by("registered_on")
        .agg(nw.len().cast(nw.Int64).alias("registered_same_day_count"), count_where(idle).alias("idle__"))
        .with_columns(
            quotient(nw.col("idle__"), nw.col("registered_same_day_count")).alias("registered_same_day_idle_share")
        )
        .drop("idle__")
    )
    return widened.join(days, on="registered_on", how="left")


def junk(
    people: Frame,
    definition: Cleaning,
    sets: Mapping[str, Frame],
    releases: Frame | None = None,
    *,
    language: str = "zh",
    key: str = "customer_key",
) -> Frame:
    """One row per account and rule that finds it and from which nobody has released it.

    sets: rule name -> frame of `key`, each once. releases: (key, rule); a rule of null releases from all rules, and one
    that is not in the definition any more from none. Releases hold whatever the as_of: they are a judgement on the
    account, as definitions are, and nothing that happened on a day.

    Columns: key, rule, reason (in that language), kept_until (the last sign of life, see `last_sign_of_life`, and the
    rule's retention_days; null where there is no sign), and of CARRIED what people have. Raises `missing_column`.
    """
    require_columns(people, (key,), "people")
    found = []
    for rule in definition.rules:
        flagged = sets[rule.name].select(key)
        if releases is not None:
            spared = releases.filter(nw.col("rule").is_null() | (nw.col("rule") == nw.lit(rule.name)))
            flagged = flagged.join(distinct(spared.select(key)), on=key, how="anti")
        found.append(
            flagged.with_columns(
                nw.lit(rule.name).alias("rule"),
                nw.lit(rule.reason_in(language)).alias("reason"),
                nw.lit(rule.retention_days).cast(nw.Int64).alias("retention_days__"),
            )
        )
    life = last_sign_of_life(people)
    carried = [name for name in CARRIED if name in columns_of(people)]
    told = people.select(key, life.alias("life__"), *carried)
    kept = _days_later(nw.col("life__"), [rule.retention_days for rule in definition.rules])
    return (
        nw.concat(found)
        .join(told, on=key, how="inner")
        .with_columns(kept.alias("kept_until"))
        .select(key, "rule", "reason", "kept_until", *carried)
    )


def last_sign_of_life(people: Frame) -> nw.Expr:
    """The latest of registration, order, refund, visit and interaction, as far as the frame has them; else null."""
    there = [name for name in _LIFE if name in columns_of(people)]
    if not there:
        return nw.lit(None).cast(nw.Date)
    return nw.max_horizontal(*(nw.col(name) for name in there))


def _days_later(day: nw.Expr, lengths: Sequence[int]) -> nw.Expr:
    """day + retention_days__, which is one of `lengths`: engines add constants to a day, not columns."""
    found = nw.lit(None).cast(nw.Date)
    for days in sorted(set(lengths)):
        later = day.cast(nw.Date).dt.offset_by(f"{days}d").cast(nw.Date)
        found = nw.when(nw.col("retention_days__") == days).then(later).otherwise(found)
    return found


def those_who_remain(rows: Frame, found: Frame, key: str = "customer_key") -> Frame:
    """The rows of everyone but junk; rows without a customer stay. found: what `junk` gave."""
    return rows.join(distinct(found.select(key)), on=key, how="anti")
