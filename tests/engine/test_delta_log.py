"""Commits written without delta-rs are read by it, and what it and others commit is seen."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from time import time
from typing import Any

import pytest
from deltalake import DeltaTable
from deltalake.transaction import AddAction

from tests.engine.facts import order, put
from tierwise.engine import compaction, delta_log
from tierwise.engine.duckdb_session import connect
from tierwise.engine.lake import Lake
from tierwise.kernel.errors import TierwiseError

DAY = date(2026, 6, 30)


def add(lake: Lake, order_id: str) -> int:
    return put(lake, "orders", [order(order_id, 1, DAY, 5)])


def orders(lake: Lake, version: int, spill: Path) -> list[str]:
    with connect(spill) as connection:
        return sorted(row[0] for row in lake.read(connection, "orders", version).project("order_id").fetchall())


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake 湖")


def test_delta_rs_reads_every_version_with_its_files(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From checkpoints and without, and what was put together."""
    monkeypatch.setattr(delta_log, "CHECKPOINT_EVERY", 4)
    monkeypatch.setattr(compaction, "MANY", 5)
    versions = [add(lake, f"{number:02}") for number in range(11)]
    assert versions == [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12], "the fifth file was followed by putting them together"
    assert len(list((lake.path("orders") / "_delta_log").glob("*.checkpoint.parquet"))) == 3
    for place, version in enumerate(versions):
        table = DeltaTable(str(lake.path("orders")), version=version)
        told = delta_log.newest_of(lake.path("orders"), table)
        assert told is not None
        assert sorted(str(lake.path("orders") / each.path) for each in told.files) == lake.files("orders", version)
        assert orders(Lake(lake.root), version, tmp_path) == [f"{number:02}" for number in range(place + 1)]
    changes = [each for each in DeltaTable(str(lake.path("orders"))).history() if each["version"] in (4, 5)]
    assert [(each["version"], each["operation"]) for each in changes] == [(5, "WRITE"), (4, "WRITE")]


def test_what_another_process_has_committed_is_seen(lake: Lake, tmp_path: Path) -> None:
    add(lake, "1")
    other = Lake(lake.root)
    assert add(other, "2") == 1
    assert (lake.latest_version("orders"), add(lake, "3"), other.latest_version("orders")) == (1, 2, 2)
    assert orders(other, 2, tmp_path) == ["1", "2", "3"]
    other.heal("orders", 1)
    assert orders(lake, add(lake, "4"), tmp_path) == ["1", "2", "4"]


def test_a_table_made_anew_is_not_taken_for_the_one_before(lake: Lake, tmp_path: Path) -> None:
    """It has the same version."""
    add(lake, "1")
    other = Lake(lake.root)
    other.heal("orders", None)
    assert not lake.exists("orders")
    assert add(other, "2") == 0
    assert orders(Lake(lake.root), add(lake, "3"), tmp_path) == ["2", "3"]


def test_no_commit_takes_the_place_of_another(lake: Lake) -> None:
    add(lake, "1")
    folder = lake.path("orders")
    seen = delta_log.newest_of(folder)
    assert seen is not None
    add(Lake(lake.root), "2")
    before = (folder / "_delta_log" / f"{1:020}.json").read_bytes()
    with pytest.raises(FileExistsError):
        delta_log.commit(folder, seen, AddAction("part-x.parquet", 1, {}, 1, True, "{}"))
    assert (folder / "_delta_log" / f"{1:020}.json").read_bytes() == before
    assert not list((folder / "_delta_log").glob("*.tmp"))


def test_an_append_that_cannot_be_committed_leaves_no_file(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    add(lake, "1")
    files = set(lake.path("orders").rglob("*"))

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(TierwiseError) as caught:
        add(lake, "2")
    assert caught.value.code == "disk_full"
    assert set(lake.path("orders").rglob("*")) == files


def test_a_table_that_asks_more_of_a_writer_is_left_to_delta_rs(lake: Lake, tmp_path: Path) -> None:
    """As where another program has made each commit tell which rows it has changed."""
    add(lake, "1")
    DeltaTable(str(lake.path("orders"))).alter.set_table_properties({"delta.enableChangeDataFeed": "true"})
    version = add(lake, "2")
    (newest,) = DeltaTable(str(lake.path("orders"))).history(1)
    assert newest["engineInfo"].startswith("delta-rs")
    assert orders(lake, version, tmp_path) == ["1", "2"]


def test_the_log_is_kept_however_old(lake: Lake, tmp_path: Path) -> None:
    """delta-rs deletes what is older than 30 days when it makes a checkpoint; a run of last year is read by it."""
    add(lake, "1")
    folder = lake.path("orders")
    seen = delta_log.newest_of(folder)
    assert seen is not None
    while seen.number < 197:
        seen = delta_log.commit(folder, seen, AddAction("part-x.parquet", 1, {}, 1, True, "{}"), seen.files)
        if seen.number == 150:
            for file in (folder / "_delta_log").iterdir():
                os.utime(file, times=(time() - 90 * 86_400,) * 2)
    with connect(tmp_path) as connection:
        for _ in range(2):
            version = lake.overwrite("orders", connection.sql("SELECT '2' AS order_id"))
    assert [(folder / "_delta_log" / f"{number:020}.checkpoint.parquet").exists() for number in (99, 199)] == [True] * 2
    assert orders(Lake(lake.root), 0, tmp_path) == ["1"]
    assert orders(lake, version, tmp_path) == ["2"]
