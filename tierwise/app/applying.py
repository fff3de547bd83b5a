"""Live events into facts: every source of events takes in what is new, then the inbox knows that it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions, ensure_initialised
from tierwise.app.identity import take_live_identities
from tierwise.app.importing import ImportReport, session_of
from tierwise.app.live_customers import catch_up
from tierwise.definitions.identities import Identities
from tierwise.definitions.import_source import ImportSource, LiveEvents
from tierwise.ingest.event_rows import wanted_of
from tierwise.ingest.table_source import import_source
from tierwise.kernel.errors import TierwiseError
from tierwise.state import inbox, source_readings, write_keys
from tierwise.state.locks import held

_LOCK = "applying events"

MOST_AT_ONCE = 50_000
"""So many events are taken in at once: what dies half-way begins with these again, not with all that wait."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What one application took in. events: how many waited until then, also those that no source reads.

    customers: how many of them were told anew; changes: entries into segments and stages, and exits. links: of ids that
    events used together for the first time; null where no definition says by which ids a person is known.
    """

    events: int
    imports: tuple[ImportReport, ...]
    customers: int = 0
    changes: int = 0
    links: int | None = None

    def __add__(self, other: Applied) -> Applied:
        """Both, one after the other."""
        links = None if other.links is None else (self.links or 0) + other.links
        customers, changes = self.customers + other.customers, self.changes + other.changes
        return Applied(self.events + other.events, (*self.imports, *other.imports), customers, changes, links)


def apply_events(ctx: Context, *, wait_seconds: float | None = None) -> Applied:
    """Take what has come live into the facts, through the importer, source by source; then tell whom that changes.

    An import moves its source's mark in its own transaction, and events are applied once all sources have passed them.
    So whatever dies in between takes nothing in twice and loses nothing: the next application goes on where each source
    was. Where many wait they are taken `MOST_AT_ONCE` by `MOST_AT_ONCE`. One application at a time; wait_seconds: for
    another, as long as it takes where it is None. Raises `busy`, `no_event_source` where nothing says what events are,
    and what `import_source` and `live_customers.catch_up` raise.
    """
    ctx.principal.require("import")
    ensure_initialised(ctx)
    with held(ctx.database, _LOCK, wait_seconds=wait_seconds):
        with ctx.database.connect() as connection:
            definitions = current_definitions(connection)
        sources, identities = definitions.of(ImportSource), definitions.of(Identities)
        wanted = [(each, each.origin) for each in sources if isinstance(each.origin, LiveEvents)]
        if not wanted and not identities:
            raise TierwiseError(
                "no_event_source",
                "no definition says what live events are as facts",
                remedy="define sources of kind events and apply them (docs/tracking.md)",
            )
        with ctx.database.begin() as connection:
            until = inbox.settled(connection)
        done = Applied(0, (), links=0 if identities else None)
        reached = -1
        while reached < until:
            with ctx.database.connect() as connection:
                reached = inbox.within(connection, until, MOST_AT_ONCE)
            done += _apply(ctx, wanted, identities, reached)
        return done


def _apply(
    ctx: Context,
    wanted: Sequence[tuple[ImportSource, LiveEvents]],
    identities: Sequence[Identities],
    until: int,
) -> Applied:
    """What waits up to that event."""
    links = take_live_identities(ctx, identities[0], until) if identities else None
    imports = tuple(
        import_source(session_of(ctx, None), source, ctx.home / "secrets", until=until)
        for source, origin in wanted
        if _has_new(ctx, source, origin, until)
    )
    with ctx.database.begin() as connection:
        events = inbox.apply_until(connection, until, until)
    told = catch_up(ctx, until)
    return Applied(events, imports, told.customers, told.changes, links)


def _has_new(ctx: Context, source: ImportSource, origin: LiveEvents, until: int) -> bool:
    with ctx.database.connect() as connection:
        last = source_readings.newest(connection, source.name, source.fingerprint)
        after = 0 if last is None or last.mark is None else int(last.mark)
        return inbox.any_between(connection, after, until, wanted_of(origin, write_keys.sources(connection)))
