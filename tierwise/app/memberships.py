"""Which segments and stages a customer is in now, and every entry and exit, in the order in which they were told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from tierwise.app.context import Context
from tierwise.app.known_customers import Customers
from tierwise.app.own_customers import require_own
from tierwise.app.reading import label_of, opened_run
from tierwise.app.views import Label, Live
from tierwise.definitions.base import Definition
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.segment import Segment
from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.given import live_names
from tierwise.kernel.errors import TierwiseError
from tierwise.state import memberships
from tierwise.state.memberships import LiveCustomer, Standing

MOST = 1000
"""So many changes are given at once."""


@dataclass(frozen=True, slots=True)
class Membership:
    """One segment or stage that a customer is in. kind: segment or stage; value: the stage's name, of a segment yes."""

    kind: str
    name: str
    title: Label
    value: str


@dataclass(frozen=True, slots=True)
class MembershipsView:
    """One customer's segments and stages. as_of: of the run, or where `live` says so of that day."""

    customer_id: str
    run_id: int
    as_of: date
    live: Live | None
    memberships: tuple[Membership, ...]


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One entry or exit. as_of: the day of which it was told; run_id: the run that told it, or beside which it was told
    after events up to `until`, null for a run."""

    id: int
    at: datetime
    customer_id: str | None
    kind: str
    name: str
    value: str
    entered: bool
    as_of: date
    run_id: int
    until: int | None


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Changes in the order in which they were told. next_after: ask for those behind it; the last one told where there
    are no more."""

    changes: tuple[ChangeRow, ...]
    next_after: int


def live_of(ctx: Context, customer_id: str, run_id: int | None = None) -> tuple[LiveCustomer, Standing] | None:
    """The customer as of now where more is known than the current run saw. run_id: a kept run is never live."""
    if run_id is not None:
        return None
    with ctx.database.connect() as state:
        found = memberships.live_customer_of(state, customer_id)
        standing = None if found is None else memberships.standing(state)
    if found is None or standing is None or standing.run_id != opened_run(ctx, None).run.id:
        return None
    return found, standing


def live_view(found: LiveCustomer, standing: Standing) -> Live:
    return Live(standing.as_of, standing.until, found.at)


def of_customer(ctx: Context, customer_id: str) -> MembershipsView:
    """The segments and stages of one customer as of now. Raises `unknown_customer`, `no_run`."""
    require_own(ctx, "view_customer", customer_id)
    opened = opened_run(ctx, None)
    ladders, _ = live_names(opened.definitions.of_profile)
    live = live_of(ctx, customer_id)
    if live is None:
        held = _by_run(ctx, customer_id, list(ladders))
        as_of = opened.run.as_of
    else:
        held = sorted(live[0].states)
        as_of = live[1].as_of
    titles: dict[tuple[str, str], Definition] = {
        ("segment" if isinstance(each, Segment) else "stage", each.name): each
        for each in opened.definitions.of_profile
        if isinstance(each, Segment | Lifecycle)
    }
    rows = [_membership(state, titles) for state in held]
    return MembershipsView(
        customer_id,
        opened.run.id,
        as_of,
        None if live is None else live_view(*live),
        tuple(row for row in rows if (row.kind, row.name) in titles),
    )


def changes(
    ctx: Context, *, after: int = 0, limit: int = 100, name: str | None = None, customer_id: str | None = None
) -> ChangesPage:
    """Entries and exits behind `after`, of one segment or stages and of one customer if given.

    Whoever asks again and again with `next_after` is told each once, for `memberships.KEEP_DAYS` days.
    """
    ctx.principal.require("view_customer")
    with ctx.database.connect() as state:
        last = memberships.newest_id(state)
        found = memberships.changes(state, after=after, limit=min(limit, MOST), name=name, customer_id=customer_id)
    rows = tuple(
        ChangeRow(
            each.id,
            each.at,
            each.customer_id,
            each.kind,
            each.name,
            each.value,
            each.entered,
            each.as_of,
            each.run_id,
            each.until,
        )
        for each in found
    )
    return ChangesPage(rows, rows[-1].id if len(rows) == min(limit, MOST) else max(last, after))


def live_difference(ctx: Context, segment: str, run_id: int) -> int | None:
    """By how many customers a segment is larger as of now than that run found it; None where nothing is live."""
    with ctx.database.connect() as state:
        standing = memberships.standing(state)
        if standing is None or standing.run_id != run_id or not memberships.any_live(state):
            return None
        return memberships.live_difference(state, f"segment:{segment}:yes")


def _by_run(ctx: Context, customer_id: str, ladders: list[str]) -> list[str]:
    opened = opened_run(ctx, None)
    outputs = opened.run.outputs or {}
    with Customers(ctx) as customers:
        _, key = customers.one(customer_id)
        of_one = f"customer_key = {key}"
        connection = customers.connection
        profile = ctx.lake.read(connection, "profile", outputs["profile"])
        there = [column for column in ladders if column in profile.columns]
        row = profile.filter(of_one).project(", ".join(["customer_id", *map(quoted, there)])).fetchone()
        if row is None or row[0] != customer_id:
            raise TierwiseError(
                "unknown_customer",
                f'no customer "{customer_id}" as of {opened.run.as_of}',
                remedy="look at the id as the business writes it: tierwise show profile",
            )
        segments = ctx.lake.read(connection, "segments", outputs["segments"]).filter(of_one).project("segment")
        stages = [f"stage:{name}:{value}" for name, value in zip(there, row[1:], strict=True) if value is not None]
        return sorted([*stages, *(f"segment:{name}:yes" for (name,) in segments.fetchall())])


def _membership(state: str, titles: Mapping[tuple[str, str], Definition]) -> Membership:
    kind, name, value = state.split(":", 2)
    definition = titles.get((kind, name))
    return Membership(kind, name, Label(name, name) if definition is None else label_of(definition.title, name), value)


def as_values(found: LiveCustomer, types: Mapping[str, str]) -> str:
    """A query of one row: the live customer's profile, in columns of these types; nulls where it has none."""
    known = found.profile or {}
    columns = (
        f"CAST({'NULL' if name not in known else literal(known[name])} AS {kind}) AS {quoted(name)}"
        for name, kind in types.items()
    )
    return f"SELECT {', '.join(columns)}"
