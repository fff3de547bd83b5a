"""Questions and the next one of a customer: arguments handed on, answers as the views have them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tierwise.api import examples
from tierwise.api.routes import profiling as routes
from tierwise.app import profiling
from tierwise.kernel.errors import TierwiseError

API = "/api/v1"


@pytest.mark.parametrize(
    ("path", "use_case", "view", "given"),
    [
        ("profiling", "profiling", routes.PROFILING, ((None,), {"run_id": None})),
        ("profiling?name=asking&run=7", "profiling", routes.PROFILING, (("asking",), {"run_id": 7})),
        ("profiling/customers/a/1", "next_question", routes.CUSTOMER, (("a/1", None), {"run_id": None})),
    ],
)
def test_views(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, path: str, use_case: str, view: Any, given: Any
) -> None:
    calls = []

    def stand_in(*args: Any, **kwargs: Any) -> Any:
        calls.append((args[1:], kwargs))
        return view

    monkeypatch.setattr(profiling, use_case, stand_in)
    answer = client.get(f"{API}/{path}")
    assert answer.json() == examples.ok(view)[200]["content"]["application/json"]["example"]
    assert calls == [given]


def test_no_questions_is_told(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise TierwiseError("unknown_profiling", "which?")

    monkeypatch.setattr(profiling, "profiling", refuse)
    answer = client.get(f"{API}/profiling?name=x")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_profiling")
