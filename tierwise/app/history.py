"""Who was in which tier, stage, tag and segment on any past day; entries, exits, moves, and how long they last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from itertools import pairwise

import duckdb

from tierwise.app.context import Context
from tierwise.app.defining import Definitions, current_definitions
from tierwise.app.history_views import (
    CountRow,
    CountsView,
    DwellRow,
    DwellView,
    FlowRow,
    FlowsView,
    HistoryView,
    HolderRow,
    HoldersPage,
    IntervalRow,
    MigrationRow,
    MigrationView,
    Named,
    SankeyLink,
    SankeyNode,
    SankeyView,
)
from tierwise.app.own_customers import require_own
from tierwise.app.reading import label_of
from tierwise.app.remembered import told_once
from tierwise.app.tier_values import tag_titles, value_titles
from tierwise.app.views import Label
from tierwise.definitions.base import Definition
from tierwise.definitions.graph import label_of as definition_label
from tierwise.definitions.tag import Tag
from tierwise.engine import history_reading as reading
from tierwise.engine.history_files import HISTORY
from tierwise.engine.history_names import giver, in_order
from tierwise.ingest.known_ids import find_ids, ids_of_keys
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.state import history_days, lake_tables


@dataclass(frozen=True)
class _Open:
    """The recorded history, open; the days that it knows, the earliest first; the definitions of today."""

    ctx: Context
    past: reading.Past
    days: tuple[date, ...]
    versions: dict[str, int]
    definitions: Definitions

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        return self.past.connection

    def kind(self, name: str, kind: str | None) -> str:
        """The kind of a name. Raises `unknown_history_name`, `ambiguous_history_name`."""
        found = reading.kinds_of(self.past, name)
        if kind is not None and kind in found:
            return kind
        if kind is None and len(found) == 1:
            return found[0]
        if kind is None and found:
            raise TierwiseError(
                "ambiguous_history_name", f'"{name}" is {" and ".join(found)}', remedy=f"say --kind {found[0]}"
            )
        known = [known for of_kind, known in reading.names_of(self.past) if kind in (None, of_kind)]
        problem = unknown_name("history name", name, known)
        kept_not = [
            each for each in self.definitions.others if each.name == name and not getattr(each, "history", True)
        ]
        if kept_not:
            said = f"no history is kept of {definition_label(kept_not[0])}"
            problem = Problem(problem.code, said, None, "write `history: true` in it: it is kept from the next run on")
        raise TierwiseError.of([problem])

    def as_of(self, day: date) -> date:
        """The last recorded day on or before a day. Raises `no_history`."""
        earlier = [recorded for recorded in self.days if recorded <= day]
        if not earlier:
            raise TierwiseError(
                "no_history",
                f"nothing was recorded on or before {day}",
                remedy=f"history begins on {self.days[0]}: what was before cannot be told",
            )
        return earlier[-1]

    def definition(self, kind: str, name: str) -> Definition | None:
        """The definition of today that gives this name; None where there is none any more."""
        return giver(self.definitions.of_profile, kind, name)

    def title(self, kind: str, name: str) -> Label:
        definition = self.definition(kind, name)
        return Label(name, name) if definition is None else label_of(definition.title, name)

    def said(self, kind: str, name: str, value: str) -> Label | None:
        """What a value is called by today's definition; None where it says nothing of it."""
        definition = self.definition(kind, name)
        if isinstance(definition, Tag):
            return tag_titles([definition], name, value)
        return value_titles(definition).get(value)

    def in_order(self, kind: str, name: str, values: Sequence[str]) -> tuple[str, ...]:
        return in_order(self.definition(kind, name), values)


@contextmanager
def opened_history(ctx: Context) -> Iterator[_Open]:
    """Raises `no_history` where no run was recorded with history."""
    with ctx.database.connect() as state:
        versions = lake_tables.versions(state)
        days = history_days.recorded_days(state)
        definitions = current_definitions(state)
    connection = ctx.duckdb()
    try:
        past = reading.open_past(connection, ctx.lake, versions.get(HISTORY))
        if past is None:
            raise TierwiseError("no_history", "no run has been recorded in history yet", remedy="tierwise run")
        known = sorted({*days, *past.recent_days})
        yield _Open(ctx, past, tuple(known), versions, definitions)
    finally:
        connection.close()


