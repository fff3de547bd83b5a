"""The error of an operational database that went away while it was used."""

from __future__ import annotations

from sqlalchemy.exc import InterfaceError, OperationalError

from tierwise.kernel.errors import TierwiseError

LOST = (OperationalError, InterfaceError)
"""What the driver raises then."""


def lost() -> TierwiseError:
    """`database_lost`, with what to do."""
    return TierwiseError(
        "database_lost",
        "the database went away while it was used",
        remedy="do it again: what was not finished has changed nothing; `tierwise doctor` says how the database is",
    )
