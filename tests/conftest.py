"""What several packages' tests share: one embedded PostgreSQL for all, a fresh database for each module."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, make_url, text
from xdist.scheduler import LoadFileScheduling

from tierwise.state.cluster import DATABASE
from tierwise.state.database import open_database
from tierwise.state.embedded import EmbeddedServer
from tierwise.state.upgrade import upgrade

os.environ["TIERWISE_LANGUAGE"] = "en"  # whatever the machine's locale is

_numbers = count(1)


_TOGETHER = ("parity", "app", "console")
"""Rooms whose tests share something that takes long to make: Spark, a retailer with its runs, a console."""

_FIRST = (*_TOGETHER, "docs", "cli", "engine", "ingest", "benchmarks", "api", "console", "state")
"""Rooms whose files take long: they begin, so that what is left in the end is short and no worker waits long."""


def _room(nodeid: str) -> str:
    return nodeid.split("/", 2)[1] if nodeid.count("/") > 1 else ""


class _Scheduling(LoadFileScheduling):
    """A file's tests stay together, and all of some rooms."""

    def _split_scope(self, nodeid: str) -> str:
        room = _room(nodeid)
        return f"tests/{room}" if room in _TOGETHER else nodeid.split("::", 1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Where tests are run side by side."""
    return _Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long rooms first; else as they were."""
    items.sort(key=lambda item: (*_FIRST, room).index(room) if (room := _room(item.nodeid)) else 0)


def pytest_collection_finish() -> None:
    """What was loaded for three thousand tests stays: it need not be looked through for cycles over and over."""
    gc.collect()
    gc.freeze()


def pytest_configure(config: pytest.Config) -> None:
    """Side by side, each worker's DuckDB has one core."""
    gc.set_threshold(100_000, 20, 50)
    if os.environ.get("PYTEST_XDIST_WORKER"):
        os.cpu_count = lambda: 1
    elif hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False  # they come in the order that they are to be done in


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A running server in a home of its own, whose database `tierwise` is upgraded and left alone as a template.

    It does not wait for the disk: what must outlive a machine that goes off is PostgreSQL's to test.
    """
    server = EmbeddedServer(Path(tmp_path_factory.mktemp("home")))
    engine = open_database(server.ensure())
    upgrade(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"alter system set {setting} = off"))
        connection.execute(text("select pg_reload_conf()"))
    engine.dispose()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def database(server: EmbeddedServer) -> Iterator[Engine]:
    """An engine on a fresh, upgraded database, which the tests of one module share."""
    yield from fresh_database(server, DATABASE)


@pytest.fixture
def bare_database(server: EmbeddedServer) -> Iterator[Engine]:
    """An engine on an empty database for one test."""
    yield from fresh_database(server, "template0")


@pytest.fixture
def connection(database: Engine) -> Iterator[Connection]:
    """A connection whose changes are rolled back when the test ends."""
    with database.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@pytest.fixture(scope="session")
def shared_database(server: EmbeddedServer) -> Iterator[Engine]:
    """An engine on one more database, for what is made once and read by many modules."""
    yield from fresh_database(server, DATABASE)


def fresh_database(server: EmbeddedServer, template: str = DATABASE) -> Iterator[Engine]:
    """An engine on a database of one's own, until it is asked for the next."""
    url = make_url(server.ensure())
    name = f"test_{next(_numbers)}"
    keeper = open_database(url.set(database="postgres").render_as_string())
    with keeper.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"create database {name} template {template}"))
    engine = open_database(url.set(database=name).render_as_string())
    yield engine
    engine.dispose()
    with keeper.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    keeper.dispose()
