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

from tierwise.facts.identity import Decision, Ints, Links, Scope, resolve

WHOLE_FROM_SHARE = 0.2
"""Where more of all identities are reached, all are worked out: by arrays, which is quicker than step by step."""

_FEW = 10_000


@dataclass(frozen=True, slots=True)
class KnownScope:
    """A scope and whether facts carry keys of it."""

    scope: Scope
    has_facts: bool


def open_scopes(connection: duckdb.DuckDBPyConnection, scopes: Sequence[KnownScope]) -> None:
    """Make the table `who_scopes`, the views `who_linked(own, other)` and `who_scoped`, and forget what was looked at.

    Identities of scopes that are not there link nobody.
    """
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
    connection.execute("CREATE OR REPLACE TABLE seen (key BIGINT, place INTEGER, rank BIGINT, most BIGINT)")
    connection.execute("CREATE OR REPLACE TABLE edges (own BIGINT, other BIGINT)")
    connection.execute("CREATE OR REPLACE TABLE judged (key BIGINT, shared BOOLEAN)")


def settle(
    connection: duckdb.DuckDBPyConnection,
    scopes: Sequence[KnownScope],
    decisions: Sequence[Decision],
    seeds: Sequence[int] | None,
) -> None:
    """Make the tables `reached(key)`, `told(source_key, customer_key)` and `refused(left_key, right_key)`.

    told: of those reached whom facts may name and who belong to another, in the order of their keys: to the lowest
    that names a person, else to the lowest that facts may name. decisions: by source keys, the later above the earlier.
    seeds: source keys; None works all out. `open_scopes` comes before.
    """
    whole = seeds is None or not reach(connection, decisions, seeds, at_most=WHOLE_FROM_SHARE)
    known = [each.scope for each in scopes]
    if whole:
        connection.execute("CREATE OR REPLACE TABLE reached AS SELECT source_key AS key FROM who_scoped")
        keys, scope = _columns(connection, "SELECT source_key, place FROM who_scoped ORDER BY 1")
        both = "SEMI JOIN reached r ON r.key = l.left_key SEMI JOIN reached o ON o.key = l.right_key"
        found = Links(*_columns(connection, f"SELECT left_key, right_key FROM who_links l {both}"))
    else:
        keys, scope = _columns(connection, "SELECT key, place FROM seen SEMI JOIN reached USING (key) ORDER BY 1")
        # Those who are barred are, of all their links: they are left out here, and nobody else is barred.
        open_ = "(SELECT key FROM reached JOIN judged USING (key) WHERE NOT shared)"
        both = f"SEMI JOIN {open_} r ON r.key = e.own SEMI JOIN {open_} o ON o.key = e.other"
        found = Links(*_columns(connection, f"SELECT own, other FROM edges e {both} WHERE own < other"))
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

    `judged(key, shared)` and `edges(own, other)` then have all of them and their neighbours. `open_scopes` comes
    before.
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
    connection.execute("CREATE OR REPLACE TABLE reached (key BIGINT)")
    _table(connection, "given", {"key": np.unique(np.array(list(seeds), dtype=np.int64))})
    look(connection, "given")
    connection.execute("CREATE OR REPLACE TABLE frontier AS SELECT key FROM given SEMI JOIN judged USING (key)")
    count = 0
    while True:
        (more,) = connection.execute("SELECT count(*) FROM frontier").fetchall()[0]
        if not more:
            return True
        count += more
        if count > most:
            return False
        connection.execute("INSERT INTO reached SELECT key FROM frontier")
        connection.execute(
            "CREATE OR REPLACE TABLE neighbours AS SELECT e.other AS key, FALSE AS decided FROM edges e "
            "JOIN (SELECT key FROM frontier f JOIN judged j USING (key) WHERE NOT j.shared) f ON f.key = e.own "
            "ANTI JOIN reached r ON r.key = e.other UNION "
            "SELECT d.other, TRUE FROM decided d SEMI JOIN frontier f ON f.key = d.own "
            "ANTI JOIN reached r ON r.key = d.other"
        )
        look(connection, "neighbours")
        connection.execute(
            "CREATE OR REPLACE TABLE frontier AS SELECT DISTINCT n.key FROM neighbours n JOIN judged j USING (key) "
            "WHERE n.decided OR NOT j.shared"
        )