def names(ctx: Context) -> tuple[Named, ...]:
    """Everything that history ever kept, by kind and name. Raises `no_history`."""
    ctx.principal.require("view")
    with opened_history(ctx) as house:
        return tuple(Named(kind, name, house.title(kind, name)) for kind, name in reading.names_of(house.past))


def days(ctx: Context) -> tuple[date, ...]:
    """The days of recorded runs, the earliest first. Raises `no_history`."""
    ctx.principal.require("view")
    with opened_history(ctx) as house:
        return house.days


def customer_history(ctx: Context, customer_id: str) -> HistoryView:
    """Every interval of one customer, also of one who is no longer known. Raises `unknown_customer`, `no_history`."""
    require_own(ctx, "view_customer", customer_id)
    with opened_history(ctx) as house:
        (found,) = find_ids(house.connection, ctx.lake, house.versions, [customer_id])
        if found.customer_key is None:
            raise TierwiseError(
                "unknown_customer",
                f'no source knows a customer "{customer_id}"',
                remedy="look at the id as the business writes it: tierwise show profile",
            )
        last = house.past.last_day
        intervals = reading.intervals_of(house.past, found.customer_key)
        first: dict[tuple[str, str], date] = {}
        for i in intervals:
            first.setdefault((i.kind, i.name), i.valid_from)
        unknown = {of for of, day in first.items() if not reading.began_before(house.past, *of, day)}
        rows = tuple(
            IntervalRow(
                kind=i.kind,
                name=i.name,
                title=house.title(i.kind, i.name),
                value=i.value,
                valid_from=i.valid_from,
                valid_to=i.valid_to,
                days=((i.valid_to or last) - i.valid_from).days,
                said=house.said(i.kind, i.name, i.value),
                since_unknown=(i.kind, i.name) in unknown and i.valid_from == first[i.kind, i.name],
            )
            for i in intervals
        )
        return HistoryView(customer_id, house.days[0], last, rows)


@told_once
def counts(ctx: Context, name: str, on: date, kind: str | None = None) -> CountsView:
    """How many customers held each value of a name on a day. Raises `no_history`, `unknown_history_name`,
    `ambiguous_history_name`."""
    ctx.principal.require("view")
    with opened_history(ctx) as house:
        kind = house.kind(name, kind)
        as_of = house.as_of(on)
        found = reading.counts_on(house.past, kind, name, on)
        customers = sum(found.values())
        rows = tuple(
            CountRow(value, found[value], found[value] / customers if customers else None)
            for value in house.in_order(kind, name, tuple(found))
        )
        return CountsView(kind, name, house.title(kind, name), on, as_of, rows, customers)


