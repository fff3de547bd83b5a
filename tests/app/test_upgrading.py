"""A home of the first released version, with its data, brought to this one: all of it, or nothing."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.released import V0_1_0, lay_out, rows_of, shapes_of
from tierwise.app import exporting, showing
from tierwise.app.context import Context
from tierwise.app.opening import FORMAT_KEY, home_standing, open_home
from tierwise.app.principal import Principal
from tierwise.app.upgrading import upgrade
from tierwise.engine.lake import Lake
from tierwise.engine.lake_format import LAKE_FORMAT, LakeStep
from tierwise.kernel.errors import TierwiseError
from tierwise.state import lake_tables, presence, settings
from tierwise.state.schema import HEAD

REWRITTEN = "store_totals"


def write_anew(lake: Lake, recorded: Mapping[str, int]) -> Mapping[str, int]:
    """What a step may do: the same rows in a new version."""
    import duckdb

    with duckdb.connect() as connection:
        return {REWRITTEN: lake.overwrite(REWRITTEN, lake.read(connection, REWRITTEN, recorded[REWRITTEN]))}


def write_and_fail(lake: Lake, recorded: Mapping[str, int]) -> Mapping[str, int]:
    write_anew(lake, recorded)
    raise OSError(28, "No space left on device")


NEXT = LakeStep(LAKE_FORMAT + 1, "store totals written anew", write_anew)


@pytest.fixture
def released(bare_database: Engine, tmp_path: Path) -> Context:
    home = tmp_path / "home"
    lay_out(V0_1_0, home, bare_database)
    return Context(home, Principal("test", "administrator"), bare_database, Lake(home / "lake"))


def counted(ctx: Context) -> dict[str, int]:
    with ctx.database.connect() as connection:
        return lake_tables.versions(connection)


def test_a_released_home_is_refused_until_it_is_upgraded_and_then_shows_what_it_showed(
    released: Context, tmp_path: Path
) -> None:
    with pytest.raises(TierwiseError) as refused:
        open_home(released.home, released.database)
    assert refused.value.code == "home_older"
    assert "tierwise upgrade" in (refused.value.remedy or "")
    before, tables, shapes = rows_of(released.database), counted(released), shapes_of(released.database)
    done = upgrade(released)
    assert done.changed
    assert (done.database_before, done.database) == ("0004", HEAD)
    open_home(released.home, released.database)
    after = rows_of(released.database, shapes)
    assert {name for name in before if before[name] != after[name]} <= {"audit", "setting", "run"}
    assert after["audit"].startswith(before["audit"])
    assert after["audit"].count(b"\n") == before["audit"].count(b"\n") + 1
    assert counted(released) == tables
    assert [run.current for run in showing.runs(released)] == [True, False, False]
    exporting.export(released, "profile", tmp_path / "profile.csv")
    assert told(tmp_path / "profile.csv", V0_1_0 / "profile.csv") == told(V0_1_0 / "profile.csv")
    assert upgrade(released).changed is False


def told(path: Path, like: Path | None = None) -> list[dict[str, str]]:
    """The rows of an export, in the columns of another: later versions may tell more."""
    columns = csv.reader((like or path).read_text("utf-8-sig").splitlines()).__next__()
    rows = csv.DictReader(path.read_text("utf-8-sig").splitlines())
    return [{column: row[column] for column in columns} for row in rows]


def test_an_upgrade_that_fails_leaves_the_old_state(released: Context) -> None:
    before, tables = rows_of(released.database), counted(released)
    fails = LakeStep(NEXT.to, "fails", write_and_fail)
    fails_later = LakeStep(NEXT.to + 1, "fails later", write_and_fail)
    for steps in ((fails,), (NEXT, fails_later)):
        with pytest.raises(OSError, match="No space left"):
            upgrade(released, steps)
        assert home_standing(released.database) == "older"
        assert rows_of(released.database) == before
        assert counted(released) == tables
        assert (released.lake.latest_version(REWRITTEN) or 0) > tables[REWRITTEN], "it failed too early"
    done = upgrade(released, (NEXT,))
    assert (done.lake_before, done.lake, done.steps) == (1, NEXT.to, (NEXT.what,))
    assert counted(released)[REWRITTEN] > tables[REWRITTEN]
    assert home_standing(released.database) == "newer", "this version knows no such format"


DIES_ON_THE_WAY = """
import os, signal, sys
from pathlib import Path
from tests.app import test_upgrading as there
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.app.upgrading import upgrade
from tierwise.engine.lake import Lake
from tierwise.engine.lake_format import LakeStep
from tierwise.state.database import open_database

def write_and_die(lake, recorded):
    there.write_anew(lake, recorded)
    os.kill(os.getpid(), signal.SIGKILL)

home = Path(sys.argv[1])
ctx = Context(home, Principal("test", "administrator"), open_database(sys.argv[2]), Lake(home / "lake"))
upgrade(ctx, (LakeStep(there.NEXT.to, "dies", write_and_die),))
"""


def test_an_upgrade_that_is_killed_leaves_the_old_state(released: Context) -> None:
    before, tables = rows_of(released.database), counted(released)
    url = released.database.url.render_as_string(hide_password=False)
    killed = subprocess.run(
        [sys.executable, "-c", DIES_ON_THE_WAY, str(released.home), url],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert (released.lake.latest_version(REWRITTEN) or 0) > tables[REWRITTEN], "it died too early"
    assert rows_of(released.database) == before
    assert home_standing(released.database) == "older"
    assert upgrade(released).changed


def test_a_newer_home_and_one_in_use_are_refused(released: Context) -> None:
    with presence.present(released.database, "worker"), pytest.raises(TierwiseError) as in_use:
        upgrade(released)
    assert in_use.value.code == "home_in_use"
    upgrade(released)
    with released.database.begin() as connection:
        settings.put(connection, FORMAT_KEY, LAKE_FORMAT + 1)
    with pytest.raises(TierwiseError) as newer_lake:
        open_home(released.home, released.database)
    with released.database.begin() as connection:
        settings.put(connection, FORMAT_KEY, LAKE_FORMAT)
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(TierwiseError) as newer_tables:
        upgrade(released)
    assert newer_lake.value.code == newer_tables.value.code == "home_newer"
