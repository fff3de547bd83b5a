"""Tags as rows: for each source of tags the customers who have one, and its value.

Every function gives frames with the columns of `TAG_COLUMNS`: at most one row per customer and tag. A yes tag has the
value null. since: the day from which the source itself says it, null where it only says that it holds. confirmed_on:
the day of the evidence, from which `ttl_days` counts. `metrics/tag_life.py` makes them the tags of a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import narwhals as nw

from tierwise.definitions.rule import AnyRule, attributes_of
from tierwise.definitions.tag import Implication, Origin, Tag
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.metrics.frame import Frame, columns_of, days_until, missing, require_columns
from tierwise.metrics.occurrences import null_of
from tierwise.metrics.rules import RuleColumn, Schema, rule_expr

TAG_COLUMNS = ("customer_key", "tag", "value", "since", "confirmed_on", "source")
"""int64, text, text or null, date, date, text. The first four and the last are shown; confirmed_on serves the next
run."""


def rule_names(tag: Tag) -> dict[str, AnyRule]:
    """The rules of a tag under the names by which `rule_tags` looks for their customers; empty for other sources."""
    if tag.when is not None:
        return {f"tag {tag.name}": tag.when}
    return {f"tag {tag.name} {place}": each.when for place, each in enumerate(tag.values)}


def rule_tags(tags: Sequence[Tag], sets: Mapping[str, Frame], *, as_of: date, key: str = "customer_key") -> list[Frame]:
    """Tags by rule. sets: the names of `rule_names` -> a frame of `key`, each customer once.

    Of several values a customer has the first whose rule is true. Raises `missing_rule_set` for all that are lacking.
    """
    wanted = [(tag, name) for tag in tags for name in rule_names(tag)]
    lacking = [name for _, name in wanted if name not in sets]
    if lacking:
        raise TierwiseError.of([Problem("missing_rule_set", f'no customers were found for "{n}"') for n in lacking])
    found = []
    for tag in tags:
        names = list(rule_names(tag))
        if tag.when is not None:
            found.append(tag_rows(sets[names[0]], tag, nw.lit(None), as_of, key))
        elif names:
            ranked = [sets[name].select(key, nw.lit(place).alias("place__")) for place, name in enumerate(names)]
            first = nw.concat(ranked).group_by(key).agg(nw.col("place__").min())
            found.append(tag_rows(first, tag, _chosen("place__", [each.value for each in tag.values]), as_of, key))
    return found


def yes_tags(rows: Frame, *, as_of: date, key: str = "customer_key") -> Frame:
    """Tags that one just has, by rules told together. rows: `key` and `rule`, here the tag's name, each pair once."""
    origin: Origin = "rule"
    return rows.select(
        nw.col(key),
        nw.col("rule").alias("tag"),
        missing(nw.String).alias("value"),
        missing(nw.Date).alias("since"),
        nw.lit(as_of).alias("confirmed_on"),
        nw.lit(origin).alias("source"),
    )


def imported_tags(
    people: Frame, tags: Sequence[Tag], schema: Schema, *, as_of: date, key: str = "customer_key"
) -> list[Frame]:
    """Tags from traits. people: one row per customer. schema: a trait's name, plain or `trait.NAME` -> its column.

    Of a yes-or-no trait those who have yes have the tag; any other gives its text, trimmed, and nothing where it is
    empty: whole numbers as digits, dates as 2026-06-30. Raises `unknown_trait`.
    """
    found = []
    problems = []
    for tag in tags:
        if tag.imported is None:
            continue
        where = schema.get(tag.imported.trait) or schema.get(f"trait.{tag.imported.trait}")
        if where is None:
            traits = {name.removeprefix("trait.") for name in schema if name.startswith("trait.")}
            problems.append(unknown_name("trait", tag.imported.trait, traits, f'tag "{tag.name}"'))
            continue
        column = where if isinstance(where, RuleColumn) else RuleColumn(tag.imported.trait, where)
        there = nw.col(column.column)
        if column.type == "boolean":
            found.append(tag_rows(people.filter(there.fill_null(False)), tag, nw.lit(None), as_of, key))
            continue
        text = there if column.type in ("text", "source_text") else there.cast(nw.String)
        told = people.select(key, text.str.strip_chars().alias("text__"))
        told = told.filter(~nw.col("text__").is_null(), nw.col("text__") != "")
        found.append(tag_rows(told, tag, nw.col("text__"), as_of, key))
    if problems:
        raise TierwiseError.of(problems)
    return found


