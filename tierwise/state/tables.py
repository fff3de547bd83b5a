"""What the tables of all files share: the metadata that gathers them, how constraints are named, the usual key."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)


def row_id() -> Column[int]:
    """A number that the database gives, in order, and never twice."""
    return Column("id", BigInteger, Identity(always=True), primary_key=True)
