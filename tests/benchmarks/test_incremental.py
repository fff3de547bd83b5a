"""What the benchmark of incremental runs compares gives the same tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import incremental
from tierwise.engine.build import Built
from tierwise.engine.duckdb_session import connect
from tierwise.engine.lake import Lake

SIZE = (400, 6_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("incremental")
    incremental.prepare(made, *SIZE)
    return made


def test_an_incremental_run_is_equal_to_a_full_one(folder: Path) -> None:
    full, built = (incremental.run_again(folder, *SIZE, how, "evenly") for how in ("full", "incremental"))
    assert built.borrowed is not None
    assert 30 < built.borrowed.customers < 70  # 60 new orders
    for table in ("profile", "tags"):
        assert rows(folder, built, table) == rows(folder, full, table)


def rows(folder: Path, built: Built, table: str) -> list[tuple[Any, ...]]:
    lake = Lake(next(folder.glob("incremental-lake-*")) / "lake")
    with connect(folder / "spill") as connection:
        return sorted(lake.read(connection, table, built.outputs[table]).fetchall(), key=repr)
