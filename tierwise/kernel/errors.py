"""Errors that say what, where, why, and what to do next.

An error is a value first: `Problem`. Checks return lists of problems, so that all problems of one input are
told at once; `TierwiseError` carries one or many of them to a door (CLI, API, console), which prints them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    code: stable snake_case name for programs. message: for people. place: `file:line`, a row, a field; None where
    there is none. remedy: what to do next; None where it is plain.
    """

    code: str
    message: str
    place: str | None = None
    remedy: str | None = None

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        then = f" ({self.remedy})" if self.remedy else ""
        return f"{where}{self.message}{then}"


class TierwiseError(Exception):
    """Refused or failed, with one or more problems; `code`, `message`, `place`, `remedy` are those of the first."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        place: str | None = None,
        remedy: str | None = None,
        more: Sequence[Problem] = (),
    ) -> None:
        self.problems: tuple[Problem, ...] = (Problem(code, message, place, remedy), *more)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> TierwiseError:
        """All problems of one input in one error. `problems` must not be empty."""
        first, *rest = problems
        return cls(first.code, first.message, place=first.place, remedy=first.remedy, more=rest)

    @property
    def code(self) -> str:
        return self.problems[0].code

    @property
    def message(self) -> str:
        return self.problems[0].message

    @property
    def place(self) -> str | None:
        return self.problems[0].place

    @property
    def remedy(self) -> str | None:
        return self.problems[0].remedy


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """`did you mean "lifecycle"?`, or None where nothing known is close to `word`."""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return f'did you mean "{by_lower[close[0]]}"?' if close else None


def unknown_name(kind: str, word: str, known: Iterable[str], place: str | None = None) -> Problem:
    """The problem of a name that is not known, with the nearest one or else all of them."""
    names = sorted(known)
    shown = names if len(names) <= 12 else [*names[:12], f"… and {len(names) - 12} more"]
    hint = did_you_mean(word, names) or f"known: {', '.join(shown)}"
    return Problem(f"unknown_{kind.replace(' ', '_')}", f'unknown {kind} "{word}"', place, hint)
