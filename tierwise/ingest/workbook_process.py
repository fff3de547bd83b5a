"""Reads a workbook in a process of its own, for `workbook.py`, which runs this file by its path.

A damaged or hostile workbook can ask for any amount of memory, run for ever, or end the process that reads it; here it
ends this one, whose memory and time are limited. It imports nothing of ours, so that it starts quickly.

Commands come as one JSON object on each line of stdin, answers go as one on each line of stdout.
"""

from __future__ import annotations

import csv
import json
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum
from python_calamine import SheetVisibleEnum as Visible

EXACT_BELOW = 10**15
"""A workbook keeps 15 digits of a number. One that is larger is told in scientific notation: an id has lost digits."""

_BLOCK = 1 << 20
_EVERY = 20_000
_SHOWN_ROWS = 40
_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_LONGEST_ROW = 1 << 20
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_AT = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_NEVER = "=?"
_VALUE = re.compile(rb"<(?:\w+:)?v[^>]*>([^<]+)</")


class Reader:
    """One workbook. The sheet that was looked at last is kept."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.book = CalamineWorkbook.from_path(path)
        self.name: str | None = None
        self.sheet: CalamineSheet | None = None

    def sheets(self, _: dict[str, Any]) -> dict[str, Any]:
        """The worksheets in their order, and whether numbers that stand for dates count from 1904."""
        found = [
            {"name": each.name, "visible": each.visible == Visible.Visible}
            for each in self.book.sheets_metadata
            if each.typ == SheetTypeEnum.WorkSheet
        ]
        return {"sheets": found, "since_1904": _counts_from_1904(self.path)}

    def look(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The first rows that hold anything: [row from 1, [[kind, text] …]]; kinds: see `kind_of`."""
        sheet = self._open(asked["sheet"])
        if sheet.start is None or sheet.end is None:
            return {"rows": [], "first_column": 0, "width": 0, "last_row": 0, "merged": []}
        rows = []
        for at, row in enumerate(sheet.iter_rows(), 1):
            if any(cell != "" for cell in row):
                rows.append([at, [[kind_of(cell), text_of(cell, False)] for cell in row]])
                if len(rows) >= _SHOWN_ROWS and at >= asked.get("row", 0):
                    break
        merged = [[top + 1, left, bottom + 1, right] for (top, left), (bottom, right) in sheet.merged_cell_ranges or []]
        return {
            "rows": rows,
            "first_column": sheet.start[1],
            "width": sheet.end[1] - sheet.start[1] + 1,
            "last_row": sheet.end[0] + 1,
            "merged": merged,
        }

    def copy(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Write the rows behind `after` to the end of `to`, cells in the order of `columns`; rows and what is none."""
        sheet = self._open(asked["sheet"])
        left = sheet.start[1] if sheet.start else 0
        columns: list[int] = asked["columns"]
        merges = _Merges(sheet, asked["after"], left, set(columns))
        unread = {} if not _is_xml(self.path) else _unread_cells(self.path, asked["sheet"])
        text, before = _texts(asked["comma"]), asked["before"]
        bad: list[list[Any]] = []
        written, whole = 0, -1 not in columns
        with open(asked["to"], "a", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
            for at, row in enumerate(sheet.iter_rows(), 1):
                if at <= asked["after"]:
                    continue
                if at % _EVERY == 0:
                    _answer({"done": at})
                told = unread.get(at)
                if told is None and not any(cell != "" for cell in row):
                    continue
                if merges.some:
                    merges.fill(at, row)
                cells = [text(row[column]) for column in columns] if whole else _cells(row, columns, text)
                reason = merges.reason(at) or _reason(told, left, columns, cells)
                if reason is None and "\0" in (joined := "".join(cells)) and joined:
                    reason = ("zero_byte", "a zero byte stands in the row, which is no text")
                    cells = [cell.replace("\0", "\ufffd") for cell in cells]
                if sum(map(len, cells)) > _LONGEST_ROW:
                    reason = ("line_too_long", f"the row has more than {_LONGEST_ROW:,} letters")
                    cells = ["…"]
                if reason is None:
                    writer.writerow([before + at, *cells])
                    written += 1
                else:
                    bad.append([before + at, *reason, cells])
        return {"rows": written, "bad": bad, "filled": sorted(merges.filled)}

    def _open(self, name: str) -> CalamineSheet:
        if self.sheet is None or self.name != name:
            self.sheet = None
            self.sheet, self.name = self.book.get_sheet_by_name(name), name
        return self.sheet


def kind_of(cell: object) -> str:
    """`s` text, `n` number, `d` date or time, `b` yes or no, or nothing for an empty cell."""
    if cell == "":
        return ""
    if isinstance(cell, str):
        return "s"
    if isinstance(cell, bool):
        return "b"
    return "n" if isinstance(cell, int | float) else "d"


def text_of(cell: Any, comma: bool) -> str:
    """A cell as text: numbers with the 15 digits that a workbook keeps, dates as ISO, durations as 36:00:00."""
    kind = type(cell)
    if kind is str:
        return str(cell)
    if kind is bool:
        return "true" if cell else "false"
    if kind is float or kind is int:
        if abs(cell) < EXACT_BELOW and cell == int(cell):
            return str(int(cell))
        plain = f"{cell:.14E}" if abs(cell) >= EXACT_BELOW else f"{cell:.15g}"
        return plain.replace(".", ",") if comma and abs(cell) < EXACT_BELOW else plain
    if kind is datetime:
        return str(_to_the_second(cell))
    if kind is time:
        return str(cell.replace(microsecond=0))
    if kind is timedelta:
        seconds = round(cell.total_seconds())
        sign = "-" if seconds < 0 else ""
        minutes, second = divmod(abs(seconds), 60)
        return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"
    return str(cell)


def _to_the_second(moment: datetime) -> datetime:
    """A serial is a fraction of a day: 08:26 may come as 08:25:59.999."""
    if moment.microsecond >= 500_000 and moment.year < 9999:
        moment += timedelta(seconds=1)
    return moment.replace(microsecond=0)


def _texts(comma: bool) -> Callable[[Any], str]:
    return lambda cell: cell if type(cell) is str else text_of(cell, comma)


def _cells(row: list[Any], columns: list[int], text: Callable[[Any], str]) -> list[str]:
    """The cells of a sheet that lacks some of the first one's nameless columns."""
    return [text(row[column]) if column >= 0 else "" for column in columns]


class _Merges:
    """Cells merged over several rows of the data: what is there counts for each of its rows, but a number for none,
    since nobody knows whether it is the rows' sum."""

    def __init__(self, sheet: CalamineSheet, after: int, left: int, columns: set[int]) -> None:
        self.tops: dict[tuple[int, int], int] = {}
        self.held: dict[int, tuple[Any, int]] = {}
        self.filled: set[int] = set()
        self.numbers: dict[int, tuple[int, int]] = {}
        for (top, start), (bottom, _) in sheet.merged_cell_ranges or []:
            if bottom > top and top + 1 > after and start - left in columns:
                self.tops[top + 1, start - left] = bottom + 1
        self.some = bool(self.tops)

    def fill(self, at: int, row: list[Any]) -> None:
        for column in range(len(row)):
            bottom = self.tops.get((at, column))
            if bottom is not None and row[column] != "":
                self.held[column] = (row[column], bottom)
                if kind_of(row[column]) == "n":
                    self.numbers[column] = (at, bottom)
                else:
                    self.filled.add(column)
        for column, (value, bottom) in list(self.held.items()):
            if at > bottom:
                del self.held[column]
            elif row[column] == "" and column not in self.numbers:
                row[column] = value
        self.numbers = {column: rows for column, rows in self.numbers.items() if rows[1] >= at}

    def reason(self, at: int) -> tuple[str, str] | None:
        if not self.numbers:
            return None
        top, bottom = min(self.numbers.values())
        return "merged_number", f"one number stands for the rows {top} to {bottom}: unmerge it, give each row its own"


def _reason(told: dict[int, str] | None, left: int, columns: list[int], cells: list[str]) -> tuple[str, str] | None:
    """Why a row with formulas that have no value is none; errors such as #N/A come to stand in its cells as text."""
    reason = None
    for column, said in (told or {}).items():
        if column - left in columns:
            cells[columns.index(column - left)] = said
            if said == _NEVER:
                message = "a formula was never computed: open the file in Excel or LibreOffice and save it"
                reason = ("formula_without_value", message)
    return reason


def _is_xml(path: str) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "xl/workbook.xml" in archive.namelist()


def _counts_from_1904(path: str) -> bool:
    if not _is_xml(path):
        return False
    with zipfile.ZipFile(path) as archive, archive.open("xl/workbook.xml") as stream:
        start = stream.read(_BLOCK)
    return re.search(rb'<(?:\w+:)?workbookPr\b[^>]*\bdate1904="(?:1|true)"', start) is not None


def _unread_cells(path: str, sheet: str) -> dict[int, dict[int, str]]:
    """Row from 1 -> column from 0 -> `#N/A` and its kind, or `_NEVER` for a formula that was never computed."""
    found: dict[int, dict[int, str]] = {}
    with zipfile.ZipFile(path) as archive:
        name = _part(archive, sheet)
        if name is None:
            return found
        for block in _blocks(archive, name):
            if b"</f>" not in block and b"<f" not in block and b't="e"' not in block and b":f" not in block:
                continue
            for cell in _CELL.finditer(block):
                inner, at = cell[2] or b"", _AT.search(cell[1])
                is_error, is_formula = b't="e"' in cell[1], b"<f" in inner or b":f" in inner
                if at is None or not (is_error or is_formula):
                    continue
                value = _VALUE.search(inner)
                if is_error:
                    said = value[1].decode("utf-8", "replace") if value else "#N/A"
                elif value is None and b't="str"' not in cell[1]:
                    said = _NEVER
                else:
                    continue
                found.setdefault(int(at[2]), {})[_column(at[1])] = said
    return found


def _blocks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The sheet's XML, cut behind the ends of cells."""
    with archive.open(name) as stream:
        rest = b""
        while block := stream.read(_BLOCK):
            block = rest + block
            cut = max(block.rfind(b"</c>") + 4, block.rfind(b":c>") + 3)
            if cut <= 3:
                cut = block.rfind(b"/>") + 2 if b"/>" in block else 0
            yield block[:cut]
            rest = block[cut:] if len(block) - cut < _LONGEST_ROW else b""
        yield rest


def _part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The archive's file in which the sheet is."""
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - a process with limits reads it
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    except (KeyError, ElementTree.ParseError):
        return None
    wanted = next((each.get(_RELATIONS) for each in book.iter() if _is_sheet(each, sheet)), None)
    target = next((each.get("Target") for each in links.iter() if wanted and each.get("Id") == wanted), None)
    if target is None:
        return None
    name = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
    return name if name in archive.namelist() else None


def _is_sheet(element: ElementTree.Element, name: str) -> bool:
    return element.tag.endswith("}sheet") and element.get("name") == name


def _column(letters: bytes) -> int:
    at = 0
    for letter in letters:
        at = at * 26 + letter - 64
    return at - 1


def _answer(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main(path: str, memory: int, seconds: int) -> None:
    """Answer commands until stdin ends. memory: bytes of address space; seconds: of processor time."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 10))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        reader = Reader(path)
        commands = {"sheets": reader.sheets, "look": reader.look, "copy": reader.copy}
        for line in sys.stdin:
            asked = json.loads(line)
            _answer({"answer": commands[asked["do"]](asked)})
    except PasswordError:
        _answer({"error": "locked"})
    except MemoryError:
        _answer({"error": "memory"})
    except OSError as error:
        _answer({"error": "disk" if error.errno in (28, 122) else "damaged", "message": str(error)[:200]})
    except (
        CalamineError,
        zipfile.BadZipFile,
        zlib.error,
        ArithmeticError,
        LookupError,
        RuntimeError,
        ValueError,
        EOFError,
    ) as error:
        _answer({"error": "damaged", "message": str(error)[:200]})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
