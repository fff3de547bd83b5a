"""Collect all problems of one input before giving up."""

from __future__ import annotations

from tierwise.kernel.errors import Problem, TierwiseError


class Problems:
    """A list of problems that raises them together.

    >>> found = Problems()
    >>> found.add("bad_name", "a name is missing", place="retail.yaml:3")
    >>> found.raise_if_any()
    Traceback (most recent call last):
        ...
    tierwise.kernel.errors.TierwiseError: retail.yaml:3: a name is missing
    """

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, code: str, message: str, *, place: str | None = None, remedy: str | None = None) -> None:
        self.found.append(Problem(code, message, place, remedy))

    def put(self, problem: Problem) -> None:
        self.found.append(problem)

    def raise_if_any(self) -> None:
        if self.found:
            raise TierwiseError.of(self.found)
