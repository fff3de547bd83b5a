"""The catalogue of live events: which names and properties each source sends, of which types, how many, since when.

Volumes are counted in the transaction that takes the events in, so they are exact. A source that sends ever new names
does not fill the database: beyond `MOST_NAMES` they are counted together, under the empty name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import Connection, select

from tierwise.state.live_tables import event_kind, event_property

MOST_NAMES = 2_000
"""Names of one source that are told apart."""

MOST_PROPERTIES = 500
"""Properties of one name that are told."""

MOST_OF_SOURCE = 20_000
"""Properties of one source, of all its names together."""

_LONGEST_PROPERTY = 200
_MOST_REMEMBERED = 100_000

Kind = tuple[int, str, str]
"""Write key, type of call, name."""

Shape = tuple[str, str, tuple[str, ...], tuple[type, ...]]
"""Type of call, name, names of properties, types of their values as Python has them."""

Property = tuple[int, str, str, str, str]
"""Write key, type of call, name, property, type of its values."""

_VALUE_TYPES: dict[type, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    list: "list",
    dict: "object",
}

_NOTE_KINDS = """
insert into event_kind as k (write_key_id, type, event, volume, first_seen_at, last_seen_at)
select a, b, c, d, %s, %s from unnest(%s::int[], %s::text[], %s::text[], %s::bigint[]) as u (a, b, c, d)
on conflict (write_key_id, type, event) do update set volume = k.volume + excluded.volume,
    last_seen_at = greatest(k.last_seen_at, excluded.last_seen_at)
"""

_NOTE_PROPERTIES = """
insert into event_property (write_key_id, type, event, property, value_type, first_seen_at)
select a, b, c, d, e, %s from unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[]) as u (a, b, c, d, e)
on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class PropertySeen:
    """One property: the types of its values, and when it first came."""

    property: str
    value_types: tuple[str, ...]
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class EventSeen:
    """One name of one source. event is empty for calls without a name, and for names beyond those told apart.

    volume: how many came, those sent again not counted.
    """

    write_key_id: int
    type: str
    event: str
    volume: int
    first_seen_at: datetime
    last_seen_at: datetime
    properties: tuple[PropertySeen, ...]


@dataclass(slots=True)
class Noted:
    """What one transaction has added to the catalogue, remembered once it is committed."""

    kinds: set[Kind] = field(default_factory=set)
    shapes: set[tuple[int, Shape]] = field(default_factory=set)
    properties: set[Property] = field(default_factory=set)
    names_of_source: Counter[int] = field(default_factory=Counter)
    properties_of_source: Counter[int] = field(default_factory=Counter)


class Catalogue:
    """What this process knows to stand in the catalogue already, so that each event costs next to nothing."""

    def __init__(self) -> None:
        self._names: dict[int, set[tuple[str, str]]] = {}
        self._properties: dict[Kind, set[tuple[str, str]]] = {}
        self._of_source: Counter[int] = Counter()
        self._shapes: set[tuple[int, Shape]] = set()
        self._loaded = False

    def note(
        self,
        cursor: psycopg.Cursor[Any],
        kinds: Mapping[Kind, int],
        shapes: Sequence[tuple[int, Iterable[Shape]]],
        at: datetime,
    ) -> Noted:
        """Count events by name and add new properties, in the caller's transaction; what to remember after it."""
        if not self._loaded:
            self._load(cursor)
        noted, counted = Noted(), Counter[Kind]()
        for kind, count in kinds.items():
            counted[self._kept_apart(kind, noted)] += count
        if counted:
            rows = [(*kind, count) for kind, count in sorted(counted.items())]
            cursor.execute(_NOTE_KINDS, [at, at, *(list(column) for column in zip(*rows, strict=True))])
        for key, of_request in shapes:
            for shape in of_request:
                if (key, shape) not in self._shapes and (key, shape) not in noted.shapes:
                    self._take_apart(key, shape, noted)
        if noted.properties:
            columns = [list(column) for column in zip(*sorted(noted.properties), strict=True)]
            cursor.execute(_NOTE_PROPERTIES, [at, *columns])
        return noted

    def remember(self, noted: Noted) -> None:
        """What was noted is committed."""
        for key, call, event in noted.kinds:
            self._names.setdefault(key, set()).add((call, event))
        for key, call, event, name, value_type in noted.properties:
            self._keep((key, call, event), name, value_type)
        if len(self._shapes) + len(noted.shapes) > _MOST_REMEMBERED:
            self._shapes.clear()
        self._shapes |= noted.shapes

    def _load(self, cursor: psycopg.Cursor[Any]) -> None:
        for key, call, event in cursor.execute("select write_key_id, type, event from event_kind"):
            self._names.setdefault(key, set()).add((call, event))
        asked = "select write_key_id, type, event, property, value_type from event_property"
        for key, call, event, name, value_type in cursor.execute(asked):
            self._keep((key, call, event), name, value_type)
        self._loaded = True

    def _keep(self, kind: Kind, name: str, value_type: str) -> None:
        known = self._properties.setdefault(kind, set())
        if (name, value_type) not in known:
            known.add((name, value_type))
            self._of_source[kind[0]] += 1

    def _kept_apart(self, kind: Kind, noted: Noted) -> Kind:
        key, call, event = kind
        known = self._names.get(key, set())
        if not event or (call, event) in known or kind in noted.kinds:
            return kind
        if len(known) + noted.names_of_source[key] >= MOST_NAMES:
            return (key, call, "")
        noted.kinds.add(kind)
        noted.names_of_source[key] += 1
        return kind

    def _take_apart(self, key: int, shape: Shape, noted: Noted) -> None:
        call, event, names, types = shape
        kind = (key, call, event)
        if event and (call, event) not in self._names.get(key, set()) and kind not in noted.kinds:
            kind = (key, call, "")
        known = self._properties.get(kind, set())
        told = {name for name, _ in known}
        room = MOST_OF_SOURCE - self._of_source[key] - noted.properties_of_source[key]
        for name, type_ in zip(names, types, strict=True):
            cut = name[:_LONGEST_PROPERTY].replace("\0", "\ufffd")
            value_type = _VALUE_TYPES[type_]
            found = (*kind, cut, value_type)
            if (cut, value_type) in known or found in noted.properties:
                continue
            if room <= 0 or (cut not in told and len(told) >= MOST_PROPERTIES):
                continue
            told.add(cut)
            room -= 1
            noted.properties.add(found)
            noted.properties_of_source[key] += 1
        noted.shapes.add((key, shape))


def list_events(connection: Connection, *, write_key_ids: Sequence[int] | None = None) -> list[EventSeen]:
    """The catalogue, by source, then the most frequent first."""
    asked = select(event_property).order_by(*event_property.primary_key.columns)
    properties: dict[Kind, dict[str, tuple[list[str], datetime]]] = {}
    for row in connection.execute(asked):
        of_kind = properties.setdefault((row.write_key_id, row.type, row.event), {})
        types, first = of_kind.get(row.property, ([], row.first_seen_at))
        of_kind[row.property] = ([*types, row.value_type], min(first, row.first_seen_at))
    query = select(event_kind).order_by(
        event_kind.c.write_key_id, event_kind.c.volume.desc(), event_kind.c.type, event_kind.c.event
    )
    if write_key_ids is not None:
        query = query.where(event_kind.c.write_key_id.in_(write_key_ids))
    return [
        EventSeen(
            **row._mapping,
            properties=tuple(
                PropertySeen(name, tuple(types), first)
                for name, (types, first) in sorted(properties.get((row.write_key_id, row.type, row.event), {}).items())
            ),
        )
        for row in connection.execute(query)
    ]
