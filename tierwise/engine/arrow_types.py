"""The contract's column types as Arrow has them. Apart from `sql_types`: who only reads need not load Arrow."""

from __future__ import annotations

import pyarrow as pa

from tierwise.facts.contract import Table, Type

ARROW: dict[Type, pa.DataType] = {
    "key": pa.int64(),
    "id": pa.string(),
    "text": pa.string(),
    "integer": pa.int64(),
    "quantity": pa.decimal128(18, 3),
    "money": pa.int64(),
    "unit_price": pa.decimal128(18, 6),
    "instant": pa.timestamp("us", tz="UTC"),
    "day": pa.date32(),
    "boolean": pa.bool_(),
}


def arrow_schema(table: Table) -> pa.Schema:
    """The schema in which the lake keeps a fact table; traits come behind."""
    return pa.schema([pa.field(column.name, ARROW[column.type]) for column in table.columns])
