"""Rows of Parquet folders and Delta tables that others write: by a column that tells what is new, else by file."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from pathlib import Path
from urllib.parse import unquote

import duckdb

from tierwise.definitions.import_source import DeltaTable, ImportSource, ParquetFolder
from tierwise.engine.duckdb_session import connect, literal, quoted
from tierwise.ingest.database_rows import Copied
from tierwise.ingest.mark import Mark, MarkValue, first_to_read, last_to_mark, no_such_watermark
from tierwise.kernel.errors import TierwiseError
from tierwise.state.source_readings import MarkKind

_KINDS: dict[str, MarkKind] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UINTEGER", "UBIGINT"), "number"),
    "TIMESTAMP WITH TIME ZONE": "instant",
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "time"),
    "DATE": "day",
}
_FOLDER = re.compile(r"([^/=]+)=([^/]*)/")
_DELTA = "delta_rows"


@dataclass(frozen=True, slots=True)
class _Table:
    """A table as DuckDB reads it: of all files that are to be read. seen: every file of the table, each with what tells
    it from another of its name. nothing: no file is new, and the relation gives the columns alone."""

    relation: str
    seen: tuple[str, ...]
    nothing: bool


def copy_lake(
    source: ImportSource,
    origin: ParquetFolder | DeltaTable,
    mark: Mark | None,
    seen: Collection[str],
    folder: Path,
    target: Path,
    *,
    now: datetime,
    zone: tzinfo,
    memory_limit: str | None = None,
) -> Copied:
    """Copy the rows that are new since `mark`, without a watermark those of files not among `seen`, to `target`.

    They keep their types. folder: where memory is spilled to. now: aware; zone: of naive times. Raises
    `unknown_source`, `unsupported_table` (a Delta table with marks for deleted rows), `damaged_file`, `bad_watermark`.
    """
    known = () if source.watermark is not None else seen
    con = connect(folder / "spill", memory_limit=memory_limit)
    try:
        if isinstance(origin, DeltaTable):
            table = _delta(con, source.name, origin.path, known)
        else:
            column = None if source.watermark is None else source.watermark.column
            table = _parquet(source.name, Path(origin.path), known, column)
        return _copied(con, source, table, mark, target, now, zone)
    except duckdb.Error as error:
        said = str(error).splitlines()[0].replace(origin.path, "…")[:200]
        raise TierwiseError(
            "damaged_file",
            f"the files cannot be read: {said}",
            place=f"source {source.name}",
            remedy="look whether all of them have the same columns, and the watermark's among these",
        ) from error
    finally:
        con.close()


def _copied(
    con: duckdb.DuckDBPyConnection,
    source: ImportSource,
    table: _Table,
    mark: Mark | None,
    target: Path,
    now: datetime,
    zone: tzinfo,
) -> Copied:
    where, reached, watermark = "FALSE" if table.nothing else "TRUE", mark, source.watermark
    if watermark is not None:
        column = quoted(watermark.column)
        kind = _kind_of(con, source.name, table.relation, watermark.column)
        first = first_to_read(mark, kind, watermark, source.name)
        found = _highest(con, table.relation, column, kind, first, last_to_mark(kind, now, zone))
        if found is not None:
            reached = found.or_higher(mark)
        if first is not None:
            where = f"({column} >= {_sql(first)} OR {column} IS NULL)"
            if source.together is not None:
                key = quoted(source.together)
                where = f"{where} OR {key} IN (SELECT {key} FROM {table.relation} WHERE {where})"
    con.execute(f"COPY (SELECT * FROM {table.relation} WHERE {where}) TO {literal(str(target))} (FORMAT parquet)")
    told = f"count(*) FILTER (WHERE {column} IS NULL)" if watermark is not None else "0"
    counted = con.execute(f"SELECT count(*), {told} FROM read_parquet({literal(str(target))})").fetchone()
    assert counted is not None
    return Copied(counted[0], reached, counted[1], None if watermark is not None else table.seen)


def _highest(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    column: str,
    kind: MarkKind,
    first: MarkValue | None,
    last: MarkValue | None,
) -> Mark | None:
    bounds = [f"{column} >= {_sql(first)}"] if first is not None else []
    bounds += [f"{column} <= {_sql(last)}"] if last is not None else []
    highest = f"CAST(max({column}) AS TIMESTAMP)" if kind == "time" else f"max({column})"
    where = " AND ".join(bounds) or "TRUE"
    row = con.execute(f"SELECT CAST({highest} AS VARCHAR) FROM {relation} WHERE {where}").fetchone()
    return None if row is None or row[0] is None else Mark.read(kind, row[0])


def _kind_of(con: duckdb.DuckDBPyConnection, source: str, relation: str, column: str) -> MarkKind:
    kind = str(con.execute(f"SELECT {quoted(column)} FROM {relation} LIMIT 0").description[0][1])
    plain = "BIGINT" if re.fullmatch(r"DECIMAL\(\d+, ?0\)", kind) else kind
    if plain not in _KINDS:
        raise no_such_watermark(column, source, kind)
    return _KINDS[plain]


def _sql(value: MarkValue) -> str:
    if isinstance(value, datetime):
        return f"{'TIMESTAMP' if value.tzinfo is None else 'TIMESTAMPTZ'} '{value.isoformat(' ')}'"
    return f"DATE '{value.isoformat()}'" if isinstance(value, date) else f"{value:f}"


def _parquet(source: str, path: Path, known: Collection[str], watermark: str | None) -> _Table:
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*.parquet") if each.is_file())
    files = [each for each in files if not each.name.startswith((".", "_"))]
    if not files:
        raise TierwiseError(
            "unknown_source",
            "there is no Parquet file" if path.is_dir() else "there is no such folder or file",
            place=str(path),
            remedy=f"look at origin.path of the source {source}",
        )
    seen = {each: f"{each.relative_to(path)}|{each.stat().st_size}|{each.stat().st_mtime_ns}" for each in files}
    new = [each for each in files if seen[each] not in known]
    listed = ", ".join(literal(str(each)) for each in new or files[-1:])
    options = ["union_by_name = true", "binary_as_string = true"]
    options += _folders(path, files, watermark)
    return _Table(f"read_parquet([{listed}], {', '.join(options)})", tuple(sorted(seen.values())), not new)


def _folders(path: Path, files: list[Path], watermark: str | None) -> list[str]:
    """How columns that are folders are read: as texts, so that `store=007` keeps its zeros, but for the watermark."""
    told = [dict(_FOLDER.findall(each.relative_to(path).as_posix())) for each in files]
    if not all(told):
        return ["hive_partitioning = false"]
    options = ["hive_partitioning = true", "hive_types_autocast = false"]
    values = [each[watermark] for each in told if watermark in each]
    if values:
        days = all(re.fullmatch(r"\d{4}-\d\d-\d\d", value) for value in values)
        options.append(f"hive_types = {{{quoted(watermark or '')}: {'DATE' if days else 'BIGINT'}}}")
    return options


def _delta(con: duckdb.DuckDBPyConnection, source: str, path: str, known: Collection[str]) -> _Table:
    from deltalake import DeltaTable as Table
    from deltalake.exceptions import DeltaError, DeltaProtocolError, TableNotFoundError
    from pyarrow.dataset import FileSystemDataset

    try:
        table = Table(path)
        dataset = table.to_pyarrow_dataset()
    except TableNotFoundError as error:
        raise TierwiseError(
            "unknown_source",
            "there is no Delta table",
            place=path,
            remedy=f"look at origin.path of the source {source}",
        ) from error
    except DeltaProtocolError as error:
        raise TierwiseError(
            "unsupported_table",
            f"the Delta table needs what is not read here: {str(error).splitlines()[0][:200]}",
            place=path,
            remedy="turn deletion vectors and column mapping off and rewrite it, or read it through Spark",
        ) from error
    except DeltaError as error:
        raise TierwiseError(
            "damaged_file", f"the Delta table cannot be opened: {str(error).splitlines()[0][:200]}", place=path
        ) from error
    fragments = {each.path: each for each in dataset.get_fragments()}
    actions = table.get_add_actions(flatten=True)
    added = sorted(zip(*(actions[name].to_pylist() for name in ("modification_time", "path")), strict=True))
    names = [unquote(name) for _, name in added]
    new = [fragments[name] for name in names if name not in known]
    if new:
        dataset = FileSystemDataset(new, dataset.schema, dataset.format, dataset.filesystem)
    con.register(_DELTA, dataset)
    return _Table(_DELTA, tuple(sorted(names)), not new)
