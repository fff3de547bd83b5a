"""Reading Parquet folders and Delta tables: new files, new rows, folders as columns, what is not read."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from tests.ingest.conftest import Home
from tests.ingest.sourced import ORDERS, Sourced, bare_home, counts, ids
from tierwise.kernel.errors import TierwiseError

PLAIN = {**ORDERS, "columns": {key: value for key, value in ORDERS["columns"].items() if key != "updated_at"}}


def rows(*numbers: int, changed: int = 1) -> pa.Table:
    return pa.table(
        {
            "no": pa.array(numbers, pa.int64()),
            "buyer": [f"c{number}" for number in numbers],
            "placed": pa.array(["2026-06-01 08:00:00"] * len(numbers)).cast(pa.timestamp("us")),
            "amount": pa.array([f"{number}.50" for number in numbers]).cast(pa.decimal128(12, 2)),
            "changed": pa.array([datetime(2026, 6, changed, tzinfo=UTC)] * len(numbers), pa.timestamp("us", tz="UTC")),
        }
    )


def parquet(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def test_without_a_watermark_new_and_rewritten_files_are_read(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    parquet(folder / "a.parquet", rows(1, 2))
    source = Sourced.of(home, {"kind": "parquet", "path": str(folder)}, mapping=PLAIN, watermark=None)
    assert counts(source.take()) == (2, 2, 0, 0, 0)
    assert counts(source.take()) == (0, 0, 0, 0, 0)
    parquet(folder / "deeper" / "b.parquet", rows(3))
    parquet(folder / ".part.parquet", rows(9))
    parquet(folder / "a.parquet", rows(1, 2, 4))
    os.utime(folder / "a.parquet", ns=(1, 1))
    assert counts(source.take()) == (4, 2, 0, 2, 0)
    assert source.orders()[0] == ("1", "c1", 150, "2026-06-01 00:00:00+00")


def test_a_watermark_reads_rows_and_folders_keep_their_zeros(tmp_path: Path) -> None:
    parquet(tmp_path / "o" / "store=007" / "day=2026-06-01" / "a.parquet", rows(1))
    origin = {"kind": "parquet", "path": str(tmp_path / "o")}
    source = Sourced.of(bare_home(tmp_path), origin, watermark={"column": "day", "overlap_minutes": 0})
    first, (row,) = source.read()
    assert (first.mark and first.mark.text, row["store"]) == ("2026-06-01", "007")
    parquet(tmp_path / "o" / "store=008" / "day=2026-06-02" / "b.parquet", rows(2))
    parquet(tmp_path / "o" / "store=008" / "day=2026-05-31" / "c.parquet", rows(3))
    assert ids(source.read(first)[1]) == ["1", "2"]


def test_of_a_delta_table_new_files_are_read_once(tmp_path: Path) -> None:
    path = str(tmp_path / "delta")
    write_deltalake(path, rows(1, 2), partition_by=["buyer"])
    source = Sourced.of(bare_home(tmp_path), {"kind": "delta", "path": path}, mapping=PLAIN, watermark=None)
    first, read = source.read()
    assert (ids(read), {row["buyer"] for row in read}) == (["1", "2"], {"c1", "c2"})
    write_deltalake(path, rows(3), mode="append")
    second, read = source.read(first)
    assert ids(read) == ["3"]
    DeltaTable(path).delete("no = 1")
    assert ids(source.read(second)[1]) == []


def test_of_a_delta_table_rows_are_read_by_a_column(tmp_path: Path) -> None:
    path = str(tmp_path / "delta")
    write_deltalake(path, rows(1, 2))
    source = Sourced.of(bare_home(tmp_path), {"kind": "delta", "path": path})
    first, _ = source.read()
    write_deltalake(path, rows(2, 3, changed=3), mode="append")
    second, read = source.read(first)
    assert (ids(read), second.mark and second.mark.text) == (["1", "2", "2", "3"], "2026-06-03T00:00:00+00:00")
    assert ids(source.read(second)[1]) == ["2", "3"]


def test_lines_of_one_order_are_read_together(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", rows(1, 2))
    mapping = {"table": "order_lines", "columns": {"order_id": "no"}}
    source = Sourced.of(bare_home(tmp_path), {"kind": "parquet", "path": str(tmp_path)}, mapping=mapping)
    first, _ = source.read()
    parquet(tmp_path / "b.parquet", rows(1, changed=5))
    parquet(tmp_path / "c.parquet", rows(2, 4, changed=4))
    second, _ = source.read(first)
    assert second.mark is not None
    assert ids(source.read(second)[1]) == ["1", "1"]


@pytest.mark.parametrize("kind", ["parquet", "delta"])
def test_what_is_not_there_is_told(tmp_path: Path, kind: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TierwiseError) as caught:
        Sourced.of(bare_home(tmp_path), {"kind": kind, "path": str(tmp_path / "empty")}).read()
    assert (caught.value.code, caught.value.place) == ("unknown_source", str(tmp_path / "empty"))


def test_a_delta_table_with_marks_for_deleted_rows_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "delta")
    write_deltalake(path, rows(1), configuration={"delta.enableDeletionVectors": "true"})
    with pytest.raises(TierwiseError, match="deletionVectors") as caught:
        Sourced.of(bare_home(tmp_path), {"kind": "delta", "path": path}).read()
    assert caught.value.code == "unsupported_table"


def test_a_column_that_is_not_there_is_told_without_the_path(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", rows(1))
    home = bare_home(tmp_path)
    with pytest.raises(TierwiseError, match="modified") as caught:
        Sourced.of(home, {"kind": "parquet", "path": str(tmp_path)}, watermark={"column": "modified"}).read()
    assert caught.value.code == "damaged_file"
    assert str(tmp_path) not in str(caught.value)
