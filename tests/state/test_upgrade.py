"""Migrations: all or nothing, once, also by two processes at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from tests.released import V0_1_0
from tests.state.test_schema import catalogue
from tierwise.kernel.errors import TierwiseError
from tierwise.state.schema import HEAD, metadata
from tierwise.state.upgrade import MIGRATIONS, known_revisions, make_as_of, upgrade, version


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [HEAD]
    assert known_revisions() == tuple(sorted(each.revision for each in scripts.walk_revisions()))


def test_the_migrations_of_a_released_version_make_what_they_made_then(bare_database: Engine) -> None:
    made = []
    for make in (
        lambda connection: connection.exec_driver_sql((V0_1_0 / "structure.sql").read_text("utf-8").replace("%", "%%")),
        lambda connection: make_as_of(connection, "0004"),
    ):
        with bare_database.begin() as connection:
            connection.execute(text("drop schema public cascade"))
            connection.execute(text("create schema public"))
            make(connection)
            made.append(catalogue(connection, "public"))
    assert len(made[0]) > 100
    assert made[0] == made[1]


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
