"""Tasks by the API: what is passed on to the use cases, and what refusals are answered with."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from tierwise.api import task_bodies as bodies
from tierwise.app import task_giving, task_making, task_numbers, tasks
from tierwise.definitions.rule import InSegment
from tierwise.kernel.errors import TierwiseError

API = "/api/v1/tasks"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the use cases were asked with; each answers with an example."""
    asked: list[Any] = []
    answers = {
        (tasks, "list_tasks"): bodies.PAGE,
        (tasks, "my_tasks"): bodies.MINE,
        (tasks, "act"): bodies.TASK,
        (tasks, "drop"): bodies.TASK,
        (tasks, "undo"): bodies.TASK,
        (tasks, "one_task"): bodies.TASK,
        (tasks, "tasks_of_customer"): (bodies.TASK,),
        (task_making, "make_task"): bodies.TASK,
        (task_making, "make_tasks"): bodies.MADE,
        (task_making, "preview_tasks"): bodies.PREVIEW,
        (task_giving, "assign"): bodies.GIVEN,
        (task_giving, "hand_over"): bodies.GIVEN,
        (task_numbers, "advisors"): bodies.ADVISORS,
    }
    for (module, name), answer in answers.items():

        def case(ctx: Any, *given: Any, _name: str = name, _answer: Any = answer, **named: Any) -> Any:
            asked.append((_name, given, named))
            return _answer

        monkeypatch.setattr(module, name, case)
    return asked


def test_an_order_is_previewed_and_made(client: httpx.Client, calls: list[Any]) -> None:
    body = {"rule": {"segment": "at_risk"}, "title": "回店", "people": ["li"], "due_on": "2026-07-10", "key": "july"}
    assert client.post(f"{API}/preview", json=body).json()["counts"]["made"] == 100
    assert client.post(f"{API}/batches", json=body).status_code == 201
    (_, (order,), _), (_, (again,), named) = calls
    assert order == again
    assert (order.rule, order.title, order.people, order.due_on, order.to) == (
        InSegment(segment="at_risk"), "回店", ("li",), date(2026, 7, 10), "advisor",
    )  # fmt: skip
    assert named == {"key": "july"}
    assert client.post(f"{API}/batches", json={**body, "kind": "fax"}).status_code == 422
    assert client.post(f"{API}/batches", json={**body, "titel": "x"}).status_code == 422
    assert client.post(f"{API}/preview", json={"rule": {"segmnt": "x"}}).status_code == 422


def test_taps_are_passed_on(client: httpx.Client, calls: list[Any]) -> None:
    outcome = {"outcome": "no_answer", "again_on": "2026-07-11", "revision": 3}
    assert client.post(f"{API}/17/outcome", json=outcome).json()["customer_id"] == "C000042"
    client.post(f"{API}/17/undo", json={})
    client.post(f"{API}/17/drop", json={"reason": "moved"})
    client.get(f"{API}/customers/a%2Fb")
    client.post(f"{API}/assignments", json={"tasks": [1, 2], "to": ["E1"]})
    client.post(f"{API}/assignments", json={"all_of": "E1"})
    assert calls == [
        ("act", (17, "no_answer"), {"note": None, "again_on": date(2026, 7, 11), "revision": 3}),
        ("undo", (17,), {"revision": None}),
        ("drop", (17,), {"reason": "moved", "revision": None}),
        ("tasks_of_customer", ("a/b",), {}),
        ("assign", ([1, 2], ["E1"]), {}),
        ("hand_over", ("E1", []), {}),
    ]
    assert client.post(f"{API}/assignments", json={"to": ["E1"]}).json()["code"] == "bad_value"
    assert client.post(f"{API}/17/outcome", json={"outcome": "asleep"}).status_code == 422


def test_tasks_are_asked_for_by_what_they_are(client: httpx.Client, calls: list[Any]) -> None:
    assert client.get(f"{API}?assignee=&due=today&all=true&offset=5&limit=10").json()["of"] == 1
    (_, _, named) = calls[0]
    assert (named["assignee"], named["due"], named["state"], named["offset"], named["limit"]) == (
        "",
        "today",
        None,
        5,
        10,
    )
    assert client.get(f"{API}/advisors?days=7").json()["rows"][0]["answered_rate"] == 0.75
    assert client.get(f"{API}/mine").json()["whose"] == "E00012"
    assert client.get(f"{API}?due=someday").status_code == 422


@pytest.mark.parametrize(
    ("code", "status"),
    [("no_such_task", 404), ("task_closed", 409), ("changed_meanwhile", 409), ("nothing_to_undo", 409),
     ("already_open", 409), ("unknown_assignee", 422), ("not_allowed", 403)],
)  # fmt: skip
def test_refusals(client: httpx.Client, monkeypatch: pytest.MonkeyPatch, code: str, status: int) -> None:
    def refuse(ctx: Any, *words: Any, **more: Any) -> None:
        raise TierwiseError(code, "no")

    monkeypatch.setattr(tasks, "act", refuse)
    answer = client.post(f"{API}/17/outcome", json={"outcome": "reached"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
