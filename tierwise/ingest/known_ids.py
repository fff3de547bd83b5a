"""Customers by the ids that people write: which of them a source knows, and which ids are one customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import duckdb

from tierwise.engine.lake import Lake
from tierwise.facts import text_sql

SCOPE = "customer_id"
"""Whose ids the business's own are."""

Verdict = Literal["known", "missing_id", "bad_id", "unknown_customer"]


@dataclass(frozen=True, slots=True)
class FoundId:
    """One id as written. source_key and customer_key are None where the verdict is not `known`."""

    verdict: Verdict
    source_key: int | None = None
    customer_key: int | None = None


def find_ids(
    connection: duckdb.DuckDBPyConnection, lake: Lake, versions: Mapping[str, int], texts: Sequence[str]
) -> list[FoundId]:
    """Each id's customer, in the order given. versions: table -> recorded Delta version.

    A customer's own id, or one of another scope as `SCOPE:ID`. Ids are read as an import reads them: `17850.0` is
    `17850`, and digits lost to Excel (`1.2E+10`) are no id.
    """
    if not texts:
        return []
    _view(connection, lake, versions, "identities")
    _view(connection, lake, versions, "customer_map")
    rows = connection.execute(
        f"""
        WITH given AS (SELECT unnest($texts) AS text, generate_subscripts($texts, 1) AS place),
        read AS (SELECT place, text, {text_sql.identifier("text", nobody=True)} AS id FROM given)
        SELECT
            CASE WHEN r.id IS NULL AND {text_sql.identifier_present("r.text", nobody=True)} THEN 'bad_id'
                 WHEN r.id IS NULL THEN 'missing_id'
                 WHEN i.source_key IS NULL THEN 'unknown_customer' ELSE 'known' END,
            i.source_key, coalesce(m.customer_key, i.source_key)
        FROM read r
        LEFT JOIN known_identities i ON i.id = r.id
        LEFT JOIN known_customer_map m ON m.source_key = i.source_key
        ORDER BY r.place
        """,
        {"texts": list(texts)},
    ).fetchall()
    return [FoundId(*row) for row in rows]


def keys_of_customer(
    connection: duckdb.DuckDBPyConnection, lake: Lake, versions: Mapping[str, int], customer_key: int
) -> list[int]:
    """All source keys that are this customer, its own first."""
    _view(connection, lake, versions, "customer_map")
    rows = connection.execute(
        "SELECT source_key FROM known_customer_map WHERE customer_key = $key AND source_key <> $key ORDER BY 1",
        {"key": customer_key},
    ).fetchall()
    return [customer_key, *(row[0] for row in rows)]


def ids_of_keys(
    connection: duckdb.DuckDBPyConnection, lake: Lake, versions: Mapping[str, int], source_keys: Sequence[int]
) -> dict[int, str]:
    """The id that the business writes, by source key, or `SCOPE:ID`; keys that are not there are left out."""
    if not source_keys:
        return {}
    _view(connection, lake, versions, "identities")
    rows = connection.execute(
        "SELECT source_key, id FROM known_identities WHERE source_key IN (SELECT unnest($keys))",
        {"keys": list(source_keys)},
    ).fetchall()
    return dict(rows)


def _view(connection: duckdb.DuckDBPyConnection, lake: Lake, versions: Mapping[str, int], name: str) -> None:
    lake.read(connection, name, versions.get(name)).create_view(f"known_{name}", replace=True)
