"""One server for all tests of the API, over use cases that each test replaces by its own."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import create_engine

from tests.api.serving import served
from tierwise.api.serve import Served
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.engine.lake import Lake


@pytest.fixture(scope="package")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """A context whose database is never asked: the use cases are replaced."""
    home = tmp_path_factory.mktemp("served")
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    return Context(home, Principal("local:test", "reader"), engine, Lake(home / "lake"))


@pytest.fixture(scope="package")
def api_server(context: Context) -> Iterator[Served]:
    with served(context) as api_server:
        yield api_server


@pytest.fixture(scope="package")
def stranger(api_server: Served) -> Iterator[httpx.Client]:
    """A client without a token."""
    with httpx.Client(base_url=api_server.url, trust_env=False) as client:
        yield client


@pytest.fixture(scope="package")
def client(api_server: Served) -> Iterator[httpx.Client]:
    """A client with the token."""
    headers = {"authorization": f"Bearer {api_server.token}"}
    with httpx.Client(base_url=api_server.url, trust_env=False, headers=headers) as client:
        yield client
