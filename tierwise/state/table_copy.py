"""The rows of the database as text, table by table, and back: what a backup holds of PostgreSQL.

PostgreSQL's own COPY text, in the order of each table's primary key, so that equal rows give equal bytes. No program
of PostgreSQL's is needed: none is certain to be there. The structure is not copied; the migrations make it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from sqlalchemy import Connection, Engine, text

from tierwise.kernel.errors import TierwiseError
from tierwise.state.queue_tables import PACKAGE
from tierwise.state.schema import metadata

_TEXT_SETTINGS = {
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}
"""What a server or a role may set otherwise, and what the text of a value depends on."""

_TABLES = """
select c.relname as name,
       array(select a.attname from pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
             order by a.attnum) as columns,
       array(select a.attname from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
             where i.indrelid = c.oid and i.indisprimary order by array_position(i.indkey::int2[], a.attnum)) as key,
       array(select distinct o.relname from pg_constraint f join pg_class o on o.oid = f.confrelid
             where f.conrelid = c.oid and f.contype = 'f' and o.oid <> c.oid) as needs
from pg_class c
where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace
order by c.relname
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """One table: columns in their order, the columns of its primary key, the tables that its rows refer to."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    needs: tuple[str, ...]


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees the database as it is now until the block ends, whatever others commit meanwhile."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def shapes(connection: Connection) -> list[Shape]:
    """Our tables and the job queue's, each after those that its rows refer to; not those of somebody else."""
    found = {
        row.name: Shape(row.name, tuple(row.columns), tuple(row.key), tuple(row.needs))
        for row in connection.execute(text(_TABLES))
        if row.name in metadata.tables or row.name.startswith(f"{PACKAGE}_")
    }
    order = TopologicalSorter({name: set(shape.needs) & set(found) for name, shape in found.items()})
    return [found[name] for name in order.static_order()]


def copy_out(connection: Connection, shape: Shape, write: Callable[[bytes], object]) -> int:
    """Give all rows of a table to `write`, piece by piece; how many they were."""
    _say_values_alike(connection)
    order = f" order by {_names(shape.key or shape.columns)}"
    cursor = _driver(connection).cursor()
    with cursor.copy(f"copy (select {_names(shape.columns)} from {_name(shape.name)}{order}) to stdout") as rows:
        for piece in rows:
            write(bytes(piece))
    return int(cursor.rowcount)


def copy_in(connection: Connection, table: str, columns: Iterable[str], pieces: Iterable[bytes]) -> int:
    """Add rows as `copy_out` gave them; how many they were. Identities stay those of the rows.

    Raises `backup_table` where the table is not there or does not take them.
    """
    from psycopg import Error

    cursor = _driver(connection).cursor()
    _say_values_alike(connection)
    try:
        with cursor.copy(f"copy {_name(table)} ({_names(columns)}) from stdin") as rows:
            for piece in pieces:
                rows.write(piece)
    except Error as error:
        raise TierwiseError(
            "backup_table",
            f'the rows of "{table}" cannot be put back: {type(error).__name__} {error.sqlstate}',
            place=table,
            remedy="restore it with the version of Tierwise that made the backup",
        ) from error
    return int(cursor.rowcount)


@contextmanager
def empty_and_quiet(connection: Connection, names: Collection[str]) -> Iterator[None]:
    """Tables without rows, and without triggers until the block ends, in the transaction of the caller.

    Triggers would write what is to be put back once more (events of jobs), or refuse it.
    """
    tables = [shape for shape in shapes(connection) if shape.name in names]
    for shape in tables:
        connection.execute(text(f"alter table {_name(shape.name)} disable trigger user"))
    for shape in reversed(tables):
        connection.execute(text(f"delete from {_name(shape.name)}"))
    yield
    for shape in tables:
        connection.execute(text(f"alter table {_name(shape.name)} enable trigger user"))


def sequences(connection: Connection) -> dict[str, int]:
    """Sequence -> the last number that it gave; those that have not given any are left out."""
    asked = "select sequencename, last_value from pg_sequences where schemaname = current_schema() order by 1"
    return {row.sequencename: int(row.last_value) for row in connection.execute(text(asked)) if row.last_value}


def set_sequences(connection: Connection, last: dict[str, int]) -> None:
    """The next number of each sequence is the one after its last; sequences that are not there are passed over."""
    known = set(connection.scalars(text("select sequencename from pg_sequences where schemaname = current_schema()")))
    for name in sorted(known & last.keys()):
        connection.execute(text("select setval(:name, :last)"), {"name": _name(name), "last": last[name]})


def is_empty(connection: Connection) -> bool:
    """Whether the schema has no table at all, ours or anybody's."""
    asked = "select from pg_class where relkind in ('r', 'p') and relnamespace = current_schema()::regnamespace"
    return not connection.scalar(text(f"select exists ({asked})"))


def _say_values_alike(connection: Connection) -> None:
    for name, value in _TEXT_SETTINGS.items():
        connection.execute(text("select set_config(:name, :value, true)"), {"name": name, "value": value})


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _names(names: Iterable[str]) -> str:
    return ", ".join(_name(name) for name in names)


def _driver(connection: Connection) -> Any:
    driver = connection.connection.driver_connection
    assert driver is not None
    return driver