def implied_tags(
    lines: Frame,
    tags: Sequence[Tag],
    schema: Schema,
    *,
    as_of: date,
    day: str = "ordered_day",
    key: str = "customer_key",
) -> list[Frame]:
    """Tags that purchases imply. lines: one row per bought line, with `key`, `day`, and what the rules read; a column
    that is not there, as the product's are not where no file told of products, is one without values.

    The newest line that fits any of the tag's rules speaks, on one day the first rule of the list; what it says moves
    on with the days since. After the last stage's end the customer has no value. since is the first day of the stage;
    confirmed_on is the day of the purchase. Lines after as_of and lines of nobody are left out.
    """
    require_columns(lines, (key, day), "lines")
    past = _with_read(lines, tags, schema).filter(~nw.col(key).is_null(), nw.col(day) <= nw.lit(as_of))
    found = []
    for tag in tags:
        if not tag.implied:
            continue
        last = len(tag.implied) - 1
        fits = [
            past.filter(rule_expr(implication.bought, schema, as_of)).select(
                key, nw.col(day).alias("day__"), nw.lit(last - place).alias("rank__")
            )
            for place, implication in enumerate(tag.implied)
        ]
        # One number orders by day and then by rank: the day's number times the number of rules, plus the rank.
        ordered = nw.concat(fits).with_columns(
            (days_until(nw.col("day__"), as_of) * -(last + 1) + nw.col("rank__")).alias("order__")
        )
        newest = ordered.group_by(key).agg(nw.col("day__").max(), nw.col("order__").max())
        aged = newest.with_columns(
            days_until(nw.col("day__"), as_of).alias("age__"),
        ).with_columns((nw.lit(last) - (nw.col("order__") + nw.col("age__") * (last + 1))).alias("place__"))
        said = aged.with_columns(_implied(tag.implied).alias("text__"), _began(tag.implied).alias("began__"))
        told = said.filter(~nw.col("text__").is_null())
        found.append(
            told.select(
                nw.col(key),
                nw.lit(tag.name).alias("tag"),
                nw.col("text__").alias("value"),
                nw.col("began__").alias("since"),
                nw.col("day__").alias("confirmed_on"),
                nw.lit(tag.origin).alias("source"),
            )
        )
    return found


def _with_read(lines: Frame, tags: Sequence[Tag], schema: Schema) -> Frame:
    """The lines with every column that the rules read and the schema knows."""
    there = columns_of(lines)
    names = {name for tag in tags for implication in tag.implied for name in attributes_of(implication.bought)}
    known = {name: schema[name] for name in sorted(names) if name in schema}
    read = [each if isinstance(each, RuleColumn) else RuleColumn(name, each) for name, each in known.items()]
    nulls = {each.column: null_of(each) for each in read if each.column not in there}
    return lines.with_columns(*nulls.values()) if nulls else lines


def _implied(implications: Sequence[Implication]) -> nw.Expr:
    """The value by place and age__; null after the last stage."""
    value = missing(nw.String)
    for place, implication in enumerate(implications):
        if implication.value is not None:
            said = nw.lit(implication.value)
        else:
            said = missing(nw.String)
            for stage in reversed(implication.stages):
                if stage.until_days is None:
                    said = nw.lit(stage.value)
                else:
                    said = nw.when(nw.col("age__") <= stage.until_days).then(nw.lit(stage.value)).otherwise(said)
        value = nw.when(nw.col("place__") == place).then(said).otherwise(value)
    return value


def _began(implications: Sequence[Implication]) -> nw.Expr:
    """The first day of the stage in which a purchase is at age__."""
    began = nw.col("day__")
    for place, implication in enumerate(implications):
        for stage in implication.stages[:-1]:
            if stage.until_days is not None:
                later = (nw.col("place__") == place) & (nw.col("age__") > stage.until_days)
                after = nw.col("day__").dt.offset_by(f"{stage.until_days + 1}d").cast(nw.Date)
                began = nw.when(later).then(after).otherwise(began)
    return began


def manual_tags(acts: Frame, tags: Sequence[Tag], *, as_of: date, key: str = "customer_key") -> list[Frame]:
    """Tags given by hand: of each customer and tag the newest verdict that stands, whoever gave it.

    acts: the fact table `manual_tags` with `key`. As a definition, a person's word holds for every day that is looked
    at, also for one before it was given: a verdict of this morning counts in a run as of yesterday. Values that the
    tag's definition does not list say nothing, nor does a yes of a tag that has values. since and confirmed_on are the
    day of the verdict, as_of at the latest.
    """
    wanted = [tag for tag in tags if tag.manual is not None]
    if not wanted:
        return []
    standing = standing_verdicts(acts, wanted, as_of=as_of, key=key)
    newest = standing.group_by(key, "tag").agg(nw.col("act_id").max().alias("newest__"))
    chosen = standing.join(
        newest.select(nw.col("newest__"), nw.lit(1).alias("one__")), left_on="act_id", right_on="newest__", how="semi"
    )
    day = nw.min_horizontal(nw.col("given_day"), nw.lit(as_of))
    columns = (nw.col("value"), day.alias("since"), day.alias("confirmed_on"), nw.lit("manual").alias("source"))
    return [chosen.select(key, "tag", *columns)]


