"""Answers about runs are told once: until a run, a definition or a list comes, and to those who may see the same."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tierwise.app.context import Context
from tierwise.app.defining import change_definitions, ensure_initialised
from tierwise.app.principal import Principal
from tierwise.app.remembered import Answers, mark_of, told_once
from tierwise.app.warming import ask_first
from tierwise.definitions.read import parse_definition
from tierwise.engine.lake import Lake
from tierwise.kernel.errors import TierwiseError
from tierwise.state import lists as stored_lists

asked: list[tuple[str, object]] = []


@told_once
def case(ctx: Context, what: object, *, more: object = None) -> int:
    ctx.principal.require("view")
    asked.append((ctx.principal.role, what))
    if what == "wrong":
        raise TierwiseError("wrong", "it is wrong")
    return len(asked)


@pytest.fixture
def ctx(tmp_path: Path, database: Engine) -> Context:
    asked.clear()
    made = Context(tmp_path, Principal("local:test", "administrator"), database, Lake(tmp_path / "lake"))
    ensure_initialised(made)
    return replace(made, answers=Answers())


def test_the_same_question_is_told_from_before(ctx: Context) -> None:
    assert (case(ctx, "a"), case(ctx, "a"), case(ctx, "b"), case(ctx, "a", more=[1, {"x": [2]}])) == (1, 1, 2, 3)
    assert case(ctx, "a", more=[1, {"x": [2]}]) == 3
    assert case(replace(ctx, answers=None), "a") == 4, "a process that serves nobody keeps nothing"


def test_a_definition_and_a_list_ask_anew(ctx: Context) -> None:
    first = case(ctx, "a")
    before = mark_of(ctx.database)
    body = {"kind": "segment", "name": "often", "when": {"attribute": "frequency_count", "op": ">=", "value": 8}}
    change_definitions(ctx, [parse_definition(body)], note="")
    second = case(ctx, "a")
    assert mark_of(ctx.database) != before
    with ctx.database.begin() as state:
        stored_lists.put(state, "vips", "imported", [], author="me", origin="vips.csv")
    assert first < second < case(ctx, "a")


def test_who_may_see_other_things_is_answered_apart(ctx: Context) -> None:
    case(ctx, "a")
    analyst = ctx.acting_as(Principal("person:ann", "analyst"))
    case(analyst, "a")
    case(ctx.acting_as(Principal("person:bob", "analyst")), "a")
    assert [role for role, _ in asked] == ["administrator", "analyst"]
    with pytest.raises(TierwiseError):
        case(ctx.acting_as(Principal("person:sam", "operator", stores=("S1",))), "a")


def test_what_went_wrong_is_not_kept(ctx: Context) -> None:
    for _ in range(2):
        with pytest.raises(TierwiseError):
            case(ctx, "wrong")
    assert len(asked) == 2


def test_those_who_ask_at_once_wait_for_one_answer() -> None:
    answers, made, go = Answers(), [], threading.Event()

    def make() -> int:
        go.wait(10)
        made.append(1)
        return 7

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(answers.get, (1, 1, 1), "a", make) for _ in range(8)]
        go.set()
        assert [each.result() for each in waiting] == [7] * 8
    assert len(made) == 1


def test_of_too_many_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tierwise.app.remembered.MOST", 2)
    answers, made = Answers(), []
    for asked_for in ("a", "b", "c", "c", "a"):
        answers.get((1, 1, 1), asked_for, lambda asked_for=asked_for: made.append(asked_for))  # type: ignore[misc]
    assert made == ["a", "b", "c", "a"]


def test_what_cannot_be_told_yet_does_not_keep_the_rest_from_being_asked_ahead(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    firsts = tuple(partial(case, what=what) for what in ("a", "wrong", "b"))
    monkeypatch.setattr("tierwise.app.warming._FIRST", firsts)
    ask_first(ctx)
    assert [what for _, what in asked] == ["a", "wrong", "b"]
    ask_first(ctx, over=lambda: True)
    assert len(asked) == 3, "nothing is asked once it is over"
