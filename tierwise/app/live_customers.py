"""Customers between runs: told anew as soon as their facts change, and every entry and exit told once.

What was told last of a customer is the live row, or where there is none the run of the standing. A batch of events
and a run both tell the difference between that and what they found, in the transaction in which it comes to count; so
of one customer, name and value entries and exits take turns, whatever dies in between.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.app.reading import definitions_of
from tierwise.definitions.graph import label_of
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.segment import Segment
from tierwise.engine.build import Built
from tierwise.engine.execute import Inputs
from tierwise.engine.given import live_names
from tierwise.engine.live import Beside, Cuts, LiveRow, later_than, live_rows, touched
from tierwise.engine.membership_changes import Side, moves_between
from tierwise.engine.plan import HISTORY, SNAPSHOTS
from tierwise.engine.sources import register_facts
from tierwise.facts.contract import WHO_IS_WHO
from tierwise.kernel import clock
from tierwise.state import answers, lake_tables, memberships, runs, traits
from tierwise.state import definitions as stored
from tierwise.state.locks import held
from tierwise.state.memberships import TELLING, LiveCustomer, Standing


@dataclass(frozen=True, slots=True)
class Told:
    """What one step told. customers: how many were computed; changes: entries and exits; left_out: too many at once."""

    customers: int
    changes: int
    left_out: bool = False


NOTHING = Told(0, 0)

_FURTHEST_EAST = timedelta(hours=14)
"""No time zone's day begins earlier before UTC's."""

_CUTS: WeakKeyDictionary[Engine, Cuts] = WeakKeyDictionary()
"""Of each database what its standing run's customers give together; it never changes, and takes a second to learn."""


def catch_up(ctx: Context, until: int | None = None) -> Told:
    """Tell the customers whose facts have changed since the standing as of today, and their entries and exits.

    until: the event up to which the facts are; None: no event was applied since. Nothing before the first run. One at
    a time; a run that ends meanwhile waits. Raises what a run's steps raise, and then nothing is told, and the next
    time tells it.
    """
    with held(ctx.database, TELLING):
        with ctx.database.begin() as state:
            standing = memberships.standing(state) or _begun(state)
            if standing is None:
                return NOTHING
            run = runs.get(state, standing.run_id)
            now = _facts(lake_tables.versions(state))
            definitions = definitions_of(state, run)
            before = memberships.live_keys(state)
        today = max(clock.today(clock.zone(definitions.project.timezone)), run.as_of)
        until = standing.until if until is None else until
        following = replace(standing, as_of=today, versions=now, until=until, at=clock.utc_now())
        if now == dict(standing.versions) and (today == standing.as_of or not before):
            with ctx.database.begin() as state:
                memberships.stand(state, following)
            return NOTHING
        keys = _touched(ctx, standing.versions, now)
        left_out = keys is None
        keys = (keys or set()) | (before if today > standing.as_of else set())
        rows = _rows(ctx, run, today, now, keys) if keys else []
        following = replace(following, left_out=standing.left_out + left_out)
        with ctx.database.begin() as state:
            last = memberships.live_states(state, keys)
            told = memberships.tell(state, _changes(rows, last, following, run.id))
            memberships.replace_live(state, _as_live(rows, following.at))
            memberships.stand(state, following)
        return Told(len(rows), told, left_out)


def prepare(ctx: Context) -> bool:
    """Learn what the standing's run gives of all customers together, before the first event needs it; whether it was
    not known yet."""
    with ctx.database.connect() as state:
        standing = memberships.standing(state)
        run = None if standing is None else runs.get(state, standing.run_id)
    known = _CUTS.get(ctx.database)
    if standing is None or run is None or (known is not None and known.run_id == run.id):
        return False
    _rows(ctx, run, standing.as_of, standing.versions, ())
    return True


