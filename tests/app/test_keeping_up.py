"""Events are applied by themselves, again after a failure, and not where nobody wants it."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tierwise.app import keeping_up
from tierwise.app.context import Context
from tierwise.kernel.errors import TierwiseError


def test_it_goes_on_after_a_failure_and_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    calls: list[int] = []
    enough = threading.Event()

    def applied(ctx: Any) -> None:
        calls.append(1)
        if len(calls) in (2, 3):
            raise TierwiseError("disk_full", "no space is left on the disk")
        if len(calls) >= 5:
            enough.set()

    monkeypatch.setattr(keeping_up, "keep_up_once", applied)
    monkeypatch.setattr(keeping_up, "LONGEST_WAIT_SECONDS", 0.01)
    with keeping_up.keeping_up(cast(Context, SimpleNamespace(note=said.append)), 0.004):
        assert enough.wait(20)
    assert said == ["events wait in the inbox: no space is left on the disk"]
    ended = len(calls)
    threading.Event().wait(0.03)
    assert len(calls) == ended


def test_nothing_is_applied_where_it_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping_up, "keep_up_once", lambda ctx: pytest.fail("applied"))
    with keeping_up.keeping_up(cast(Context, SimpleNamespace(note=print)), 0):
        threading.Event().wait(0.01)
