"""Live events as rows of texts: what a mapping asks of each event, in the order in which they came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine

from tierwise.definitions import mapping as mappings
from tierwise.definitions.import_source import ImportSource, LiveEvents
from tierwise.definitions.rule import attributes_of
from tierwise.ingest.database_rows import Copied
from tierwise.ingest.mark import Mark
from tierwise.ingest.source_file import Tick
from tierwise.ingest.text_copy import copy_texts
from tierwise.state import inbox, write_keys
from tierwise.state.inbox import Waiting, Wanted

ITEM, ITEM_NUMBER = "item", "item_number"


def copy_events(
    source: ImportSource,
    origin: LiveEvents,
    engine: Engine,
    mark: Mark | None,
    target: Path,
    tick: Tick,
    *,
    until: int | None = None,
) -> Copied:
    """Write the events after the mark to `target`; the mark is then `until`, an event that is certain to have none
    before it still under way (`inbox.settled`), the last such one where it is None. Nothing in memory but a group of
    rows."""
    columns = columns_of(source.mapping)
    if until is None:
        with engine.begin() as connection:
            until = inbox.settled(connection)
    with engine.connect().execution_options(stream_results=True, max_row_buffer=2_000) as connection:
        names = write_keys.sources(connection)
        after = 0 if mark is None else int(mark.text)
        events = inbox.between(connection, after, until, wanted_of(origin, names))
        rows = (row for event in events for row in rows_of(event, names[event.write_key_id], columns, origin.each))
        count = copy_texts(target, columns, rows, tick)
    return Copied(count, Mark("number", until))


def wanted_of(origin: LiveEvents, names: Mapping[int, str]) -> Wanted:
    """Which events a source reads. names: of write keys, by their ids."""
    keys = None if origin.keys is None else [key for key, name in names.items() if name in origin.keys]
    return Wanted(origin.calls, origin.events, keys)


def columns_of(mapping: mappings.Mapping) -> tuple[str, ...]:
    """What a mapping reads of an event, each once."""
    named = [each for each in mapping.columns.values() if isinstance(each, str)]
    named += mapping.order_key if isinstance(mapping.order_key, tuple) else ()
    for rule in (mapping.refunds, mapping.ignore):
        named += attributes_of(rule) if rule is not None else ()
    return tuple(dict.fromkeys(named))


def rows_of(event: Waiting, key: str, columns: Sequence[str], each: str | None) -> Iterator[list[str | None]]:
    """The cells of one event, a row of them per thing that it lists; none where `each` is no list, or an empty one."""
    body = orjson.loads(event.body)
    known: dict[str, Any] = {
        **body,
        "type": event.type,
        "event": event.event,
        "userId": event.user_id,
        "anonymousId": event.anonymous_id,
        "messageId": event.message_id,
        "occurred_at": _instant(event.occurred_at),
        "received_at": _instant(event.received_at),
        "key": key,
    }
    if each is None:
        yield [_text(_at(known, column)) for column in columns]
        return
    listed = _at(known, each)
    for number, item in enumerate(listed if isinstance(listed, list) else (), 1):
        told = {**known, ITEM: item, ITEM_NUMBER: number}
        yield [_text(_at(told, column)) for column in columns]


def _at(body: Any, path: str) -> Any:
    """What stands there: a name with dots in it before the way through objects; None where nothing does."""
    if not isinstance(body, dict):
        return None
    if path in body:
        return body[path]
    head, _, rest = path.partition(".")
    return _at(body.get(head), rest) if rest else None


def _text(value: Any) -> str | None:
    match value:
        case None:
            return None
        case str():
            return value
        case _:
            return orjson.dumps(value).decode()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
