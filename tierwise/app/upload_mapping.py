"""How a file that was sent is to be read: by a mapping file, as one like it was read before, or as it is recognised.

A mapping stands beside the file from when it is given; what a person changes besides is in the page until the import.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Given
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tierwise.app import uploads
from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.app.mappings_kept import ReadBefore, read_before
from tierwise.app.meanings import lost, meanings_of
from tierwise.app.uploads import UploadView, path_of
from tierwise.app.views import Label
from tierwise.definitions.identities import OWN, Identities
from tierwise.definitions.mapping import Mapping
from tierwise.definitions.read import mapping_of_text, parse_mapping
from tierwise.definitions.write import data_of, mapping_to_yaml
from tierwise.engine.duckdb_session import connect
from tierwise.facts.conform import bind
from tierwise.facts.names import resolve
from tierwise.ingest.private_folder import private_folder
from tierwise.ingest.source import open_source
from tierwise.ingest.survey import Suggestion, Survey, survey
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.rules import RuleType

__all__ = [
    "Draft",
    "Suggestion",
    "Survey",
    "draft",
    "give_mapping",
    "mapping_file",
    "read_otherwise",
    "returns_in",
    "settled",
]

_WAY = ("encoding", "delimiter", "header", "sheet")
"""Parts of a mapping by which a file is read before its columns mean anything."""

_OF_FILE = (*_WAY, "decimal", "timezone", "currency")
"""Parts that name no columns."""

UNREADABLE = ("bad_encoding", "unknown_encoding", "bad_delimiter", "no_header", "not_text", "unknown_sheet")
"""Why a file cannot be read as it was tried, though it may be in another way."""

LONGEST_TEXT = 1 << 20

_NUMBERS = ("quantity", "money", "unit_price", "integer")

_NUMBER = re.compile(r"\s*-?[0-9][0-9,]*(\.[0-9]+)?\s*")

_FOLDER, _FILE = ".mapping", "mapping.yaml"


@dataclass(frozen=True, slots=True)
class Draft:
    """A file and how it would be read. view: with the meanings that its columns then have. mapping: all else of it.

    origin: a mapping file, an import of a file with these headers (`before`), or the headers alone. lost: columns that
    the mapping names and the file has not. dates: canonical names that a format may be given for. types: of each
    column, as a rule over it has it: by what it means, else by the values that are seen. scopes: whose ids a customer's
    number may be, and what further ids a column may hold, with titles. timezone, currency: the project's.
    """

    view: UploadView
    mapping: Mapping
    origin: Literal["given", "before", "recognised"]
    before: ReadBefore | None
    lost: tuple[str, ...]
    dates: tuple[str, ...]
    types: tuple[RuleType, ...]
    scopes: Given[str, Label]
    timezone: str
    currency: str


def draft(
    ctx: Context, upload: str, *, table: str | None = None, sheet: str | None = None, afresh: bool = False
) -> Draft:
    """How the file would be read. table: in place of the one that fits best; a mapping for another then tells no more
    than how to read it. sheet: of a workbook. afresh: by its headers alone. Raises what `look` raises."""
    ctx.principal.require("import")
    given = None if afresh else _given(ctx, upload)
    if given is not None and table not in (None, given.table):
        given = parse_mapping({"table": table, **_told(given)})
    of_file = given if given is not None and not _tells_reading_alone(given) else None
    view = uploads.look(
        ctx, upload, table=table or (None if of_file is None else of_file.table), sheet=sheet, mapping=given
    )
    before = None
    wanted = view.table or uploads.IMPORTABLE[0]  # of sheets of which none was chosen nothing is recognised
    mapping = of_file or settled(given or Mapping(table=wanted), table=wanted)
    if of_file is None and not afresh and not view.undecided:
        before = read_before(ctx, view.headers, table)
    if before is not None:
        # Its headers were found by the way that this file is read, which may be another encoding.
        mapping = settled(before.mapping, **dict.fromkeys(_WAY), **({} if given is None else _told(given)))
        if before.table != view.table:
            view = uploads.look(ctx, upload, table=before.table, sheet=sheet, mapping=mapping)
    if mapping.columns and not view.undecided:
        view = replace(view, meanings=meanings_of(mapping.columns, view.headers))
    with ctx.database.connect() as connection:
        definitions = current_definitions(connection)
    scopes = next((each.all_scopes for each in definitions.of(Identities)), ())
    titles = {each.name: Label(each.title.in_language("zh"), each.title.in_language("en")) for each in scopes}
    if view.traits:
        further = {f"identity.{name}": title for name, title in titles.items() if name != OWN}
        view = replace(view, choices={**view.choices, **further})
    return Draft(
        view=view,
        mapping=mapping,
        origin="before" if before is not None else "given" if of_file is not None else "recognised",
        before=before,
        lost=() if view.undecided else lost(mapping.columns, view.headers),
        dates=tuple(name for name in view.choices if _is_date(view.table, name)),
        types=tuple(_type(view, at) for at in range(len(view.headers))),
        scopes=titles,
        timezone=definitions.project.timezone,
        currency=definitions.project.currency,
    )


def give_mapping(ctx: Context, upload: str, text: str) -> Mapping:
    """Take a mapping file for the file that was sent, in place of one that was given before. Nothing else is stored.

    Raises `unknown_upload`, `too_large`, and all that is wrong with it, by its lines.
    """
    ctx.principal.require("import")
    if len(text) > LONGEST_TEXT:
        raise TierwiseError("too_large", f"larger than {LONGEST_TEXT} bytes", place=_FILE)
    mapping = mapping_of_text(text, _FILE)
    uploads.check_known(mapping.table)
    _keep(ctx, upload, mapping)
    return mapping


def read_otherwise(ctx: Context, upload: str, mapping: Mapping, reading: Given[str, Any]) -> None:
    """Have the file read by another encoding, delimiter, line of the header or sheet (`reading`, by the names of a
    mapping): of the mapping as it is there stays what names no columns of the file."""
    ctx.principal.require("import")
    _keep(ctx, upload, parse_mapping({"table": mapping.table, **_told(mapping), **reading}))


def returns_in(ctx: Context, upload: str, mapping: Mapping) -> Survey:
    """How many rows are less than nothing, and the rules that could say what they are. Nothing is stored.

    mapping: its columns say where quantities and amounts stand; its own rules are not looked at. Raises what
    `import_file` raises of a mapping that does not fit.
    """
    ctx.principal.require("import")
    path = path_of(ctx, upload)
    with ctx.database.connect() as connection:
        project = current_definitions(connection).project
    with private_folder(ctx.scratch) as folder:
        source = open_source(path, mapping, folder, copied=True)
        plain = mapping.model_copy(update={"refunds": None, "ignore": None})
        binding = bind(plain, source.headers, zone=project.timezone, currency=project.currency, place=path.name)
        with closing(connect(folder / "spill", memory_limit=ctx.memory_limit)) as con:
            return survey(con, source, binding, folder)


def settled(mapping: Mapping, **changes: Any) -> Mapping:
    """The mapping with these parts otherwise, as JSON has them; null is none. Raises all that is wrong with it."""
    return parse_mapping({name: value for name, value in {**data_of(mapping), **changes}.items() if value is not None})


def mapping_file(mapping: Mapping) -> str:
    """The mapping as the file that `import --map` takes."""
    return mapping_to_yaml(mapping)


def _keep(ctx: Context, upload: str, mapping: Mapping) -> None:
    path = _place(ctx, upload)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(mapping_to_yaml(mapping), "utf-8")


def _given(ctx: Context, upload: str) -> Mapping | None:
    path = _place(ctx, upload)
    return mapping_of_text(path.read_text("utf-8")) if path.exists() else None


def _place(ctx: Context, upload: str) -> Path:
    return path_of(ctx, upload).parent / _FOLDER / _FILE


def _told(mapping: Mapping) -> dict[str, Any]:
    """What it says of the file and not of its columns."""
    return {name: value for name, value in data_of(mapping).items() if name in _OF_FILE}


def _tells_reading_alone(mapping: Mapping) -> bool:
    return set(data_of(mapping)) <= {"table", *_OF_FILE}


def _type(view: UploadView, at: int) -> RuleType:
    meaning = view.meanings[at]
    found = resolve(view.table, meaning) if meaning else None
    if found is not None and found[2] not in ("trait", "text"):
        return "number" if found[2] in _NUMBERS else "date" if found[2] in ("instant", "day") else "text"
    values = [row[at] for row in view.rows if at < len(row) and row[at].strip()]
    return "number" if values and all(map(_NUMBER.fullmatch, values)) else "text"


def _is_date(table: str, name: str) -> bool:
    found = resolve(table, name) if table else None
    return found is not None and found[2] in ("instant", "day")
