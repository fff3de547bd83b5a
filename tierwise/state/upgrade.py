"""Bring a database to the tables of this version of Tierwise."""

from __future__ import annotations

from pathlib import Path

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


def upgrade(engine: Engine) -> bool:
    """Apply what is missing, ours and the job queue's, all or nothing; whether anything was.

    A current database costs four short queries.

    Two processes at once: the second waits and finds nothing left to do. Raises `database_newer` where a newer
    Tierwise has been at work.
    """
    with engine.connect() as connection:
        if version(connection) == HEAD and queue_tables.is_current(connection):
            return False
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": lock_key("migrations")})
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as apart:
            queue_tables.add_labels(apart)
        before = version(connection)
        if before != HEAD:
            _run_alembic(connection, before)
        return queue_tables.upgrade(connection) or before != HEAD


def _run_alembic(connection: Connection, before: str | None) -> None:
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
    command.upgrade(config, "head")
