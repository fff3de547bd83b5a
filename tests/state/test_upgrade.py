"""Migrations: all or nothing, once, also by two processes at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from tierwise.kernel.errors import TierwiseError
from tierwise.state.schema import HEAD, metadata
from tierwise.state.upgrade import MIGRATIONS, upgrade, version


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_empty_database_is_upgraded_once_by_two_at_once(bare_database: Engine) -> None:
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(upgrade, [bare_database] * 2))
    assert sorted(found) == [False, True]
    with bare_database.connect() as connection:
        assert version(connection) == HEAD
        names = set(connection.scalars(text("select tablename from pg_tables where schemaname = 'public'")))
    ours = {name for name in names if not name.startswith("procrastinate_")}
    assert ours == {*metadata.tables, "alembic_version"}
    assert {"procrastinate_jobs", "procrastinate_workers", "procrastinate_migration"} < names
    assert upgrade(bare_database) is False


def test_failed_upgrade_leaves_nothing_behind(bare_database: Engine) -> None:
    with bare_database.begin() as connection:
        connection.execute(text("create table setting (mine int)"))
    with pytest.raises(Exception, match="already exists"):
        upgrade(bare_database)
    with bare_database.connect() as connection:
        assert version(connection) is None
        names = set(connection.scalars(text("select tablename from pg_tables where schemaname = 'public'")))
    assert names == {"setting"}


def test_database_of_a_newer_tierwise_is_refused(bare_database: Engine) -> None:
    upgrade(bare_database)
    with bare_database.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(TierwiseError, match="9999") as caught:
        upgrade(bare_database)
    assert caught.value.code == "database_newer"
