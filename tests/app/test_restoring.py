"""A home backed up and put back: the same rows, the same files, the same answers; or nothing at all."""

from __future__ import annotations

import json
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.released import V0_1_0, rows_of
from tierwise.app import exporting, running, showing
from tierwise.app.backing_up import back_up
from tierwise.app.backup_file import MANIFEST, reading
from tierwise.app.context import Context
from tierwise.app.opening import RESTORING, home_standing, require_whole
from tierwise.app.restoring import Restored, check, restore
from tierwise.engine.lake import Lake
from tierwise.kernel.errors import TierwiseError
from tierwise.state.database import open_database
from tierwise.state.upgrade import upgrade

Restore = Callable[..., Restored]


@pytest.fixture(scope="module")
def backup(retailer: Context, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    done = back_up(retailer, folder)
    assert Path(done.path).parent == folder
    assert Path(done.path).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == [Path(done.path).name]
    return Path(done.path)


@pytest.fixture
def put_back(bare_database: Engine, retailer: Context, tmp_path: Path) -> Restore:
    url = bare_database.url.render_as_string(hide_password=False)

    def put(file: Path, home: Path = tmp_path / "home", connect: Callable[[], Engine] | None = None) -> Restored:
        return restore(home, file, connect or (lambda: open_database(url)), retailer.principal)

    return put


def files_below(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_is_put_back_is_what_was_backed_up(
    put_back: Restore, backup: Path, retailer: Context, bare_database: Engine, tmp_path: Path
) -> None:
    was = rows_of(retailer.database)
    done = put_back(backup)
    assert done.standing == "current"
    home = tmp_path / "home"
    assert sorted(path.name for path in home.iterdir()) == ["lake"]
    there = Context(home, retailer.principal, bare_database, Lake(home / "lake"))
    now = rows_of(bare_database)
    assert {name for name in was if was[name] != now[name]} == {"audit"}  # the backup there, the restore here
    assert now["audit"].splitlines()[:-1] == was["audit"].splitlines()[:-1]
    assert files_below(home / "lake").items() <= files_below(retailer.home / "lake").items()
    for run in (each for each in showing.runs(retailer) if each.state == "done"):
        for ctx, name in ((retailer, "was"), (there, "now")):
            exporting.export(ctx, "profile", tmp_path / f"{name}.csv", run_id=run.id)
        assert (tmp_path / "now.csv").read_bytes() == (tmp_path / "was.csv").read_bytes()
    before = showing.overview(there)
    running.run(there, before.run.as_of)  # and life goes on: numbers of new rows come after those of old ones
    exporting.export(there, "profile", tmp_path / "again.csv")
    exporting.export(retailer, "profile", tmp_path / "was.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "was.csv").read_bytes()


def test_a_backup_shows_one_instant_while_others_write(
    retailer: Context, put_back: Restore, bare_database: Engine, tmp_path: Path
) -> None:
    over = threading.Event()
    errors: list[Exception] = []

    def work() -> None:
        try:
            running.run(retailer, date(2026, 6, 30), full=True)
        except Exception as error:
            errors.append(error)
        finally:
            over.set()

    others = threading.Thread(target=work)
    others.start()
    kept = []
    while not kept or not over.is_set():
        kept.append(Path(back_up(retailer, tmp_path / f"{len(kept)}.zip").path))
    others.join()
    assert errors == []
    for path in {kept[0], kept[len(kept) // 2]}:
        with reading(path) as reader:
            reader.check()
            for name, version in reader.manifest.lake.items():
                logged = {entry for entry in reader.manifest.entries if entry.startswith(f"lake/{name}/_delta_log/")}
                newest = max(int(Path(entry).name.split(".")[0]) for entry in logged)
                assert newest == version, "what was not recorded is no part of it"
    put_back(kept[len(kept) // 2])
    home = tmp_path / "home"
    there = Context(home, retailer.principal, bare_database, Lake(home / "lake"))
    exporting.export(there, "profile", tmp_path / "now.csv")


def spoiled(backup: Path, to: Path, *, cut: int | None = None, flip: int | None = None) -> Path:
    content = bytearray(backup.read_bytes())
    if flip is not None:
        content[flip] ^= 0xFF
    to.write_bytes(bytes(content[:cut]))
    return to


def test_what_is_not_whole_is_refused_and_leaves_no_trace(put_back: Restore, backup: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(backup) as archive:
        largest = max(archive.infolist(), key=lambda entry: entry.compress_size)
        middle = largest.header_offset + largest.compress_size // 2
        told = json.loads(archive.read(MANIFEST))
    strange = tmp_path / "strange.zip"
    with zipfile.ZipFile(strange, "w") as archive:
        archive.writestr(MANIFEST, json.dumps({**told, "format": 99}))
    home = tmp_path / "home"
    for file, code in (
        (spoiled(backup, tmp_path / "cut.zip", cut=backup.stat().st_size // 2), "backup_not_whole"),
        (spoiled(backup, tmp_path / "short.zip", cut=-1), "backup_not_whole"),
        (spoiled(backup, tmp_path / "flipped.zip", flip=middle), "backup_damaged"),
        (strange, "backup_newer"),
        (tmp_path / "none.zip", "no_backup"),
    ):
        for read in (put_back, check):
            with pytest.raises(TierwiseError) as refused:
                read(file)
            assert refused.value.code == code, file
            assert refused.value.place
            assert refused.value.remedy
        assert not home.exists()
    assert check(backup).rows == sum(table["rows"] for table in told["tables"])


def test_an_entry_cannot_leave_the_home(backup: Path, tmp_path: Path) -> None:
    escaping = tmp_path / "escaping.zip"
    with zipfile.ZipFile(backup) as archive:
        told = json.loads(archive.read(MANIFEST))
    name = "lake/../../outside"
    entry = {"bytes": 1, "sha256": sha256(b"x").hexdigest()}
    with zipfile.ZipFile(escaping, "w") as archive:
        archive.writestr(name, b"x")
        archive.writestr(MANIFEST, json.dumps({**told, "entries": {name: entry}}))
    with pytest.raises(TierwiseError) as refused:
        check(escaping)
    assert refused.value.code == "backup_not_whole"


def test_homes_and_databases_that_hold_something_are_left_alone(
    put_back: Restore, backup: Path, bare_database: Engine, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear", "utf-8")
    with pytest.raises(TierwiseError) as full_home:
        put_back(backup, mine)
    assert full_home.value.code == "home_not_empty"
    upgrade(bare_database)
    with pytest.raises(TierwiseError) as full_database:
        put_back(backup)
    assert full_database.value.code == "database_not_empty"
    assert [path.name for path in mine.iterdir()] == ["letter.txt"]
    assert not (tmp_path / "home").exists()


def test_what_was_interrupted_is_refused_and_begun_anew(
    put_back: Restore, backup: Path, bare_database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    done = put_back(backup)
    was = files_below(home / "lake")
    # As if it had been killed when the database had it all and only the last word was missing.
    (home / RESTORING).write_text("{}", "utf-8")
    with pytest.raises(TierwiseError) as half:
        require_whole(home)
    assert half.value.code == "half_restored"
    assert put_back(backup).id == done.id
    assert sorted(path.name for path in home.iterdir()) == ["lake"]
    # As if it had been killed on the way: some files, nothing in the database.
    with bare_database.begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
    (home / RESTORING).write_text("", "utf-8")
    shutil.rmtree(home / "lake")
    (home / "lake.restoring" / "orders").mkdir(parents=True)
    put_back(backup)
    assert files_below(home / "lake") == was
    assert home_standing(bare_database) == "current"


def test_a_backup_of_an_earlier_version_is_put_back_as_it_was(put_back: Restore, bare_database: Engine) -> None:
    assert put_back(V0_1_0 / "home.zip").standing == "older"
    with reading(V0_1_0 / "home.zip") as reader:
        for name, rows in rows_of(bare_database).items():
            if name != "audit":
                assert rows == b"".join(reader.pieces(f"database/{name}.copy")), name


@pytest.fixture(autouse=True)
def _nothing_left(tmp_path: Path) -> Iterator[None]:
    yield
    shutil.rmtree(tmp_path)
