"""A retailer of 400 customers, imported and run twice; made once, since it takes a while. Tests may add runs to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.app.task_house import furnished
from tests.conftest import fresh_database
from tierwise.app import importing, running
from tierwise.app.context import Context
from tierwise.app.defining import initialise
from tierwise.app.principal import Principal
from tierwise.engine.lake import Lake
from tierwise.state.embedded import EmbeddedServer
from tierwise.testing import make_retail

OPERATOR = Principal("test:operator", "administrator")

TABLES = ("stores", "products", "customers", "order_lines", "orders", "refunds", "interactions")


@pytest.fixture(scope="module")
def empty(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """A home without anything."""
    home = tmp_path_factory.mktemp("home")
    return Context(home=home, principal=OPERATOR, database=database, lake=Lake(home / "lake"))


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The retailer's files, Chinese headers, GB18030."""
    return make_retail(customers=400, seed=3).write(tmp_path_factory.mktemp("files"), headers="zh", encoding="gb18030")


@pytest.fixture(scope="session")
def retailer(shared_database: Engine, files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Context:
    """Runs as of 2026-03-31 and, the current one, 2026-06-30."""
    home = tmp_path_factory.mktemp("retailer")
    house = Context(home=home, principal=OPERATOR, database=shared_database, lake=Lake(home / "lake"))
    initialise(house, "general")
    for table in TABLES:
        report = importing.import_path(house, files[table], table, None)
        assert report.accepted == report.read > 0
    running.run(house, date(2026, 3, 31))
    running.run(house, date(2026, 6, 30))
    return house


@pytest.fixture(scope="session")
def task_house(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """Two stores with their advisors, seen by their chief; tests of tasks empty it of tasks before they begin."""
    for database in fresh_database(server):
        yield furnished(database, Path(tmp_path_factory.mktemp("tasks")))
