"""Composite tags: a scorecard's score, cut into values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import narwhals as nw

from tierwise.definitions.tag import Cut, Tag
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import Frame, missing
from tierwise.metrics.rules import Schema
from tierwise.metrics.scorecard import SCORE, column_of, inside_value, with_lines
from tierwise.metrics.scorecard_scales import scorecard_scales
from tierwise.metrics.tags import tag_rows


def composite_tags(
    people: Frame,
    tags: Sequence[Tag],
    schema: Schema,
    *,
    as_of: date,
    keep: Keep = lazily,
    key: str = "customer_key",
) -> list[Frame]:
    """Composite tags as rows (`tags.TAG_COLUMNS`). people: one row per customer, with the attributes of `schema`.

    Who has values of fewer than `at_least_known` indicators is left out: what is missing would make a plausible score
    of nothing. The scales are learnt from the others, which executes a few queries for each tag; keep materialises
    what they read. Raises what `scorecard_scales` raises.
    """
    found = []
    for tag in tags:
        if tag.composite is None:
            continue
        known = known_people(people, tag, schema)
        scales = scorecard_scales(known, tag.composite.scorecard, schema=schema, keep=_named(keep, tag.name))
        graded = with_lines(known, scales).with_columns(_value(tag.composite.cuts).alias("graded__"))
        valued = graded.filter(~nw.col("graded__").is_null())
        found.append(tag_rows(valued, tag, nw.col("graded__"), as_of, key))
    return found


def known_people(people: Frame, tag: Tag, schema: Schema) -> Frame:
    """Those of whom enough is known for the tag to say something: the scales are learnt from them."""
    assert tag.composite is not None
    listed = tag.composite.scorecard.indicators
    # What is unknown is told by `scorecard_scales`, all of it at once.
    columns = [column_of(schema, each.attribute) for each in listed if each.attribute in schema]
    counted = [nw.when(inside_value(column).is_null()).then(nw.lit(0)).otherwise(nw.lit(1)) for column in columns]
    if not counted:
        return people
    return people.filter(nw.sum_horizontal(*counted) >= tag.composite.at_least_known)


def _value(cuts: Sequence[Cut]) -> nw.Expr:
    value = missing(nw.String)
    for cut in reversed(cuts):
        if cut.at_least is None:
            value = nw.lit(cut.value)
        else:
            enough = nw.col(SCORE) >= int(cut.at_least * 100)
            value = nw.when(enough).then(nw.lit(cut.value)).otherwise(value)
    return value


def _named(keep: Keep, tag: str) -> Keep:
    """Intermediates under names of the tag's own."""
    return lambda name, frame: keep(f"{name}_{tag}", frame)
