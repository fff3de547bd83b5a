"""The edge between inside and outside: minor units to decimals, keys to the business's ids, columns to their labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from tierwise.engine.duckdb_session import literal, quoted
from tierwise.facts.contract import RELATIONS, Table
from tierwise.kernel.money import exponent

_DIGITS = 18
"""Digits of a money column outside; 10^16 yuan is more than anybody's."""


def money_sql(column: str, currency: str) -> str:
    """A minor-unit column as an exact decimal in currency units."""
    digits = exponent(currency)
    unit = f"1e-{digits}::DECIMAL({digits + 1},{digits})" if digits else "1"
    return f"CAST(CAST({quoted(column)} AS DECIMAL({_DIGITS},0)) * {unit} AS DECIMAL({_DIGITS},{digits}))"


def outside_name(column: str) -> str:
    """`monetary_amount_30d_minor` is `monetary_amount_30d` outside."""
    return column.removesuffix("_minor")


def outside_columns(columns: Iterable[str], currency: str, labels: Mapping[str, str] | None = None) -> str:
    """The SQL select list that shows inside columns as the outside knows them. labels: column -> name outside."""
    shown = []
    for column in columns:
        name = (labels or {}).get(column, outside_name(column))
        value = money_sql(column, currency) if column.endswith("_minor") else quoted(column)
        shown.append(f"{value} AS {quoted(name)}")
    return ", ".join(shown)


def fact_outside(
    connection: duckdb.DuckDBPyConnection,
    facts: duckdb.DuckDBPyRelation,
    identities: duckdb.DuckDBPyRelation,
    table: Table,
    currency: str,
    labels: Mapping[str, str],
    local_to: str | None = None,
) -> duckdb.DuckDBPyRelation:
    """A fact table with the customer's own id, money in currency units, ordered by its key.

    local_to: the time zone in whose local time instants are shown; null keeps them as instants.
    Columns that only the system needs (`from_lines`, `known_from`, `relation_id`) stay inside; a trait is called
    `trait.LABEL`.
    """
    has_customer = "source_key" in facts.columns
    inside = ("source_key", "from_lines", "known_from", "relation_id")
    kept = [c for c in facts.columns if c not in inside and c not in labels]
    key = (RELATIONS[table.name], "source_key", "relation_id") if table.name in RELATIONS else table.key
    select = [f"i.id AS {quoted('customer_id')}"] if has_customer and table.key == ("source_key",) else []
    for column in kept:
        if local_to and table.column(column).type == "instant":
            select.append(f"timezone({literal(local_to)}, {quoted(column)}) AS {quoted(column)}")
        else:
            select.append(outside_columns([column], currency))
        if has_customer and column == key[0]:
            select.append(f"i.id AS {quoted('customer_id')}")
    select += [outside_columns([column], currency, labels) for column in facts.columns if column in labels]
    join = "LEFT JOIN identities i ON i.source_key = f.source_key" if has_customer else ""
    order = ", ".join("i.id" if column == "source_key" else quoted(column) for column in key)
    facts.create_view("facts_inside", replace=True)
    identities.create_view("identities", replace=True)
    prefixed = ", ".join(select)
    return connection.sql(f"SELECT {prefixed} FROM (SELECT * FROM facts_inside) f {join} ORDER BY {order}")
