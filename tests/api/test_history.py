"""History over HTTP, on the house of tests/app/past_house.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from tests.api.serving import served
from tests.app.past_house import STAGE, furnish_past
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.engine.lake import Lake

DAYS = {"from": "2026-03-31", "to": "2026-06-30"}


@pytest.fixture(scope="module")
def past(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    home: Path = tmp_path_factory.mktemp("past")
    ctx = Context(home, Principal("local:test", "administrator"), database, Lake(home / "lake"))
    furnish_past(ctx)
    with served(ctx) as server:
        headers = {"authorization": f"Bearer {server.token}"}
        with httpx.Client(base_url=f"{server.url}/api/v1/history", trust_env=False, headers=headers) as client:
            yield client


def test_a_migration_has_from_and_to(past: httpx.Client) -> None:
    body = past.get("/migration", params={"name": STAGE, **DAYS}).json()
    assert body["rows"][0] == {"from": "repeat", "to": "vip", "customers": 1, "share": 0.5}
    assert (body["from"], body["to_as_of"]) == ("2026-03-31", "2026-06-30")


def test_a_customer_and_who_held_what(past: httpx.Client) -> None:
    rows = past.get("/of/b").json()["rows"]
    assert [(row["value"], row["valid_to"]) for row in rows] == [
        ("yes", "2026-06-30"), ("repeat", "2026-04-30"), ("dormant", None),
    ]  # fmt: skip
    page = past.get("/holders", params={"name": STAGE, "on": "2026-03-31", "value": "repeat", "limit": 1}).json()
    assert ([row["customer_id"] for row in page["rows"]], page["of"], page["next"]) == (["a"], 2, 1)


@pytest.mark.parametrize(
    ("path", "asked", "key"),
    [
        ("/names", {}, "names"),
        ("/counts", {"name": STAGE, "on": "2026-05-15"}, "rows"),
        ("/flows", {"name": STAGE, **DAYS}, "rows"),
        ("/sankey", {"name": STAGE, "on": ["2026-03-31", "2026-06-30"]}, "links"),
        ("/dwell", {"name": STAGE}, "rows"),
    ],
)
def test_answers(past: httpx.Client, path: str, asked: dict[str, Any], key: str) -> None:
    answer = past.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()[key]


@pytest.mark.parametrize(
    ("path", "asked", "status", "code"),
    [
        ("/counts", {"name": STAGE, "on": "2020-01-01"}, 404, "no_history"),
        ("/counts", {"name": "nothing", "on": "2026-06-30"}, 404, "unknown_history_name"),
        ("/migration", {"name": STAGE, "from": "2026-06-30", "to": "2026-03-31"}, 422, "bad_days"),
        ("/of/nobody", {}, 404, "unknown_customer"),
    ],
)
def test_refusals(past: httpx.Client, path: str, asked: dict[str, Any], status: int, code: str) -> None:
    answer = past.get(path, params=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
