"""The segments at a glance: how many are in each, since when there is it, who wrote it last, and what reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.app.reading import label_of as titled
from tierwise.app.remembered import told_once
from tierwise.app.rule_world import ground_of
from tierwise.app.views import Label
from tierwise.definitions.base import Definition
from tierwise.definitions.graph import label_of, readers_of
from tierwise.definitions.rule import InSegment
from tierwise.definitions.segment import Segment
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.state import definitions as stored


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment in use. customers: of the current run by today's rule, null before the first. since: when it was
    first written; changed_at, author, note: of the version in use. readers: what reads it, `kind name` -> title."""

    segment: Segment
    customers: int | None
    since: datetime
    changed_at: datetime
    version: int
    author: str
    note: str
    readers: dict[str, Label]


@dataclass(frozen=True, slots=True)
class SegmentCatalogue:
    """All segments by name. of: customers of the run; it and run_id and as_of are null before the first run."""

    rows: tuple[SegmentRow, ...]
    of: int | None
    run_id: int | None
    as_of: date | None


def catalogue(ctx: Context) -> SegmentCatalogue:
    """The segments in use. Raises what is wrong between them."""
    ctx.principal.require("view")
    return _catalogue(ctx, None)


def one(ctx: Context, name: str) -> SegmentRow:
    """One segment in use. Raises `unknown_segment`."""
    ctx.principal.require("view")
    return _catalogue(ctx, name).rows[0]


def _catalogue(ctx: Context, name: str | None) -> SegmentCatalogue:
    with ctx.database.connect() as state:
        definitions = current_definitions(state)
        found = {each.name: each for each in definitions.of(Segment)}
        if name is not None and name not in found:
            raise TierwiseError.of([unknown_name("segment", name, found)])
        wanted = found if name is None else {name: found[name]}
        newest = {each.name: each for each in stored.current(state, "segment")}
        first = {each.name: each for each in stored.at_versions(state, {f"segment {each}": 1 for each in wanted})}
    counts, of, run_id, as_of = _counted(ctx, tuple(wanted))
    rows = tuple(
        SegmentRow(
            segment,
            counts.get(each),
            (first.get(each) or newest[each]).at,
            newest[each].at,
            newest[each].version,
            newest[each].author,
            newest[each].note,
            _readers(segment, definitions.all),
        )
        for each, segment in wanted.items()
    )
    return SegmentCatalogue(rows, of, run_id, as_of)


def _readers(segment: Segment, every: tuple[Definition, ...]) -> dict[str, Label]:
    return {label_of(each): titled(each.title, each.name) for each in readers_of(segment, every)}


@told_once
def _counted(ctx: Context, names: Sequence[str]) -> tuple[dict[str, int], int | None, int | None, date | None]:
    rules = {name: InSegment(segment=name) for name in names}
    try:
        with ground_of(ctx, list(rules.values())) as ground:
            members = ground.members_of_many(rules) if rules else {}
            counts = {name: ground.rows(frame) for name, frame in members.items()}
            return counts, ground.of, ground.run.id, ground.run.as_of
    except TierwiseError as error:
        if error.code != "no_run":
            raise
        return {}, None, None, None
