"""Files that somebody has sent to be looked at before they are imported: what they seem to be, and then the import."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Given
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from tierwise.app import under_way
from tierwise.app.context import Context
from tierwise.app.headings import column_label
from tierwise.app.importing import import_file
from tierwise.app.views import Label
from tierwise.definitions.mapping import Mapping, Sheets
from tierwise.facts.contract import IMPORTABLE
from tierwise.facts.headers import recognise
from tierwise.facts.synonyms import SYNONYMS
from tierwise.ingest.importer import ImportReport
from tierwise.ingest.private_folder import private_folder
from tierwise.ingest.propose import missing_in
from tierwise.ingest.record import Record
from tierwise.ingest.records import records
from tierwise.ingest.source import open_source
from tierwise.ingest.source_file import SourceFile
from tierwise.ingest.workbook import sheet_names
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError

__all__ = [
    "IMPORTABLE",
    "TRAIT",
    "TableGuess",
    "Upload",
    "UploadView",
    "look",
    "meant",
    "new_upload",
    "start_import",
    "try_out",
]

KEPT_HOURS = 24
"""A file that was sent and not imported is gone after so long."""

ROWS = 5

LONGEST_NAME = 120

TRAIT = "trait"
"""Stands for a column of a customers file that is kept under its own name."""

_TOLD_BY_NAME = {"store_name": "store_id", "product_name": "product_id"}
"""What is only named is told apart by its name (`facts/headers.py`)."""

_At = TypeVar("_At")

_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A place for a file that is being sent. path: where it is to be written."""

    id: str
    path: Path


@dataclass(frozen=True, slots=True)
class TableGuess:
    """How well a file fits a table: so many of its columns are recognised, and these are needed and missing."""

    table: str
    recognised: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UploadView:
    """A file that was sent, as rows of `table`. guesses: all tables, the best first. sheets: of a workbook; sheet: the
    one read, by name, or `*`. format, encoding, delimiter: as found. lines: about how many rows there are.

    headers, with rows: the first of them, as texts. meanings: of each header the canonical name, `trait`, or null.
    choices: canonical names that a column may mean, with their titles. missing: needed, and meant by none.
    undecided: a workbook of several sheets of which none was chosen; nothing is read then.
    """

    id: str
    name: str
    bytes: int
    table: str
    guesses: tuple[TableGuess, ...]
    format: str
    encoding: str
    delimiter: str
    packed: bool
    sheets: tuple[str, ...]
    sheet: str | None
    lines: int
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    meanings: tuple[str | None, ...]
    choices: Given[str, Label]
    missing: tuple[tuple[str, Label], ...]
    undecided: bool = False


def new_upload(ctx: Context, name: str) -> Upload:
    """A place for a file of that name; those that nobody came back to are removed."""
    ctx.principal.require("import")
    parent = _parent(ctx)
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = clock.utc_now().timestamp()
    for old in parent.iterdir():
        if now - old.stat().st_mtime > KEPT_HOURS * 3600:
            shutil.rmtree(old, ignore_errors=True)
    number = secrets.token_hex(12)
    folder = parent / number
    folder.mkdir(mode=0o700)
    return Upload(number, folder / _safe(name))


def look(ctx: Context, upload: str, *, table: str | None = None, sheet: str | None = None) -> UploadView:
    """What was sent, as rows of a table: of the one that fits best where none is named. Nothing is stored.

    Raises `unknown_upload`, `unknown_table`, and what `open_source` raises.
    """
    ctx.principal.require("import")
    path = _path(ctx, upload)
    try:
        with private_folder(ctx.scratch) as folder:
            source = open_source(path, Mapping(table=IMPORTABLE[0], sheet=sheet), folder, copied=True)
            first = islice((each for each in records(source) if isinstance(each, Record)), ROWS)
            rows = tuple(tuple(each.cells) for each in first)
    except TierwiseError as error:
        if error.code == "several_sheets":
            return _undecided(upload, path, table)
        told = (replace(each, place=(each.place or "").replace(str(path), path.name)) for each in error.problems)
        raise TierwiseError.of(list(told)) from None
    return _view(upload, path, source, rows, table, sheet)


def meant(view: UploadView, chosen: Sequence[str | None]) -> Mapping:
    """The mapping that takes the columns so: of each header a canonical name, `trait`, or null. Raises
    `meant_twice`."""
    named = [each for each in chosen if each and each != TRAIT]
    twice = sorted({each for each in named if named.count(each) > 1})
    if twice:
        raise TierwiseError(
            "meant_twice",
            f"two columns of the file mean {', '.join(twice)}",
            remedy="leave one of them out",
        )
    columns: dict[str, str | int] = {}
    for at, name in enumerate(chosen):
        if name == TRAIT:
            columns[f"trait.{view.headers[at]}"] = _by(view.headers, at)
        elif name:
            columns[name] = _by(view.headers, at)
    columns = _with_ids(view.table, columns)
    sheet: Sheets | None = view.sheet
    return Mapping(table=view.table, columns=columns, sheet=sheet)


