"""Places for a client: a file that lived in a scratch folder is told by its own name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tierwise.kernel.errors import Problem, TierwiseError


@contextmanager
def told_as(folder: Path) -> Iterator[None]:
    """Errors raised inside name what lies under `folder` without the folder."""
    try:
        yield
    except TierwiseError as error:
        raise TierwiseError.of([_told(problem, folder) for problem in error.problems]) from error


def _told(problem: Problem, folder: Path) -> Problem:
    def short(text: str | None) -> str | None:
        if text is None:
            return None
        return text.replace(f"{folder / 'mapping'}/", "").replace(f"{folder}/", "")

    return Problem(problem.code, short(problem.message) or "", short(problem.place), short(problem.remedy))
