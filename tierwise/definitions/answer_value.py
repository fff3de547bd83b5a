"""What an answer is: a text as a customer's column holds it, of the type that the question asks for."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal, TypeAlias

AnswerType: TypeAlias = Literal["text", "integer", "number", "date", "boolean"]

MOST_LETTERS = 500

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_YES = frozenset({"true", "yes", "y", "是"})
_NO = frozenset({"false", "no", "n", "否"})


def stored_text(text: str, kind: AnswerType) -> str | None:
    """How the answer is stored; None where it is none of that type, or empty.

    Numbers as they are written in files, days as 2026-06-30, yes and no as true and false.

    >>> stored_text(" 2026/6/30 ", "date"), stored_text("是", "boolean"), stored_text("12 km", "integer")
    ('2026-06-30', 'true', None)
    """
    told = text.strip()
    match kind:
        case "integer":
            return told if _INTEGER.fullmatch(told) else None
        case "number":
            return told if _NUMBER.fullmatch(told) else None
        case "date":
            return _day(told)
        case "boolean":
            return "true" if told.lower() in _YES else "false" if told.lower() in _NO else None
    return told if 0 < len(told) <= MOST_LETTERS and told.isprintable() else None


def value_of(text: str, kind: AnswerType) -> str | int | float | bool | date | None:
    """A stored text as its value, as the profile has it; None where it is none of that type.

    >>> value_of("12", "integer"), value_of("soft", "integer")
    (12, None)
    """
    told = stored_text(text, kind)
    if told is None:
        return None
    match kind:
        case "integer":
            return int(told)
        case "number":
            return float(told)
        case "date":
            return date.fromisoformat(told)
        case "boolean":
            return told == "true"
    return told


def _day(text: str) -> str | None:
    found = _DAY.fullmatch(text)
    try:
        return date(*map(int, found.groups())).isoformat() if found else None
    except ValueError:
        return None