def try_out(ctx: Context, upload: str, mapping: Mapping, *, replace_orders: bool = False) -> ImportReport:
    """What the import would do: all is read and counted, and nothing stored. Raises what `import_file` raises."""
    ctx.principal.require("import")
    path = _path(ctx, upload)
    return import_file(ctx, path, mapping.table, mapping, replace_orders=replace_orders, dry_run=True)


def start_import(ctx: Context, upload: str, mapping: Mapping, *, replace_orders: bool = False) -> int | None:
    """Begin to import it; the number of the job, which goes on by itself. The file is gone when it is done.

    Raises what is wrong before the job begins; the rest stands in the job.
    """
    ctx.principal.require("import")
    path = _path(ctx, upload)

    def work(began: Callable[[int], None]) -> None:
        import_file(ctx, path, mapping.table, mapping, replace_orders=replace_orders, began=began)
        shutil.rmtree(path.parent, ignore_errors=True)

    return under_way.begin(work, "import")


def _view(
    upload: str, path: Path, source: SourceFile, rows: tuple[tuple[str, ...], ...], table: str | None, sheet: str | None
) -> UploadView:
    guesses = _guesses(source.headers)
    wanted = table or guesses[0].table
    if wanted not in IMPORTABLE:
        raise TierwiseError("unknown_table", f'no table is called "{wanted}"', remedy=", ".join(IMPORTABLE))
    seen = recognise(source.headers, wanted)
    by_place: dict[int, str] = {}
    for name, at in seen.columns.items():
        if at not in by_place or by_place[at] in _TOLD_BY_NAME.values():
            by_place[at] = name
    left = TRAIT if wanted == "customers" else None
    meanings = tuple(by_place.get(at, left if header else None) for at, header in enumerate(source.headers))
    sheets = sheet_names(path) if source.format == "workbook" and not source.packed else ()
    needed = _needed(wanted, set(_with_ids(wanted, {name: at for at, name in by_place.items()})))
    return UploadView(
        id=upload,
        name=path.name,
        bytes=path.stat().st_size,
        table=wanted,
        guesses=guesses,
        format=source.format,
        encoding=source.encoding,
        delimiter=source.delimiter,
        packed=source.packed,
        sheets=sheets,
        sheet=sheet,
        lines=max(source.lines - source.header_lines, 0),
        headers=source.headers,
        rows=rows,
        meanings=meanings,
        choices={name: column_label(wanted, name) for name in SYNONYMS[wanted]},
        missing=tuple((name, column_label(wanted, name)) for name in needed),
    )


def _undecided(upload: str, path: Path, table: str | None) -> UploadView:
    return UploadView(
        id=upload,
        name=path.name,
        bytes=path.stat().st_size,
        table=table or "",
        guesses=(),
        format="workbook",
        encoding="",
        delimiter="",
        packed=False,
        sheets=sheet_names(path),
        sheet=None,
        lines=0,
        headers=(),
        rows=(),
        meanings=(),
        choices={},
        missing=(),
        undecided=True,
    )


def _guesses(headers: Sequence[str]) -> tuple[TableGuess, ...]:
    """All tables, by how many of the file's columns they know less how many they lack."""
    found = []
    for place, table in enumerate(IMPORTABLE):
        columns = recognise(headers, table).columns
        missing = _needed(table, set(columns))
        known = len(set(columns.values()))
        found.append((len(missing) - known, len(missing), place, TableGuess(table, known, missing)))
    return tuple(each[-1] for each in sorted(found, key=lambda each: each[:-1]))


def _needed(table: str, mapped: set[str]) -> tuple[str, ...]:
    """What is missing; lines may leave their day to the orders that are stored."""
    return tuple(name for name in missing_in(table, mapped) if (table, name) != ("order_lines", "ordered_at"))


def _with_ids(table: str, columns: Given[str, _At]) -> dict[str, _At]:
    """With the id of what is only named."""
    named = {
        number: columns[name]
        for name, number in _TOLD_BY_NAME.items()
        if name in columns and number not in columns and table != f"{name.removesuffix('_name')}s"
    }
    return dict(columns) | named


def _by(headers: Sequence[str], at: int) -> str | int:
    return at + 1 if headers.count(headers[at]) > 1 or not headers[at] else headers[at]


def _parent(ctx: Context) -> Path:
    return ctx.scratch / "uploads"


def _path(ctx: Context, upload: str) -> Path:
    folder = _parent(ctx) / upload
    if not _ID.fullmatch(upload) or not folder.is_dir() or not (files := list(folder.iterdir())):
        raise TierwiseError("unknown_upload", "the file is not here any more", remedy="choose it again")
    return files[0]


def _safe(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(character for character in last if character.isprintable()).strip(". ")
    return kept[-LONGEST_NAME:] or "upload.csv"
