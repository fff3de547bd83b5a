"""Levels of a run: who is where, what moving up would need, and who is near."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar

import narwhals as nw

from tierwise.app.context import Context
from tierwise.app.level_views import (
    ClosingView,
    IndicatorView,
    LevelRowView,
    LevelView,
    NearMissesView,
    NearMissRow,
    NeedView,
)
from tierwise.app.reading import Reader, label_of, reading
from tierwise.app.remembered import told_once
from tierwise.app.views import Label
from tierwise.definitions.base import Definition, Text
from tierwise.definitions.level import Level
from tierwise.engine.sources import frame
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.kernel.money import exponent, from_minor
from tierwise.metrics.frame import Frame, rows_of
from tierwise.metrics.level import GradedScales, graded_scales, level_columns, level_summary
from tierwise.metrics.level_distance import Closing, Headroom, closings, headroom, near_misses
from tierwise.metrics.rules import RuleColumn, rule_schema
from tierwise.metrics.scorecard import Line, value_column, with_values

WITHIN = Decimal(5)
"""How many points count as near, where nobody says."""

_D = TypeVar("_D", bound=Definition)


@told_once
def level(ctx: Context, name: str, *, within: Decimal = WITHIN, run_id: int | None = None) -> LevelView:
    """The levels of that name, the best first, with headroom and the scorecard as it was learnt.

    Learns the scales again from the snapshot, which gives what the run used. Raises `unknown_level`, `bad_value`, and
    what `reading` raises.
    """
    ctx.principal.require("view")
    _check(within)
    with reading(ctx, run_id) as reader:
        definition = definition_of(reader, Level, "level", name)
        scales, leveled = _learnt(reader, definition)
        rooms = headroom(leveled, definition.name, definition.levels, scales, within=within)
        return LevelView(
            run_id=reader.run.id,
            as_of=reader.run.as_of,
            name=definition.name,
            title=label_of(definition.title, definition.name),
            currency=reader.currency,
            weights=definition.scorecard.weights.method,
            consistency_ratio=scales.card.consistency_ratio,
            cut="score" if definition.levels[0].at_least is not None else "share",
            within=within,
            indicators=_indicators(reader, definition, scales),
            **_rows(reader, definition, scales, leveled, {room.level: room for room in rooms}),
        )


def near_miss(
    ctx: Context, name: str, *, within: Decimal = WITHIN, limit: int = 100, run_id: int | None = None
) -> NearMissesView:
    """Who lacks at most so many points to the next level, the nearest first, and what would close it for each.

    Raises `unknown_level`, `bad_value`, `not_allowed`, and what `reading` raises.
    """
    ctx.principal.require("view_customer")
    _check(within)
    with reading(ctx, run_id) as reader:
        definition = definition_of(reader, Level, "level", name)
        scales, leveled = _learnt(reader, definition)
        near = near_misses(leveled, definition.name, within)
        ((count,),) = rows_of(near.select(nw.len().cast(nw.Int64).alias("rows__")))
        return NearMissesView(
            run_id=reader.run.id,
            as_of=reader.run.as_of,
            name=definition.name,
            title=label_of(definition.title, definition.name),
            within=within,
            of=int(count),
            rows=_nearest(reader, definition, scales, near, limit),
        )


def _nearest(
    reader: Reader, definition: Level, scales: GradedScales, near: Frame, limit: int
) -> tuple[NearMissRow, ...]:
    names = level_columns(definition)
    lines = scales.card.lines
    shown = ["customer_id", names["grade"], names["score"], names["to_next"]]
    valued = with_values(near, [(line.name, line.where) for line in lines])
    rows = rows_of(
        valued.select(*shown, *(value_column(line.name) for line in lines))
        .sort(names["to_next"], "customer_id")
        .head(limit)
    )
    order = [grade.name for grade in definition.levels]
    found = []
    for customer_id, grade, score, lacking, *values in rows:
        told = closings(scales, {line.name: value for line, value in zip(lines, values, strict=True)})
        closing = tuple(_closing(reader, each) for each in told)
        found.append(NearMissRow(customer_id, grade, order[order.index(grade) - 1], score, lacking, closing))
    return tuple(found)


def _closing(reader: Reader, closing: Closing) -> ClosingView:
    return ClosingView(
        indicator=closing.line,
        unit=reader.unit(closing.attribute),
        now=closing.now,
        points=closing.points,
        points_needed=closing.points_needed,
        how=closing.how,
        needed=closing.needed,
    )


def _check(within: Decimal) -> None:
    if not 0 < within <= 1_000_000:
        raise TierwiseError("bad_value", f"within {within} points", remedy="a number of points above 0, such as 5")


def definition_of(reader: Reader, kind: type[_D], word: str, name: str) -> _D:
    """The definition as the run used it. Raises `unknown_level`, `unknown_matrix`."""
    found = {each.name: each for each in reader.definitions.of(kind)}
    if name not in found:
        if not found:
            raise TierwiseError(
                f"unknown_{word}",
                f'unknown {word} "{name}": the run has none',
                remedy=f"apply a definition with `kind: {word}`, then `tierwise run`",
            )
        raise TierwiseError.of([unknown_name(word, name, found)])
    return found[name]


def schema_of(reader: Reader, profile: Frame) -> dict[str, RuleColumn]:
    """The profile's columns, traits as `trait.LABEL` and under the plain label too."""
    known = rule_schema(profile, exponent(reader.currency))
    for column, label in reader.trait_labels.items():
        if column in known:
            known[f"trait.{label}"] = known[column]
            known.setdefault(label, known[column])
    return known


