"""A row of a file, and something in a row's place that is none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the line on which it starts, from 1, and as many texts as the file has columns."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class BadRecord:
    """Something that is no row. cells: what was understood of it; one text, cut after 10,000 letters, for a line."""

    line: int
    code: str
    message: str
    cells: list[str]
