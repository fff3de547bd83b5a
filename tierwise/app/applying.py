"""Live events into facts: every source of events takes in what is new, then the inbox knows that it is done."""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions, ensure_initialised
from tierwise.app.importing import ImportReport, session_of
from tierwise.definitions.import_source import ImportSource, LiveEvents
from tierwise.ingest.event_rows import wanted_of
from tierwise.ingest.table_source import import_source
from tierwise.kernel.errors import TierwiseError
from tierwise.state import inbox, source_readings, write_keys
from tierwise.state.locks import held

_LOCK = "applying events"


@dataclass(frozen=True, slots=True)
class Applied:
    """What one application took in. events: how many waited until then, also those that no source reads."""

    events: int
    imports: tuple[ImportReport, ...]


def apply_events(ctx: Context) -> Applied:
    """Take what has come live into the facts, through the importer, source by source.

    An import moves its source's mark in its own transaction, and events are applied once all sources have passed them.
    So whatever dies in between takes nothing in twice and loses nothing: the next application goes on where each source
    was. One at a time. Raises `no_event_source` where nothing says what events are, and what `import_source` raises.
    """
    ctx.principal.require("import")
    ensure_initialised(ctx)
    with held(ctx.database, _LOCK):
        with ctx.database.connect() as connection:
            sources = current_definitions(connection).of(ImportSource)
        wanted = [(each, each.origin) for each in sources if isinstance(each.origin, LiveEvents)]
        if not wanted:
            raise TierwiseError(
                "no_event_source",
                "no definition says what live events are as facts",
                remedy="define sources of kind events and apply them (docs/tracking.md)",
            )
        with ctx.database.begin() as connection:
            until = inbox.settled(connection)
        imports = tuple(
            import_source(session_of(ctx, None), source, ctx.home / "secrets")
            for source, origin in wanted
            if _has_new(ctx, source, origin, until)
        )
        with ctx.database.begin() as connection:
            return Applied(inbox.apply_until(connection, until, until), imports)


def _has_new(ctx: Context, source: ImportSource, origin: LiveEvents, until: int) -> bool:
    with ctx.database.connect() as connection:
        last = source_readings.newest(connection, source.name, source.fingerprint)
        after = 0 if last is None or last.mark is None else int(last.mark)
        return inbox.any_between(connection, after, until, wanted_of(origin, write_keys.sources(connection)))
