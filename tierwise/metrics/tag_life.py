"""The life of a tag's value: whether a consent lets it be, since when it holds, and until when it is kept.

Days count as windows do: a value with `ttl_days` n counts on the day of its evidence and the n - 1 days after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import narwhals as nw

from tierwise.definitions.tag import Tag
from tierwise.metrics.frame import Frame, days_until, missing, require_columns
from tierwise.metrics.tags import TAG_COLUMNS


def living_tags(
    found: Frame,
    tags: Sequence[Tag],
    *,
    as_of: date,
    previous: Frame | None = None,
    people: Frame | None = None,
    consents: Frame | None = None,
    key: str = "customer_key",
) -> Frame:
    """The tags of a run: one row per customer and tag, columns as `TAG_COLUMNS`.

    found: what the sources say as of as_of. previous: the same table of the newest run of an earlier day; None where
    there is none. people: one row per customer of this run, so that nothing is kept of a customer who was joined to
    another. consents: the facts of that name by `key`; None where none were ever imported.

    A tag that is found no more is kept where its definition says `keep_last`. What is older than `ttl_days` is
    dropped, found or kept. since is the first day of the present value without a break, as far back as it is known:
    the earlier of what the source says and what the previous run had, for the same value. A sensitive tag is there
    only for customers whose consent stands.
    """
    require_columns(found, (key, "tag", "value", "since", "confirmed_on", "source"), "tags")
    rows = found
    if previous is not None:
        rows = _with_past(found, _of_today(previous, tags, people, key), tags, key)
    dated = rows.with_columns(nw.coalesce(nw.col("since"), nw.lit(as_of)).alias("since"))
    fresh = _within_ttl(dated, tags, as_of)
    return consented(fresh, tags, consents, as_of=as_of, key=key).select(key, *TAG_COLUMNS[1:])


def _of_today(previous: Frame, tags: Sequence[Tag], people: Frame | None, key: str) -> Frame:
    """The past rows of tags that are still defined and of customers who are still there."""
    past = previous.filter(nw.col("tag").is_in([tag.name for tag in tags]))
    return past if people is None else past.join(people.select(key), on=key, how="semi")


def _with_past(found: Frame, past: Frame, tags: Sequence[Tag], key: str) -> Frame:
    then = past.select(
        key, "tag", nw.col("value").alias("value__"), nw.col("since").alias("since__"), nw.lit(1).alias("there__")
    )
    joined = found.join(then, on=[key, "tag"], how="left")
    both_yes = nw.col("value").is_null() & nw.col("value__").is_null()
    same = ~nw.col("there__").is_null() & ((nw.col("value") == nw.col("value__")).fill_null(False) | both_yes)
    since, before = nw.col("since"), nw.col("since__")
    earlier = nw.when(since < before).then(since).otherwise(before)
    dated = joined.with_columns(nw.when(same).then(earlier).otherwise(since).alias("since"))
    now = dated.select(key, *TAG_COLUMNS[1:])
    keeping = [tag.name for tag in tags if tag.when_empty == "keep_last"]
    if not keeping:
        return now
    kept = past.filter(nw.col("tag").is_in(keeping)).join(now.select(key, "tag"), on=[key, "tag"], how="anti")
    return nw.concat([now, kept.select(key, *TAG_COLUMNS[1:])])


def _within_ttl(rows: Frame, tags: Sequence[Tag], as_of: date) -> Frame:
    by_days: dict[int, list[str]] = {}
    for tag in tags:
        if tag.ttl_days is not None:
            by_days.setdefault(tag.ttl_days, []).append(tag.name)
    age = days_until(nw.col("confirmed_on"), as_of)
    over = [nw.col("tag").is_in(names) & (age >= days) for days, names in sorted(by_days.items())]
    return rows.filter(~nw.any_horizontal(*over, ignore_nulls=False)) if over else rows


def consented(
    rows: Frame, tags: Sequence[Tag], consents: Frame | None, *, as_of: date, key: str = "customer_key"
) -> Frame:
    """The rows without those of sensitive tags whose customer has no consent to their purpose that stands."""
    purposes = {tag.name: tag.needs_consent for tag in tags if tag.needs_consent is not None}
    if not purposes:
        return rows
    sensitive = nw.col("tag").is_in(list(purposes))
    ordinary = rows.filter(~sensitive)
    if consents is None:
        return ordinary
    by_purpose: dict[str, list[str]] = {}
    for name, purpose in purposes.items():
        by_purpose.setdefault(purpose, []).append(name)
    needed = missing(nw.String)
    for purpose, names in by_purpose.items():
        needed = nw.when(nw.col("tag").is_in(names)).then(nw.lit(purpose)).otherwise(needed)
    standing = standing_consents(consents, list(by_purpose), as_of=as_of, key=key)
    let_be = rows.filter(sensitive).with_columns(needed.alias("purpose__"))
    let_be = let_be.join(
        standing.select(key, nw.col("purpose").alias("purpose__")), on=[key, "purpose__"], how="semi"
    ).drop("purpose__")
    return nw.concat([ordinary, let_be])


def standing_consents(consents: Frame, purposes: Sequence[str], *, as_of: date, key: str = "customer_key") -> Frame:
    """`key` and `purpose` of the consents that stand: given by as_of, and not withdrawn since.

    The newest statement to the purpose decides, by whatever channel and towards whatever entity it was made; of two at
    one instant a withdrawal does. So it errs on the side of not knowing.
    """
    require_columns(consents, (key, "purpose", "stated_at", "stated_day", "granted"), "consents")
    said = consents.filter(
        ~nw.col(key).is_null(), nw.col("stated_day") <= nw.lit(as_of), nw.col("purpose").is_in(list(purposes))
    )
    at = nw.col("stated_at")
    newest = said.select(
        key,
        "purpose",
        nw.when(nw.col("granted")).then(at).alias("granted__"),
        nw.when(~nw.col("granted")).then(at).alias("withdrawn__"),
    )
    last = newest.group_by(key, "purpose").agg(nw.col("granted__").max(), nw.col("withdrawn__").max())
    granted, withdrawn = nw.col("granted__"), nw.col("withdrawn__")
    return last.filter(~granted.is_null(), withdrawn.is_null() | (granted > withdrawn)).select(key, "purpose")