def holders(
    ctx: Context,
    name: str,
    on: date,
    *,
    value: str | None = None,
    kind: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> HoldersPage:
    """The customers who held a value on a day; any value where it is None. Raises as `counts`."""
    ctx.principal.require("view_customer")
    with opened_history(ctx) as house:
        kind = house.kind(name, kind)
        as_of = house.as_of(on)
        rows, of = reading.page_on(house.past, kind, name, on, value=value, after=after, limit=limit)
        ids = ids_of_keys(house.connection, ctx.lake, house.versions, [key for key, _ in rows])
        found = tuple(HolderRow(key, ids.get(key), held) for key, held in rows)
        return HoldersPage(kind, name, on, as_of, found, of, rows[-1][0] if len(rows) == limit else None)


@told_once
def flows(ctx: Context, name: str, from_day: date, to_day: date, kind: str | None = None) -> FlowsView:
    """Entries and exits of a name by run, both days included. Raises `bad_days` and as `counts`."""
    ctx.principal.require("view")
    _in_time([from_day, to_day])
    with opened_history(ctx) as house:
        kind = house.kind(name, kind)
        rows = tuple(
            FlowRow(flow.day, flow.value, flow.entries, flow.exits)
            for flow in reading.flows(house.past, kind, name, from_day, to_day)
        )
        days = tuple(day for day in house.days if from_day <= day <= to_day)
        return FlowsView(kind, name, house.title(kind, name), from_day, to_day, days, rows)


@told_once
def migration(ctx: Context, name: str, from_day: date, to_day: date, kind: str | None = None) -> MigrationView:
    """Who went from which value of a name to which between two days; null: not there. Raises `bad_days` and as
    `counts`."""
    ctx.principal.require("view")
    _in_time([from_day, to_day])
    with opened_history(ctx) as house:
        kind = house.kind(name, kind)
        as_of = [house.as_of(day) for day in (from_day, to_day)]
        moves = {
            (move.before, move.after): move.customers
            for move in reading.moves(house.past, kind, name, from_day, to_day)
        }
        leaving: dict[str | None, int] = {}
        for (before, _), customers in moves.items():
            leaving[before] = leaving.get(before, 0) + customers
        values = house.in_order(kind, name, tuple({value for pair in moves for value in pair if value is not None}))
        places: tuple[str | None, ...] = (*values, None)
        return MigrationView(
            kind=kind,
            name=name,
            title=house.title(kind, name),
            from_day=from_day,
            to_day=to_day,
            from_as_of=as_of[0],
            to_as_of=as_of[1],
            values=values,
            rows=tuple(
                MigrationRow(before, after, moves[before, after], moves[before, after] / leaving[before])
                for before in places
                for after in places
                if (before, after) in moves
            ),
            notes=tuple(
                f"the state on {day} is that of the run as of {run}"
                for day, run in zip((from_day, to_day), as_of, strict=True)
                if day != run
            ),
        )


@told_once
def sankey(ctx: Context, name: str, days: Sequence[date], kind: str | None = None) -> SankeyView:
    """The way of customers through a name over two or more days. Raises `bad_days` and as `counts`."""
    ctx.principal.require("view")
    _in_time(days)
    if len(set(days)) < max(len(days), 2):
        raise TierwiseError("bad_days", "a way leads over two days or more, each of them once")
    with opened_history(ctx) as house:
        kind = house.kind(name, kind)
        for day in days:
            house.as_of(day)
        found = reading.links(house.past, kind, name, days)
        sizes: dict[tuple[date, str | None], int] = {}
        for link in found:
            sizes[link.to_day, link.after] = sizes.get((link.to_day, link.after), 0) + link.customers
            if link.from_day == days[0]:
                sizes[days[0], link.before] = sizes.get((days[0], link.before), 0) + link.customers
        values = house.in_order(kind, name, tuple({value for _, value in sizes if value is not None}))
        places: tuple[str | None, ...] = (*values, None)
        nodes = [
            SankeyNode(_node(day, value), day, value, sizes[day, value])
            for day in days
            for value in places
            if (day, value) in sizes
        ]
        links = [
            SankeyLink(_node(link.from_day, link.before), _node(link.to_day, link.after), link.customers)
            for link in sorted(found, key=lambda f: (f.from_day, places.index(f.before), places.index(f.after)))
        ]
        return SankeyView(kind, name, house.title(kind, name), tuple(days), tuple(nodes), tuple(links))


@told_once
def dwell(ctx: Context, name: str, kind: str | None = None, until: date | None = None) -> DwellView:
    """How long each value of a name is held, up to a day; None is the last recorded one. Raises as `counts`."""
    ctx.principal.require("view")
    with opened_history(ctx) as house:
        kind = house.kind(name, kind)
        until = house.past.last_day if until is None else house.as_of(until)
        found = {length.value: length for length in reading.dwell(house.past, kind, name, until)}
        rows = tuple(DwellRow(**asdict(found[value])) for value in house.in_order(kind, name, tuple(found)))
        return DwellView(kind, name, house.title(kind, name), until, rows)


def _node(day: date, value: str | None) -> str:
    return f"{day}/" if value is None else f"{day}/={value}"


def _in_time(days: Sequence[date]) -> None:
    """Raises `bad_days` where one is before the one before it."""
    for earlier, later in pairwise(days):
        if later < earlier:
            raise TierwiseError("bad_days", f"{later} is before {earlier}", remedy="give the days in order")
