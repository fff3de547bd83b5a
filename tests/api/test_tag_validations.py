"""The paths of tests and scores of tags hand their arguments to one use case each, and answer with its view."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from tierwise.api.routes import tag_validations as routes
from tierwise.app import tag_guard, tag_scoring, tag_validation

API = "/api/v1/tags"


def test_each_path_asks_its_use_case(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def answers(module: Any, name: str, answer: Any) -> None:
        monkeypatch.setattr(module, name, lambda ctx, *a, **k: calls.append((name, a, k)) or answer)

    answers(tag_validation, "validate_tags", (routes.TESTED,))
    answers(tag_validation, "validations", (routes.TESTED,))
    answers(tag_guard, "may_drive_campaign", routes.MAY)
    answers(tag_scoring, "score_tag", routes.SCORED)
    made = client.post(f"{API}/validations", json={"tags": ["regular"], "days": ["2026-03-31"]})
    assert (made.status_code, made.json()["validations"][0]["verdict"]) == (201, "keep")
    assert client.get(f"{API}/validations?tag=regular&limit=5").json()["validations"][0]["days"][0]["low"] == 1.675
    assert client.get(f"{API}/may-drive/regular").json()["allowed"] is True
    scored = client.post(f"{API}/scores", json={"tag": "promising", "as_of": "2026-06-30"})
    assert (scored.status_code, scored.json()["auc"]["value"]) == (201, 0.83)
    assert calls == [
        ("validate_tags", (("regular",),), {"dates": 4, "days": (date(2026, 3, 31),)}),
        ("validations", ("regular",), {"limit": 5}),
        ("may_drive_campaign", ("regular",), {}),
        ("score_tag", ("promising",), {"as_of": date(2026, 6, 30)}),
    ]
    assert client.post(f"{API}/validations", json={"dates": 0}).status_code == 422
    assert client.post(f"{API}/scores", json={}).status_code == 422
