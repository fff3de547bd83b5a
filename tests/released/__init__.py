"""Homes as released versions wrote them, and what puts one into a database and a folder without today's migrations.

A folder for each version: `structure.sql` (PostgreSQL's own word for the tables), `home.zip` (a backup: rows, lake) and
`profile.csv` (what `export profile` said then). They are never made anew; a release adds a folder.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, text

from tierwise.app.backup_file import reading
from tierwise.state import table_copy
from tierwise.state.table_copy import Shape

V0_1_0 = Path(__file__).parent / "v0_1_0"


def lay_out(version: Path, home: Path, database: Engine) -> None:
    """The released home, its tables in an empty database and its lake in a folder."""
    with reading(version / "home.zip") as backup, database.begin() as connection:
        connection.exec_driver_sql((version / "structure.sql").read_text("utf-8").replace("%", "%%"))
        told = backup.manifest
        connection.execute(text("insert into alembic_version values (:revision)"), {"revision": told.revision})
        with table_copy.empty_and_quiet(connection, {table.name for table in told.tables}):
            for table in told.tables:
                pieces = backup.pieces(f"database/{table.name}.copy")
                table_copy.copy_in(connection, table.name, table.columns, pieces)
        table_copy.set_sequences(connection, told.sequences)
        for name in told.entries:
            if name.startswith("lake/"):
                backup.extract(name, home / name)


def shapes_of(database: Engine) -> list[Shape]:
    """The tables as they are now."""
    with database.connect() as connection:
        return table_copy.shapes(connection)


def rows_of(database: Engine, shapes: list[Shape] | None = None) -> dict[str, bytes]:
    """Every table's rows, as a backup has them; shapes: in these columns, where there are more by now."""
    found = {}
    with table_copy.snapshot(database) as connection:
        for shape in shapes or table_copy.shapes(connection):
            pieces: list[bytes] = []
            table_copy.copy_out(connection, shape, pieces.append)
            found[shape.name] = b"".join(pieces)
    return found
