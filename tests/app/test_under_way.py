"""Work beside the door that asked for it: its number at once, its error where it has none, patience where it waits."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tierwise.app import under_way
from tierwise.kernel.errors import TierwiseError


def test_the_number_comes_before_the_work_is_done() -> None:
    done = threading.Event()

    def work(began: Callable[[int], None]) -> None:
        began(7)
        done.wait(10)

    assert under_way.begin(work, "test") == 7
    done.set()


def test_what_is_wrong_before_it_began_is_raised() -> None:
    def work(began: Callable[[int], None]) -> None:
        raise TierwiseError("no_facts", "there is nothing to run on")

    with pytest.raises(TierwiseError) as refused:
        under_way.begin(work, "test")
    assert refused.value.code == "no_facts"


def test_what_is_wrong_later_is_the_jobs_to_tell() -> None:
    def work(began: Callable[[int], None]) -> None:
        began(3)
        raise TierwiseError("cancelled", "the run was cancelled")

    assert under_way.begin(work, "test") == 3


def test_work_that_stands_behind_another_has_no_number_yet() -> None:
    free = threading.Event()

    def work(began: Callable[[int], None]) -> None:
        free.wait(10)
        began(1)

    assert under_way.begin(work, "test", wait_seconds=0.01) is None
    free.set()
