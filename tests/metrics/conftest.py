"""Small tables on DuckDB, and what comes of them as plain rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest

from tierwise.metrics.frame import Frame

MakeFrame = Callable[..., Frame]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = duckdb.connect()
    opened.execute("SET TimeZone = 'UTC'")
    yield opened
    opened.close()


@pytest.fixture
def frame(connection: duckdb.DuckDBPyConnection) -> MakeFrame:
    """frame(column=[...], ...) or frame(arrow_table): a lazy frame on DuckDB."""
    made: list[int] = []

    def make(table: pa.Table | None = None, **columns: Any) -> Frame:
        made.append(1)
        name = f"made_{len(made)}"
        connection.register(f"{name}_arrow", table if table is not None else pa.table(columns))
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM {name}_arrow")
        return nw.from_native(connection.table(name))

    return make
