"""Rows of texts as a Parquet file, written as they come: memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.ingest.source_file import Tick

_ROWS = 50_000
_LETTERS = 1 << 25
"""A group of rows is written when it has so many rows or letters."""


def copy_texts(target: Path, columns: Sequence[str], rows: Iterable[Sequence[str | None]], tick: Tick) -> int:
    """Write rows to `target`, every column as text; how many. tick is told of rows now and then, and may raise."""
    names = _told_apart(columns)
    schema = pa.schema([(name, pa.string()) for name in names])
    group: list[Sequence[str | None]] = []
    letters = count = 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for row in rows:
            group.append(row)
            letters += sum(map(len, filter(None, row)))
            if len(group) >= _ROWS or letters >= _LETTERS:
                writer.write_table(_table(group, schema))
                count += len(group)
                tick(count, count)
                group, letters = [], 0
        writer.write_table(_table(group, schema))
    return count + len(group)


def _table(rows: list[Sequence[str | None]], schema: pa.Schema) -> pa.Table:
    cells = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.Table.from_arrays([pa.array(column, pa.string()) for column in cells], schema=schema)


def _told_apart(columns: Sequence[str]) -> list[str]:
    """Names that differ also where case is folded; a second one gets its place behind it."""
    seen: set[str] = set()
    names = []
    for at, column in enumerate(columns, 1):
        name = column if column.lower() not in seen else f"{column}_{at}"
        seen.add(name.lower())
        names.append(name)
    return names
