"""The endpoints of insights hand their arguments to one use case each."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from tierwise.api import examples
from tierwise.api.routes.insights import INSIGHT, INSIGHTS
from tierwise.app.insights import asking
from tierwise.app.views import Exported


def test_the_catalogue(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "list_insights", lambda ctx: INSIGHTS.insights)
    answer = client.get("/api/v1/insights")
    assert answer.json() == examples.ok(INSIGHTS)[200]["content"]["application/json"]["example"]


def test_an_answer_with_its_parameters(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def stand_in(ctx: Any, name: str, given: dict[str, Any], **others: Any) -> Any:
        calls.append((name, given, others))
        return INSIGHT

    monkeypatch.setattr(asking, "insight", stand_in)
    answer = client.get("/api/v1/insights/ladder?set=within_days=90&set=max_steps=3&as_of=2026-03-31&limit=7&run=2")
    assert answer.json() == examples.ok(INSIGHT)[200]["content"]["application/json"]["example"]
    others = {"as_of": date(2026, 3, 31), "run_id": 2, "limit": 7}
    assert calls == [("ladder", {"within_days": "90", "max_steps": "3"}, others)]
    refused = client.get("/api/v1/insights/ladder?set=within_days")
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_value")


def test_a_file(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def stand_in(ctx: Any, name: str, path: Path, given: dict[str, Any], **others: Any) -> Exported:
        asked.append(others["headings"])
        path.write_text("purchase\n1\n")
        return Exported("insight ladder", str(path), 1, 11, 0.1)

    monkeypatch.setattr(asking, "export_insight", stand_in)
    answer = client.get("/api/v1/insights/ladder.csv?set=within_days=90")
    assert (answer.text, answer.headers["x-tierwise-rows"]) == ("purchase\n1\n", "1")
    assert "ladder.csv" in answer.headers["content-disposition"]
    client.get("/api/v1/insights/ladder.csv?headings=zh")
    assert asked == ["names", "zh"]
    assert client.get("/api/v1/insights/ladder.pdf").status_code == 422
