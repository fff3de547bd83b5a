"""What a serving process has answered about runs, kept for whoever asks the same next.

A run never changes, so a number that was told of it holds until another run, a definition or a list comes. The first
who asks waits; those who ask the same meanwhile wait with them and do not count again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import Engine

from tierwise.state import definitions, lists, runs

if TYPE_CHECKING:
    from tierwise.app.context import Context

P = ParamSpec("P")
T = TypeVar("T")

MOST = 500
"""So many answers are kept; of more the oldest goes."""

Mark = tuple[int, int, int]
"""What answers about runs depend on besides what was asked: the newest run, and how often definitions and lists have
changed."""


class Answers:
    """For the threads of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mark: Mark | None = None
        self._kept: dict[Hashable, Future[Any]] = {}

    def get(self, mark: Mark, asked: Hashable, make: Callable[[], T]) -> T:
        """The answer under that mark, made where it is not there. Raises what `make` raises, which is not kept."""
        with self._lock:
            if mark != self._mark:
                self._mark = mark
                self._kept.clear()
            found = self._kept.get(asked)
            if found is None:
                mine: Future[Any] = Future()
                while len(self._kept) >= MOST:
                    del self._kept[next(iter(self._kept))]
                self._kept[asked] = mine
        if found is not None:
            return cast(T, found.result())
        try:
            answer = make()
        except BaseException as error:
            with self._lock:
                if self._kept.get(asked) is mine:
                    del self._kept[asked]
            mine.set_exception(error)
            raise
        mine.set_result(answer)
        return answer


def told_once(case: Callable[Concatenate[Context, P], T]) -> Callable[Concatenate[Context, P], T]:
    """A use case that is answered from before where this process was asked the same by one who may see the same.

    The case may depend on runs, definitions, lists and its arguments, on nothing else. Nobody may change the answer.
    """

    @wraps(case)
    def asked(ctx: Context, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if ctx.answers is None:
            return case(ctx, *args, **kwargs)
        who = replace(ctx.principal, name="")
        what = (case.__module__, case.__qualname__, who, _hashable(args), _hashable(kwargs))
        return ctx.answers.get(mark_of(ctx.database), what, lambda: case(ctx, *args, **kwargs))

    return asked


def _hashable(value: object) -> Hashable:
    if isinstance(value, Mapping):
        return tuple((name, _hashable(value[name])) for name in sorted(value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_hashable(each) for each in value)
    return value if isinstance(value, Hashable) else repr(value)


def mark_of(database: Engine) -> Mark:
    """As of now."""
    with database.connect() as state:
        return runs.newest_done(state), definitions.changes(state), lists.change_number(state)
