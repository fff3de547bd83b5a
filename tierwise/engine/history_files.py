"""The files of the table `history`, and which part of it each of them is; the only place that commits them.

The name of a file begins with its part:

- `day-2026-06-30-…`: what the run of that day changed: intervals that it opened (valid_to null), and intervals that it
  closed, whole (valid_from and valid_to); no rows where nothing changed, for then too the day was seen;
- `open-…`: the intervals that were open when the days before were last put together;
- `closed-2026-06-30-…`: the intervals that had been closed by then, since the time before.

So an interval that was opened and closed since the last putting-together is there twice, open and closed, and the
closed one counts; nowhere else is anything twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from urllib.parse import unquote
from uuid import uuid4

import duckdb
from deltalake import DeltaTable, Field, Schema
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from tierwise.engine.delta_log import KEEP_THE_LOG
from tierwise.engine.duckdb_session import literal
from tierwise.engine.lake import Lake
from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError

HISTORY = "history"
"""The table's name in the lake."""

TYPES = {
    "customer_key": "BIGINT",
    "kind": "VARCHAR",
    "name": "VARCHAR",
    "value": "VARCHAR",
    "valid_from": "DATE",
    "valid_to": "DATE",
}

COLUMNS = ", ".join(TYPES)

EMPTY = f"SELECT {', '.join(f'NULL::{kind} AS {column}' for column, kind in TYPES.items())} WHERE false"

VIEWS = ("history_opened", "history_tail", "history_closed")

KEPT_HOURS = 7 * 24
"""Files that no version after these hours needs are deleted; who began to read earlier has ended."""

_ROWS_PER_GROUP = 122_880

Part = Literal["day", "open", "closed"]


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one version, by part, as paths inside the table's folder."""

    closed: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    days: tuple[tuple[date, str], ...] = ()

    @property
    def last_day(self) -> date | None:
        """The day of the last run that history knows."""
        return self.days[-1][0] if self.days else None

    @property
    def tail(self) -> tuple[str, ...]:
        """The files of the days that have not been put together."""
        return tuple(path for _, path in self.days)


def files_of(lake: Lake, version: int | None) -> Files:
    """The files of a recorded version; none where there is no version. Raises `bad_history_file`."""
    if version is None:
        return Files()
    actions = DeltaTable(str(lake.path(HISTORY)), version=version).get_add_actions()
    closed, opened, days = [], [], []
    for path in sorted(unquote(path) for path in actions["path"].to_pylist()):
        part, _, rest = path.partition("-")
        if part == "closed":
            closed.append(path)
        elif part == "open":
            opened.append(path)
        elif part == "day":
            days.append((date.fromisoformat(rest[:10]), path))
        else:
            raise TierwiseError(
                "bad_history_file",
                f'"{path}" is no file of Tierwise: another program has written into the table "{HISTORY}"',
                place=str(lake.path(HISTORY)),
                remedy="restore the table's version before that",
            )
    return Files(tuple(closed), tuple(opened), tuple(days))


def of_files(connection: duckdb.DuckDBPyConnection, lake: Lake, files: Files) -> None:
    """Three views over the files.

    `history_opened`: intervals as they were opened (valid_to null); `history_tail`: those closed since the days were
    last put together; `history_closed`: those and all closed before.
    """
    for view, wanted, rows in zip(
        VIEWS,
        ((*files.opened, *files.tail), files.tail, (*files.closed, *files.tail)),
        ("valid_to IS NULL", "valid_to IS NOT NULL", "valid_to IS NOT NULL"),
        strict=True,
    ):
        paths = ", ".join(literal(str(lake.path(HISTORY) / path)) for path in wanted)
        source = f"read_parquet([{paths}])" if paths else f"({EMPTY})"
        connection.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT {COLUMNS} FROM {source} WHERE {rows}")


def write(connection: duckdb.DuckDBPyConnection, lake: Lake, rows: str, part: Part, until: date) -> AddAction:
    """Write the rows of a query, in its order, as a file of that part; not committed yet.

    Sorted by name and customer, a name's rows lie together and the keys differ by little: two to three bytes a row.
    """
    folder = lake.path(HISTORY)
    file = folder / f"{part}-{until.isoformat()}-{uuid4()}.parquet"
    columns = ", ".join(f"r.{column}::{kind} AS {column}" for column, kind in TYPES.items())
    typed = f"SELECT {columns} FROM ({rows}) r"
    options = f"FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, ROW_GROUP_SIZE {_ROWS_PER_GROUP}"

    def copy() -> AddAction:
        from pyarrow import parquet

        folder.mkdir(parents=True, exist_ok=True)
        try:
            connection.execute(f"COPY ({typed}) TO {literal(str(file))} ({options})")
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        stats = json.dumps({"numRecords": parquet.read_metadata(file).num_rows})
        seen = file.stat()
        return AddAction(file.name, seen.st_size, {}, int(seen.st_mtime * 1000), True, stats)

    return lake.guarded(HISTORY, copy)


def commit(lake: Lake, added: Sequence[AddAction], removed: Sequence[str]) -> int:
    """Put files in and take files out, all or nothing; the new version."""
    folder = lake.path(HISTORY)
    at = int(utc_now().timestamp() * 1000)
    types = {"BIGINT": "long", "VARCHAR": "string", "DATE": "date"}
    schema = Schema([Field(column, PrimitiveType(types[kind]), nullable=True) for column, kind in TYPES.items()])

    def act() -> int:
        if not lake.exists(HISTORY):
            create_table_with_add_actions(str(folder), schema, list(added), name=HISTORY)
        else:
            gone = [RemoveAction(path, True, at, (folder / path).stat().st_size) for path in removed]
            DeltaTable(str(folder)).create_write_transaction(
                [*added, *gone], mode="append", schema=schema, post_commithook_properties=KEEP_THE_LOG
            )
        return DeltaTable(str(folder)).version()

    return lake.guarded(HISTORY, act)


def let_go(lake: Lake, keep_hours: int = KEPT_HOURS) -> int:
    """Delete the files that no version of the last `keep_hours` needs; the new version."""
    table = DeltaTable(str(lake.path(HISTORY)))
    table.vacuum(
        retention_hours=keep_hours,
        enforce_retention_duration=False,
        dry_run=False,
        post_commithook_properties=KEEP_THE_LOG,
    )
    return DeltaTable(str(lake.path(HISTORY))).version()
