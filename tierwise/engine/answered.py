"""What a customer's own columns hold, by files and by what customers answered: as a run of a day sees it.

Of one customer and column the newest answer by that day counts, `answer_id` telling which is newer. Where files say
nothing it fills the column. Where they say something else, `precedence` decides; `newest` means: the answer, as long as
files say what they said when it was given, and the file from when it says something else.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import duckdb

from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.lake import Lake

KEY = "customer_key"

ANSWERED = "answered"
"""The view of the newest answers: the key, and per field given_N, found_N, precedence_N."""


def register_answered(connection: duckdb.DuckDBPyConnection, as_of: date) -> dict[str, int]:
    """The view `answered`, one row per customer; and the number N of each field of which there are answers by as_of.

    The connection has `answers`, by customer_key.
    """
    seen = f"answered_day <= DATE {literal(as_of.isoformat())}"
    rows = connection.execute(f"SELECT DISTINCT field FROM answers WHERE {seen} ORDER BY 1").fetchall()
    fields = {str(field): number for number, (field,) in enumerate(rows)}
    columns = [
        f"arg_max({'value' if name == 'given' else name}, answer_id) "
        f"FILTER (WHERE field = {literal(field)}) AS {name}_{number}"
        for field, number in fields.items()
        for name in ("given", "precedence")
    ]
    # `arg_max` passes over nulls, and a null that was found is what files said.
    columns += [
        f"arg_max({{'v': found}}, answer_id) FILTER (WHERE field = {literal(field)}).v AS found_{number}"
        for field, number in fields.items()
    ]
    if fields:
        connection.execute(
            f"CREATE OR REPLACE VIEW {ANSWERED} AS SELECT {KEY}, {', '.join(columns)} FROM answers "
            f"WHERE {seen} AND {KEY} IS NOT NULL GROUP BY {KEY}"
        )
    return fields


def settled_sql(filed: str, number: int) -> str:
    """SQL of what counts as text. filed: SQL of what files say, as text; number: of the field in `answered`."""
    given, found, precedence = (f"a.{name}_{number}" for name in ("given", "found", "precedence"))
    stands = f"({precedence} = 'answer' OR ({precedence} = 'newest' AND {filed} IS NOT DISTINCT FROM {found}))"
    return f"CASE WHEN {given} IS NULL OR ({filed} IS NOT NULL AND NOT {stands}) THEN {filed} ELSE {given} END"


def settled(filed: str | None, given: str, found: str | None, precedence: str) -> str:
    """As `settled_sql`, of one customer.

    >>> settled("soft", "firm", "soft", "newest"), settled("medium", "firm", "soft", "newest")
    ('firm', 'medium')
    """
    if filed is None or precedence == "answer" or (precedence == "newest" and filed == found):
        return given
    return filed


def filed_of(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    version: int | None,
    source_keys: Collection[int],
    fields: Collection[str],
) -> dict[int, dict[str, str | None]]:
    """What files say of these sources' customers in columns of `customers` of that version, as text, by source key."""
    rows = lake.read(connection, "customers", version)
    there = [field for field in fields if field in rows.columns]
    if not source_keys or not there:
        return {}
    listed = ", ".join(str(int(key)) for key in source_keys)
    columns = ", ".join(f"CAST({quoted(field)} AS VARCHAR)" for field in there)
    found = rows.filter(f"source_key IN ({listed})").project(f"source_key, {columns}").fetchall()
    return {int(key): dict(zip(there, values, strict=True)) for key, *values in found}
