"""Versions of definitions. The current one of a (kind, name) is the highest; a removed one has no body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from tierwise.kernel.clock import utc_now
from tierwise.state.locks import hold_for_transaction
from tierwise.state.schema import definition

_LOCK = "definitions"


@dataclass(frozen=True, slots=True)
class DefinitionVersion:
    """One version. body: the definition as data (JSON keeps no order of keys), None where it was removed."""

    kind: str
    name: str
    version: int
    body: dict[str, Any] | None
    author: str
    note: str
    at: datetime


_COLUMNS = [definition.c[name] for name in ("kind", "name", "version", "body", "author", "note", "at")]


def current(connection: Connection, kind: str | None = None) -> list[DefinitionVersion]:
    """What holds now, ordered by kind and name; what was removed is left out."""
    newest = (
        select(*_COLUMNS)
        .ext(distinct_on(definition.c.kind, definition.c.name))
        .order_by(definition.c.kind, definition.c.name, definition.c.version.desc())
    )
    if kind is not None:
        newest = newest.where(definition.c.kind == kind)
    rows = [DefinitionVersion(**row._mapping) for row in connection.execute(newest)]
    return sorted((row for row in rows if row.body is not None), key=lambda row: (row.kind, row.name))


def changes(connection: Connection) -> int:
    """How many versions there are of all definitions: it grows with every change."""
    return int(connection.scalar(select(func.count()).select_from(definition)) or 0)


def get(connection: Connection, kind: str, name: str, version: int | None = None) -> DefinitionVersion | None:
    """One version, the newest where none is named (also a removal); None where there is none."""
    query = select(*_COLUMNS).where(definition.c.kind == kind, definition.c.name == name)
    query = query.order_by(definition.c.version.desc()).limit(1)
    if version is not None:
        query = query.where(definition.c.version == version)
    row = connection.execute(query).one_or_none()
    return None if row is None else DefinitionVersion(**row._mapping)


def at_versions(connection: Connection, versions: Mapping[str, int]) -> list[DefinitionVersion]:
    """Those very versions, by `kind name`; removals and what is not there are left out. One question for all."""
    wanted = []
    for label, version in versions.items():
        kind, _, name = label.partition(" ")
        wanted.append((kind, name, version))
    if not wanted:
        return []
    key = tuple_(definition.c.kind, definition.c.name, definition.c.version)
    rows = connection.execute(select(*_COLUMNS).where(key.in_(wanted)))
    found = [DefinitionVersion(**row._mapping) for row in rows if row.body is not None]
    return sorted(found, key=lambda row: (row.kind, row.name))


def put(
    connection: Connection, kind: str, name: str, body: Mapping[str, Any] | None, *, author: str, note: str = ""
) -> int | None:
    """Add a version and return its number; None where nothing changes. A body of None removes the definition.

    One transaction at a time writes definitions: the first `put` waits for another's end.
    """
    hold_for_transaction(connection, _LOCK)
    last = get(connection, kind, name)
    wanted = None if body is None else dict(body)
    if (last.body if last else None) == wanted:
        return None
    version = last.version + 1 if last else 1
    row = {"kind": kind, "name": name, "version": version, "body": wanted, "author": author, "note": note}
    connection.execute(insert(definition).values(**row, at=utc_now()))
    return version


def history(connection: Connection, kind: str, name: str) -> list[DefinitionVersion]:
    """All versions of one definition, the newest first; empty where there never was one."""
    query = select(*_COLUMNS).where(definition.c.kind == kind, definition.c.name == name)
    rows = connection.execute(query.order_by(definition.c.version.desc()))
    return [DefinitionVersion(**row._mapping) for row in rows]