def is_behind(ctx: Context) -> bool:
    """Whether facts have changed since the standing, or a day has begun. It is asked all the time, and takes little."""
    with ctx.database.connect() as state:
        standing = memberships.standing(state)
        if standing is None:
            return runs.current(state) is not None
        if _facts(lake_tables.versions(state)) != dict(standing.versions):
            return True
        if (clock.utc_now() + _FURTHEST_EAST).date() <= standing.as_of or not memberships.any_live(state):
            return False
        return clock.today(clock.zone(current_definitions(state).project.timezone)) > standing.as_of


def takes_events(state: Connection) -> bool:
    """Whether a definition says what events are as facts, or whose."""
    sources = stored.current(state, "source")
    of_events = any((each.body or {}).get("origin", {}).get("kind") == "events" for each in sources)
    return of_events or bool(stored.current(state, "identities"))


RECENT_DAYS = 7
"""So old a run may be for answers alone to be told beside it: whoever is told is told as of today, and would stand
among customers who are told as of long ago."""


def tells_answers(state: Connection, as_of: date | None = None) -> bool:
    """Whether customers who were asked are told beside the run of the standing, or one as of that day."""
    if not answers.any_answer(state):
        return False
    if as_of is None:
        standing = memberships.standing(state)
        run = runs.current(state) if standing is None else runs.get(state, standing.run_id)
        as_of = None if run is None else run.as_of
    today = clock.today(clock.zone(current_definitions(state).project.timezone))
    return as_of is not None and (today - as_of).days <= RECENT_DAYS


Record = Callable[[Connection], int]
"""Records what a run tells, in the transaction that makes it count; how many entries and exits."""


def of_run(ctx: Context, run_id: int, inputs: Inputs, built: Built) -> Record:
    """What a run that is about to become current tells. The caller holds `TELLING` until it is recorded.

    A run as of a day before the standing's, or of a day to come, tells nothing: that is not how things stand now. Nor
    does the first run, nor any run of a segment or stages that the one before did not have.
    """
    today = clock.today(clock.zone(inputs.project.timezone))
    with ctx.database.connect() as state:
        standing = memberships.standing(state)
        earlier = None if standing is None else runs.get(state, standing.run_id)
        goes_on = takes_events(state) or tells_answers(state, inputs.as_of)
        told = memberships.live_states(state)
    if inputs.as_of > today or (earlier is not None and inputs.as_of < earlier.as_of):
        return lambda connection: 0
    rows: list[LiveRow] = []
    left_out = False
    if goes_on and inputs.as_of < today:
        found = _later(ctx, inputs)
        left_out = found is None
        if found:
            currency = str(built.counts.get("currency", inputs.project.currency))
            _CUTS[ctx.database] = Cuts(run_id)
            beside = Beside(inputs.as_of, built.outputs, currency, _CUTS[ctx.database])
            ahead = replace(inputs, as_of=today, previous_tags=built.outputs["tags"], remember=False, base=None)
            rows = _live_rows(ctx, ahead, beside, found)
    at = clock.utc_now()
    until = 0 if standing is None else standing.until
    following = Standing(run_id, today if rows else inputs.as_of, inputs.versions, until, at, int(left_out))

    def record(connection: Connection) -> int:
        count = 0
        if earlier is not None and _is_there(ctx, earlier):
            moves = _moves_of_run(ctx, earlier, inputs, built, told, rows, following)
            count = memberships.tell(connection, moves)
        memberships.forget_live(connection)
        memberships.replace_live(connection, _as_live(rows, at))
        memberships.stand(connection, following)
        while memberships.forget(connection, at - timedelta(days=memberships.KEEP_DAYS)):
            pass
        return count

    return record


def _begun(state: Connection) -> Standing | None:
    """Where there was a run before there was a standing: as that run left it."""
    run = runs.current(state)
    if run is None or run.outputs is None:
        return None
    standing = Standing(run.id, run.as_of, run.inputs, 0, clock.utc_now(), 0)
    memberships.stand(state, standing)
    return standing


def _facts(versions: Mapping[str, int]) -> dict[str, int]:
    return {name: version for name, version in versions.items() if name not in (*SNAPSHOTS, HISTORY, *WHO_IS_WHO)}


