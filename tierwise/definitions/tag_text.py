"""Values of tags as definitions write them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f'a value is a text: put it in quotes, "{"yes" if value else "no"}"')
    return str(value) if isinstance(value, int) else value


TagText = Annotated[str, BeforeValidator(_as_text), StringConstraints(min_length=1, max_length=200)]
"""A value of a tag: a text of at most 200 characters; whole numbers are taken as their digits."""


def refuse_twice(values: Iterable[str]) -> None:
    """Raises ValueError naming the values that are there more than once."""
    listed = list(values)
    twice = sorted({value for value in listed if listed.count(value) > 1})
    if twice:
        raise ValueError(f"values listed twice: {', '.join(twice)}")
