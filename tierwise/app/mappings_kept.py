"""How a file with these headers was read last time: what somebody chose once need not be chosen again."""

from __future__ import annotations

from collections.abc import Mapping as Given
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tierwise.app.context import Context
from tierwise.app.meanings import meanings_of, names_of
from tierwise.definitions.mapping import Mapping
from tierwise.definitions.read import parse_mapping
from tierwise.definitions.write import mapping_to_yaml
from tierwise.facts.contract import IMPORTABLE
from tierwise.kernel.errors import TierwiseError
from tierwise.state import imports, jobs

LOOKED_AT = 500
"""So many of the newest imports are looked through."""

_FOUND_OUT = ("dmy", "mdy")
"""What an import writes of a column whose dates told day from month by themselves; no format of a mapping."""


@dataclass(frozen=True, slots=True)
class ReadBefore:
    """An import of a file with the same headers in the same order. mapping: as it was used, with its rules. meanings:
    of each header, as `meanings.meant` takes them. who: null where the job is not kept."""

    import_id: int
    file: str
    at: datetime
    who: str | None
    table: str
    meanings: tuple[str | None, ...]
    mapping: Mapping


def read_before(ctx: Context, headers: Sequence[str], table: str | None = None) -> ReadBefore | None:
    """The newest import of a file with these headers, as rows of a table where one is named; None where there is none
    by which the columns could be told."""
    ctx.principal.require("import")
    wanted = list(names_of(headers))
    with ctx.database.connect() as connection:
        for found in imports.list_imports(connection, table_name=table, limit=LOOKED_AT):
            given = (found.mapping.get("file") or {}).get("headers")
            if given != wanted or found.table_name not in IMPORTABLE:
                continue
            mapping = _as_used(found.mapping)
            if mapping is None:
                continue
            who = None if found.job_id is None else jobs.get(connection, found.job_id).principal
            file = found.path.rpartition("/")[2]
            meanings = meanings_of(mapping.columns, headers)
            return ReadBefore(found.id, file, found.at, who, found.table_name, meanings, mapping)
    return None


def mapping_of_import(ctx: Context, import_id: int) -> str:
    """The mapping by which a file was read, as the file that `import --map` and the console take.

    Columns that were recognised are named, and day and month that the dates told by themselves are left to them again.
    Raises `unknown_import`, `no_mapping` where it was no file that a mapping reads.
    """
    ctx.principal.require("import")
    with ctx.database.connect() as connection:
        found = imports.get(connection, import_id)
    mapping = _as_used(found.mapping) if found.table_name in IMPORTABLE else None
    if mapping is None:
        raise TierwiseError("no_mapping", f"import {import_id} was not read by a mapping")
    return mapping_to_yaml(mapping)


def _as_used(stored: Given[str, Any]) -> Mapping | None:
    """What an import has stored, as a mapping; None where it is none of today's."""
    body = {name: value for name, value in stored.items() if name != "file"}
    body["formats"] = {name: form for name, form in (body.get("formats") or {}).items() if form not in _FOUND_OUT}
    try:
        return parse_mapping(body)
    except TierwiseError:
        return None
