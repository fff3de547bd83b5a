"""What every kind of file is, once it was looked at: columns, and rows of texts that the same query types."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tierwise.ingest.record import BadRecord

LONGEST_LINE = 1 << 20
"""Bytes of the longest line, and of the longest record, that is taken for a row."""

_BLOCK = 1 << 22

Tick = Callable[[int, int], None]
"""Called with (bytes done, bytes in all); may raise to stop."""

Format = Literal["text", "workbook", "json_lines", "parquet"]

Rows = Literal["delimited", "numbered", "parquet"]
"""How the rows lie in `SourceFile.text`: as the file has them; as comma-separated values, every cell quoted, each
row's line number in front, without a header; or in a Parquet file."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a workbook. before: what is added to its row numbers, so that lines of all sheets differ."""

    name: str
    before: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that can be read as rows.

    text: where the rows are, in the way that `rows` says: `path` itself or a copy. encoding: of text and JSON Lines,
    as found or as told; else empty. delimiter: one character, or `space`; empty where cells are not delimited.
    headers: the columns' names, or empty texts where the mapping says there are none. header_lines: lines up to and
    with the header; lines: in all, of a workbook those of the sheets together. A line of a workbook is its row in the
    sheet, of Parquet the row's place. plain: nothing was seen that the fast reader cannot read. bytes, sha256: of
    `path` as it is, packed or not.

    bad: rows that were no rows, where a copy was made of the others. sheets: those that were read. packed: by gzip.
    since_1904: numbers that stand for dates count from 1904. notes: sentences for a person.
    """

    path: Path
    text: Path
    encoding: str
    delimiter: str
    headers: tuple[str, ...]
    header_lines: int
    lines: int
    bytes: int
    sha256: str
    plain: bool
    format: Format = "text"
    rows: Rows = "delimited"
    bad: tuple[BadRecord, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    packed: bool = False
    since_1904: bool = False
    notes: tuple[str, ...] = ()

    def place(self, line: int) -> tuple[str, int]:
        """The file's name, with the sheet's where it has several, and the line in it."""
        if not self.sheets:
            return self.path.name, line
        sheet = self.sheets[max(bisect_right([each.before for each in self.sheets], line - 1) - 1, 0)]
        name = f"{self.path.name} [{sheet.name}]" if sheet.name else self.path.name
        return name, line - sheet.before


_DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", "space": "blanks"}


def how_read(
    format_name: str, encoding: str, delimiter: str, *, packed: bool = False, sheets: Sequence[str] = ()
) -> tuple[str, ...]:
    """How a file was read, in sentences."""
    named = _DELIMITERS.get(delimiter, delimiter)
    match format_name:
        case "workbook":
            said = f"how it was read: as a workbook, of it {', '.join(sheets)}"
            said = said if sheets else "how it was read: as a workbook"
        case "json_lines":
            said = f"how it was read: as JSON Lines in {encoding}"
        case "parquet":
            said = "how it was read: as Parquet"
        case _:
            said = f"how it was read: as text in {encoding}, delimiter {named}"
    return (said, "it was unpacked from gzip") if packed else (said,)


def hashed(data: Path, tick: Tick | None) -> tuple[int, str]:
    """Bytes and SHA-256 of a file that its reader does not read from front to back."""
    digest, done, size = hashlib.sha256(), 0, data.stat().st_size
    with data.open("rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
            done += len(block)
            if tick:
                tick(done, size)
    return size, digest.hexdigest()
