"""How a file with these headers was read last time: what somebody chose once need not be chosen again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tierwise.app.context import Context
from tierwise.app.uploads import IMPORTABLE, TRAIT
from tierwise.state import imports, jobs

LOOKED_AT = 500
"""So many of the newest imports are looked through."""


@dataclass(frozen=True, slots=True)
class ReadBefore:
    """An import of a file with the same headers in the same order. meanings: of each header, as `uploads.meant` takes
    them. who: null where the job is not kept."""

    import_id: int
    file: str
    at: datetime
    who: str | None
    table: str
    meanings: tuple[str | None, ...]


def read_before(ctx: Context, headers: Sequence[str], table: str | None = None) -> ReadBefore | None:
    """The newest import of a file with these headers, as rows of a table where one is named; None where there is none
    by which the columns could be told."""
    ctx.principal.require("import")
    wanted = list(headers)
    with ctx.database.connect() as connection:
        for found in imports.list_imports(connection, table_name=table, limit=LOOKED_AT):
            given = (found.mapping.get("file") or {}).get("headers")
            if given != wanted or found.table_name not in IMPORTABLE:
                continue
            who = None if found.job_id is None else jobs.get(connection, found.job_id).principal
            file = found.path.rpartition("/")[2]
            meanings = meanings_of(found.mapping.get("columns") or {}, wanted)
            return ReadBefore(found.id, file, found.at, who, found.table_name, meanings)
    return None


def meanings_of(columns: Mapping[str, Any], headers: Sequence[str]) -> tuple[str | None, ...]:
    """Of each header what it was read as; of two meanings of one column the name, whose id goes without saying.

    >>> meanings_of({"store_id": "店", "store_name": "店", "trait.色": 2}, ["店", "色", "x"])
    ('store_name', 'trait', None)
    """
    by_place: dict[int, str] = {}
    for name, given in columns.items():
        at = given - 1 if isinstance(given, int) else headers.index(given) if given in headers else -1
        if at not in by_place or name.endswith("_name"):
            by_place[at] = name
    found = (by_place.get(at) for at in range(len(headers)))
    return tuple(TRAIT if name is not None and name.startswith("trait.") else name for name in found)
