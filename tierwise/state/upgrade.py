"""Bring a database to the tables of this version of Tierwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, Engine, text

from tierwise.kernel.errors import TierwiseError
from tierwise.state import queue_tables
from tierwise.state.locks import lock_key
from tierwise.state.schema import HEAD

MIGRATIONS = Path(__file__).parent / "migrations"


def version(connection: Connection) -> str | None:
    """The migration that the database is at; None for one without our tables."""
    # Not to_regclass: it may answer from before the wait for another process's upgrade.
    seen = "select from pg_class where relname = 'alembic_version' and pg_table_is_visible(oid)"
    if not connection.scalar(text(f"select exists ({seen})")):
        return None
    found = connection.scalar(text("select version_num from alembic_version"))
    return None if found is None else str(found)


def known_revisions() -> tuple[str, ...]:
    """The migrations of this version of Tierwise, oldest first."""
    return tuple(sorted(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")))


def standing(connection: Connection) -> Literal["none", "older", "current", "newer"]:
    """How the database's tables, ours and the job queue's, stand to this version of Tierwise; none: there are none.

    Newer wins where one is older and the other newer: neither version could go on with it.
    """
    revision, seen = version(connection), queue_tables.applied(connection)
    if revision is None and seen is None:
        return "none"
    if (revision is not None and revision not in known_revisions()) or (seen or frozenset()) - set(
        queue_tables.known()
    ):
        return "newer"
    return "current" if revision == HEAD and queue_tables.is_current(connection) else "older"


def upgrade(engine: Engine, then: Callable[[Connection], None] = lambda connection: None) -> bool:
    """Apply what is missing, ours and the job queue's, and `then`, all or nothing; whether anything was missing.

    then: what else belongs to the new tables, in their transaction; left out where nothing was missing. A current
    database costs four short queries. Raises `database_newer` where a newer Tierwise has been at work.
    """
    with engine.connect() as connection:
        if version(connection) == HEAD and queue_tables.is_current(connection):
            return False
    with upgrading(engine) as (connection, _, applied):
        if applied:
            then(connection)
    return applied


@contextmanager
def upgrading(engine: Engine) -> Iterator[tuple[Connection, str | None, bool]]:
    """A transaction in which all that was missing has been applied, committed when the block ends well.

    Yields it, the migration that the database was at, and whether anything was missing. Two processes at once: the
    second waits and finds nothing left to do. Raises `database_newer`.
    """
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": lock_key("migrations")})
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as apart:
            queue_tables.add_labels(apart)
        before = version(connection)
        if before != HEAD:
            _run_alembic(connection, before, "head")
        yield connection, before, queue_tables.upgrade(connection) or before != HEAD


def make_as_of(connection: Connection, revision: str) -> None:
    """In an empty database, the tables as they were at a migration, and the job queue's as they are now.

    All in the transaction of the caller. Raises `database_newer` where the migration is not known.
    """
    _run_alembic(connection, revision, revision)
    queue_tables.upgrade(connection)


def _run_alembic(connection: Connection, before: str | None, to: str) -> None:
    from alembic import command  # slow to import, and needed once in a database's life
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        if before is not None:
            ScriptDirectory.from_config(config).get_revision(before)
    except CommandError as error:
        raise TierwiseError(
            "database_newer",
            f"the database is at migration {before}, which this version of Tierwise does not know",
            remedy="use the Tierwise that wrote it, or a newer one",
        ) from error
    command.upgrade(config, to)
