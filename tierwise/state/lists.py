"""Lists of customers: taken from a file, or frozen from a segment as of a run. Members are source keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from psycopg import sql
from sqlalchemy import Connection, Integer, cast, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.state.locks import hold_for_transaction
from tierwise.state.schema import customer_list, list_member, setting

if TYPE_CHECKING:  # who only shows lists need not load Arrow
    import pyarrow as pa

_LOCK = "lists"
_CHANGE = "lists.change"
_ROWS = 100_000

Kind = Literal["imported", "static"]


@dataclass(frozen=True, slots=True)
class CustomerList:
    """One list. origin: the file, or `segment NAME` or `rule`. run_id: of a frozen one. unknown: ids no source knew."""

    name: str
    title: str
    kind: Kind
    origin: str
    run_id: int | None
    members: int
    unknown: int
    author: str
    note: str
    at: datetime


_COLUMNS = [
    customer_list.c[name]
    for name in ("name", "title", "kind", "origin", "run_id", "members", "unknown", "author", "note", "at")
]


def all_lists(connection: Connection) -> list[CustomerList]:
    """Every list that was not removed, by name."""
    rows = connection.execute(select(*_COLUMNS).where(customer_list.c.removed_at.is_(None)))
    return sorted((CustomerList(**row._mapping) for row in rows), key=lambda each: each.name)


def get(connection: Connection, name: str) -> CustomerList:
    """One list. Raises `unknown_list`."""
    query = select(*_COLUMNS).where(customer_list.c.name == name, customer_list.c.removed_at.is_(None))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise TierwiseError.of([unknown_name("list", name, [each.name for each in all_lists(connection)])])
    return CustomerList(**row._mapping)


def put(
    connection: Connection,
    name: str,
    kind: Kind,
    source_keys: Iterable[int],
    *,
    author: str,
    origin: str = "",
    run_id: int | None = None,
    title: str = "",
    note: str = "",
    unknown: int = 0,
    there: Literal["refuse", "replace", "add"] = "refuse",
) -> CustomerList:
    """Make a list of these customers, in the caller's transaction; repeated keys count once.

    there: what happens where a list of that name is there: it is refused (`name_taken`), replaced, or added to, which
    keeps its kind and origin and adds up `unknown`.
    """
    hold_for_transaction(connection, _LOCK)
    now = utc_now()
    found = connection.execute(
        select(customer_list.c.unknown, customer_list.c.kind).where(
            customer_list.c.name == name, customer_list.c.removed_at.is_(None)
        )
    ).one_or_none()
    if found is not None and there == "refuse":
        raise TierwiseError(
            "name_taken", f'there is a list "{name}" already', remedy="take another name, or replace it or add to it"
        )
    row: dict[str, Any] = {"kind": kind, "origin": origin, "run_id": run_id, "title": title, "note": note}
    row |= {"members": 0, "unknown": unknown, "author": author, "at": now, "removed_at": None}
    changes = row
    if found is not None and there == "add":
        if found.kind != "imported":
            raise TierwiseError(
                "not_imported", f'the list "{name}" is frozen: it stays as it is', remedy="name another"
            )
        changes = {"author": author, "at": now, "unknown": found.unknown + unknown}
    else:
        connection.execute(delete(list_member).where(list_member.c.list == name))
    made = insert(customer_list).values(name=name, **row)
    connection.execute(made.on_conflict_do_update(index_elements=[customer_list.c.name], set_=changes))
    _add_members(connection, name, source_keys)
    members = select(func.count()).select_from(list_member).where(list_member.c.list == name).scalar_subquery()
    connection.execute(update(customer_list).where(customer_list.c.name == name).values(members=members))
    _changed(connection)
    return get(connection, name)


def remove(connection: Connection, name: str) -> CustomerList:
    """Forget a list's members and put it aside; what it was. Raises `unknown_list`."""
    hold_for_transaction(connection, _LOCK)
    found = get(connection, name)
    connection.execute(delete(list_member).where(list_member.c.list == name))
    connection.execute(update(customer_list).where(customer_list.c.name == name).values(removed_at=utc_now()))
    _changed(connection)
    return found


def change_number(connection: Connection) -> int:
    """A number that grows with every change of any list; 0 before the first."""
    found = connection.scalar(select(setting.c.value).where(setting.c.key == _CHANGE))
    return int(found or 0)


def list_members(connection: Connection, names: Sequence[str] | None = None) -> pa.Table:
    """Who is on which list, as Arrow: `list` (text), `source_key` (int64), in that order; of these lists, or all."""
    import pyarrow as pa
    from pyarrow import csv

    schema = pa.schema([pa.field("list", pa.string(), False), pa.field("source_key", pa.int64(), False)])
    chosen: sql.Composable = sql.SQL("")
    if names is not None:
        chosen = sql.SQL("where list = any({})").format(sql.Literal(list(names)))
    query = "copy (select list, source_key from list_member {}) to stdout (format csv)"
    raw = connection.connection.driver_connection
    assert raw is not None
    with raw.cursor() as cursor, cursor.copy(sql.SQL(query).format(chosen)) as copy:
        told = b"".join(copy)
    if not told:
        return schema.empty_table()
    read = csv.ReadOptions(column_names=schema.names)
    found = csv.read_csv(pa.BufferReader(told), read, convert_options=csv.ConvertOptions(column_types=schema))
    return found.cast(schema).sort_by([("list", "ascending"), ("source_key", "ascending")])


def _add_members(connection: Connection, name: str, source_keys: Iterable[int]) -> None:
    connection.execute(text("create temp table arriving (source_key bigint) on commit drop"))
    raw = connection.connection.driver_connection
    assert raw is not None
    keys = iter(source_keys)
    with raw.cursor() as cursor, cursor.copy("copy arriving (source_key) from stdin") as copy:
        while some := list(islice(keys, _ROWS)):
            copy.write("\n".join(map(str, some)) + "\n")
    connection.execute(
        text(
            "insert into list_member (list, source_key) select :name, source_key from arriving "
            "except select list, source_key from list_member where list = :name order by source_key"
        ),
        {"name": name},
    )
    connection.execute(text("drop table arriving"))


def _changed(connection: Connection) -> None:
    """Count the change; two transactions at once wait for each other at the lock taken before."""
    row = insert(setting).values(key=_CHANGE, value=1)
    grown = func.to_jsonb(cast(setting.c.value, Integer) + 1)
    connection.execute(row.on_conflict_do_update(index_elements=[setting.c.key], set_={"value": grown}))
