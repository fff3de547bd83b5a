"""The profile in memory: what was asked for and no more, within its bound, the newest run, for many at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from tierwise.engine.current import CurrentProfile
from tierwise.engine.lake import Lake

ROWS = 1000


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two versions of a profile: version 1 has every number one larger."""
    lake = Lake(Path(tmp_path_factory.mktemp("lake")))
    connection = duckdb.connect()
    for more in (0, 1):
        rows = f"SELECT i AS customer_key, 'C' || i AS customer_id, i % 7 + {more} AS a, i % 5 AS b, i % 3 AS c_minor"
        lake.overwrite("profile", connection.sql(f"{rows} FROM range({ROWS}) t(i)"))
    connection.close()
    return lake


@pytest.fixture
def current(lake: Lake, tmp_path: Path) -> Iterator[CurrentProfile]:
    current = CurrentProfile(lake, tmp_path / "spill")
    yield current
    current.close()


def ask(current: CurrentProfile, version: int, column: str) -> int:
    with current.opened(version, [column]) as connection:
        found = connection.execute(f"SELECT sum({column}) FROM profile").fetchone()
        assert found is not None
        return int(found[0])


def tables(current: CurrentProfile) -> dict[str, set[str]]:
    """Native tables -> their columns."""
    with current.opened(0, [], load=False) as connection:
        rows = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal"
        )
        found: dict[str, set[str]] = {}
        for table, column in rows.fetchall():
            found.setdefault(table, set()).add(column)
        return found


def loaded(current: CurrentProfile) -> set[str]:
    with current.opened(0, [], load=False) as connection:
        rows = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'").fetchall()
        return {row[0] for row in rows}


def expected(version: int, column: str) -> int:
    return sum(i % {"a": 7, "b": 5}[column] + (version if column == "a" else 0) for i in range(ROWS))


def test_columns_are_loaded_when_they_are_asked_for(current: CurrentProfile) -> None:
    assert ask(current, 0, "a") == expected(0, "a")
    (columns,) = tables(current).values()
    assert columns == {"customer_key", "a"}
    assert ask(current, 0, "b") == expected(0, "b")
    (columns,) = tables(current).values()
    assert columns == {"customer_key", "a", "b"}


def test_a_new_run_takes_the_place_of_the_old(current: CurrentProfile) -> None:
    assert ask(current, 0, "a") == expected(0, "a")
    assert ask(current, 1, "a") == expected(1, "a")
    assert ask(current, 0, "a") == expected(0, "a")
    assert len(tables(current)) == 1


def test_who_still_looks_at_the_old_one_keeps_it_until_the_end(current: CurrentProfile) -> None:
    with current.opened(0, ["a"]) as connection:
        assert ask(current, 1, "a") == expected(1, "a")
        found = connection.execute("SELECT sum(a) FROM profile").fetchone()
        assert found == (expected(0, "a"),)
    with current.opened(1, ["a"]) as connection:
        left = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'main'").fetchone()
    assert left == (1,)


def test_what_does_not_fit_is_read_from_the_files_and_the_newest_columns_stay(lake: Lake, tmp_path: Path) -> None:
    three = ROWS * 8 * 3
    current = CurrentProfile(lake, tmp_path / "spill", budget_bytes=three)
    assert ask(current, 0, "a") == expected(0, "a")
    assert ask(current, 0, "b") == expected(0, "b")
    with current.opened(0, ["c_minor"]) as connection:
        assert set(connection.table("profile").columns) == {"customer_key", "b", "c_minor"}
    with current.opened(0, ["customer_id", "a", "b"]) as connection:
        assert len(connection.table("profile").columns) == 5  # the files
    current.close()
    none = CurrentProfile(lake, tmp_path / "spill", budget_bytes=0)
    with none.opened(0, ["a"]) as connection:
        assert len(connection.table("profile").columns) == 5
    none.close()


def test_a_look_at_an_old_run_leaves_the_current_one_where_it_is(current: CurrentProfile) -> None:
    assert ask(current, 1, "a") == expected(1, "a")
    (before,) = loaded(current)
    with current.opened(0, ["a"], load=False) as connection:
        assert connection.execute("SELECT sum(a) FROM profile").fetchone() == (expected(0, "a"),)
    assert list(loaded(current)) == [before]


def test_what_one_makes_nobody_else_sees_and_it_is_gone_afterwards(current: CurrentProfile) -> None:
    with current.opened(0, ["a"]) as one, current.opened(0, ["b"]) as other:
        one.execute("CREATE TABLE mine AS SELECT 1 AS x")
        other.execute("CREATE TABLE mine AS SELECT 2 AS x")
        assert one.execute("FROM mine").fetchall() == [(1,)]
        assert other.execute("FROM mine").fetchall() == [(2,)]
    with current.opened(0, ["a"]) as one:
        assert one.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'mine'").fetchone() == (0,)
        assert one.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)


def test_many_threads_over_two_runs_all_get_the_truth(current: CurrentProfile) -> None:
    questions = [(number % 2, "ab"[number % 3 == 0]) for number in range(60)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda question: ask(current, *question), questions))
    assert found == [expected(*question) for question in questions]
    assert len(tables(current)) == 1


def test_a_schema_names_money_without_its_ending(current: CurrentProfile) -> None:
    schema = current.schema(0, 2)
    assert (schema["c"].column, schema["c"].digits, schema["a"].type) == ("c_minor", 2, "integer")
    assert current.schema(0, 2) is schema
