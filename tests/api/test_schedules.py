"""Each path of schedules hands its arguments to one use case and answers with its view."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tierwise.api.routes import schedules as routes
from tierwise.app import scheduling
from tierwise.kernel.errors import TierwiseError

API = "/api/v1/schedules"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """The use cases replaced by their examples; what each was asked."""
    made: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def replace(name: str, answer: Any) -> None:
        def stand_in(ctx: Any, *args: Any, **kwargs: Any) -> Any:
            made.append((name, args, kwargs))
            return answer

        monkeypatch.setattr(scheduling, name, stand_in)

    replace("schedules", routes.SCHEDULES)
    for name in ("add", "pause", "resume"):
        replace(name, routes.SCHEDULE)
    replace("remove", None)
    replace("run_now", routes.QUEUED)
    return made


def test_all_of_them(client: httpx.Client, calls: list[Any]) -> None:
    answer = client.get(API).json()
    assert (answer["workers"], answer["schedules"][0]["next_due_at"]) == (1, "2026-07-01T18:30:00Z")
    assert answer["schedules"][0]["last_job"]["state"] == "done"
    assert calls == [("schedules", (), {})]


def test_a_new_one(client: httpx.Client, calls: list[Any]) -> None:
    answer = client.post(API, json={"name": "nightly", "cron": "30 2 * * *", "days_before": 0, "missed": "skip"})
    assert (answer.status_code, answer.json()["name"]) == (201, "nightly")
    given = {"task": "run", "days_before": 0, "timezone": None, "missed": "skip"}
    assert calls == [("add", ("nightly", "30 2 * * *"), given)]
    assert client.post(API, json={"name": "nightly", "crom": "30 2 * * *"}).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "use_case", "status"),
    [
        ("DELETE", "nightly", "remove", 200),
        ("POST", "nightly/pause", "pause", 200),
        ("POST", "nightly/resume", "resume", 200),
        ("POST", "nightly/run-now", "run_now", 202),
    ],
)
def test_changes(client: httpx.Client, calls: list[Any], method: str, path: str, use_case: str, status: int) -> None:
    assert client.request(method, f"{API}/{path}").status_code == status
    assert calls == [(use_case, ("nightly",), {})]


def test_refusals(client: httpx.Client, calls: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.post(f"{API}/nightly/dance").status_code == 422
    assert calls == []
    for code, status in (("unknown_schedule", 404), ("busy_schedule", 409), ("already_scheduled", 409)):

        def refuse(*args: Any, code: str = code) -> None:
            raise TierwiseError(code, "no")

        monkeypatch.setattr(scheduling, "run_now", refuse)
        answer = client.post(f"{API}/nightly/run-now")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
