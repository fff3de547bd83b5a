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


def tag_counts(rows: Frame, before: Frame | None = None) -> dict[str, dict[str, tuple[int, int]]]:
    """Tag -> value -> customers who have it now, and who had it in the earlier run (0 where there is none).

    Of each run the `LISTED` most frequent values are told, of equally many the first by code points; the rest of both
    together is `OTHERS`, so that of free texts no more comes out than people read. A yes tag's value is `YES`. Executes
    one grouping.
    """
    now, then = nw.col("now__"), nw.col("then__")
    sides = rows.select("tag", "value", nw.lit(1).alias("now__"), nw.lit(0).alias("then__"))
    if before is not None:
        earlier = before.select("tag", "value", nw.lit(0).alias("now__"), nw.lit(1).alias("then__"))
        sides = nw.concat([sides, earlier])
    counted = sides.with_columns(nw.col("value").fill_null(YES)).group_by("tag", "value")
    each = counted.agg(now.sum().cast(nw.Int64), then.sum().cast(nw.Int64))
    each = each.with_columns(
        (now * -1).alias("fewest_now__"), (then * -1).alias("fewest_then__"), nw.lit(1).alias("one__")
    )
    place = nw.col("one__").cum_sum()
    ranked = each.with_columns(
        place.over("tag", order_by=["fewest_now__", "value"]).alias("place_now__"),
        place.over("tag", order_by=["fewest_then__", "value"]).alias("place_then__"),
    )
    listed = ((now > 0) & (nw.col("place_now__") <= LISTED)) | ((then > 0) & (nw.col("place_then__") <= LISTED))
    told = ranked.with_columns(nw.when(listed).then(nw.col("value")).otherwise(nw.lit(OTHERS)).alias("value"))
    found: dict[str, dict[str, tuple[int, int]]] = {}
    summed = told.group_by("tag", "value").agg(now.sum().cast(nw.Int64), then.sum().cast(nw.Int64))
    for tag, value, customers, earlier_customers in rows_of(summed):
        found.setdefault(tag, {})[value] = (customers, earlier_customers)
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

    Executes one grouping, and with an earlier run one more.
    """
    counts = tag_counts(rows, before)
    moves = tag_moves(before, rows, key=key) if before is not None else {}
    found = {}
    for name in names:
        values = {value: now for value, (now, _) in counts.get(name, {}).items() if now}
        earlier = {value: then for value, (_, then) in counts.get(name, {}).items() if then}
        have = sum(values.values())
        coverage = have / customers if customers else None
        if before is None:
            found[name] = TagFigures(have, coverage, _listed(values))
            continue
        gained, lost, changed = moves.get(name, (0, 0, 0))
        drift = _drift(earlier, customers_before, values, customers)
        found[name] = TagFigures(have, coverage, _listed(values), gained, lost, changed, drift)
    return found


def _listed(values: Mapping[str, int]) -> dict[str, int]:
    named = [(value, count) for value, count in values.items() if value != OTHERS]
    ranked = sorted(named, key=lambda item: (-item[1], item[0]))
    rest = values.get(OTHERS, 0) + sum(count for _, count in ranked[LISTED:])
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
