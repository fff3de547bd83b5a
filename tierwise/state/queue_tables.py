"""The job queue's own tables (procrastinate's), kept at the version of the installed package.

The package brings a file with all tables as they are now, and one file per change since its first version. A database
without them is given the first; later, each change that it has not seen, in the order of their names. What was applied
is recorded in `procrastinate_migration`, one row per file, so that an upgrade of the package is an upgrade of the
tables at the next command. The package is found, not imported: this is looked at by every command.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection, text

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError

PACKAGE = "procrastinate"

RECORD = "procrastinate_migration"
"""The table of what was applied; like Alembic's own, it is no part of `schema.py`."""


_NEW_LABEL = re.compile(r"alter\s+type\s+(\w+)\s+add\s+value\s+(?!if\b)", re.IGNORECASE)
_IF_NEW = r"alter type \1 add value if not exists "
_WHOLE_LABEL = re.compile(_NEW_LABEL.pattern + r"'\w+'", re.IGNORECASE)


@cache
def _sql_folder() -> Path:
    spec = find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "sql"
        if (folder / "schema.sql").is_file():
            return folder
    raise TierwiseError("queue_missing", f"the package {PACKAGE} is not installed", remedy="install Tierwise again")


@cache
def known() -> tuple[str, ...]:
    """The changes that the installed package knows, in their order."""
    return tuple(sorted(path.name for path in (_sql_folder() / "migrations").glob("*.sql")))


def applied(connection: Connection) -> frozenset[str] | None:
    """The changes that the database has seen; None where it has no queue of ours."""
    if not _has(connection, RECORD):
        return None
    return frozenset(connection.scalars(text(f"select name from {RECORD}")))


def is_current(connection: Connection) -> bool:
    """Whether nothing is left to apply; False also for what `upgrade` refuses."""
    return applied(connection) == frozenset(known())


def add_labels(connection: Connection) -> None:
    """Add what the missing changes add to enumerated types; on a connection that commits each statement.

    PostgreSQL lets a transaction add a label or use it, not both, and one change may use what an earlier one has added.
    A label that nothing uses yet changes nothing, so that the changes themselves stay all or nothing.
    """
    for name in _missing(applied(connection) or frozenset(known())):
        for found in _WHOLE_LABEL.finditer(_text(name)):
            if connection.scalar(text("select to_regtype(:name) is not null"), {"name": found.group(1)}):
                connection.exec_driver_sql(_NEW_LABEL.sub(_IF_NEW, found.group(0)))


def upgrade(connection: Connection) -> bool:
    """Apply what is missing, in the transaction of the caller, who lets only one do so; whether anything was.

    Raises `database_newer` where a newer package has been at work, `database_queue` where the database holds a queue
    that somebody else has made.
    """
    seen = applied(connection)
    names = known()
    if seen is None:
        if _has(connection, "procrastinate_jobs"):
            raise TierwiseError(
                "database_queue",
                "the database holds tables of procrastinate that Tierwise has not made",
                remedy="give Tierwise a database of its own",
            )
        _run(connection, (_sql_folder() / "schema.sql").read_text("utf-8"))
        connection.execute(text(f"create table {RECORD} (name text primary key, at timestamptz not null)"))
        missing = names
    else:
        if unknown := sorted(seen - set(names)):
            raise TierwiseError(
                "database_newer",
                f"the job queue is at change {unknown[-1]}, which the installed {PACKAGE} does not know",
                remedy=f"install the {PACKAGE} that was here before, or a newer one",
            )
        missing = _missing(seen)
        for name in missing:
            _run(connection, _NEW_LABEL.sub(_IF_NEW, _text(name)))
    if missing:
        rows = [{"name": name, "at": utc_now()} for name in missing]
        connection.execute(text(f"insert into {RECORD} (name, at) values (:name, :at)"), rows)
    return bool(missing)


def _missing(seen: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in known() if name not in seen)


def _text(name: str) -> str:
    return (_sql_folder() / "migrations" / name).read_text("utf-8")


def _run(connection: Connection, statements: str) -> None:
    """Execute several statements as they are: nothing in them is a parameter."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(statements)


def _has(connection: Connection, table: str) -> bool:
    seen = "select from pg_class where relname = :name and pg_table_is_visible(oid)"
    return bool(connection.scalar(text(f"select exists ({seen})"), {"name": table}))
