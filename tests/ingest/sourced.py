"""A source over a home: imports of what is new, in short."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy import create_engine

from tests.ingest.conftest import NOW, Home
from tierwise.definitions.import_source import ImportSource
from tierwise.definitions.project import Project
from tierwise.engine.lake import Lake
from tierwise.ingest.database_rows import Copied
from tierwise.ingest.importer import ImportReport, ImportSession
from tierwise.ingest.table_source import TableOrigin, import_source
from tierwise.state import source_readings
from tierwise.state.source_readings import Reading

ORDERS: dict[str, Any] = {
    "table": "orders",
    "columns": {
        "order_id": "no",
        "customer_id": "buyer",
        "ordered_at": "placed",
        "gross": "amount",
        "updated_at": "changed",
    },
}


@dataclass
class Sourced:
    home: Home
    source: ImportSource

    @classmethod
    def of(cls, home: Home, origin: dict[str, Any], **more: Any) -> Sourced:
        body = {"name": "erp", "mapping": ORDERS, "watermark": {"column": "changed"}, "origin": origin, **more}
        return cls(home, ImportSource.model_validate(body))

    def take(self, *, now: datetime | None = None, **options: Any) -> ImportReport:
        session = self.home.session if now is None else replace(self.home.session, now=now)
        return import_source(session, self.source, Path(self.home.folder / "secrets"), **options)

    def read(self, last: Copied | None = None, *, now: datetime | None = None) -> tuple[Copied, list[dict[str, Any]]]:
        """What an import after `last` would read, without an import: what it came to, and the rows."""
        session = self.home.session if now is None else replace(self.home.session, now=now)
        reading = None
        if last is not None:
            mark = last.mark
            told = (None, None) if mark is None else (mark.kind, mark.text)
            reading = Reading(1, session.now, last.rows, 0, *told, last.files)
        folder = self.home.folder / "reading"
        folder.mkdir(exist_ok=True)
        origin = TableOrigin(session, self.source, self.home.folder / "secrets", reading)
        origin.open(self.source.mapping, folder, lambda done, size: None)
        assert origin.copied is not None
        return origin.copied, pq.read_table(folder / self.source.name).to_pylist()

    @property
    def mark(self) -> str | None:
        with self.home.session.engine.connect() as connection:
            found = source_readings.newest(connection, self.source.name, self.source.fingerprint)
        return None if found is None else found.mark

    def orders(self) -> list[tuple[Any, ...]]:
        return self.home.rows(
            "SELECT order_id, i.id, gross_minor, ordered_at::VARCHAR FROM orders "
            "LEFT JOIN identities i USING (source_key) ORDER BY order_id"
        )


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    """read, accepted, replaced, unchanged, quarantined."""
    return report.read, report.accepted, report.replaced, report.unchanged, report.quarantined


def bare_home(folder: Path) -> Home:
    """Enough of a home to read a source; nothing can be imported."""
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    return Home(ImportSession(nowhere, Lake(folder / "lake"), folder / "tmp", Project(), NOW, "tester"), folder)


def ids(rows: list[dict[str, Any]]) -> list[str]:
    """Which orders were read, in order."""
    return sorted(str(row["no"]) for row in rows)
