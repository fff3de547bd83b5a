"""What is worked out for a few stored identities is what comes of all."""

from __future__ import annotations

import random
from collections.abc import Iterator

import duckdb
import pytest

from tierwise.engine import who_is_who
from tierwise.engine.duckdb_session import connect
from tierwise.engine.who_is_who import KnownScope, open_scopes, seeds_of, settle
from tierwise.facts.identity import Decision, Scope

SCOPES = (
    KnownScope(Scope("customer_id", 1, names_people=True), has_facts=True),
    KnownScope(Scope("till", 2, most=2), has_facts=True),
    KnownScope(Scope("phone", 3, most=2), has_facts=False),
    KnownScope(Scope("browser", 4, most=2), has_facts=True),
)


@pytest.fixture
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(tmp_path_factory.mktemp("spill"), threads=1) as connection:
        connection.execute("CREATE TABLE who_identities (source_key BIGINT, scope VARCHAR)")
        connection.execute("CREATE TABLE who_links (left_key BIGINT, right_key BIGINT)")
        connection.execute("CREATE TABLE new_links (left_key BIGINT, right_key BIGINT)")
        yield connection


def known(connection: duckdb.DuckDBPyConnection, *scopes: str) -> None:
    """Keys 1, 2, … of these scopes."""
    connection.executemany("INSERT INTO who_identities VALUES (?, ?)", [*enumerate(scopes, 1)])


def link(connection: duckdb.DuckDBPyConnection, *pairs: tuple[int, int]) -> list[int]:
    """Add links; the seeds of what they may change."""
    connection.execute("DELETE FROM new_links")
    for left, right in pairs:
        if not connection.execute("FROM who_links WHERE left_key = ? AND right_key = ?", [left, right]).fetchone():
            connection.execute("INSERT INTO who_links VALUES (?, ?)", [left, right])
            connection.execute("INSERT INTO new_links VALUES (?, ?)", [left, right])
    open_scopes(connection, SCOPES)
    return seeds_of(connection, "new_links")


def told(connection: duckdb.DuckDBPyConnection) -> tuple[dict[int, int], set[tuple[int, int]]]:
    return dict(connection.execute("FROM told").fetchall()), set(connection.execute("FROM refused").fetchall())


def test_the_lowest_whom_facts_may_name_stands_for_people_without_a_number(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    known(connection, "phone", "browser", "till", "browser")
    link(connection, (1, 2), (1, 3))
    settle(connection, SCOPES, (), None)
    assert told(connection) == ({3: 2}, set())


def test_whoever_a_shared_id_has_joined_is_reached(connection: duckdb.DuckDBPyConnection) -> None:
    known(connection, "till", "till", "till", "phone", "till")
    settled(connection, link(connection, (1, 4), (2, 4)))
    assert told(connection)[0] == {2: 1}
    assert sorted(link(connection, (3, 4))) == [1, 2, 3, 4]
    settled(connection, [1, 2, 3, 4])
    assert told(connection) == ({}, set())


def settled(connection: duckdb.DuckDBPyConnection, seeds: list[int] | None, *decisions: Decision) -> None:
    open_scopes(connection, SCOPES)
    settle(connection, SCOPES, decisions, seeds)


@pytest.mark.parametrize("seed", range(3))
def test_kept_up_step_by_step_equals_all_at_once(
    connection: duckdb.DuckDBPyConnection, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A life of links and decisions, some taken back: the stored map and conflicts, changed only where reached."""
    monkeypatch.setattr(who_is_who, "WHOLE_FROM_SHARE", 1.0)
    draw = random.Random(seed)
    names = [each.scope.name for each in SCOPES]
    known(connection, *(draw.choice(names) for _ in range(14)))
    people: dict[int, int] = {}
    conflicts: set[tuple[int, int]] = set()
    decisions: list[Decision] = []
    for _ in range(12):
        if draw.random() < 0.6:
            seeds = link(connection, *(tuple(sorted(draw.sample(range(1, 15), 2))) for _ in range(draw.randint(1, 4))))
        elif decisions and draw.random() < 0.4:
            taken = decisions.pop(draw.randrange(len(decisions)))
            seeds = [taken.left, taken.right]
        else:
            left, right = sorted(draw.sample(range(1, 15), 2))
            decisions.append(Decision(left, right, draw.random() < 0.5))
            seeds = [left, right]
        settled(connection, seeds, *decisions)
        reached = {key for (key,) in connection.execute("FROM reached").fetchall()}
        moved, refused = told(connection)
        people = {key: to for key, to in people.items() if key not in reached} | moved
        conflicts = {pair for pair in conflicts if pair[0] not in reached} | refused
        settled(connection, None, *decisions)
        assert (people, conflicts) == told(connection)
