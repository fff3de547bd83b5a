"""The paths of tags hand their arguments to one use case each, and answer with its view."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from tierwise.api.routes import tags as routes
from tierwise.app import tag_catalogue, tag_import, tags
from tierwise.kernel.errors import TierwiseError

API = "/api/v1/tags"


def test_the_catalogue(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(tag_catalogue, "catalogue", lambda ctx, **kwargs: asked.update(kwargs) or routes.CATALOGUE)
    answer = client.get(f"{API}?run=7")
    assert (answer.status_code, asked) == (200, {"run_id": 7})
    (tag,) = answer.json()["tags"]
    assert (tag["name"], tag["source"], tag["agreement"]["alpha"]) == ("temper", "manual", 0.78)


def test_giving_and_taking_back(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(tags, "add_tag", lambda ctx, *a, **k: calls.append((a, k)) or routes.GIVEN)
    monkeypatch.setattr(tags, "remove_tag", lambda ctx, *a, **k: calls.append((a, k)) or routes.REMOVED)
    body = {"customer_id": "C/1", "tag": "脾气", "value": "calm", "reason": "r", "expires_on": "2027-01-01"}
    assert client.post(f"{API}/manual", json=body).status_code == 201
    assert client.post(f"{API}/manual/removals", json={"customer_id": "C/1", "tag": "t", "reason": "r"}).json() == {
        "customer_id": "C000042",
        "tag": "temper",
        "removed": 1,
    }
    assert calls == [
        (("C/1", "脾气", "calm"), {"reason": "r", "expires_on": date(2027, 1, 1)}),
        (("C/1", "t"), {"reason": "r", "rater": None}),
    ]
    assert client.post(f"{API}/manual", json={**body, "reason": ""}).status_code == 422
    assert client.post(f"{API}/manual", json={**body, "resaon": "r"}).status_code == 422


@pytest.mark.parametrize(("code", "status"), [("unknown_tag", 404), ("unknown_value", 422), ("no_consent", 422)])
def test_refusals(client: httpx.Client, monkeypatch: pytest.MonkeyPatch, code: str, status: int) -> None:
    def refuse(ctx: Any, *words: Any, **more: Any) -> None:
        raise TierwiseError(code, "no")

    monkeypatch.setattr(tags, "add_tag", refuse)
    answer = client.post(f"{API}/manual", json={"customer_id": "C1", "tag": "t", "reason": "r"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_file(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def take(ctx: Any, path: Path) -> Any:
        assert path.read_text("utf-8") == "customer_id,tag,reason\n"
        return routes.IMPORTED

    monkeypatch.setattr(tag_import, "import_tags", take)
    answer = client.post(f"{API}/manual/imports", files={"file": ("标签.csv", b"customer_id,tag,reason\n")})
    assert (answer.status_code, answer.json()["file"], answer.json()["refused"]) == (201, "标签.csv", 1)


def test_what_a_customer_has(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(tags, "customer_tags", lambda ctx, *a: asked.extend(a) or routes.OF_CUSTOMER)
    monkeypatch.setattr(tags, "manual_acts", lambda ctx, **k: asked.append(k) or ())
    assert client.get(f"{API}/customers/a%2Fb").json()["tags"][0]["value_title"]["zh"] == "温和"
    assert client.get(f"{API}/manual?all=true&tag=t&limit=5").json() == {"acts": []}
    assert asked == ["a/b", {"tag": "t", "standing_only": False, "limit": 5}]
