"""Questions to a run's snapshot and to the facts behind it, answered from views `profile` and `store_totals`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from tierwise.engine.duckdb_session import quoted


def count(connection: duckdb.DuckDBPyConnection, view: str) -> int:
    """Rows of a view."""
    found = connection.execute(f"SELECT count(*) FROM {quoted(view)}").fetchone()
    return int(found[0]) if found else 0


def sizes(connection: duckdb.DuckDBPyConnection, view: str, column: str) -> dict[str | None, int]:
    """Rows of a view by what a column of texts has; under None those that have nothing there."""
    rows = connection.execute(f"SELECT {quoted(column)}, count(*) FROM {quoted(view)} GROUP BY 1").fetchall()
    return dict(rows)


def cell_means(connection: duckdb.DuckDBPyConnection, cell: str, frequency: str) -> dict[str, tuple[float, float]]:
    """Per RFM cell: mean recency in days and mean number of orders, of integers and so the same every time."""
    rows = connection.execute(
        f"SELECT {quoted(cell)}, sum(recency_days)::DOUBLE / count(*), sum({quoted(frequency)})::DOUBLE / count(*) "
        f"FROM profile WHERE {quoted(cell)} IS NOT NULL GROUP BY 1"
    ).fetchall()
    return {code: (recency, orders) for code, recency, orders in rows}


def score_counts(connection: duckdb.DuckDBPyConnection, column: str) -> dict[str, int]:
    """Customers by score, "1" first."""
    rows = connection.execute(
        f"SELECT {quoted(column)}, count(*) FROM profile WHERE {quoted(column)} IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return {str(score): customers for score, customers in rows}


def by_class(connection: duckdb.DuckDBPyConnection, column: str) -> dict[str | None, tuple[int, int]]:
    """Customers and net minor units by a text column; null: those without a class."""
    rows = connection.execute(
        f"SELECT {quoted(column)}, count(*), COALESCE(sum(monetary_amount_minor), 0)::BIGINT FROM profile GROUP BY 1"
    ).fetchall()
    return {name: (customers, money) for name, customers, money in rows}


def page(
    connection: duckdb.DuckDBPyConnection, select: Sequence[str], *, after: str | None, limit: int
) -> list[tuple[Any, ...]]:
    """Rows of the profile behind a customer_id, in its order."""
    where = "WHERE customer_id > $after" if after is not None else ""
    return connection.execute(
        f"SELECT {', '.join(select)} FROM profile {where} ORDER BY customer_id LIMIT {int(limit)}",
        {"after": after} if after is not None else {},
    ).fetchall()


def customer_row(
    connection: duckdb.DuckDBPyConnection, select: Sequence[str], customer_id: str
) -> tuple[Any, ...] | None:
    """One customer's row; None where the run does not know the customer."""
    return connection.execute(
        f"SELECT {', '.join(select)} FROM profile WHERE customer_id = $customer_id", {"customer_id": customer_id}
    ).fetchone()


def rows_of(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any] | None = None
) -> tuple[dict[str, Any], ...]:
    """Rows as dictionaries by column name."""
    cursor = connection.execute(sql, parameters or {})
    names = [column[0] for column in cursor.description or ()]
    return tuple(dict(zip(names, row, strict=True)) for row in cursor.fetchall())
