"""Who is who in the stored identities: worked out anew for all of them, or for those that something reaches.

Over views of one DuckDB connection: `who_identities` and `who_links`, as the contract's `identities` and
`identity_links`, and the table `who_scopes` (`open_scopes`). The rules are those of `facts/identity.py`; that what is
worked out for a few is what comes of all is its promise, and a test's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from tierwise.facts.identity import Bools, Decision, Ints, Links, Scope, resolve

WHOLE_FROM_SHARE = 0.2
"""Where more of all identities are reached, all are worked out: by arrays, which is quicker than step by step."""

_FEW = 10_000


@dataclass(frozen=True, slots=True)
class KnownScope:
    """A scope and whether facts carry keys of it."""

    scope: Scope
    has_facts: bool


def open_scopes(connection: duckdb.DuckDBPyConnection, scopes: Sequence[KnownScope]) -> None:
    """Make the table `who_scopes`. Identities of scopes that are not in it link nobody."""
    connection.execute(
        "CREATE OR REPLACE TABLE who_scopes (place INTEGER, scope VARCHAR, rank BIGINT, names_people BOOLEAN, "
        "most BIGINT, has_facts BOOLEAN)"
    )
    rows = [
        (place, each.scope.name, each.scope.rank, each.scope.names_people, each.scope.most, each.has_facts)
        for place, each in enumerate(scopes)
    ]
    connection.executemany("INSERT INTO who_scopes VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.execute(
        "CREATE OR REPLACE VIEW who_linked AS SELECT left_key AS own, right_key AS other FROM who_links "
        "UNION ALL SELECT right_key, left_key FROM who_links"
    )
    connection.execute(
        "CREATE OR REPLACE VIEW who_scoped AS SELECT i.source_key, s.place, s.rank, s.most "
        "FROM who_identities i JOIN who_scopes s USING (scope)"
    )


def settle(
    connection: duckdb.DuckDBPyConnection,
    scopes: Sequence[KnownScope],
    decisions: Sequence[Decision],
    seeds: Sequence[int] | None,
) -> None:
    """Make the tables `reached(key)`, `told(source_key, customer_key)` and `refused(left_key, right_key)`.

    told: of those reached whom facts may name and who belong to another, in the order of their keys: to the lowest
    that names a person, else to the lowest that facts may name. decisions: by source keys, the later above the earlier.
    seeds: source keys; None works all out.
    """
    open_scopes(connection, scopes)
    whole = seeds is None or not reach(connection, decisions, seeds, at_most=WHOLE_FROM_SHARE)
    if whole:
        connection.execute("CREATE OR REPLACE TABLE reached AS SELECT source_key AS key FROM who_scoped")
    keys, scope = _columns(
        connection,
        "SELECT i.source_key, i.place FROM who_scoped i SEMI JOIN reached r ON r.key = i.source_key ORDER BY 1",
    )
    links = "SELECT left_key, right_key FROM who_links l SEMI JOIN reached r ON r.key = l.left_key"
    found = Links(*_columns(connection, f"{links} SEMI JOIN reached o ON o.key = l.right_key"))
    known = [each.scope for each in scopes]
    if not whole:  # those who are barred are, of all their links: they are left out here, and nobody else is barred
        open_ = _open(connection, keys)
        found = _between(found, keys[open_])
        known = [Scope(each.name, each.rank, each.names_people, max(len(keys), 1)) for each in known]
    placed = Links(np.searchsorted(keys, found.left), np.searchsorted(keys, found.right))
    resolved = resolve(scope, known, placed, _placed(decisions, keys))
    person = _people(scopes, scope, resolved.person)
    moved = (person != np.arange(len(keys))) & (person >= 0) & np.array([s.has_facts for s in scopes], bool)[scope]
    told = {"source_key": keys[moved], "customer_key": keys[person[moved]]}
    refused = np.array(resolved.refused, dtype=np.int64).reshape(-1, 2)
    _table(connection, "told", told)
    _table(connection, "refused", {"left_key": keys[refused[:, 0]], "right_key": keys[refused[:, 1]]})


def reach(
    connection: duckdb.DuckDBPyConnection, decisions: Sequence[Decision], seeds: Sequence[int], *, at_most: float = 1.0
) -> bool:
    """Make the table `reached(key)`: what can be come to from the seeds by links of identities that are not shared, and
    by decisions. Whether it was made: False where more than that share of all is reached, and they are not few.

    It leaves `judged(key, shared)` of all of them and their neighbours.
    """
    (of,) = connection.execute("SELECT count(*) FROM who_identities").fetchall()[0]
    most = max(_FEW, int(of * at_most))
    pairs = [(each.left, each.right) for each in decisions]
    _table(
        connection,
        "decided",
        {
            "own": np.array([a for a, b in pairs] + [b for a, b in pairs], dtype=np.int64),
            "other": np.array([b for a, b in pairs] + [a for a, b in pairs], dtype=np.int64),
        },
    )
    connection.execute("CREATE OR REPLACE TABLE judged (key BIGINT, shared BOOLEAN)")
    connection.execute("CREATE OR REPLACE TABLE reached (key BIGINT)")
    _table(connection, "given", {"key": np.unique(np.array(list(seeds), dtype=np.int64))})
    connection.execute(
        "CREATE OR REPLACE TABLE frontier AS SELECT key FROM given g SEMI JOIN who_scoped i ON i.source_key = g.key"
    )
    count = 0
    while True:
        (more,) = connection.execute("SELECT count(*) FROM frontier").fetchall()[0]
        if not more:
            return True
        count += more
        if count > most:
            return False
        connection.execute("INSERT INTO reached SELECT key FROM frontier")
        judge(connection, "frontier")
        connection.execute(
            "CREATE OR REPLACE TABLE neighbours AS SELECT DISTINCT l.other AS key FROM who_linked l "
            "JOIN (SELECT key FROM frontier f JOIN judged j USING (key) WHERE NOT j.shared) f ON f.key = l.own "
            "ANTI JOIN reached r ON r.key = l.other SEMI JOIN who_scoped i ON i.source_key = l.other"
        )
        judge(connection, "neighbours")
        connection.execute(
            "CREATE OR REPLACE TABLE frontier AS "
            "SELECT n.key FROM neighbours n JOIN judged j USING (key) WHERE NOT j.shared "
            "UNION SELECT d.other FROM decided d SEMI JOIN frontier f ON f.key = d.own "
            "ANTI JOIN reached r ON r.key = d.other SEMI JOIN who_scoped i ON i.source_key = d.other"
        )


def judge(connection: duckdb.DuckDBPyConnection, keys: str, links: str = "who_linked", into: str = "judged") -> None:
    """Add to `judged(key, shared)` those of the table `keys` that it lacks. links: a relation of (own, other)."""
    connection.execute(
        f"""
        INSERT INTO {into}
        SELECT k.key, coalesce(c.shared, FALSE) FROM (SELECT key FROM {keys} ANTI JOIN {into} j USING (key)) k
        LEFT JOIN (
            SELECT key, bool_or(n > most) AS shared FROM (
                SELECT l.own AS key, a.most, b.place, count(*) AS n
                FROM {links} l SEMI JOIN {keys} k ON k.key = l.own
                JOIN who_scoped a ON a.source_key = l.own JOIN who_scoped b ON b.source_key = l.other
                WHERE b.rank <= a.rank GROUP BY ALL
            ) GROUP BY key
        ) c USING (key)
        """
    )


def seeds_of(connection: duckdb.DuckDBPyConnection, new: str) -> list[int]:
    """What may change by the links of the table `new`, which `who_links` has already: their ends, and whoever was
    joined by one that they make shared. `who_scopes` must be there."""
    connection.execute(
        f"CREATE OR REPLACE TABLE ends AS SELECT left_key AS key FROM {new} UNION SELECT right_key FROM {new}"
    )
    connection.execute("CREATE OR REPLACE TABLE judged (key BIGINT, shared BOOLEAN)")
    connection.execute("CREATE OR REPLACE TABLE judged_before (key BIGINT, shared BOOLEAN)")
    judge(connection, "ends")
    earlier = (
        f"(SELECT * FROM who_linked l ANTI JOIN {new} n ON l.own = n.left_key AND l.other = n.right_key "
        f"ANTI JOIN {new} m ON l.own = m.right_key AND l.other = m.left_key)"
    )
    connection.execute("CREATE OR REPLACE TABLE shared_ends AS SELECT key FROM judged WHERE shared")
    judge(connection, "shared_ends", earlier, "judged_before")
    rows = connection.execute(
        "SELECT key FROM ends UNION SELECT l.other FROM who_linked l "
        "SEMI JOIN (SELECT key FROM judged_before WHERE NOT shared) s ON s.key = l.own"
    ).fetchall()
    return [int(key) for (key,) in rows]


def _columns(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Ints, ...]:
    """The columns of a query of whole numbers without nulls."""
    found = connection.execute(query).fetchnumpy()
    return tuple(np.asarray(column, dtype=np.int64) for column in found.values())


def _open(connection: duckdb.DuckDBPyConnection, keys: Ints) -> Bools:
    """By place in `keys`: whether it is not shared."""
    (barred,) = _columns(connection, "SELECT key FROM judged WHERE shared")
    return ~np.isin(keys, barred)


def _between(links: Links, keys: Ints) -> Links:
    """Those links whose two ends are among the keys."""
    both = np.isin(links.left, keys) & np.isin(links.right, keys)
    return Links(links.left[both], links.right[both])


def _placed(decisions: Sequence[Decision], keys: Ints) -> list[Decision]:
    """By their places in `keys`; a decision about an identity that is not there says nothing here."""
    place = {int(key): at for at, key in enumerate(keys.tolist())} if decisions else {}
    return [
        Decision(place[each.left], place[each.right], each.same)
        for each in decisions
        if each.left in place and each.right in place
    ]


def _people(scopes: Sequence[KnownScope], scope: Ints, person: Ints) -> Ints:
    """By identity who stands for its person outside: who is known, else the lowest that facts may name; -1 where no
    fact can name anybody of them."""
    named = np.array([each.scope.names_people for each in scopes], bool)[scope]
    with_facts = np.array([each.has_facts for each in scopes], bool)[scope]
    count = len(person)
    lowest = np.full(count, count, dtype=np.int64)
    np.minimum.at(lowest, person[with_facts], np.arange(count)[with_facts])
    lowest = np.where(lowest < count, lowest, -1)
    by_person = np.where(named, np.arange(count), lowest)
    return by_person[person]


def _table(connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, Ints]) -> None:
    """A table of whole numbers."""
    rows = pa.table({column: pa.array(values, pa.int64()) for column, values in columns.items()})
    connection.register("made_here", rows)
    connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM made_here")
    connection.unregister("made_here")