def standing_verdicts(acts: Frame, tags: Sequence[Tag], *, as_of: date, key: str = "customer_key") -> Frame:
    """The rows of the acts that hold: not taken back, on as_of not expired, with a value that may be.

    One that expires on a day still holds on it.
    """
    require_columns(acts, ("act_id", key, "tag", "value", "given_day", "expires_on", "removed_day"), "acts")
    expires = nw.col("expires_on")
    held = acts.filter(
        ~nw.col(key).is_null(), nw.col("removed_day").is_null(), expires.is_null() | (expires >= nw.lit(as_of))
    )
    possible = [_may_be(tag) for tag in tags]
    return held.filter(nw.any_horizontal(*possible, ignore_nulls=True)) if possible else held.head(0)


def _may_be(tag: Tag) -> nw.Expr:
    values = [value for value, _ in tag.possible_values]
    fits = nw.col("value").is_in(values).fill_null(False) if values else nw.col("value").is_null()
    return (nw.col("tag") == tag.name) & fits


def model_tags(scores: Frame, tags: Sequence[Tag], *, as_of: date, key: str = "customer_key") -> list[Frame]:
    """Tags by a model's score: of each tag the newest day that was scored by as_of, and nothing of earlier days.

    scores: the fact table `model_scores` with `key`; of customers joined since they were scored the better rank counts.
    Who ranks below the last band has no value. since is the run's to say; confirmed_on is the day of the score.
    """
    wanted = [tag for tag in tags if tag.model is not None and tag.model.learnt]
    if not wanted:
        return []
    require_columns(scores, (key, "tag", "scored_day", "rank_millionths"), "model_scores")
    seen = scores.filter(~nw.col(key).is_null(), nw.col("scored_day") <= nw.lit(as_of))
    newest = seen.group_by("tag").agg(nw.col("scored_day").max())
    ranked = (
        seen.join(newest, on=["tag", "scored_day"], how="semi")
        .group_by(key, "tag", "scored_day")
        .agg(nw.col("rank_millionths").min())
    )
    found = []
    for tag in wanted:
        assert tag.model is not None
        bands: list[tuple[str | None, float]] = [(each.value, each.top_share) for each in tag.model.bands]
        bands = bands or [(None, tag.model.top_share or 0.0)]
        rank = nw.col("rank_millionths")
        value = missing(nw.String)
        for name, share in reversed(bands):
            value = nw.when(rank <= round(share * 1_000_000)).then(nw.lit(name).cast(nw.String)).otherwise(value)
        within = rank <= round(bands[-1][1] * 1_000_000)
        found.append(
            ranked.filter(nw.col("tag") == tag.name, within).select(
                nw.col(key),
                nw.col("tag"),
                value.alias("value"),
                missing(nw.Date).alias("since"),
                nw.col("scored_day").alias("confirmed_on"),
                nw.lit(tag.origin).alias("source"),
            )
        )
    return found


def all_tags(parts: Iterable[Frame]) -> Frame | None:
    """The rows of all sources as one frame; None where there is no tag at all."""
    frames = list(parts)
    # By pairs: DuckDB binds both sides of each union anew, so a long chain of them costs the square of its length.
    while len(frames) > 1:
        frames = [nw.concat(frames[i : i + 2]) for i in range(0, len(frames), 2)]
    return frames[0] if frames else None


def tag_rows(customers: Frame, tag: Tag, value: nw.Expr, as_of: date, key: str) -> Frame:
    """Rows of a tag that these customers have on as_of, and whose source does not say since when."""
    origin: Origin = tag.origin
    return customers.select(
        nw.col(key),
        nw.lit(tag.name).alias("tag"),
        value.cast(nw.String).alias("value"),
        missing(nw.Date).alias("since"),
        nw.lit(as_of).alias("confirmed_on"),
        nw.lit(origin).alias("source"),
    )


def _chosen(place: str, values: Sequence[str]) -> nw.Expr:
    chosen = missing(nw.String)
    for i, value in enumerate(values):
        chosen = nw.when(nw.col(place) == i).then(nw.lit(value)).otherwise(chosen)
    return chosen
