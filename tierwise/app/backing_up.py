"""Back up a home while others work in it: one file that shows it at one instant.

The database is read in one snapshot. It names the versions of the lake's tables that count, and their files never
change once they are written; so they can be copied afterwards, and what others write meanwhile is no part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, select

from tierwise import __version__
from tierwise.app.backup_file import BackupWriter, Manifest, TableRows, writing
from tierwise.app.context import Context
from tierwise.engine.lake_files import TableFiles, files_of
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, lake_tables, queue_tables, table_copy
from tierwise.state.schema import run
from tierwise.state.upgrade import version

Progress = Callable[[int, int | None, str], None]


@dataclass(frozen=True, slots=True)
class BackedUp:
    """path: the file. rows: of the database. files: of the lake. bytes: of the backup file.

    lost: how many versions older runs name that could not be read any more before, and so are not in it.
    """

    path: str
    id: str
    tables: int
    rows: int
    files: int
    bytes: int
    lost: int


def back_up(ctx: Context, target: Path, progress: Progress | None = None) -> BackedUp:
    """Write a backup to a file, or into a folder under the name of the instant. Audited.

    The home goes on: runs and imports of others are not kept waiting. Raises `nothing_to_back_up`, `lake_behind`,
    `backup_exists`, `backup_disturbed`, and what writing raises.
    """
    ctx.principal.require("administer")
    now = clock.utc_now()
    path = target / f"tierwise-{now:%Y-%m-%dT%H%M%SZ}.zip" if target.is_dir() else target
    with writing(path) as writer:
        with table_copy.snapshot(ctx.database) as connection:
            manifest = _database(connection, writer, now)
            needed = _needed(connection, manifest.lake)
        files = [files_of(ctx.lake, name, manifest.lake[name], versions) for name, versions in needed.items()]
        _lake(ctx, writer, files, progress)
        manifest.lost_versions.update({table.name: table.lost for table in files if table.lost})
        manifest.entries.update(writer.entries)
        writer.finish(manifest)
    done = BackedUp(
        path=str(path),
        id=manifest.id,
        tables=len(manifest.lake),
        rows=manifest.rows,
        files=sum(len(table.paths) for table in files),
        bytes=path.stat().st_size,
        lost=sum(len(table.lost) for table in files),
    )
    with ctx.database.begin() as connection:
        detail = {"path": path.name, "rows": done.rows, "files": done.files, "bytes": done.bytes}
        audit.write(connection, ctx.principal.name, "backup", f"backup {manifest.id}", detail)
    return done


def _database(connection: Connection, writer: BackupWriter, now: datetime) -> Manifest:
    revision = version(connection)
    if revision is None:
        raise TierwiseError(
            "nothing_to_back_up", "there is nothing in this home", remedy="set TIERWISE_HOME to the home that you mean"
        )
    tables = []
    for shape in table_copy.shapes(connection):
        with writer.entry(f"database/{shape.name}.copy", packed=True) as write:
            tables.append(TableRows(shape.name, shape.columns, table_copy.copy_out(connection, shape, write)))
    return Manifest(
        id=uuid4().hex,
        at=now.isoformat(timespec="seconds"),
        software=__version__,
        revision=revision,
        queue=tuple(sorted(queue_tables.applied(connection) or ())),
        tables=tuple(tables),
        sequences=table_copy.sequences(connection),
        lake=lake_tables.versions(connection),
    )


def _needed(connection: Connection, recorded: dict[str, int]) -> dict[str, set[int]]:
    """Each table's versions that kept runs have read or made, beside the recorded one."""
    needed: dict[str, set[int]] = {name: set() for name in recorded}
    for inputs, outputs in connection.execute(select(run.c.inputs, run.c.outputs).where(run.c.state == "done")):
        for name, number in (*inputs.items(), *(outputs or {}).items()):
            if name in needed:
                needed[name].add(int(number))
    return needed


def _lake(ctx: Context, writer: BackupWriter, files: list[TableFiles], progress: Progress | None) -> None:
    total = sum(len(table.paths) for table in files)
    done = 0
    for table in files:
        folder = ctx.lake.path(table.name)
        for path in table.paths:
            if progress is not None:
                progress(done, total, "files")
            try:
                writer.copy(f"lake/{table.name}/{path}", folder / path)
            except FileNotFoundError as error:
                raise TierwiseError(
                    "backup_disturbed",
                    f'a file of table "{table.name}" was let go while it was to be copied',
                    place=str(folder / path),
                    remedy="do it again",
                ) from error
            done += 1
