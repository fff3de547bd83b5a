"""DuckDB connections: in memory, UTC, spilling into a folder of ours, no extension and no network."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb


def connect(spill: Path, *, memory_limit: str | None = None, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A fresh in-memory database. `spill` is made when it is missing; `memory_limit` such as "4GB"."""
    spill.mkdir(parents=True, exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": str(spill),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "threads": threads or os.cpu_count() or 1,
    }
    if memory_limit:
        config["memory_limit"] = memory_limit
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET TimeZone = 'UTC'")
    # Under `python -c` and in notebooks DuckDB draws one on stdout, into the midst of what a command answers there.
    connection.execute("SET enable_progress_bar = false")
    # A view over files is bound again by each expression on it; what a lake's file says never changes.
    connection.execute("SET parquet_metadata_cache = true")
    return connection


def quoted(identifier: str) -> str:
    """An identifier as SQL writes it."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
