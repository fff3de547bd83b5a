"""A file of any format, staged without a home: what came of each row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from tierwise.definitions.mapping import Mapping
from tierwise.engine.duckdb_session import connect
from tierwise.facts.conform import bind
from tierwise.ingest.source import open_source
from tierwise.ingest.source_file import SourceFile
from tierwise.ingest.staging import Staged, stage

TODAY = date(2026, 6, 30)


@dataclass(frozen=True)
class Seen:
    """rows: (order_id, customer_id, instant in UTC, gross in minor units, channel) of those to take in."""

    source: SourceFile
    staged: Staged
    rows: list[tuple[Any, ...]]

    @property
    def refused(self) -> list[tuple[str, int, str]]:
        return [(*self.source.place(each.line), each.code) for each in self.staged.refusals]


def seen(folder: Path, content: bytes, name: str, **mapping: Any) -> Seen:
    """Stage orders with the columns order_id, ordered_at, gross, and where it has them customer_id and channel."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    told = Mapping.model_validate({"table": "orders", **mapping})
    source = open_source(path, told, folder)
    binding = bind(told, source.headers, zone="Asia/Shanghai", currency="CNY", place=name)
    binding = replace(binding, since_1904=source.since_1904)
    con = connect(folder / "spill", threads=2)
    try:
        found = stage(con, source, binding, folder, today=TODAY)
        there = con.table("good").columns
        columns = [
            f"orders__{name}" if f"orders__{name}" in there else "NULL"
            for name in ("order_id", "customer_id", "ordered_at", "gross", "channel")
        ]
        rows = con.execute(f"SELECT {', '.join(columns)} FROM good ORDER BY rowid").fetchall()
    finally:
        con.close()
    assert found.read == found.good + found.ignored + len(found.refusals)
    return Seen(source, found, [tuple(row) for row in rows])
