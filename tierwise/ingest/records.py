"""Rows of a file one by one, exact about lines, for whatever the fast reader refuses.

A line that cannot be read is told with its number and reading goes on with the line after it: a quote that was never
closed costs its own line, not the rest of the file.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from heapq import merge
from pathlib import Path

from tierwise.ingest.record import BadRecord, Record
from tierwise.ingest.source_file import LONGEST_LINE, SourceFile

_SHOWN = 10_000


class _TooLongError(Exception):
    pass


def records(source: SourceFile) -> Iterator[Record | BadRecord]:
    """All rows behind the header, in order. Blank lines are no rows. One empty cell too many at the end is forgiven."""
    if source.rows == "numbered":
        yield from _numbered(source.text)
        return
    width = len(source.headers)
    rows = _by_blanks(source) if source.delimiter == "space" else _by_csv(source)
    for row in rows:
        if isinstance(row, BadRecord):
            yield row
            continue
        cells = row.cells
        if len(cells) == width + 1 and not cells[-1]:
            del cells[-1]
        if any("\0" in cell for cell in cells):
            message = "a zero byte stands in the row, which is no text"
            yield BadRecord(row.line, "zero_byte", message, [cell.replace("\0", "\ufffd") for cell in cells])
        elif len(cells) == width:
            yield row
        elif len(cells) > 1 or cells[0].strip(" \t\r\n\u3000\u00a0\ufeff"):
            yield BadRecord(row.line, "ragged_row", f"{len(cells)} cells where the file has {width} columns", cells)


def numbered_rows(source: SourceFile, *, header: bool) -> Iterator[Record]:
    """The rows of a numbered copy with those that are none between them, for who judges each row anew. header: with
    the column names as the first row."""
    if header:
        yield Record(max(source.header_lines, 1), list(source.headers))
    bad = (Record(each.line, each.cells) for each in source.bad)
    yield from merge(_numbered(source.text), bad, key=lambda each: each.line)


def _numbered(text: Path) -> Iterator[Record]:
    csv.field_size_limit(max(csv.field_size_limit(), 8 * LONGEST_LINE))
    with text.open(encoding="utf-8", newline="") as stream:
        for number, *cells in csv.reader(stream):
            yield Record(int(number), cells)


def _by_blanks(source: SourceFile) -> Iterator[Record | BadRecord]:
    for line, text in numbered_lines(source.text, source.header_lines):
        if text is None:
            yield _too_long(line)
        elif cells := text.split():
            yield Record(line, cells)


def _by_csv(source: SourceFile) -> Iterator[Record | BadRecord]:
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    unread: deque[tuple[int, str | None]] = deque()
    used: list[tuple[int, str | None]] = []
    size = [0]
    lines = numbered_lines(source.text, source.header_lines)
    # Blanks between a closing quotation mark and the delimiter: some programs write them, and DuckDB forgives them.
    after_quote = re.compile(f'"[ ]+(?={re.escape(source.delimiter)}|[\r\n]|$)')
    tried = 0

    def feed() -> Iterator[str]:
        while True:
            numbered = unread.popleft() if unread else next(lines, None)
            if numbered is None:
                return
            used.append(numbered)
            text = numbered[1]
            size[0] += len(text or "")
            if text is None or (len(used) > 1 and size[0] > LONGEST_LINE):
                raise _TooLongError
            yield text

    reader = csv.reader(feed(), delimiter=source.delimiter, skipinitialspace=True, strict=True)
    while True:
        used.clear()
        size[0] = 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLongError):
            line, text = used[0]
            unread.extendleft(reversed(used[1:]))
            if text is not None and line != tried and (tidy := after_quote.sub('"', text)) != text:
                tried = line
                unread.appendleft((line, tidy))
                reader = csv.reader(feed(), delimiter=source.delimiter, skipinitialspace=True, strict=True)
                continue
            reader = csv.reader(feed(), delimiter=source.delimiter, skipinitialspace=True, strict=True)
            if text is None:
                yield _too_long(line)
            else:
                message = "a quotation mark is not closed, or it or a line's end stands in the midst of a cell"
                yield BadRecord(line, "bad_quote", message, [text.rstrip("\r\n")[:_SHOWN]])
            continue
        if cells:
            yield Record(used[0][0], cells)


def _too_long(line: int) -> BadRecord:
    return BadRecord(line, "line_too_long", f"the line is longer than {LONGEST_LINE:,} bytes", ["…"])


def numbered_lines(text: Path, skip: int) -> Iterator[tuple[int, str | None]]:
    """(number, text) of each line behind the first `skip`; the text is None where the line is too long."""
    with text.open("rb") as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            too_long = len(line) > LONGEST_LINE and not line.endswith(b"\n")
            if too_long:
                while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    pass
            if number > skip:
                decoded = line.decode("utf-8", "replace") if not too_long else None
                if number == 1 and decoded is not None:
                    decoded = decoded.removeprefix("\ufeff")
                yield number, decoded
