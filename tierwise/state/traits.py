"""Traits: customers columns that the contract does not know, each with the column that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state.schema import trait

TraitType = Literal["text", "number", "integer", "date", "boolean"]


@dataclass(frozen=True, slots=True)
class Trait:
    """One trait. name: as people write it; column_name: in the customers table, unique whatever the case."""

    name: str
    column_name: str
    type: TraitType
    first_seen_at: datetime


def list_traits(connection: Connection) -> list[Trait]:
    """All traits, by name."""
    return sorted((Trait(**row._mapping) for row in connection.execute(select(trait))), key=lambda each: each.name)


def add(connection: Connection, name: str, column_name: str, trait_type: TraitType) -> bool:
    """Record a trait; False where the same one is there. Raises `trait_differs` where it has another column or type."""
    row = insert(trait).values(name=name, column_name=column_name, type=trait_type, first_seen_at=utc_now())
    added = row.on_conflict_do_nothing(index_elements=[trait.c.name]).returning(trait.c.name)
    if connection.scalar(added) is not None:
        return True
    found = connection.execute(select(trait).where(trait.c.name == name)).one()
    if (found.column_name, found.type) != (column_name, trait_type):
        raise TierwiseError(
            "trait_differs",
            f'trait "{name}" is {found.type} in column "{found.column_name}", not {trait_type} in "{column_name}"',
            remedy="rename the column in the mapping, or convert its values",
        )
    return False


def widen(connection: Connection, name: str, trait_type: TraitType) -> None:
    """Give a recorded trait a wider type: later files hold other kinds of values. Unknown names change nothing."""
    connection.execute(update(trait).where(trait.c.name == name).values(type=trait_type))
