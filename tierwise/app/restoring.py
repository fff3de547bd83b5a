"""Put a backup into an empty home: all of it or nothing that anyone could take for a home."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from tierwise.app.backup_file import BackupReader, Manifest, reading
from tierwise.app.opening import RESTORING, Standing, home_standing
from tierwise.app.principal import Principal
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, queue_tables, table_copy
from tierwise.state.upgrade import known_revisions, make_as_of, version

Progress = Callable[[int, int | None, str], None]

_FRESH = "lake.restoring"
_POSTGRES = "postgres"


@dataclass(frozen=True, slots=True)
class Restored:
    """at: the instant that the home now shows, ISO 8601. standing: older where `tierwise upgrade` has something to do.

    software: the version that made the backup. queue_left_out: the job queue's rows were not put back, since the
    package's tables have changed since; schedules queue anew what is due.
    """

    id: str
    at: str
    software: str
    tables: int
    rows: int
    files: int
    standing: Standing
    queue_left_out: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """What a backup says of itself, every checksum of it being right."""

    id: str
    at: str
    software: str
    tables: int
    rows: int
    files: int
    bytes: int


def check(source: Path) -> Checked:
    """Read all of a backup and its checksums; put nothing anywhere. Raises what `reading` does, `backup_damaged`."""
    with reading(source) as backup:
        backup.check()
        told = backup.manifest
        return Checked(told.id, told.at, told.software, len(told.lake), told.rows, _files(told), told.bytes)


def restore(
    home: Path,
    source: Path,
    connect: Callable[[], Engine],
    principal: Principal,
    progress: Progress | None = None,
) -> Restored:
    """Put a backup into a home that is not there yet or empty; audited in that home.

    connect: opens the home's database, which must be empty, once all checksums have been found right. Whatever fails
    before that leaves no trace; what is interrupted later leaves a home that every command refuses and that a restore
    of the same file begins anew. Raises `home_not_empty`, `database_not_empty`, `restore_under_way`, `database_newer`,
    `backup_damaged`, `backup_table`, `disk_full` and what `reading` raises.
    """
    principal.require("administer")
    with reading(source) as backup, _alone(home, backup.manifest, source) as again:
        _require_known(backup)
        if not (again and _was_put_back(home, connect, backup.manifest)):
            _lake(home, backup, progress)
            backup.check("database/")
            _database(home, backup, connect, principal)
        (home / RESTORING).unlink()
        database = connect()
        try:
            told = backup.manifest
            left_out = set(told.queue) != set(queue_tables.known())
            standing = home_standing(database)
            return Restored(
                told.id, told.at, told.software, len(told.lake), told.rows, _files(told), standing, left_out
            )
        finally:
            database.dispose()


def _files(manifest: Manifest) -> int:
    return sum(name.startswith("lake/") for name in manifest.entries)


@contextmanager
def _alone(home: Path, manifest: Manifest, source: Path) -> Iterator[bool]:
    """The home is there, marked, and nobody else's until the block ends; whether it was marked before.

    Where the block fails before the database was touched, the home is as it was.
    """
    marker = home / RESTORING
    was_there, again = home.exists(), marker.exists()
    if was_there and not again and any(home.iterdir()):
        raise TierwiseError(
            "home_not_empty",
            "a backup is only restored into an empty home",
            place=str(home),
            remedy="set TIERWISE_HOME to a folder that is not there yet, or move this one away",
        )
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with marker.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TierwiseError(
                "restore_under_way",
                "another command is restoring into this home",
                place=str(home),
                remedy="wait for it, or end it",
            ) from error
        file.truncate(0)
        file.write(json.dumps({"backup": manifest.id, "file": source.name}))
        file.flush()
        try:
            yield again
        except BaseException as error:
            shutil.rmtree(home / _FRESH, ignore_errors=True)
            if not again and not (home / _POSTGRES).exists() and not (home / "lake").exists():
                marker.unlink(missing_ok=True)
                if not was_there:
                    home.rmdir()
            if isinstance(error, OSError):
                raise TierwiseError(
                    "disk_full" if error.errno == 28 else "restore_failed",
                    f"the backup cannot be put back: {error.strerror or type(error).__name__}",
                    place=str(home),
                    remedy="free some space, then do it again",
                ) from error
            raise


def _require_known(backup: BackupReader) -> None:
    told = backup.manifest
    if told.revision not in known_revisions() or not set(told.queue) <= set(queue_tables.known()):
        raise TierwiseError(
            "backup_newer",
            f"the backup was made by Tierwise {told.software}, whose tables this version does not know",
            place=str(backup.path),
            remedy="install that version or a newer one",
        )


def _was_put_back(home: Path, connect: Callable[[], Engine], told: Manifest) -> bool:
    """Whether a restore before this one, interrupted at its very end, has done all but say so."""
    database = connect()
    try:
        with database.connect() as connection:
            if version(connection) is None:
                return False
            asked = text("select exists (select from audit where action = 'restore' and object = :backup)")
            return bool(connection.scalar(asked, {"backup": f"backup {told.id}"}))
    finally:
        database.dispose()


def _lake(home: Path, backup: BackupReader, progress: Progress | None) -> None:
    """The lake's files beside their place, each as its checksum says."""
    for left in (home / "lake", home / _FRESH):
        shutil.rmtree(left, ignore_errors=True)
    fresh = home / _FRESH
    fresh.mkdir(mode=0o700)
    names = [name for name in backup.manifest.entries if name.startswith("lake/")]
    for done, name in enumerate(names):
        if progress is not None:
            progress(done, len(names), "files")
        backup.extract(name, fresh / name.removeprefix("lake/"))


def _database(home: Path, backup: BackupReader, connect: Callable[[], Engine], principal: Principal) -> None:
    told = backup.manifest
    database = connect()
    try:
        with database.begin() as connection:
            if not table_copy.is_empty(connection):
                raise TierwiseError(
                    "database_not_empty",
                    "a backup is only restored into an empty database",
                    remedy="make a new one, and name it in TIERWISE_DATABASE_URL",
                )
            make_as_of(connection, told.revision)
            _rows(connection, backup)
            table_copy.set_sequences(connection, told.sequences)
            detail = {"file": backup.path.name, "at": told.at, "software": told.software, "rows": told.rows}
            audit.write(connection, principal.name, "restore", f"backup {told.id}", detail)
            (home / _FRESH).rename(home / "lake")
            os.sync()  # the lake is on disk before the database says that it is
    finally:
        database.dispose()


def _rows(connection: Connection, backup: BackupReader) -> None:
    """Every table's rows; the job queue's only where its tables are those of then."""
    told = backup.manifest
    same_queue = set(told.queue) == set(queue_tables.known())
    tables = [table for table in told.tables if same_queue or not table.name.startswith(f"{queue_tables.PACKAGE}_")]
    with table_copy.empty_and_quiet(connection, {table.name for table in tables}):
        for table in tables:
            pieces = backup.pieces(f"database/{table.name}.copy")
            found = table_copy.copy_in(connection, table.name, table.columns, pieces)
            if found != table.rows:
                raise TierwiseError(
                    "backup_damaged",
                    f'"{table.name}" has {found} rows, and the backup counts {table.rows}',
                    place=str(backup.path),
                    remedy="take an earlier backup",
                )
