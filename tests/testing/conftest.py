"""One made dealer group and one made retailer for all tests of the makers, with a DuckDB over each."""

from __future__ import annotations

import duckdb
import pytest

from tierwise.testing import MadeData, make_dealer, make_retail


def opened(made: MadeData) -> duckdb.DuckDBPyConnection:
    """A database with every table under its name and every truth as `true_NAME`."""
    connection = duckdb.connect()
    for name, table in made.tables.items():
        connection.register(name, table)
    for name, table in made.truths.items():
        connection.register(f"true_{name}", table)
    return connection


@pytest.fixture(scope="session")
def dealer() -> MadeData:
    return make_dealer()


@pytest.fixture(scope="session")
def retail() -> MadeData:
    return make_retail()


@pytest.fixture(scope="session")
def dealer_db(dealer: MadeData) -> duckdb.DuckDBPyConnection:
    return opened(dealer)


@pytest.fixture(scope="session")
def retail_db(retail: MadeData) -> duckdb.DuckDBPyConnection:
    return opened(retail)
