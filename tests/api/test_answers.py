"""Answers over HTTP: arguments handed on, acts and views as the use cases give them."""

from __future__ import annotations

from datetime import date
from types import ModuleType
from typing import Any

import httpx
import pytest

from tierwise.api import examples
from tierwise.api.routes import answers as routes
from tierwise.app import answer_numbers, answering, answers
from tierwise.kernel.errors import TierwiseError

API = "/api/v1"

SAID = {"customer_id": "C1", "question": "mattress"}


@pytest.mark.parametrize(
    ("method", "path", "body", "use_case", "given"),
    [
        ("POST", "answers", {**SAID, "value": "soft", "how": "call"}, (answering, "answer"),
         (("C1", "mattress", "soft"), {"how": "call", "name": None})),
        ("POST", "answers", {**SAID, "name": "asking"}, (answering, "decline"),
         (("C1", "mattress"), {"how": "visit", "name": "asking"})),
        ("POST", "answers/removals", {**SAID, "reason": "misheard"}, (answering, "take_back"),
         (("C1", "mattress"), {"reason": "misheard", "name": None})),
        ("GET", "answers/customers/a/1", None, (answers, "customer_words"), (("a/1",), {})),
        ("GET", "answers/numbers?from=2026-06-01&to=2026-06-30", None, (answer_numbers, "answer_numbers"),
         ((date(2026, 6, 1), date(2026, 6, 30)), {})),
    ],
)  # fmt: skip
def test_doors(
    client: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    body: Any,
    use_case: tuple[ModuleType, str],
    given: Any,
) -> None:
    view = {"answer": routes.ACT, "decline": routes.ACT, "take_back": routes.UNDONE,
            "customer_words": routes.WORDS, "answer_numbers": routes.NUMBERS}[use_case[1]]  # fmt: skip
    calls = []

    def stand_in(*args: Any, **kwargs: Any) -> Any:
        calls.append((args[1:], kwargs))
        return view

    monkeypatch.setattr(*use_case, stand_in)
    answer = client.request(method, f"{API}/{path}", json=body)
    status = 201 if path == "answers" else 200
    assert answer.status_code == status
    assert answer.json() == examples.ok(view, status)[status]["content"]["application/json"]["example"]
    assert calls == [given]


@pytest.mark.parametrize(
    ("code", "status"),
    [("nothing_said", 404), ("not_answerable", 409), ("not_an_answer", 422), ("no_consent", 422), ("bad_value", 422)],
)
def test_refusals_have_their_status(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, code: str, status: int
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise TierwiseError(code, "no")

    monkeypatch.setattr(answering, "answer", refuse)
    assert client.post(f"{API}/answers", json={**SAID, "value": "x"}).status_code == status


def test_an_occasion_that_is_none_is_refused(client: httpx.Client) -> None:
    assert client.post(f"{API}/answers", json={**SAID, "value": "x", "how": "dream"}).status_code == 422
