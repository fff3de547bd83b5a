"""Parquet: typed columns, read as the texts that the same query types for every format."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tierwise.definitions.mapping import Mapping
from tierwise.engine.duckdb_session import connect, literal, quoted
from tierwise.ingest.source_file import SourceFile, Tick, hashed
from tierwise.kernel.errors import TierwiseError

_FRACTIONS = ("FLOAT", "DOUBLE")
_WHOLE = 10**15
"""From here on a floating-point number does not tell its last digits."""


def open_parquet(
    path: Path, data: Path, mapping: Mapping, temporary: Path, tick: Tick | None, *, copied: bool = False
) -> SourceFile:
    """Look at schema and size; the rows stay where they are, unless `copied`. The line of a row is its place from 1.

    Raises `damaged_file`, `no_header` where it has no columns.
    """
    con = connect(temporary / "spill")
    try:
        described = con.execute(f"DESCRIBE SELECT * FROM {_scan(data)}").fetchall()
        names = [(str(name), str(kind)) for name, kind, *_ in described]
        counted = con.execute(f"SELECT count(*) FROM {_scan(data)}").fetchone()
        text = data
        if copied:
            text = temporary / "rows_of_parquet.csv"
            columns = ", ".join(texts_of_parquet(con, data, comma=mapping.decimal == ","))
            con.execute(
                f"COPY (SELECT file_row_number + 1 AS line, {columns} FROM {_scan(data, numbered=True)}) "
                f"TO {literal(str(text))} (FORMAT csv, HEADER false, FORCE_QUOTE *)"
            )
    except duckdb.Error as error:
        raise damaged(path, error) from error
    finally:
        con.close()
    if not names:
        raise TierwiseError("no_header", "the Parquet file has no columns", place=str(path), remedy="write it again")
    size, digest = hashed(data, tick)
    headers = tuple(name.strip() for name, _ in names)
    return SourceFile(
        path,
        text,
        "",
        "",
        headers if mapping.header else ("",) * len(names),
        0,
        int(counted[0]) if counted else 0,
        size,
        digest,
        plain=not copied,
        format="parquet",
        rows="numbered" if copied else "parquet",
    )


def texts_of_parquet(con: duckdb.DuckDBPyConnection, data: Path, *, comma: bool) -> list[str]:
    """SQL for each column's text, named r0, r1, …; empty where it is null. Floating-point numbers from 10**15 on are
    in scientific notation, so that an id that was kept as one is seen to have lost digits."""
    described = con.execute(f"DESCRIBE SELECT * FROM {_scan(data)}").fetchall()
    return [
        f"coalesce({_text(quoted(str(name)), str(kind), comma)}, '') AS r{at}"
        for at, (name, kind, *_) in enumerate(described)
    ]


def parquet_rows(con: duckdb.DuckDBPyConnection, data: Path, *, comma: bool) -> str:
    """A query over the rows in their order, every cell as text. comma: before the decimals of numbers."""
    return f"SELECT {', '.join(texts_of_parquet(con, data, comma=comma))} FROM {_scan(data)}"


def damaged(path: Path, error: Exception) -> TierwiseError:
    """What DuckDB says of a file that it cannot read, as an error of that file."""
    said = str(error).splitlines()[0].split(str(path.parent))[0][:200]
    return TierwiseError(
        "damaged_file", f"the Parquet file cannot be read: {said}", place=str(path), remedy="copy or write it again"
    )


def _scan(data: Path, *, numbered: bool = False) -> str:
    options = ", hive_partitioning = false, binary_as_string = true" + (", file_row_number = true" if numbered else "")
    return f"read_parquet({literal(str(data))}{options})"


def _text(column: str, kind: str, comma: bool) -> str:
    text = f"CAST({column} AS VARCHAR)"
    if kind in _FRACTIONS:
        whole = f"isfinite({column}) AND abs({column}) < {_WHOLE} AND {column} = floor({column})"
        fraction = text
        if comma:
            fraction = f"CASE WHEN abs({column}) < {_WHOLE} THEN replace({text}, '.', ',') ELSE {text} END"
        return f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE {fraction} END"
    if kind.startswith("DECIMAL"):
        return f"replace({text}, '.', ',')" if comma else text
    if kind == "TIMESTAMP_NS":
        return f"CAST(CAST({column} AS TIMESTAMP) AS VARCHAR)"
    if kind == "BLOB":
        return f"hex({column})"
    return text
