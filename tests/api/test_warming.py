"""What a server asks itself ahead, and what it says where that fails."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

import pytest

from tierwise.api.warming import kept_warm
from tierwise.app.context import Context


def test_what_fails_is_said_once_until_it_goes_well_again(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    looks, ended = iter(["lost", "lost", "well", "well", "lost", "lost"]), Event()

    def look(database: object) -> tuple[int, int, int]:
        found = next(looks, None)
        if found is None:
            ended.set()
        if found != "well":
            raise ConnectionError("the password is hunter2")
        return (1, 1, 1)

    monkeypatch.setattr("tierwise.api.warming.mark_of", look)
    monkeypatch.setattr("tierwise.api.warming.ask_first", lambda ctx, over: None)
    monkeypatch.setattr("tierwise.api.warming.LOOK_SECONDS", 0.001)
    with kept_warm(replace(context, note=said.append)):
        assert ended.wait(10)
    assert said == ["the console's first questions were not asked ahead: ConnectionError"] * 2
