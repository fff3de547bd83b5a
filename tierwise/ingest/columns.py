"""Staged columns (outside names, texts for customers) as the contract's stored columns."""

from __future__ import annotations

from collections.abc import Mapping

from tierwise.engine.duckdb_session import quoted
from tierwise.facts.conform import Binding, Field
from tierwise.facts.conform_columns import column_of
from tierwise.facts.contract import TABLES


def instant(sql: str) -> str:
    """A naive UTC TIMESTAMP as an instant; many times quicker than a cast, which asks a calendar."""
    return f"make_timestamptz(epoch_us({sql}))"


def stored_columns(binding: Binding, table: str, traits: Mapping[str, str]) -> dict[str, str]:
    """Stored column -> SQL over a staged row, for the columns of `table` that the file gives.

    `source_key` is `keymap.source_key`: the caller joins. Days stand beside instants. traits: name -> column.
    """
    columns: dict[str, str] = {}
    for field in binding.of(table):
        staged = quoted(column_of(field))
        if field.type == "trait":
            columns[traits[field.name]] = staged
        elif field.name != "paid" or table == "visits":
            columns |= _one(table, field, staged)
    return columns


def _one(table: str, field: Field, staged: str) -> dict[str, str]:
    column = TABLES[table].importable[field.name]
    match column.type:
        case "key":
            return {column.name: "keymap.source_key"}
        case "instant":
            made = {column.name: instant(staged)}
            day = TABLES[table].day
            if TABLES[table].occurred == column.name and day:
                made[day] = quoted(f"{staged.strip(chr(34))}:day")
            if (table, column.name) == ("customers", "registered_at"):
                made["known_from"] = quoted(f"{staged.strip(chr(34))}:day")
            return made
        case _:
            return {column.name: staged}
