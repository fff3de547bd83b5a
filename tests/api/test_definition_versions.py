"""Plans and versions through the API: the same use cases, under the API's names and statuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from tests.api.house import empty_house
from tests.api.serving import served

API = "/api/v1/definitions"
FEWER = {"kind": "deciles", "name": "spend_decile", "metric": "monetary_amount", "parts": 4}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, database: Engine) -> Iterator[httpx.Client]:
    house = empty_house(Path(tmp_path_factory.mktemp("house")), database)
    with (
        served(house) as server,
        httpx.Client(
            base_url=server.url, trust_env=False, headers={"authorization": f"Bearer {server.token}"}, timeout=60
        ) as client,
    ):
        yield client


def test_a_plan_then_put_then_what_changed(client: httpx.Client) -> None:
    plan = client.post(f"{API}/plan", json=[FEWER]).json()
    assert plan["changed"] == ["deciles spend_decile"]
    assert plan["readers"] == {"deciles spend_decile": ["lifecycle lifecycle_stage"]}
    assert plan["run_id"] is None
    assert client.put(f"{API}?note=four", json=[FEWER]).json()["changed"] == ["deciles spend_decile"]
    versions = client.get(f"{API}/deciles/spend_decile/versions").json()["versions"]
    assert [(each["version"], each["note"]) for each in versions] == [(2, "four"), (1, "template general")]
    (found,) = client.get(f"{API}/deciles/spend_decile/diff").json()["definitions"]
    assert {"path": "parts", "from": None, "to": 4} in found["changes"]
    changed = client.get(f"{API}/changes").json()["definitions"]
    assert "spend_decile" in [each["name"] for each in changed]


def test_rollback_and_removal(client: httpx.Client) -> None:
    back = client.post(f"{API}/deciles/spend_decile/rollback", json={"version": 1})
    assert back.json()["changed"] == ["deciles spend_decile"]
    refused = client.delete(f"{API}/deciles/spend_decile")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    removed = client.delete(f"{API}/deciles/spend_decile", params={"even_if_read": True, "note": "a test"})
    assert removed.json() == {"removed": "deciles spend_decile", "readers": ["lifecycle lifecycle_stage"]}
    assert client.post(f"{API}/deciles/spend_decile/rollback", json={"version": 1}).status_code == 200


def test_what_is_not_there_is_told(client: httpx.Client) -> None:
    assert client.get(f"{API}/deciles/nothing/versions").status_code == 404
    assert client.post(f"{API}/rfm/rfm/rollback", json={"version": 77}).json()["code"] == "unknown_version"
    wrong = client.post(f"{API}/plan", json={**FEWER, "metric": "nothing"})
    assert (wrong.status_code, wrong.json()["place"]) == (422, "body.json:1")
