"""Which version of each Delta table counts. A Delta commit that is not recorded here never happened."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state.schema import lake_table


def versions(connection: Connection) -> dict[str, int]:
    """Table name -> committed Delta version, ordered by name; a table that is not here does not exist."""
    rows = connection.execute(select(lake_table.c.name, lake_table.c.version))
    return dict(sorted((str(name), int(version)) for name, version in rows))


def set_versions(connection: Connection, changes: Mapping[str, int], *, job_id: int | None = None) -> None:
    """Commit these versions, all in the caller's transaction.

    A version never goes back: `lake_version_behind` is raised where one is older than what is recorded (another
    process has written since). Recording the same version again changes nothing.
    """
    for name, version in sorted(changes.items()):
        row = insert(lake_table).values(name=name, version=version, at=utc_now(), job_id=job_id)
        newer = row.on_conflict_do_update(
            index_elements=[lake_table.c.name],
            set_={"version": row.excluded.version, "at": row.excluded.at, "job_id": row.excluded.job_id},
            where=lake_table.c.version < row.excluded.version,
        ).returning(lake_table.c.name)
        if connection.scalar(newer) is not None:
            continue
        found = connection.scalar(select(lake_table.c.version).where(lake_table.c.name == name))
        if found != version:
            raise TierwiseError(
                "lake_version_behind",
                f'table "{name}" is at version {found}, and {version} is older',
                remedy="run the command again; another one has written in the meantime",
            )
