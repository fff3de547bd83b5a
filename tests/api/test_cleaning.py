"""The report of junk accounts, releases and their undoing: arguments handed on, answers as the views have them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tierwise.api import examples
from tierwise.api.routes import cleaning as routes
from tierwise.app import cleaning
from tierwise.kernel.errors import TierwiseError

API = "/api/v1"

Calls = list[tuple[tuple[Any, ...], dict[str, Any]]]


def put(monkeypatch: pytest.MonkeyPatch, name: str, answer: Any) -> Calls:
    calls: Calls = []

    def stand_in(*args: Any, **kwargs: Any) -> Any:
        calls.append((args[1:], kwargs))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(cleaning, name, stand_in)
    return calls


def shown(view: Any) -> Any:
    return examples.ok(view)[200]["content"]["application/json"]["example"]


def test_the_report(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = put(monkeypatch, "junk", routes.JUNK)
    assert client.get(f"{API}/junk?examples=2&run=7").json() == shown(routes.JUNK)
    assert calls == [((), {"run_id": 7, "examples": 2})]


def test_releases(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = put(monkeypatch, "list_releases", (routes.RELEASE, routes.UNDONE))
    answer = client.get(f"{API}/junk/releases?all=true&limit=5").json()
    assert answer == {"releases": [shown(routes.RELEASE), shown(routes.UNDONE)]}
    assert calls == [((), {"standing_only": False, "limit": 5})]


def test_release_and_undo(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = put(monkeypatch, "release", routes.RELEASE)
    answer = client.post(f"{API}/junk/releases", json={"customer_id": "张/1", "reason": "known"})
    assert (answer.status_code, answer.json()) == (201, shown(routes.RELEASE))
    assert calls == [(("张/1",), {"reason": "known", "rule": None})]
    calls = put(monkeypatch, "undo_release", routes.UNDONE)
    answer = client.post(f"{API}/junk/releases/undo", json={"customer_id": "u", "rule": "giveaway_only"})
    assert answer.json() == shown(routes.UNDONE)
    assert calls == [(("u",), {"rule": "giveaway_only"})]


def test_refusals(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.post(f"{API}/junk/releases", json={"customer_id": "u"}).status_code == 422
    assert client.post(f"{API}/junk/releases", json={"customer_id": "u", "reason": "r", "why": 1}).status_code == 422
    put(monkeypatch, "release", TierwiseError("already_released", "released already"))
    answer = client.post(f"{API}/junk/releases", json={"customer_id": "u", "reason": "r"})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_released")
