"""Figures of tags: who has them, how that moved from one run to the next, and how far raters agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import narwhals as nw

from tierwise.definitions.tag import Tag
from tierwise.metrics.frame import Frame, count_where, rows_of
from tierwise.metrics.tags import standing_verdicts
from tierwise.stats.agreement import Agreement, krippendorff_alpha
from tierwise.stats.drift import population_stability_index

LISTED = 50
"""So many values of a tag are counted by name, the most frequent; the rest of a free text is `OTHERS`."""

YES, OTHERS, NONE = "yes", "(others)", "(none)"
"""What a yes tag's one value, the values not listed, and the customers without the tag are called in counts."""


@dataclass(frozen=True, slots=True)
class TagFigures:
    """customers: who have the tag. coverage: their share of all, 0..1, null where there is nobody. values: customers by
    value, most first, at most `LISTED` and `OTHERS`.

    Against an earlier run, null where there is none: gained, lost and changed count customers who have the tag now and
    had it not, the other way round, and with another value; drift is the population stability index over the values
    and having none; null too where either run had no customer.
    """

    customers: int
    coverage: float | None
    values: dict[str, int] = field(default_factory=dict)
    gained: int | None = None
    lost: int | None = None
    changed: int | None = None
    drift: float | None = None


def tag_counts(rows: Frame) -> dict[str, dict[str, int]]:
    """Tag -> value -> customers; a yes tag's value is `YES`. Executes one grouping; every value is counted."""
    found: dict[str, dict[str, int]] = {}
    grouped = rows.group_by("tag", "value").agg(nw.len().cast(nw.Int64).alias("customers"))
    for tag, value, customers in rows_of(grouped):
        found.setdefault(tag, {})[YES if value is None else value] = customers
    return found


def tag_moves(before: Frame, after: Frame, *, key: str = "customer_key") -> dict[str, tuple[int, int, int]]:
    """Tag -> customers who gained it, lost it, and have another value of it. Executes one grouping.

    before, after: tags of an earlier and a later run, one row per customer and tag. Tags of either are there.
    """
    is_after = nw.col("after__")
    told = (key, "tag", "value")
    then = before.select(*told, nw.lit(False).alias("after__"))
    both = nw.concat([then, after.select(*told, nw.lit(True).alias("after__"))])
    sides = both.group_by(key, "tag").agg(
        count_where(~is_after).alias("was__"),
        count_where(is_after).alias("is__"),
        nw.when(~is_after).then(nw.col("value")).max().alias("then__"),
        nw.when(is_after).then(nw.col("value")).max().alias("now__"),
    )
    was, now = nw.col("was__") > 0, nw.col("is__") > 0
    then_value, now_value = nw.col("then__"), nw.col("now__")
    one_is_yes = then_value.is_null() != now_value.is_null()
    differs = one_is_yes | (then_value != now_value).fill_null(False)
    moves = sides.group_by("tag").agg(
        count_where(now & ~was).alias("gained"),
        count_where(was & ~now).alias("lost"),
        count_where(was & now & differs).alias("changed"),
    )
    return {tag: (gained, lost, changed) for tag, gained, lost, changed in rows_of(moves)}


def tag_figures(
    names: Sequence[str],
    rows: Frame,
    customers: int,
    *,
    before: Frame | None = None,
    customers_before: int = 0,
    key: str = "customer_key",
) -> dict[str, TagFigures]:
    """The figures of these tags, in their order. customers, customers_before: all of each run, with tags or without.

    Executes one grouping, and with an earlier run two more.
    """
    now = tag_counts(rows)
    then = tag_counts(before) if before is not None else {}
    moves = tag_moves(before, rows, key=key) if before is not None else {}
    found = {}
    for name in names:
        values = now.get(name, {})
        have = sum(values.values())
        coverage = have / customers if customers else None
        if before is None:
            found[name] = TagFigures(have, coverage, _listed(values))
            continue
        gained, lost, changed = moves.get(name, (0, 0, 0))
        drift = _drift(then.get(name, {}), customers_before, values, customers)
        found[name] = TagFigures(have, coverage, _listed(values), gained, lost, changed, drift)
    return found


def _listed(values: Mapping[str, int]) -> dict[str, int]:
    ranked = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    rest = sum(count for _, count in ranked[LISTED:])
    return {**dict(ranked[:LISTED]), **({OTHERS: rest} if rest else {})}


def _drift(before: Mapping[str, int], all_before: int, after: Mapping[str, int], all_after: int) -> float | None:
    """Over the values most frequent in either run, the others together, and having none."""
    most = [*_listed(before), *_listed(after)]
    classes = [name for name in dict.fromkeys(most) if name != OTHERS]

    def shares(values: Mapping[str, int], customers: int) -> dict[str, int]:
        have = sum(values.values())
        listed = {f"value {name}": values.get(name, 0) for name in classes}
        return {**listed, OTHERS: have - sum(listed.values()), NONE: customers - have}

    return population_stability_index(shares(before, all_before), shares(after, all_after))


def rater_agreement(
    acts: Frame, tags: Sequence[Tag], *, as_of: date, key: str = "customer_key"
) -> dict[str, Agreement]:
    """How far those agree who gave the same customers values of a manual tag; tags without values are left out.

    acts: the fact table `manual_tags` with `key`. Only verdicts that stand count, of each rater and customer the newest
    (a person may have rated two source customers who are one). Values in order are compared as ordinal.
    """
    rated = [tag for tag in tags if tag.manual is not None and tag.manual.values]
    if not rated:
        return {}
    standing = standing_verdicts(acts, rated, as_of=as_of, key=key)
    newest = standing.group_by(key, "tag", "rater").agg(nw.col("act_id").max().alias("newest__"))
    verdicts = standing.join(newest.select("newest__"), left_on="act_id", right_on="newest__", how="semi")
    twice = verdicts.group_by(key, "tag").agg(nw.len().alias("raters__")).filter(nw.col("raters__") > 1)
    counted = (
        verdicts.join(twice.select(key, "tag"), on=[key, "tag"], how="semi")
        .group_by(key, "tag", "value")
        .agg(nw.len().cast(nw.Int64).alias("raters"))
        .sort(key, "tag", "value")
    )
    units: dict[str, dict[Any, dict[str, int]]] = {tag.name: {} for tag in rated}
    for customer, tag, value, raters in rows_of(counted):
        units[tag].setdefault(customer, {})[value] = raters
    return {tag.name: krippendorff_alpha(units[tag.name].values(), _order(tag)) for tag in rated}


def _order(tag: Tag) -> list[str] | None:
    ordered = tag.manual is not None and tag.manual.ordered
    return [value for value, _ in tag.possible_values] if ordered else None
