"""The job queue's tables: made whole, upgraded with the package, all or nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from tierwise.kernel.errors import TierwiseError
from tierwise.state import queue_tables
from tierwise.state.upgrade import upgrade

WHAT_IS_THERE = """
select 'function ' || p.oid::regprocedure || md5(regexp_replace(pg_get_functiondef(p.oid), '\\s+', ' ', 'g'))
from pg_proc p where pronamespace = 'public'::regnamespace and proname like 'procrastinate%'
union all
select 'column ' || attrelid::regclass || ' ' || attname || ' ' || format_type(atttypid, atttypmod)
from pg_attribute join pg_class c on c.oid = attrelid
where c.relnamespace = 'public'::regnamespace and relname like 'procrastinate%' and attnum > 0 and not attisdropped
union all
select 'index ' || indexdef from pg_indexes where tablename like 'procrastinate%'
union all
select 'label ' || enumtypid::regtype || ' ' || enumlabel from pg_enum
"""


def what_is_there(connection: Connection) -> set[str]:
    return set(connection.scalars(text(WHAT_IS_THERE)))


def test_the_two_indexes_that_hold_one_at_a_time_are_there(connection: Connection) -> None:
    """One schedule has at most one job that is done and one that waits because the database says so."""
    found = set(connection.scalars(text("select indexdef from pg_indexes where tablename = 'procrastinate_jobs'")))
    unique = [index for index in found if index.startswith("CREATE UNIQUE INDEX")]
    assert any("(lock) WHERE (status = 'doing'" in index for index in unique)
    assert any("(queueing_lock) WHERE (status = 'todo'" in index for index in unique)


def test_an_upgraded_database_is_current_and_upgrading_again_does_nothing(database: Engine) -> None:
    with database.begin() as connection:
        assert queue_tables.is_current(connection)
        before = what_is_there(connection)
        assert queue_tables.upgrade(connection) is False
        assert what_is_there(connection) == before


@pytest.mark.parametrize("seen", ["00.00.00_01_initial.sql", "03.00.00_50_post_cancel_notification.sql"])
def test_a_database_of_an_older_package_is_brought_up(bare_database: Engine, database: Engine, seen: str) -> None:
    """As that package left it: its changes applied one by one, and recorded."""
    upgrade(bare_database)
    older = [name for name in queue_tables.known() if name <= seen]
    with bare_database.begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
    with bare_database.connect() as connection:
        for name in older:
            queue_tables._run(connection, queue_tables._text(name))
            connection.commit()
        connection.execute(text("create table procrastinate_migration (name text primary key, at timestamptz)"))
        rows = [{"name": name} for name in older]
        connection.execute(text("insert into procrastinate_migration values (:name, now())"), rows)
        connection.commit()
    with bare_database.connect() as connection:
        assert not queue_tables.is_current(connection)
    assert upgrade(bare_database) is True
    assert upgrade(bare_database) is False
    with bare_database.connect() as connection, database.connect() as fresh:
        assert queue_tables.is_current(connection)
        assert {one for one in what_is_there(fresh) if "function" not in one} - what_is_there(connection) == set()
        names = {one.split("(")[0] for one in what_is_there(fresh) if one.startswith("function")}
        assert names <= {one.split("(")[0] for one in what_is_there(connection)}


def test_a_change_that_fails_leaves_everything_as_it_was(
    bare_database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(bare_database)
    with bare_database.connect() as connection:
        before = what_is_there(connection)
    package = tmp_path / "sql"
    (package / "migrations").mkdir(parents=True)
    (package / "migrations" / "99.00.00_01_good.sql").write_text("create table procrastinate_more (id int);")
    (package / "migrations" / "99.00.00_02_bad.sql").write_text("create table procrastinate_jobs (id int);")
    monkeypatch.setattr(queue_tables, "_sql_folder", lambda: package)
    names = (*queue_tables.known(), "99.00.00_01_good.sql", "99.00.00_02_bad.sql")
    monkeypatch.setattr(queue_tables, "known", lambda: names)
    with pytest.raises(Exception, match="already exists"):
        upgrade(bare_database)
    with bare_database.connect() as connection:
        assert what_is_there(connection) == before
    (package / "migrations" / "99.00.00_02_bad.sql").write_text("drop table procrastinate_more;")
    assert upgrade(bare_database) is True


def test_a_database_of_a_newer_package_is_refused(bare_database: Engine) -> None:
    upgrade(bare_database)
    with bare_database.begin() as connection:
        connection.execute(text("insert into procrastinate_migration values ('99.00.00_01_later.sql', now())"))
    with pytest.raises(TierwiseError, match=r"99\.00\.00_01_later") as caught:
        upgrade(bare_database)
    assert caught.value.code == "database_newer"


def test_a_queue_of_somebody_else_is_left_alone(bare_database: Engine) -> None:
    with bare_database.begin() as connection:
        connection.execute(text("create table procrastinate_jobs (theirs int)"))
    with pytest.raises(TierwiseError) as caught:
        upgrade(bare_database)
    assert caught.value.code == "database_queue"
    with bare_database.connect() as connection:
        assert connection.scalar(text("select count(*) from pg_class where relname = 'alembic_version'")) == 0


def test_looking_imports_neither_the_queue_nor_its_cron() -> None:
    code = """
import sys
from tierwise.state import queue_tables, upgrade
assert queue_tables.known()
assert not {"procrastinate", "croniter", "asgiref"} & set(sys.modules), "imported by every command"
"""
    subprocess.run([sys.executable, "-c", code], check=True)
