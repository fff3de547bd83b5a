"""What a phone is told where something is refused or goes wrong: a page, with the status that the API gives."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.console.phone.conftest import Enter
from tierwise.api.problems import STATUS, status_of
from tierwise.app import tasks
from tierwise.app.context import Context
from tierwise.console.phone.visit import PhoneVisit, refused
from tierwise.console.texts import Texts
from tierwise.kernel.errors import TierwiseError


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_task_that_is_not_there_is_told_as_the_api_tells_it(enter: Enter, language: str) -> None:
    answer = enter("ann", language).get("/task", params={"id": "987654321"})
    assert answer.status_code == status_of("no_such_task") == 404
    assert 'data-notice="refused"' in answer.text
    assert "tierwise task" not in answer.text, "a command is no remedy on a phone"
    texts = Texts(language)
    for key in ("failed_title", "phone_my_tasks", "place_customers"):
        assert texts(key) in answer.text, key


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_defect_is_a_calm_page(
    enter: Enter, furnished: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, language: str
) -> None:
    name = "王小明"

    def broken(ctx: Context) -> None:
        raise ZeroDivisionError(f"secret of {name}")

    monkeypatch.setattr(tasks, "my_tasks", broken)
    answer = enter("ann", language).get("/tasks")
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    texts = Texts(language)
    assert 'data-notice="refused"' in answer.text
    assert texts("open_again") in answer.text
    assert texts("place_customers") in answer.text
    assert "ZeroDivisionError" not in answer.text
    assert "defect at /m/tasks: ZeroDivisionError" in caplog.text
    assert name not in answer.text + caplog.text


@pytest.mark.parametrize("code", sorted(STATUS))
def test_every_refusal_has_the_status_of_the_api(furnished: Context, code: str) -> None:
    principal = SimpleNamespace(name="person:ann", may=lambda action: True)
    visit = PhoneVisit(
        SimpleNamespace(principal=principal),  # type: ignore[arg-type]
        Texts("zh"),
        "/tasks",
        {},
        status_of=status_of,
    )
    assert refused(visit, TierwiseError(code, "no")).status_code == status_of(code)
