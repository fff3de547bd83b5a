"""What each column of a file means, one choice for each, and the columns of a mapping that say the same."""

from __future__ import annotations

from collections.abc import Mapping as Given
from collections.abc import Sequence
from typing import TypeVar

from tierwise.facts.names import keys_in, resolve
from tierwise.kernel.errors import TierwiseError

TRAIT = "trait"
"""Stands for a column that is kept under its own name: an attribute of the row's customer."""

_TOLD_BY_NAME = {"store_name": "store_id", "product_name": "product_id"}
"""What is only named is told apart by its name (`facts/headers.py`)."""

_At = TypeVar("_At")


def may_be_trait(table: str) -> bool:
    """Whether the rows of a table are of a customer, of whom a column may tell anything."""
    return table == "customers" or "customer_id" in keys_in(table)


def names_of(headers: Sequence[str]) -> tuple[str, ...]:
    """What columns are called where they must be named: by their place where they have no header."""
    if not any(header.strip() for header in headers):
        return tuple(str(at) for at in range(1, len(headers) + 1))
    return tuple(header.strip() or f"column {at}" for at, header in enumerate(headers, 1))


def meanings_of(columns: Given[str, str | int], headers: Sequence[str]) -> tuple[str | None, ...]:
    """Of each header what it was read as; of two meanings of one column the name, whose id goes without saying.

    >>> meanings_of({"store_id": "店", "store_name": "店", "trait.色": 2}, ["店", "色", "x"])
    ('store_name', 'trait', None)
    """
    by_place: dict[int, str] = {}
    for name, at in _placed(columns, headers).items():
        if at not in by_place or by_place[at] in _TOLD_BY_NAME.values():
            by_place[at] = name
    found = ((by_place.get(at), header) for at, header in enumerate(headers))
    return tuple(TRAIT if name in (f"trait.{header}", f"customer.{header}") else name for name, header in found)


def meant(
    table: str, headers: Sequence[str], chosen: Sequence[str | None], before: Given[str, str | int] | None = None
) -> dict[str, str | int]:
    """A mapping's columns that say so: of each header a canonical name, `trait`, or null. Raises `meant_twice`.

    before: a mapping's columns; those of a header whose choice says the same stay as they are, also where several are
    read from one column.
    """
    old = before or {}
    same = {at for at, name in enumerate(meanings_of(old, headers)) if name is not None and chosen[at] == name}
    columns = {name: old[name] for name, at in _placed(old, headers).items() if at in same}
    named = [each for at, each in enumerate(chosen) if each and each != TRAIT and at not in same]
    twice = sorted({each for each in named if named.count(each) > 1 or each in columns})
    if twice:
        raise TierwiseError(
            "meant_twice",
            f"two columns of the file mean {', '.join(twice)}",
            remedy="leave one of them out",
        )
    for at, name in enumerate(chosen):
        if name and at not in same:
            own = f"{'trait' if table == 'customers' else 'customer'}.{names_of(headers)[at]}"
            columns[own if name == TRAIT else name] = _by(headers, at)
    return with_ids(table, columns)


def lost(columns: Given[str, str | int], headers: Sequence[str]) -> tuple[str, ...]:
    """Columns that a mapping reads and the file has not."""
    there = _placed(columns, headers)
    return tuple(str(given) for name, given in columns.items() if name not in there)


def with_ids(table: str, columns: Given[str, _At]) -> dict[str, _At]:
    """With the id of what is only named."""
    named = {
        number: columns[name]
        for name, number in _TOLD_BY_NAME.items()
        if name in columns
        and number not in columns
        and table != f"{name.removesuffix('_name')}s"
        and resolve(table, number) is not None
    }
    return dict(columns) | named


def _placed(columns: Given[str, str | int], headers: Sequence[str]) -> dict[str, int]:
    """Of each name the place of its column, from 0; those that the headers lack are left out."""
    names = names_of(headers)
    found = {
        name: given - 1 if isinstance(given, int) else names.index(given.strip()) if given.strip() in names else -1
        for name, given in columns.items()
    }
    return {name: at for name, at in found.items() if 0 <= at < len(headers)}


def _by(headers: Sequence[str], at: int) -> str | int:
    return at + 1 if headers.count(headers[at]) > 1 or not headers[at] else headers[at]
