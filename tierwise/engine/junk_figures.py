"""Questions to the snapshot table `junk`: one row per flagged account and rule, as `metrics/cleaning.py` gives it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb

_FIGURES = (
    "count(*), COALESCE(sum(frequency_count), 0)::BIGINT, COALESCE(sum(monetary_amount_minor), 0)::BIGINT, "
    "COALESCE(sum(monetary_amount_gross_minor), 0)::BIGINT, count(*) FILTER (kept_until < $as_of)"
)

Figures = tuple[int, int, int, int, int]
"""Accounts, orders, net and gross minor units, and accounts kept longer than they need be."""


def totals(connection: duckdb.DuckDBPyConnection, as_of: date) -> Figures:
    """Of all flagged accounts, each once; it is kept as long as any rule says."""
    row = connection.execute(
        f"SELECT {_FIGURES} FROM (SELECT customer_key, any_value(frequency_count) AS frequency_count, "
        "any_value(monetary_amount_minor) AS monetary_amount_minor, "
        "any_value(monetary_amount_gross_minor) AS monetary_amount_gross_minor, max(kept_until) AS kept_until "
        "FROM junk GROUP BY customer_key)",
        {"as_of": as_of},
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2], row[3], row[4]


def by_rule(connection: duckdb.DuckDBPyConnection, as_of: date) -> dict[str, Figures]:
    """Of the accounts that each rule finds; one that several rules find counts in each."""
    rows = connection.execute(f"SELECT rule, {_FIGURES} FROM junk GROUP BY rule", {"as_of": as_of}).fetchall()
    return {row[0]: (row[1], row[2], row[3], row[4], row[5]) for row in rows}


def first_found(connection: duckdb.DuckDBPyConnection, order: Sequence[str]) -> dict[str, int]:
    """Accounts by the first rule, in that order, that finds them: these add up to all."""
    rows = connection.execute(
        "SELECT $order[place], count(*) FROM (SELECT min(list_position($order, rule)) AS place FROM junk "
        "GROUP BY customer_key) GROUP BY 1",
        {"order": list(order)},
    ).fetchall()
    return {rule: count for rule, count in rows if rule is not None}


def examples(connection: duckdb.DuckDBPyConnection, rule: str, limit: int) -> tuple[str, ...]:
    """Some of the accounts that a rule finds, by their id alone."""
    rows = connection.execute(
        "SELECT customer_id FROM junk WHERE rule = $rule ORDER BY customer_id LIMIT $limit",
        {"rule": rule, "limit": limit},
    ).fetchall()
    return tuple(row[0] for row in rows)


def flagged(connection: duckdb.DuckDBPyConnection, customer_id: str) -> tuple[int, tuple[str, ...]] | None:
    """The key of a flagged account and the rules that find it; None where none does."""
    rows = connection.execute(
        "SELECT customer_key, rule FROM junk WHERE customer_id = $id ORDER BY rule", {"id": customer_id}
    ).fetchall()
    return (rows[0][0], tuple(row[1] for row in rows)) if rows else None


def still_flagged(connection: duckdb.DuckDBPyConnection, releases: Sequence[tuple[int, str | None]]) -> int:
    """Of these releases (key, rule or None for all) how many the snapshot does not heed yet."""
    row = connection.execute(
        "SELECT count(*) FROM (SELECT unnest($keys::BIGINT[]) AS key, unnest($rules::VARCHAR[]) AS rule) r "
        "WHERE EXISTS (SELECT 1 FROM junk j WHERE j.customer_key = r.key AND (r.rule IS NULL OR r.rule = j.rule))",
        {"keys": [key for key, _ in releases], "rules": [rule for _, rule in releases]},
    ).fetchone()
    return int(row[0]) if row else 0


def ids_of(connection: duckdb.DuckDBPyConnection, keys: Sequence[int]) -> dict[int, str]:
    """The business's own ids of source keys, from the view `identities`."""
    rows = connection.execute(
        "SELECT source_key, id FROM identities WHERE list_contains($keys::BIGINT[], source_key)", {"keys": list(keys)}
    ).fetchall()
    return dict(rows)


def keys_of(connection: duckdb.DuckDBPyConnection, customer_id: str) -> tuple[int, ...]:
    """Every source key of the person with that id, from the views `identities` and `customer_map`; empty where none."""
    rows = connection.execute(
        "WITH whole AS (SELECT i.source_key, i.id, COALESCE(m.customer_key, i.source_key) AS customer_key "
        "FROM identities i LEFT JOIN customer_map m USING (source_key)) "
        "SELECT DISTINCT o.source_key FROM whole o JOIN whole w USING (customer_key) WHERE w.id = $id ORDER BY 1",
        {"id": customer_id},
    ).fetchall()
    return tuple(row[0] for row in rows)
