"""The contract's column types as DuckDB writes them."""

from __future__ import annotations

from tierwise.facts.contract import Type

SQL: dict[Type, str] = {
    "key": "BIGINT",
    "id": "VARCHAR",
    "text": "VARCHAR",
    "integer": "BIGINT",
    "quantity": "DECIMAL(18,3)",
    "money": "BIGINT",
    "unit_price": "DECIMAL(18,6)",
    "instant": "TIMESTAMPTZ",
    "day": "DATE",
    "boolean": "BOOLEAN",
}
