"""Rows of the tables that pages show, by the use cases that the pages ask: each may be seen by whom they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tierwise.app import (
    answer_numbers,
    history,
    identity_reading,
    imports,
    inbox,
    levels,
    matrices,
    plans_kept,
    segment_catalogue,
    segments,
    showing,
    tag_catalogue,
    tag_validation,
)
from tierwise.app.context import Context
from tierwise.app.level_views import MatrixView
from tierwise.app.reading import label_of
from tierwise.app.run_views import IN_ALL
from tierwise.app.sheet import Asked
from tierwise.app.step_words import step_words
from tierwise.app.tag_catalogue import TagRow
from tierwise.app.views import AttributeValue, Label, RunView
from tierwise.app.vocabulary import vocabulary
from tierwise.definitions.rule import Comparison, InSegment
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.kernel.windows import parse_day

MOST = 100_000
"""Rows of lists that only grow, such as events: more of them no sheet is asked for."""

INBOX = ("source", "received", "applied", "duplicate", "quarantined", "declined", "pending")

OF_CUSTOMER = {
    "orders": ("order_id", "ordered_at", "store_id", "channel", "gross", "discount", "coupon"),
    "refunds": ("refund_id", "order_id", "refunded_at", "amount"),
    "visits": ("visit_id", "visited_at", "store_id", "kind", "vin", "mileage_km", "paid"),
    "vehicles": ("vin", "plate", "model", "powertrain", "delivered_on", "mileage_km"),
    "relations": ("of", "id", "role", "valid_from", "valid_to"),
}
"""The latest facts of one customer, as the 360 has them."""

VALUED = ("title", "customers", "share", "monetary_amount", "monetary_share", "strategy")


def of_customer(fact: str) -> Callable[[Context, Asked], tuple[dict[str, Any], ...]]:
    """The rows of one of `OF_CUSTOMER`."""

    def found(ctx: Context, asked: Asked) -> tuple[dict[str, Any], ...]:
        rows: tuple[dict[str, Any], ...] = getattr(showing.customer(ctx, asked["customer"]), fact)
        return rows

    return found


def attributes_of_customer(ctx: Context, asked: Asked) -> tuple[AttributeValue, ...]:
    return showing.customer(ctx, asked["customer"]).attributes


def tag(ctx: Context, asked: Asked) -> TagRow:
    found = {each.name: each for each in tag_catalogue.catalogue(ctx).tags}
    if asked["tag"] not in found:
        raise TierwiseError.of([unknown_name("tag", asked["tag"], found)])
    return found[asked["tag"]]


def tag_tests(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    return [
        {"test": test.id, "verdict": test.verdict, "author": test.author, "tested_at": test.at}
        | {name: getattr(day, name) for name in DAY}
        for test in tag_validation.validations(ctx, tag(ctx, asked).name)
        for day in test.days
    ]


DAY = (
    "day", "until", "customers", "tagged", "outcomes", "hits", "base_rate", "precision", "recall", "lift", "low",
    "high", "p_value", "p_adjusted", "reason",
)  # fmt: skip


def number(asked: Asked, name: str) -> int:
    text = asked[name]
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    raise TierwiseError(f"unknown_{name}", f"there is no {name} {text}")


def _run(ctx: Context, asked: Asked) -> RunView:
    wanted = number(asked, "run")
    found = next((each for each in showing.runs(ctx, 2**31 - 1) if each.id == wanted), None)
    if found is None:
        raise TierwiseError("unknown_run", f"there is no run {wanted}")
    return found


def run_steps(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    timings = _run(ctx, asked).timings
    whole = timings.get(IN_ALL) or sum(timings.values())
    return [
        {"step": Label(step_words(name, "zh"), name), "seconds": seconds, "share": seconds / whole if whole else None}
        for name, seconds in timings.items()
        if name != IN_ALL
    ]


def reasons_of_import(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    found = imports.one_import(ctx, number(asked, "import"))
    return [{"reason": code, "rows": count} for code, count in found.reasons.items()]


def identity_review(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    found = identity_reading.review(ctx, limit=MOST)
    return [
        {"first": pair.left, "second": pair.right, "identity": step.left, "with_identity": step.right}
        | {name: getattr(step, name) for name in STEP}
        for pair in found.pairs
        for step in pair.evidence
    ]


STEP = ("verdict", "source", "reason", "seen_at")


def event_catalogue(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    return [
        {name: getattr(each, name) for name in ("source", "type", "event", "volume", "first_seen_at", "last_seen_at")}
        | {"properties": [seen.property for seen in each.properties]}
        for each in inbox.catalogue(ctx, source=asked.get("source"))
    ]


def moves(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    name = asked["name"]
    found = history.migration(ctx, name, parse_day(asked["from"]), parse_day(asked["to"]))
    title = _titles(ctx, name)
    return [
        {"from": title(row.from_), "to": title(row.to), "customers": row.customers, "share": row.share}
        for row in found.rows
    ]


def plan_moves(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    found = plans_kept.moves(ctx, asked["plan"])
    words = vocabulary(ctx)
    titles = {name: _titles(ctx, name) for name in dict.fromkeys(row.name for row in found)}
    return [
        {
            "name": row.name,
            "title": words.title(row.name),
            "from": titles[row.name](row.from_),
            "to": titles[row.name](row.to),
            "customers": row.customers,
        }
        for row in found
    ]


def _titles(ctx: Context, name: str) -> Callable[[str | None], Label | None]:
    """The title of a value of a tier; none for who was not there."""
    words = vocabulary(ctx)
    return lambda value: None if value is None else words.value(name, value) or Label(value, value)


def near_misses(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    view = levels.level(ctx, asked["name"])
    titles = {row.name: row.title for row in view.rows}
    lines = {each.name: each.title for each in view.indicators}
    found = []
    for row in levels.near_miss(ctx, asked["name"], limit=MOST).rows:
        done = next((each for each in row.closings if each.how is not None), None)
        found.append(
            {
                "customer_id": row.customer_id,
                "level": titles[row.level],
                "next_level": titles[row.next_level],
                "score": row.score,
                "points_to_next": row.points_to_next,
                "indicator": lines.get(done.indicator) if done else None,
                "now": done.now if done else None,
                "how": done.how if done else None,
                "needed": done.needed if done else None,
            }
        )
    return found


def combinations(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    view: MatrixView = matrices.matrix(ctx, asked["name"])
    cells = {cell.name: cell.title for cell in view.cells}
    parts = [{part.name: part.title for part in each.parts} for each in view.dimensions]
    return [
        {
            "combination": [titles[part] for titles, part in zip(parts, row.parts, strict=True)],
            "cell": cells[row.cell],
        }
        | {name: getattr(row, name) for name in ("customers", "share", "monetary_amount", "monetary_share")}
        for row in view.rows
    ]


def rfm_scores(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    view = showing.rfm(ctx)
    return [
        {"attribute": column, "score": int(score), "customers": count}
        for column, counts in view.scores.items()
        for score, count in sorted(counts.items())
    ]


def counted_values(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    """How many customers have each value of an attribute that has titles for them."""
    words = vocabulary(ctx).attributes
    if asked["name"] not in words:
        raise TierwiseError.of([unknown_name("attribute", asked["name"], words)])
    rows = []
    for value, title in words[asked["name"]].values.items():
        found = segments.count(ctx, Comparison(attribute=asked["name"], op="=", value=value))
        share = found.customers / found.of if found.of else None
        rows.append({"value": value, "title": title, "customers": found.customers, "share": share})
    return rows


def segment_rows(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    found = segment_catalogue.catalogue(ctx)
    return [
        {
            "segment": row.segment.name,
            "title": label_of(row.segment.title, row.segment.name),
            "customers": row.customers,
            "share": row.customers / found.of if found.of and row.customers is not None else None,
            "purpose": row.segment.purpose,
            "strategy": label_of(row.segment.strategy) if row.segment.strategy else None,
            "owner": row.segment.owner,
            "since": row.since,
            "version": row.version,
            "author": row.author,
            "readers": list(row.readers.values()),
        }
        for row in found.rows
    ]


def _overlap(ctx: Context, asked: Asked) -> segments.Overlap:
    every = [each.name for each in segments.all_segments(ctx)]
    given = [each for each in asked.get("with", "").split(",") if each]
    others = given or [each for each in every if each != asked["segment"]]
    names = list(dict.fromkeys((asked["segment"], *others)))[: segments.MOST_SETS]
    return segments.overlap(ctx, {each: InSegment(segment=each) for each in names})


def pairs(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    titles = _segment_titles(ctx)
    found = _overlap(ctx, asked)
    return [
        {
            "segment": titles.get(pair.second),
            "customers": found.sets[pair.second],
            "both": pair.both,
            "of_first": pair.of_first,
            "of_second": pair.of_second,
            "jaccard": pair.jaccard,
        }
        for pair in found.pairs
        if pair.first == asked["segment"]
    ]


def regions(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    titles = _segment_titles(ctx)
    found = _overlap(ctx, asked)
    return [
        {
            "inside": [titles[each] for each in region.inside],
            "customers": region.customers,
            "share": region.customers / found.of if found.of else None,
        }
        for region in found.regions
    ]


def _segment_titles(ctx: Context) -> dict[str, Label]:
    return {each.name: label_of(each.title, each.name) for each in segments.all_segments(ctx)}


def asked_rows(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    """By question, then by who asked."""
    view = answer_numbers.answer_numbers(ctx)
    return [
        {"by": by, **{name: getattr(row, name) for name in answer_numbers.AskedRow.__slots__}}
        for by, rows in (("question", view.questions), ("asked by", view.people))
        for row in rows
    ]