def _learnt(reader: Reader, definition: Level) -> tuple[GradedScales, Frame]:
    """The scales again, from those whom the run graded, and these customers' rows."""
    profile = frame(reader.connection, "profile")
    graded = profile.filter(~nw.col(level_columns(definition)["grade"]).is_null())
    schema = schema_of(reader, profile)
    return graded_scales(graded, definition.scorecard, definition.levels, schema=schema), profile


def _indicators(reader: Reader, definition: Level, scales: GradedScales) -> tuple[IndicatorView, ...]:
    return tuple(
        IndicatorView(
            name=line.name,
            title=_title(reader, indicator.title, line),
            attribute=line.attribute,
            unit=reader.unit(line.attribute),
            normalise=indicator.normalise,
            direction=indicator.direction,
            weight=line.weight / 1_000_000,
            highest=line.highest / 100,
        )
        for indicator, line in zip(definition.scorecard.indicators, scales.card.lines, strict=True)
    )


def _title(reader: Reader, given: Text, line: Line) -> Label:
    known = reader.label(line.attribute)
    return Label(given.in_language("zh") or known.zh, given.in_language("en") or known.en)


def _rows(
    reader: Reader, definition: Level, scales: GradedScales, leveled: Frame, rooms: dict[str, Headroom]
) -> dict[str, Any]:
    summary = level_summary(leveled, definition)
    cuts = [*scales.cuts, None]
    rows = []
    for grade, row, cut in zip(definition.levels, summary.rows, cuts, strict=True):
        room = rooms.get(grade.name)
        rows.append(
            LevelRowView(
                name=grade.name,
                title=label_of(grade.title, grade.name),
                customers=row.customers,
                share=row.share,
                monetary_amount=from_minor(row.monetary_minor, reader.currency),
                monetary_share=row.monetary_share,
                at_least=None if cut is None else cut / 100,
                mean_score=row.mean_score,
                mean_points_to_next=room.mean if room else None,
                near=room.near if room else 0,
                beyond=room.beyond if room else 0,
                needs=tuple(NeedView(each.line, each.customers, each.mean_change) for each in room.lines)
                if room
                else (),
                strategy=text_of(grade.strategy),
                owner=grade.owner or definition.owner,
                benefits=text_of(grade.benefits),
            )
        )
    return {"rows": tuple(rows), "customers": summary.customers, "outside": summary.outside}


def text_of(text: Text | None) -> Label | None:
    """A text that may be left out."""
    return None if text is None else label_of(text)
