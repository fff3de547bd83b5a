"""Lists of customers: taken from a file of ids, shown, removed."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions, ensure_initialised
from tierwise.definitions.graph import label_of, readers_of_name
from tierwise.definitions.mapping import Mapping
from tierwise.facts import text_sql
from tierwise.facts.headers import normalised, recognise
from tierwise.ingest.keys import SCOPE
from tierwise.ingest.quarantine_export import BESIDE
from tierwise.ingest.records import numbered_rows
from tierwise.ingest.source import open_source
from tierwise.ingest.source_file import SourceFile
from tierwise.kernel import ids
from tierwise.kernel.errors import TierwiseError, did_you_mean
from tierwise.state import audit, imports, lake_tables, lists, quarantine
from tierwise.state.lists import CustomerList

__all__ = ["LIST_PREFIX", "CustomerList", "ListImport", "all_lists", "import_list", "one_list", "remove_list"]

_ID = "customer_id"
_MENDS = BESIDE[0]

There = Literal["refuse", "replace", "add"]

LIST_PREFIX = "list "
"""Before the name of a list, where it stands among the tables that files go into."""


@dataclass(frozen=True, slots=True)
class ListImport:
    """What came of a file of ids. read = known + unknown + repeated; blank lines are no lines.

    unknown: ids that no source of customers has, and cells that hold no id. repeated: ids that stand above already.
    members: customers on the list now. import_id: by it the unknown lines come back as a file (`quarantine --to`).
    """

    name: str
    file: str
    column: str
    read: int
    known: int
    unknown: int
    repeated: int
    members: int
    import_id: int


@dataclass(frozen=True, slots=True)
class _Line:
    """A record of the file. line: counts from 1, the header included."""

    line: int
    cells: tuple[str, ...]


def import_list(
    ctx: Context,
    path: Path,
    name: str,
    *,
    column: str | None = None,
    title: str = "",
    note: str = "",
    there: There = "refuse",
) -> ListImport:
    """Make a list of the customers whose ids stand in a file of any format that import reads; audited.

    column: the header of the ids; where it is None, the header that means a customer's id, and in a file of one column
    without such a header every line is an id. there: what happens where a list of that name is there. What is not
    known is kept in quarantine. Raises `bad_name`, `no_id_column`, `unknown_column`, `name_taken`, and what a file that
    cannot be read raises.
    """
    ctx.principal.require("list")
    if not ids.is_name(name):
        raise TierwiseError(
            "bad_name", f'"{name}" cannot be a name', remedy="lower-case letters, digits and _, such as invited"
        )
    ensure_initialised(ctx)
    ctx.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="list-", dir=ctx.scratch) as folder:
        source = open_source(path, Mapping(table="customers"), Path(folder), copied=True)
        at, headed = _id_column(source, column)
        lines = [each for each in _lines(source, headed) if any(cell.strip() for cell in each.cells)]
    judged = _judged(ctx, [_cell(line, at) for line in lines])
    verdicts = Counter(verdict for verdict, _ in judged)
    unknown = sum(count for verdict, count in verdicts.items() if verdict not in ("known", "repeated"))
    headers = source.headers if headed else (_ID,)
    with ctx.database.begin() as connection:
        found = lists.put(
            connection,
            name,
            "imported",
            (key for verdict, key in judged if verdict == "known" and key is not None),
            author=ctx.principal.name,
            origin=path.name,
            title=title,
            note=note,
            unknown=unknown,
            there=there,
        )
        import_id = imports.add(
            connection,
            table_name=_table(name),
            path=str(path),
            sha256=source.sha256,
            size_bytes=source.bytes,
            counts=imports.ImportCounts(len(lines), verdicts["known"], 0, verdicts["repeated"], 0, unknown),
            mapping={
                "table": _table(name),
                "columns": {_ID: headers[at]},
                "file": {"headers": list(headers), "encoding": source.encoding, "delimiter": source.delimiter},
            },
        )
        quarantine.supersede(connection, import_id)
        quarantine.resolve(connection, _mended(lines, judged, headers), table_name=_table(name))
        quarantine.add_many(connection, import_id, _refused(path, lines, judged, headers, at))
        told = {"read": len(lines), "known": verdicts["known"], "unknown": unknown, "repeated": verdicts["repeated"]}
        audit.write(connection, ctx.principal.name, "list.import", name, {**told, "members": found.members})
    return ListImport(name, str(path), headers[at], **told, members=found.members, import_id=import_id)


def all_lists(ctx: Context) -> tuple[CustomerList, ...]:
    """Every list, by name."""
    ctx.principal.require("view")
    with ctx.database.connect() as connection:
        return tuple(lists.all_lists(connection))


def one_list(ctx: Context, name: str) -> CustomerList:
    """One list. Raises `unknown_list`."""
    ctx.principal.require("view")
    with ctx.database.connect() as connection:
        return lists.get(connection, name)


def remove_list(ctx: Context, name: str, *, in_use: bool = False) -> CustomerList:
    """Remove a list; what it was. Audited. in_use: also where a definition reads it, which without that is refused
    (`list_in_use`)."""
    ctx.principal.require("list")
    with ctx.database.begin() as connection:
        readers = [label_of(each) for each in readers_of_name("list", name, current_definitions(connection).all)]
        if readers and not in_use:
            raise TierwiseError(
                "list_in_use",
                f'the list "{name}" is read by {", ".join(readers)}',
                remedy="change these first; --in-use removes it all the same, and runs fail until they are changed",
            )
        removed = lists.remove(connection, name)
        audit.write(
            connection, ctx.principal.name, "list.remove", name, {"members": removed.members, "readers": readers}
        )
    return removed


def _table(name: str) -> str:
    """What the list is called among the tables that files go into."""
    return f"{LIST_PREFIX}{name}"


def _id_column(source: SourceFile, wanted: str | None) -> tuple[int, bool]:
    """The position of the ids, and whether the first record is a header."""
    headers = source.headers
    if wanted is not None:
        by_word = {normalised(header): at for at, header in reversed(list(enumerate(headers)))}
        found = by_word.get(normalised(wanted))
        if found is None:
            raise TierwiseError(
                "unknown_column",
                f'the file has no column "{wanted}"',
                place=str(source.path),
                remedy=did_you_mean(wanted, headers) or f"it has {', '.join(headers)}",
            )
        return found, True
    meant = recognise(headers, "customers").columns.get(_ID)
    if meant is not None:
        return meant, True
    if len(headers) == 1:
        return 0, False
    raise TierwiseError(
        "no_id_column",
        f"none of the columns {', '.join(headers)} is a customer's id by its name",
        place=str(source.path),
        remedy="name the column: --column NAME",
    )


def _lines(source: SourceFile, headed: bool) -> Iterator[_Line]:
    if source.rows == "numbered":
        rows = numbered_rows(source, header=not headed)
        yield from (_Line(source.place(each.line)[1], tuple(each.cells)) for each in rows)
        return
    with source.text.open(encoding="utf-8-sig", newline="") as stream:
        if source.delimiter == "space":
            records = ((at, tuple(line.split())) for at, line in enumerate(stream, 1))
            yield from (_Line(at, cells) for at, cells in records if at > source.header_lines or not headed)
            return
        reader = csv.reader(stream, delimiter=source.delimiter, skipinitialspace=True)
        before = 0
        while True:
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise TierwiseError(
                    "unreadable", f"the line cannot be read: {error}", place=f"{source.path}:{before + 1}"
                ) from error
            if before >= source.header_lines or not headed:
                yield _Line(before + 1, tuple(record))
            before = reader.line_num


def _cell(line: _Line, at: int) -> str:
    return line.cells[at] if at < len(line.cells) else ""


def _judged(ctx: Context, texts: list[str]) -> list[tuple[str, int | None]]:
    """For each text: `known` with the source key, `repeated`, or the code of why it is unknown."""
    import pyarrow as pa

    with ctx.database.connect() as state:
        versions = lake_tables.versions(state)
    connection = ctx.duckdb()
    try:
        given = pa.table({"line": pa.array(range(len(texts)), pa.int64()), "text": pa.array(texts, pa.string())})
        connection.register("given", given)
        ctx.lake.read(connection, "identities", versions.get("identities")).create_view("identities")
        return _looked_up(connection)
    finally:
        connection.close()


def _looked_up(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int | None]]:
    found: list[tuple[str, int | None]] = connection.execute(
        f"""
        WITH read AS (
            SELECT line, text, {text_sql.identifier("text", nobody=True)} AS id FROM given
        ), numbered AS (
            SELECT *, row_number() OVER (PARTITION BY id ORDER BY line) AS nth FROM read
        )
        SELECT
            CASE WHEN n.id IS NULL AND {text_sql.identifier_present("n.text", nobody=True)} THEN 'bad_id'
                 WHEN n.id IS NULL THEN 'missing_id'
                 WHEN nth > 1 THEN 'repeated'
                 WHEN i.source_key IS NULL THEN 'unknown_customer' ELSE 'known' END,
            i.source_key
        FROM numbered n LEFT JOIN (SELECT * FROM identities WHERE scope = $scope) i ON i.id = n.id
        ORDER BY n.line
        """,
        {"scope": SCOPE},
    ).fetchall()
    return found


_SAID = {
    "bad_id": "digits of the id are lost (1.2E+10): no id",
    "missing_id": "no id",
    "unknown_customer": "no source knows this id",
}


def _refused(
    path: Path, lines: list[_Line], judged: list[tuple[str, int | None]], headers: tuple[str, ...], at: int
) -> Iterator[quarantine.Refused]:
    for line, (verdict, _) in zip(lines, judged, strict=True):
        if verdict in _SAID:
            cells = list(line.cells)
            row = dict(zip(headers, cells, strict=True)) if len(cells) == len(set(headers)) == len(headers) else cells
            yield quarantine.Refused(path.name, line.line, headers[at], verdict, _SAID[verdict], row)


def _mended(lines: list[_Line], judged: list[tuple[str, int | None]], headers: tuple[str, ...]) -> list[int]:
    """The quarantined rows that lines of a mended file close: those that are known now, or stand in it already."""
    if _MENDS not in headers:
        return []
    at = headers.index(_MENDS)
    cells = (
        _cell(line, at) for line, (verdict, _) in zip(lines, judged, strict=True) if verdict in ("known", "repeated")
    )
    return [int(cell) for cell in cells if cell.isascii() and cell.isdigit()]
