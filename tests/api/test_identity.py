"""Who is who over HTTP: arguments handed on, answers as the views have them."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from tierwise.api import examples
from tierwise.api.routes import identity as routes
from tierwise.app import identity, identity_reading, relations
from tierwise.kernel.errors import TierwiseError

API = "/api/v1/identity"

Calls = list[tuple[tuple[Any, ...], dict[str, Any]]]


def put(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, answer: Any) -> Calls:
    calls: Calls = []

    def stand_in(*args: Any, **kwargs: Any) -> Any:
        calls.append((args[1:], kwargs))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(module, name, stand_in)
    return calls


def shown(view: Any) -> Any:
    return examples.ok(view)[200]["content"]["application/json"]["example"]


def test_reading(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = put(monkeypatch, identity_reading, "explain", routes._EXPLANATION)
    assert client.get(f"{API}/people/phone:138%2F1").json() == shown(routes._EXPLANATION)
    assert calls == [(("phone:138/1",), {})]
    calls = put(monkeypatch, identity_reading, "review", routes._REVIEW)
    assert client.get(f"{API}/review?limit=3").json() == shown(routes._REVIEW)
    assert calls == [((), {"limit": 3})]
    put(monkeypatch, identity_reading, "shared", (routes._SHARED,))
    assert client.get(f"{API}/shared").json() == {"shared": [shown(routes._SHARED)]}


def test_decisions(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = put(monkeypatch, identity, "decide", routes._DECISION)
    body = {"left": "张/1", "right": "phone:1", "same": False, "reason": "mother and daughter"}
    answer = client.post(f"{API}/decisions", json=body)
    assert (answer.status_code, answer.json()) == (201, shown(routes._DECISION))
    assert calls == [(("张/1", "phone:1"), {"same": False, "reason": "mother and daughter"})]
    calls = put(monkeypatch, identity, "decisions", (routes._UNDONE,))
    assert client.get(f"{API}/decisions?all=true").json() == {"decisions": [shown(routes._UNDONE)]}
    assert calls == [((), {"standing_only": False, "limit": 100})]
    put(monkeypatch, identity, "undo", TierwiseError("already_undone", "it was taken back"))
    assert client.post(f"{API}/decisions/3/undo").status_code == 409
    put(monkeypatch, identity, "resolve", TierwiseError("no_identities", "none"))
    assert client.post(f"{API}/resolve").status_code == 409


def test_things_and_their_people(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = put(monkeypatch, relations, "vehicles", (routes._VEHICLE,))
    answer = client.get(f"{API}/vehicles/沪A12345?on=2026-06-30").json()
    assert answer == {"vehicles": [shown(routes._VEHICLE)]}
    assert calls == [(("沪A12345",), {"on": date(2026, 6, 30)})]
    put(monkeypatch, relations, "company", routes._COMPANY)
    assert client.get(f"{API}/companies/K1").json() == shown(routes._COMPANY)
    put(monkeypatch, relations, "household", TierwiseError("unknown_household", "none"))
    assert client.get(f"{API}/households/H1").status_code == 404