def look(connection: duckdb.DuckDBPyConnection, keys: str) -> None:
    """Add to `edges` the links of the keys of that table, to `seen` their scopes and those at the other ends, and to
    `judged` whether they are shared. Each is looked at once."""
    connection.execute(f"CREATE OR REPLACE TABLE fresh AS SELECT DISTINCT key FROM {keys} ANTI JOIN judged USING (key)")
    connection.execute(
        "CREATE OR REPLACE TABLE fresh_edges AS SELECT l.own, l.other FROM who_linked l "
        "SEMI JOIN fresh f ON f.key = l.own"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE unseen AS SELECT key FROM (SELECT key FROM fresh UNION SELECT other FROM fresh_edges) "
        "ANTI JOIN seen USING (key)"
    )
    connection.execute(
        "INSERT INTO seen SELECT i.source_key, i.place, i.rank, i.most FROM who_scoped i "
        "SEMI JOIN unseen u ON u.key = i.source_key"
    )
    connection.execute("INSERT INTO edges SELECT own, other FROM fresh_edges e SEMI JOIN seen s ON s.key = e.other")
    connection.execute(f"INSERT INTO judged {_judged('fresh_edges', 'fresh')}")


def judge_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `judged(key, shared)` of everybody. `open_scopes` comes before."""
    connection.execute("CREATE OR REPLACE TABLE seen AS SELECT source_key AS key, place, rank, most FROM who_scoped")
    connection.execute(f"CREATE OR REPLACE TABLE judged AS {_judged('who_linked', 'seen')}")


def _judged(links: str, keys: str) -> str:
    """A query of (key, shared), by these links (own, other) of the keys of that table; of those in `seen`."""
    return f"""
        SELECT k.key, coalesce(c.shared, FALSE) AS shared FROM {keys} k SEMI JOIN seen s ON s.key = k.key
        LEFT JOIN (
            SELECT key, bool_or(n > most) AS shared FROM (
                SELECT l.own AS key, a.most, b.place, count(*) AS n
                FROM {links} l JOIN seen a ON a.key = l.own JOIN seen b ON b.key = l.other
                WHERE b.rank <= a.rank GROUP BY ALL
            ) GROUP BY key
        ) c ON c.key = k.key
    """


def seeds_of(connection: duckdb.DuckDBPyConnection, new: str) -> list[int]:
    """What may change by the links of the table `new`, which `who_links` has already: their ends, and whoever was
    joined by one that they make shared. `open_scopes` comes before."""
    connection.execute(
        f"CREATE OR REPLACE TABLE ends AS SELECT left_key AS key FROM {new} UNION SELECT right_key FROM {new}"
    )
    look(connection, "ends")
    connection.execute(
        f"CREATE OR REPLACE TABLE earlier AS SELECT e.own, e.other FROM edges e "
        "SEMI JOIN (SELECT key FROM ends JOIN judged USING (key) WHERE shared) s ON s.key = e.own "
        f"ANTI JOIN {new} n ON e.own = n.left_key AND e.other = n.right_key "
        f"ANTI JOIN {new} m ON e.own = m.right_key AND e.other = m.left_key"
    )
    rows = connection.execute(
        "SELECT key FROM ends UNION SELECT e.other FROM earlier e "
        f"SEMI JOIN (SELECT key FROM ({_judged('earlier', 'ends')}) j(key, shared) WHERE NOT shared) s ON s.key = e.own"
    ).fetchall()
    return [int(key) for (key,) in rows]


def _columns(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Ints, ...]:
    """The columns of a query of whole numbers without nulls."""
    found = connection.execute(query).fetchnumpy()
    return tuple(np.asarray(column, dtype=np.int64) for column in found.values())


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
