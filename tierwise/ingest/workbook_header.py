"""Where in a sheet the header stands, and what its columns are called where it has more than one row.

Above the header people write titles, dates, who made the sheet; in it they merge cells: `客户` over `编号` and `姓名`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tierwise.definitions.mapping import Mapping
from tierwise.facts.headers import normalised, recognise
from tierwise.facts.synonyms import SYNONYMS

_LOOKED_AT = 30
_HIGHEST = 3
"""Rows that a header has at most."""

Cell = tuple[str, str]
"""Kind (`s` text, `n` number, `d` date, `b` yes or no, or nothing) and text."""


@dataclass(frozen=True, slots=True)
class Look:
    """The beginning of a sheet. rows: (row from 1, cells) of those that hold anything. merged: (first row from 1,
    first column from 0, last row, last column); columns count from the sheet's first that holds anything."""

    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    width: int
    last_row: int
    merged: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Header:
    """names: of all columns, empty where nothing stands. first, last: its rows; 0 where the sheet has none."""

    names: tuple[str, ...]
    first: int
    last: int


def header_of(look: Look, mapping: Mapping, row: int | None) -> Header | None:
    """The header: the rows that name most of what the mapping wants or the table knows, the uppermost of such; else
    the first row with at least two texts. row: where the mapping says that it stands. None where the sheet is empty
    from there on."""
    if not look.rows:
        return None
    if not mapping.header:
        return Header(("",) * look.width, 0, 0)
    if row is not None:
        found = [each for each in look.rows if each[0] >= row]
        blocks = [_block(look, at, found[0][0], mapping) for at in range(1, _HIGHEST + 1)] if found else []
    else:
        blocks = [_block(look, at, top, mapping) for top, _ in look.rows[:_LOOKED_AT] for at in range(1, _HIGHEST + 1)]
    headers = [each for each in blocks if each is not None]
    if not headers:
        return None
    best = max(headers, key=lambda each: _merit(each, mapping))
    if _merit(best, mapping)[0] or row is not None:
        return best
    return next((each for each in headers if len({*each.names} - {""}) > 1), headers[0])


def _merit(header: Header, mapping: Mapping) -> tuple[int, int, int, int]:
    names = [name for name in header.names if name]
    doubled = len(names) - len(set(names))
    return _meant(names, mapping), -doubled, header.first - header.last, -header.first


def _meant(names: Sequence[str], mapping: Mapping) -> int:
    """How many of the columns that the mapping reads, or else that the table knows, are named."""
    wanted = {source.strip() for source in mapping.columns.values() if isinstance(source, str)}
    if wanted:
        return len(wanted & set(names))
    if mapping.table not in SYNONYMS:
        return 0
    return len(set(recognise(names, mapping.table).columns.values()))


def _block(look: Look, height: int, top: int, mapping: Mapping) -> Header | None:
    """The header of that many rows from `top`; None where no merged cell ties these rows together."""
    bottom = top + height - 1
    if height > 1 and not _tied(look, top, bottom):
        return None
    rows = {at: cells for at, cells in look.rows if top <= at <= bottom}
    if top not in rows or bottom not in rows:
        return None
    filled = [_filled(look, at, rows.get(at, (("", ""),) * look.width)) for at in range(top, bottom + 1)]
    stacks = [
        list(dict.fromkeys(" ".join(cell.split()) for cell in column if cell.strip()))
        for column in zip(*filled, strict=True)
    ]
    leaves = Counter(normalised(stack[-1]) for stack in stacks if stack)
    return Header(tuple(_name(stack, leaves, mapping) for stack in stacks), top, bottom)


def _tied(look: Look, top: int, bottom: int) -> bool:
    """Whether from each row to the next a cell reaches down, or one lies over several columns of the next."""
    return all(
        any(
            first <= at and (last > at or (first == last == at and right > left))
            for first, left, last, right in look.merged
            if first <= at <= last
        )
        for at in range(top, bottom)
    )


def _filled(look: Look, row: int, cells: Sequence[Cell]) -> list[str]:
    """The row's texts, those of merged cells in all the columns over which they lie."""
    texts = [text for _, text in cells]
    for first, left, last, right in look.merged:
        if first <= row <= last and left < len(texts):
            source = next((cells_of for at, cells_of in look.rows if at == first), None)
            text = source[left][1] if source else ""
            for at in range(left, min(right + 1, len(texts))):
                texts[at] = texts[at] or text
    return texts


def _name(stack: list[str], leaves: Counter[str], mapping: Mapping) -> str:
    """A column's name from what stands over it: the whole where that is known, else the lowest where it is the only
    such, else the whole."""
    if len(stack) < 2:
        return stack[0] if stack else ""
    whole, leaf = " ".join(stack), stack[-1]
    wanted = set(mapping.columns.values())
    if whole in wanted or leaf in wanted:
        return whole if whole in wanted else leaf
    if mapping.table in SYNONYMS and recognise([whole], mapping.table).columns:
        return whole
    return leaf if leaves[normalised(leaf)] == 1 else whole
