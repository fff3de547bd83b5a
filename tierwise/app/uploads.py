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

from tierwise.app import under_way
from tierwise.app.context import Context
from tierwise.app.headings import column_label
from tierwise.app.importing import import_file
from tierwise.app.meanings import TRAIT, may_be_trait, meanings_of, with_ids
from tierwise.app.views import Label
from tierwise.definitions.mapping import Mapping, Sheets
from tierwise.facts.contract import IMPORTABLE, TABLES
from tierwise.facts.headers import recognise
from tierwise.facts.names import CARRIED_BY, resolve
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
    "TableGuess",
    "Upload",
    "UploadView",
    "look",
    "new_upload",
    "start_import",
    "try_out",
]

KEPT_HOURS = 24
"""A file that was sent and not imported is gone after so long."""

ROWS = 5

LONGEST_NAME = 120

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
    one read, by name, several, or `*`. format, encoding, delimiter: as found. lines: about how many rows there are.

    headers, with rows: the first of them, as texts. meanings: of each header the canonical name, `trait`, or null.
    choices: canonical names that a column may mean, with their titles; traits: whether also what is known of the row's
    customer under its own name. missing: needed, and meant by none.
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
    sheet: Sheets | None
    lines: int
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    meanings: tuple[str | None, ...]
    choices: Given[str, Label]
    traits: bool
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


def look(
    ctx: Context, upload: str, *, table: str | None = None, sheet: Sheets | None = None, mapping: Mapping | None = None
) -> UploadView:
    """What was sent, as rows of a table: of the one that fits best where none is named. Nothing is stored.

    mapping: how the file is to be read, and what its columns mean where it has some. sheet: in place of its sheet.
    Raises `unknown_upload`, `unknown_table`, and what `open_source` raises.
    """
    ctx.principal.require("import")
    path = path_of(ctx, upload)
    told = mapping or Mapping(table=table or IMPORTABLE[0])
    sheet = told.sheet if sheet is None else sheet
    try:
        with private_folder(ctx.scratch) as folder:
            source = open_source(path, told.model_copy(update={"sheet": sheet}), folder, copied=True)
            first = islice((each for each in records(source) if isinstance(each, Record)), ROWS)
            rows = tuple(tuple(each.cells) for each in first)
    except TierwiseError as error:
        if error.code == "several_sheets":
            return _undecided(upload, path, table)
        named = [replace(each, place=(each.place or "").replace(str(path), path.name)) for each in error.problems]
        raise TierwiseError.of(named) from None
    return _view(upload, path, source, rows, told.columns, table, sheet)


def path_of(ctx: Context, upload: str) -> Path:
    """The file that was sent. Raises `unknown_upload`."""
    ctx.principal.require("import")
    folder = _parent(ctx) / str(upload)
    files = [*filter(Path.is_file, folder.iterdir())] if _ID.fullmatch(str(upload)) and folder.is_dir() else []
    if not files:
        raise TierwiseError("unknown_upload", "the file is not here any more", remedy="choose it again")
    return files[0]


def check_known(table: str) -> None:
    """Raises `unknown_table`."""
    if table not in IMPORTABLE:
        raise TierwiseError("unknown_table", f'no table is called "{table}"', remedy=", ".join(IMPORTABLE))


def try_out(ctx: Context, upload: str, mapping: Mapping, *, replace_orders: bool = False) -> ImportReport:
    """What the import would do: all is read and counted, and nothing stored. Raises what `import_file` raises."""
    ctx.principal.require("import")
    path = path_of(ctx, upload)
    return import_file(ctx, path, mapping.table, mapping, replace_orders=replace_orders, dry_run=True)


def start_import(ctx: Context, upload: str, mapping: Mapping, *, replace_orders: bool = False) -> int | None:
    """Begin to import it; the number of the job, which goes on by itself. The file is gone when it is done.

    Raises what is wrong before the job begins; the rest stands in the job.
    """
    ctx.principal.require("import")
    path = path_of(ctx, upload)

    def work(began: Callable[[int], None]) -> None:
        import_file(ctx, path, mapping.table, mapping, replace_orders=replace_orders, began=began)
        shutil.rmtree(path.parent, ignore_errors=True)

    return under_way.begin(work, "import")


def _view(
    upload: str,
    path: Path,
    source: SourceFile,
    rows: tuple[tuple[str, ...], ...],
    columns: Given[str, str | int],
    table: str | None,
    sheet: Sheets | None,
) -> UploadView:
    guesses = _guesses(source.headers)
    wanted = table or guesses[0].table
    check_known(wanted)
    if not columns:
        seen = recognise(source.headers, wanted)
        columns = {name: at + 1 for name, at in seen.columns.items()}
        left = TRAIT if wanted == "customers" else None
        named = zip(meanings_of(columns, source.headers), source.headers, strict=True)
        meanings = tuple(name or (left if header else None) for name, header in named)
    else:
        meanings = meanings_of(columns, source.headers)
    sheets = sheet_names(path) if source.format == "workbook" and not source.packed else ()
    needed = _needed(wanted, set(with_ids(wanted, columns)))
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
        choices=_choices(wanted),
        traits=may_be_trait(wanted),
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
        traits=False,
        missing=(),
        undecided=True,
    )


def _choices(table: str) -> dict[str, Label]:
    """Names that a column may mean: those that headers are recognised as, then what else the rows may carry along."""
    choices = {name: column_label(table, name) for name in SYNONYMS[table]}
    if table in ("orders", "order_lines"):
        choices["refund.order_id"] = Label("退款所属订单", "Order of the refund")
    for prefix, carried in CARRIED_BY.items():
        for name in TABLES[carried].importable:
            known = {name, f"{prefix}.{name}"} & set(choices)
            if not known and resolve(table, f"{prefix}.{name}") is not None and name != "updated_at":
                said = column_label(carried, name)
                choices[f"{prefix}.{name}"] = Label(f"{said.zh}（{prefix}.{name}）", f"{said.en} ({prefix}.{name})")
    return choices


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


def _parent(ctx: Context) -> Path:
    return ctx.scratch / "uploads"


def _safe(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(character for character in last if character.isprintable()).strip(". ")
    return kept[-LONGEST_NAME:] or "upload.csv"
