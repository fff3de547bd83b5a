"""The lake: a commit that was not recorded never happened."""

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from tests.engine.facts import customers, order, put
from tierwise.engine import compaction
from tierwise.engine.duckdb_session import connect
from tierwise.engine.lake import Lake
from tierwise.kernel.errors import TierwiseError

DAY = date(2026, 6, 30)


def ids(lake: Lake, version: int | None, spill: Path) -> list[str]:
    with connect(spill) as connection:
        return [
            row[0] for row in lake.read(connection, "orders", version).order("order_id").project("order_id").fetchall()
        ]


def test_versions_stay_readable_after_later_writes(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake 湖")
    first = put(lake, "orders", [order("1", 1, DAY, 5)])
    second = put(lake, "orders", [order("2", 1, DAY, 5)])
    assert (ids(lake, first, tmp_path), ids(lake, second, tmp_path)) == (["1"], ["1", "2"])


def test_heal_takes_back_what_was_not_recorded(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    recorded = put(lake, "orders", [order("1", 1, DAY, 5)])
    put(lake, "orders", [order("lost", 1, DAY, 5)])
    lake.heal("orders", recorded)
    after = put(lake, "orders", [order("2", 1, DAY, 5)])
    assert ids(lake, after, tmp_path) == ["1", "2"]
    assert ids(lake, recorded, tmp_path) == ["1"]


def test_heal_removes_a_table_that_was_never_recorded(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    put(lake, "orders", [order("lost", 1, DAY, 5)])
    lake.heal("orders", None)
    assert not lake.exists("orders")
    assert ids(lake, None, tmp_path) == []


def test_heal_tells_a_folder_older_than_the_record(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    customers(lake, ["a"])
    with pytest.raises(TierwiseError, match="is at version 0, but version 3 was recorded") as caught:
        lake.heal("identities", 3)
    assert caught.value.code == "lake_behind"


def test_small_files_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many small appends there are; rows and earlier versions stay."""
    monkeypatch.setattr(compaction, "MANY", 4)
    lake = Lake(tmp_path / "lake")
    versions = [put(lake, "orders", [order(f"{number:03}", 1, DAY, 5)]) for number in range(24)]
    assert max(len(lake.files("orders", version)) for version in versions) <= compaction.MANY
    assert len(lake.files("orders", versions[-1])) < compaction.MANY
    with connect(tmp_path) as connection:
        for count in (3, 7, 24):
            found = lake.read(connection, "orders", versions[count - 1]).project("order_id").fetchall()
            assert sorted(found) == [(f"{number:03}",) for number in range(count)]


@pytest.mark.soak
def test_ten_thousand_small_appends_leave_few_files(tmp_path: Path) -> None:
    lake, most = Lake(tmp_path / "lake"), 0
    for number in range(10_000):
        version = put(lake, "orders", [order(f"{number:05}", 1, DAY, 5)])
        if number % 10 == 9:
            most = max(most, len(lake.files("orders", version)))
    assert most < 4 * compaction.MANY
    with connect(tmp_path) as connection:
        rows = lake.read(connection, "orders", version)
        assert rows.aggregate("count(*), count(DISTINCT order_id)").fetchone() == (10_000, 10_000)


def test_files_of_other_columns_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "MANY", 4)
    lake = Lake(tmp_path / "lake")
    for number in range(compaction.MANY):
        row = {"product_id": [f"p{number:02}"], **({"brand": ["x"]} if number > 1 else {"origin": ["cn"]})}
        version = lake.append("products", pa.table(row))
    assert len(lake.files("products", version)) == 1
    with connect(tmp_path) as connection:
        rows = lake.read(connection, "products", version).project("product_id, origin, brand").order("1").fetchall()
    assert rows[0] == ("p00", "cn", None)
    assert rows[-1] == ("p03", None, "x")


def test_upsert_replaces_by_key_and_widens(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.append("products", pa.table({"product_id": ["p", "q"], "brand": ["x", "y"]}))
    version = lake.upsert(
        "products", pa.table({"product_id": ["q", "r"], "brand": ["z", "w"], "origin": ["cn", None]}), ("product_id",)
    )
    with connect(tmp_path) as connection:
        rows = lake.read(connection, "products", version).order("product_id").fetchall()
    assert rows == [("p", "x", None), ("q", "z", "cn"), ("r", "w", None)]


def test_delete_by_key(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    put(lake, "orders", [order("1", 1, DAY, 5), order("2", 1, DAY, 5)])
    version = lake.delete_keys("orders", pa.table({"order_id": ["1", "9"]}), ("order_id",))
    assert ids(lake, version, tmp_path) == ["2"]


def test_a_path_that_the_engines_take_for_a_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TierwiseError) as caught:
        Lake(tmp_path / "a[b]")
    assert caught.value.code == "bad_home"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file where a folder should be")
    with pytest.raises(TierwiseError) as caught:
        customers(Lake(tmp_path / "lake"), ["a"])
    assert caught.value.code == "lake_write_failed"
    assert "nothing was changed" in (caught.value.remedy or "")


def test_a_relation_is_written_in_its_order_with_its_own_schema_and_versions_stay(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake 湖")
    with connect(tmp_path) as connection:
        first = lake.overwrite("profile", connection.sql("SELECT i FROM range(1000) t(i) ORDER BY i DESC"))
        second = lake.overwrite("profile", connection.sql("SELECT 'a''b' AS s, 1.5::DECIMAL(18, 3) AS q WHERE false"))
        assert lake.read(connection, "profile", first).limit(2).fetchall() == [(999,), (998,)]
        empty = lake.read(connection, "profile", second)
        assert (empty.columns, len(empty)) == (["s", "q"], 0)
        lake.heal("profile", first)
        assert len(lake.read(connection, "profile", lake.latest_version("profile"))) == 1000


def test_a_relation_that_fails_leaves_no_file(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    with connect(tmp_path) as connection:
        relation = connection.sql("SELECT error('broken') AS e FROM range(3)")
        with pytest.raises(duckdb.InvalidInputException):
            lake.overwrite("profile", relation)
    assert not list(lake.path("profile").glob("*.parquet"))
