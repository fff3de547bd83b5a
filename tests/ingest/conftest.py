"""A home to import into: a lake in a temporary folder and a fresh database, for the tests of one module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tierwise.definitions.identities import Identities
from tierwise.definitions.mapping import Mapping
from tierwise.definitions.project import Project
from tierwise.engine.duckdb_session import connect
from tierwise.engine.lake import Lake
from tierwise.facts.contract import RELATIONS, WHO_IS_WHO
from tierwise.ingest.importer import ImportReport, ImportSession, import_file
from tierwise.state import lake_tables

NOW = datetime(2026, 6, 30, 4, 0, tzinfo=UTC)


@dataclass
class Home:
    """An import session with short ways to import a text and to read a table."""

    session: ImportSession
    folder: Path
    count: int = 0

    def take(
        self, content: str | bytes, table: str, mapping: dict[str, Any] | None = None, *, name: str = "", **options: Any
    ) -> ImportReport:
        self.count += 1
        path = self.folder / (name or f"file{self.count}.csv")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        told = Mapping.model_validate({"table": table, **mapping}) if mapping is not None else None
        return import_file(self.session, path, table, told, **options)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A query over the recorded tables by their names; instants come back as text."""
        con = connect(self.folder / "spill")
        with self.session.engine.connect() as connection:
            versions = lake_tables.versions(connection)
        for table in (
            "identities",
            "customer_map",
            *WHO_IS_WHO,
            *RELATIONS,
            "customers",
            "orders",
            "order_lines",
            "refunds",
            "refund_lines",
            "products",
            "stores",
            "vehicles",
            "visits",
            "staff",
            "interactions",
            "surveys",
        ):
            self.session.lake.read(con, table, versions.get(table)).create_view(table)
        found = con.execute(query).fetchall()
        con.close()
        return found

    def with_identities(self, **body: Any) -> Home:
        return replace(self, session=replace(self.session, identities=Identities(**body)))

    def with_project(self, **changes: Any) -> Home:
        return replace(self, session=replace(self.session, project=Project(**changes)))


@pytest.fixture
def new_home(database: Engine, tmp_path: Path) -> Callable[[], Home]:
    """Makes empty homes over the module's database; each forgets what the one before recorded."""

    def make() -> Home:
        with database.begin() as connection:
            connection.execute(text("truncate quarantine, imported_file, trait, lake_table cascade"))
        make.count += 1  # type: ignore[attr-defined]
        folder = tmp_path / f"home {make.count}"  # type: ignore[attr-defined]
        folder.mkdir()
        session = ImportSession(database, Lake(folder / "lake"), folder / "tmp", Project(), NOW, "tester")
        return Home(session, folder)

    make.count = 0  # type: ignore[attr-defined]
    return make


@pytest.fixture
def home(new_home: Callable[[], Home]) -> Home:
    return new_home()