def _touched(ctx: Context, before: Mapping[str, int], now: Mapping[str, int]) -> set[int] | None:
    connection = ctx.duckdb()
    try:
        register_facts(connection, ctx.lake, now)
        return touched(connection, ctx.lake, before, now)
    finally:
        connection.close()


def _later(ctx: Context, inputs: Inputs) -> set[int] | None:
    connection = ctx.duckdb()
    try:
        register_facts(connection, ctx.lake, inputs.versions)
        return later_than(connection, inputs.versions, inputs.as_of)
    finally:
        connection.close()


def _rows(
    ctx: Context, run: runs.Run, today: date, versions: Mapping[str, int], keys: Collection[int]
) -> list[LiveRow]:
    """Customers as of today beside a run that is done, by its definitions."""
    with ctx.database.connect() as state:
        definitions = definitions_of(state, run)
        known = traits.list_traits(state)
        history = lake_tables.versions(state).get(HISTORY)
    outputs = run.outputs or {}
    inputs = Inputs(
        as_of=today,
        definitions=definitions.of_profile,
        project=definitions.project,
        versions=versions,
        traits={trait.column_name: trait.type for trait in known},
        trait_labels={trait.column_name: trait.name for trait in known},
        previous_tags=run.previous_tags if today == run.as_of else outputs.get("tags"),
        history=history,
        remember=False,
    )
    cuts = _CUTS.get(ctx.database)
    if cuts is None or cuts.run_id != run.id:
        cuts = _CUTS[ctx.database] = Cuts(run.id)
    currency = str((run.counts or {}).get("currency", definitions.project.currency))
    return _live_rows(ctx, inputs, Beside(run.as_of, outputs, currency, cuts), keys)


def _live_rows(ctx: Context, inputs: Inputs, beside: Beside, keys: Collection[int]) -> list[LiveRow]:
    connection = ctx.duckdb()
    try:
        return live_rows(connection, ctx.lake, inputs, beside, keys)
    finally:
        connection.close()


def _changes(
    rows: list[LiveRow], last: Mapping[int, LiveCustomer], standing: Standing, run_id: int
) -> Iterator[tuple[Any, ...]]:
    """Exits before entries, customer by customer."""
    for row in rows:
        held_before = set(last[row.key].states) if row.key in last else row.before
        for entered, found in ((False, held_before - row.states), (True, row.states - held_before)):
            for state in sorted(found):
                kind, name, value = state.split(":", 2)
                at, day, until = standing.at, standing.as_of, standing.until
                yield row.key, row.customer_id, kind, name, value, entered, at, day, run_id, until


def _as_live(rows: list[LiveRow], at: datetime) -> Iterator[LiveCustomer]:
    for row in rows:
        yield LiveCustomer(row.key, row.customer_id, row.profile, sorted(row.states), sorted(row.before), at)


def _is_there(ctx: Context, run: runs.Run) -> bool:
    """Whether the run's snapshot can still be read."""
    outputs = run.outputs or {}
    return all(
        Path(file).exists() for name in ("profile", "segments") for file in ctx.lake.files(name, outputs.get(name))
    )


def _moves_of_run(
    ctx: Context,
    earlier: runs.Run,
    inputs: Inputs,
    built: Built,
    told: Mapping[int, LiveCustomer],
    rows: list[LiveRow],
    standing: Standing,
) -> Iterator[tuple[Any, ...]]:
    """The moves between what was told last and a run with those who are further than it, as rows to be told."""
    both = (
        each
        for each in inputs.definitions
        if isinstance(each, Lifecycle | Segment) and label_of(each) in earlier.definitions
    )
    ladders, segments = live_names(both)
    if not ladders and not segments:
        return
    was = Side(earlier.outputs or {}, {key: row.states for key, row in told.items()})
    now = Side(built.outputs, {row.key: row.states for row in rows})
    connection = ctx.duckdb()
    try:
        for move in moves_between(connection, ctx.lake, was, now, ladders, segments):
            yield *move, standing.at, standing.as_of, standing.run_id, None
    finally:
        connection.close()
