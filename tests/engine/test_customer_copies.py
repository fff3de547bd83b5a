"""Copies in the order of customers: the same rows as the tables that they were made of, and never another version's."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.engine.facts import customers, order, put, refund
from tierwise.engine.customer_copies import FACTS, CustomerCopies
from tierwise.engine.duckdb_session import connect
from tierwise.engine.lake import Lake
from tierwise.engine.sources import register_facts

IDS = [f"客户'{number}" for number in range(1, 41)]
DAY = date(2026, 1, 1)


def write_profile(lake: Lake, more: int = 0) -> int:
    """Everybody but the two that are somebody else, in no order."""
    with duckdb.connect() as connection:
        named = connection.from_arrow(_ids())
        rows = named.filter("customer_key NOT IN (7, 9)").order("hash(customer_key)")
        return lake.overwrite("profile", rows.project(f"*, customer_key * 10 + {more} AS frequency_count"))


def _ids() -> Any:
    import pyarrow as pa

    return pa.table({"customer_id": IDS, "customer_key": pa.array(range(1, 41), pa.int64())})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, dict[str, int]]:
    """Orders of all and of nobody, refunds of some; 7 and 9 are the same person as 2. No visits, no vehicles."""
    lake = Lake(Path(tmp_path_factory.mktemp("lake")))
    orders = [order(f"O{n}", (n * 7) % 41 or None, DAY + timedelta(days=n % 50), n) for n in range(300)]
    refunds = [refund(f"R{n}", n, DAY, n) for n in range(1, 9)]
    versions = {"identities": customers(lake, IDS), "orders": put(lake, "orders", orders[:150])}
    versions["orders"] = put(lake, "orders", orders[150:])
    versions["refunds"] = put(lake, "refunds", refunds)
    versions["customer_map"] = put(lake, "customer_map", [{"source_key": k, "customer_key": 2} for k in (9, 7)])
    versions["customers"] = put(lake, "customers", [{"source_key": n, "name": f"N{n}"} for n in range(1, 41)])
    versions["profile"] = write_profile(lake)
    return lake, versions


@pytest.fixture
def copies(made: tuple[Lake, dict[str, int]], tmp_path: Path) -> Iterator[CustomerCopies]:
    copies = CustomerCopies(made[0], tmp_path / "by_customer", tmp_path / "spill")
    yield copies
    copies.close()


def make_all(copies: CustomerCopies, versions: dict[str, int]) -> None:
    for table, version in copies.lacking(versions).items():
        copies.make(table, version)


def rows(connection: duckdb.DuckDBPyConnection, table: str, where: str = "true") -> list[tuple[Any, ...]]:
    said = connection.execute(f"SELECT COLUMNS(*)::VARCHAR FROM {table} WHERE {where} ORDER BY ALL")
    return said.fetchall()


def test_one_customers_rows_are_those_of_the_tables(
    copies: CustomerCopies, made: tuple[Lake, dict[str, int]], tmp_path: Path
) -> None:
    lake, versions = made
    make_all(copies, versions)
    assert copies.lacking(versions) == {}
    connection = connect(tmp_path / "spill")
    register_facts(connection, lake, {name: version for name, version in versions.items() if name != "profile"})
    lake.read(connection, "profile", versions["profile"]).create_view("profile")
    orders = 0
    for number, customer_id in enumerate(IDS, 1):
        with copies.opened(versions) as found:
            assert found is not None
            place = found.place(customer_id)
            if number in (7, 9):
                assert place is None  # somebody else by now
                continue
            assert place is not None
            assert place.key == number
            assert place.keys == ((2, 7, 9) if number == 2 else (number,))
            found.narrow(place)
            orders += len(rows(found.connection, "orders"))
            for table in ("profile", *FACTS):
                mine = rows(found.connection, table)
                assert mine == rows(connection, table, f"customer_key = {number}"), table
                assert found.connection.view(table).columns == connection.view(table).columns
    assert orders == connection.execute("SELECT count(*) FROM orders WHERE customer_key IS NOT NULL").fetchall()[0][0]
    connection.close()


def test_a_profile_of_several_files_is_found_as_well(
    copies: CustomerCopies, made: tuple[Lake, dict[str, int]], tmp_path: Path
) -> None:
    lake, versions = made
    copies.lake = Lake(shutil.copytree(lake.root, tmp_path / "lake"))
    with duckdb.connect() as connection:
        more = connection.sql("SELECT 'later' AS customer_id, 41::BIGINT AS customer_key, 5::BIGINT AS frequency_count")
        versions = {**versions, "profile": copies.lake.append("profile", more)}
    make_all(copies, versions)
    with copies.opened(versions) as found:
        assert found is not None
        for customer_id, frequency in ((IDS[2], 30), ("later", 5)):
            place = found.place(customer_id)
            assert place is not None
            found.narrow(place)
            rows_of_it = found.connection.execute("SELECT customer_id, frequency_count FROM profile").fetchall()
            assert rows_of_it == [(customer_id, frequency)]


def test_whoever_is_not_known_has_no_place(copies: CustomerCopies, made: tuple[Lake, dict[str, int]]) -> None:
    make_all(copies, made[1])
    with copies.opened(made[1]) as found:
        assert found is not None
        assert found.place("客户") is None
        assert found.place("' OR true --") is None


def test_a_copy_of_another_version_is_not_read(
    copies: CustomerCopies, made: tuple[Lake, dict[str, int]], tmp_path: Path
) -> None:
    lake, versions = made
    mine = Lake(shutil.copytree(lake.root, tmp_path / "lake"))
    copies.lake = mine
    make_all(copies, versions)
    newer = {**versions, "profile": write_profile(mine, more=1)}
    assert copies.lacking(newer) == {"profile": newer["profile"]}
    with copies.opened(newer) as found:
        assert found is None
    make_all(copies, newer)
    for wanted, more in ((newer, 1), (versions, 0)):
        with copies.opened(wanted) as found:
            assert found is not None
            place = found.place(IDS[4])
            assert place is not None
            found.narrow(place)
            assert found.connection.execute("SELECT frequency_count FROM profile").fetchall() == [(50 + more,)]


def test_a_table_made_anew_with_old_numbers_is_another(
    copies: CustomerCopies, made: tuple[Lake, dict[str, int]], tmp_path: Path
) -> None:
    lake, versions = made
    copies.lake = Lake(shutil.copytree(lake.root, tmp_path / "lake"))
    make_all(copies, versions)
    shutil.rmtree(copies.lake.path("profile"))
    assert write_profile(copies.lake, more=5) == versions["profile"]
    assert copies.lacking(versions) == {"profile": versions["profile"]}


def test_what_is_not_of_this_run_is_removed_while_others_read_on(
    copies: CustomerCopies, made: tuple[Lake, dict[str, int]], tmp_path: Path
) -> None:
    lake, versions = made
    copies.lake = Lake(shutil.copytree(lake.root, tmp_path / "lake"))
    make_all(copies, versions)
    (copies.root / "orders-1-0000.1234.making").write_bytes(b"left by a maker that died")
    newer = {**versions, "profile": write_profile(copies.lake, more=1)}
    with copies.opened(versions) as found:
        assert found is not None
        make_all(copies, newer)
        copies.keep_only(newer)
        place = found.place(IDS[0])
        assert place is not None
        found.narrow(place)
        assert found.connection.execute("SELECT frequency_count FROM profile").fetchall() == [(10,)]
    assert {path.name.split("-")[0] for path in copies.root.iterdir()} == {
        "profile", "orders", "refunds", "customers", "customer_map",
    }  # fmt: skip
    with copies.opened(versions) as found:
        assert found is None
    with copies.opened(newer) as found:
        assert found is not None


def test_a_damaged_copy_is_not_read_and_is_made_again(
    copies: CustomerCopies, made: tuple[Lake, dict[str, int]]
) -> None:
    make_all(copies, made[1])
    path = copies.path("orders", made[1]["orders"])
    assert path is not None
    path.write_bytes(b"no database")
    with copies.opened(made[1]) as found:
        assert found is None
    assert set(copies.lacking(made[1])) == {"orders"}


def test_a_making_that_fails_leaves_nothing(
    copies: CustomerCopies, made: tuple[Lake, dict[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tierwise.engine.customer_copies._fact_sql", lambda table, there: ("SELECT nothing",))
    with pytest.raises(duckdb.Error):
        copies.make("orders", made[1]["orders"])
    assert list(copies.root.iterdir()) == []


def test_one_thing_is_done_aside_and_ends_with_the_house(copies: CustomerCopies) -> None:
    going = threading.Event()
    ended = threading.Event()

    def work() -> None:
        going.set()
        try:
            while not copies.closed:
                ended.wait(0.01)
        finally:
            ended.set()

    assert copies.aside(work)
    assert going.wait(10)
    assert not copies.aside(work)
    copies.close()
    assert ended.is_set()
    assert not copies.aside(work)
