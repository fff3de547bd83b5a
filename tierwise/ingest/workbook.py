"""Workbooks (.xlsx, .xlsm, .xlsb, .xls, .ods): their sheets brought into rows of texts by a process of its own."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tierwise.definitions.mapping import Mapping
from tierwise.facts.conform import MENDS
from tierwise.ingest import workbook_process
from tierwise.ingest.record import BadRecord
from tierwise.ingest.source_file import Sheet, SourceFile, Tick, hashed
from tierwise.ingest.text_source import header_row, no_header
from tierwise.ingest.workbook_header import Header, Look, header_of
from tierwise.kernel.errors import TierwiseError, did_you_mean

EACH = "*"
"""What `sheet` says in a mapping for every sheet."""

_APART = 10_000_000
"""Between the row numbers of two sheets; more than a sheet has rows."""

_LEAST_MEMORY = 1 << 31
_SECONDS = 120
_SECONDS_PER_MIB = 20
_LOOK = 0.25

Ask = Callable[..., dict[str, Any]]


def open_workbook(path: Path, data: Path, mapping: Mapping, temporary: Path, tick: Tick | None) -> SourceFile:
    """Find sheets and header, and copy the rows with their row numbers.

    Dates come as ISO, numbers with 15 digits, formulas with the value that the program which saved the file computed;
    a formula that was never computed, and a number that is merged over several rows, make a bad row. Hidden sheets
    are read only when they are named.

    Raises `several_sheets` where more than one holds rows and the mapping names none, `unknown_sheet`,
    `sheets_differ`, `no_header`, `locked_file` (a password), `file_too_large` (for memory or time), `damaged_file`.
    """
    size, digest = hashed(data, tick)
    copy = temporary / "rows_of_sheets.csv"
    copy.write_bytes(b"")
    with _asking(path, data, size, tick) as ask:
        found = ask(do="sheets")
        names = _chosen(path, mapping, found["sheets"], lambda name: _look(ask, name, mapping).rows != ())
        looked = [(name, _look(ask, name, mapping)) for name in names] if len(names) == 1 else []
        headers: list[Header] = []
        bad: list[BadRecord] = []
        notes: list[str] = []
        lines = 0
        for at, name in enumerate(names):
            look = looked[at][1] if looked else _look(ask, name, mapping)
            header = header_of(look, mapping, header_row(mapping))
            if header is None:
                if look.rows or len(names) == 1:
                    raise no_header(path, header_row(mapping) or 1)
                headers.append(Header((), 0, 0))
                continue
            first = next((each for each in headers if each.names), header)
            told = ask(
                do="copy",
                sheet=name,
                after=header.last,
                columns=_columns(path, first, header, name, mapping),
                before=at * _APART,
                comma=mapping.decimal == ",",
                to=str(copy),
            )
            headers.append(header)
            bad += [BadRecord(line, code, message, cells) for line, code, message, cells in told["bad"]]
            notes += _notes(name if len(names) > 1 else "", look, header, told["filled"])
            lines += look.last_row
    head = next((each for each in headers if each.names), None)
    if head is None:
        raise no_header(path, header_row(mapping) or 1)
    several = len(found["sheets"]) > 1
    return SourceFile(
        path,
        copy,
        "",
        "",
        head.names,
        head.last,
        lines,
        size,
        digest,
        plain=False,
        format="workbook",
        rows="numbered",
        bad=tuple(bad),
        sheets=tuple(Sheet(name if several else "", at * _APART) for at, name in enumerate(names)),
        since_1904=bool(found["since_1904"]),
        notes=tuple(notes),
    )


def sheet_names(path: Path) -> tuple[str, ...]:
    """The sheets of a workbook that are not hidden, in their order; all of them where each is.

    Raises `locked_file`, `damaged_file`.
    """
    with _asking(path, path, path.stat().st_size, None) as ask:
        sheets = ask(do="sheets")["sheets"]
    return tuple(str(each["name"]) for each in sheets if each["visible"]) or tuple(str(s["name"]) for s in sheets)


def _chosen(
    path: Path, mapping: Mapping, sheets: Sequence[dict[str, Any]], holds_rows: Callable[[str], bool]
) -> list[str]:
    """The names of the sheets to read."""
    names = [str(each["name"]) for each in sheets]
    visible = [str(each["name"]) for each in sheets if each["visible"]] or names
    if not names:
        raise TierwiseError("no_header", "the workbook has no worksheet", place=str(path), remedy="export it again")
    wanted = mapping.sheet
    if wanted == EACH:
        return visible
    if wanted is None:
        filled: list[str] = []
        for name in visible:
            if len(visible) == 1 or holds_rows(name):
                filled.append(name)
            if len(filled) > 1:
                raise TierwiseError(
                    "several_sheets",
                    f"the workbook has several sheets: {', '.join(visible)}",
                    place=str(path),
                    remedy='say which: --sheet NAME, or each of them: --sheet "*" (in a mapping: sheet: …)',
                )
        return filled or visible[:1]
    chosen: list[str] = []
    for each in wanted if isinstance(wanted, tuple) else (wanted,):
        found = _named(each, names)
        if found is None and names == [MENDS_SHEET]:
            found = MENDS_SHEET
        if found is None:
            raise TierwiseError(
                "unknown_sheet",
                f'the workbook has no sheet "{each}"',
                place=str(path),
                remedy=did_you_mean(str(each), names) or f"it has {', '.join(names)}",
            )
        chosen.append(found)
    return list(dict.fromkeys(chosen))


MENDS_SHEET = MENDS.split("_")[0]
"""The only sheet of a workbook of quarantined rows: read whatever sheet the mapping names."""


def _named(wanted: str | int, names: Sequence[str]) -> str | None:
    if str(wanted) in names:
        return str(wanted)
    place = str(wanted)
    if place.isascii() and place.isdigit() and 1 <= int(place) <= len(names):
        return names[int(place) - 1]
    return None


def _look(ask: Ask, name: str, mapping: Mapping) -> Look:
    told = ask(do="look", sheet=name, row=header_row(mapping) or 0)
    left = told["first_column"]
    return Look(
        tuple((at, tuple((kind, text) for kind, text in cells)) for at, cells in told["rows"]),
        told["width"],
        told["last_row"],
        tuple((top, start - left, bottom, end - left) for top, start, bottom, end in told["merged"]),
    )


def _columns(path: Path, first: Header, header: Header, sheet: str, mapping: Mapping) -> list[int]:
    """Where the first sheet's columns are in this one."""
    if header is first:
        return list(range(len(first.names)))
    if not mapping.header and len(first.names) == len(header.names):
        return list(range(len(first.names)))
    if sorted(filter(None, first.names)) != sorted(filter(None, header.names)) or not mapping.header:
        lacking = ", ".join(name for name in first.names if name not in header.names) or "–"
        beyond = ", ".join(name for name in header.names if name not in first.names) or "–"
        raise TierwiseError(
            "sheets_differ",
            f'the sheet "{sheet}" has other columns than the first one; lacking: {lacking}; besides: {beyond}',
            place=str(path),
            remedy="name the sheets that are one table: --sheet NAME, again for each",
        )
    left = list(enumerate(header.names))
    places = []
    for name in first.names:
        at = next((each for each in left if each[1] == name), None)
        if at is not None:
            left.remove(at)
        places.append(-1 if at is None else at[0])
    return places


def _notes(sheet: str, look: Look, header: Header, filled: Sequence[int]) -> Iterator[str]:
    of = f'in the sheet "{sheet}" ' if sheet else ""
    above = [at for at, _ in look.rows if at < header.first]
    if above:
        rows = f"row {above[0]}" if len(above) == 1 else f"rows {above[0]} to {above[-1]}"
        yield f"{of}the header stands in row {header.first}; what is above it ({rows}) was not read"
    if filled:
        names = ", ".join(header.names[at] or f"column {at + 1}" for at in filled)
        yield f"{of}cells merged over several rows count for each of them: {names}"


@contextmanager
def _asking(path: Path, data: Path, size: int, tick: Tick | None) -> Iterator[Ask]:
    """Give a function that sends a command to the process that reads the workbook, and returns its answer."""
    memory = max(_LEAST_MEMORY, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
    seconds = _SECONDS + _SECONDS_PER_MIB * (size >> 20)
    process = subprocess.Popen(
        [sys.executable, "-I", str(workbook_process.__file__), str(data), str(memory), str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin = process.stdin

    def ask(**command: Any) -> dict[str, Any]:
        try:
            stdin.write(json.dumps(command).encode() + b"\n")
            stdin.flush()
        except BrokenPipeError:
            pass  # why it ended is in what it said, or in how it ended
        for line in _lines(process, size, tick):
            said = json.loads(line)
            if "answer" in said:
                answer: dict[str, Any] = said["answer"]
                return answer
            if "error" in said:
                raise _failed(path, said["error"], said.get("message", ""))
        process.wait()
        raise _failed(path, "time" if process.returncode == -signal.SIGXCPU else "ended", "")

    try:
        yield ask
    finally:
        process.kill()
        process.wait()
        with suppress(BrokenPipeError):  # a command that it ended before reading
            process.stdin.close()
        process.stdout.close()


def _lines(process: subprocess.Popen[bytes], size: int, tick: Tick | None) -> Iterator[bytes]:
    """What the process says, line by line; asked meanwhile whether to stop."""
    assert process.stdout is not None
    out, rest = process.stdout.fileno(), b""
    with selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ)
        while True:
            if tick:
                tick(size, size)
            if not selector.select(_LOOK):
                continue
            block = os.read(out, 1 << 20)
            if not block:
                return
            *lines, rest = (rest + block).split(b"\n")
            yield from lines


def _failed(path: Path, how: str, message: str) -> TierwiseError:
    place = str(path)
    if how == "locked":
        remedy = "open it in Excel, take the password off and save it"
        return TierwiseError("locked_file", "the workbook is protected by a password", place=place, remedy=remedy)
    if how == "disk":
        return TierwiseError("disk_full", "no space is left on the disk", place=place, remedy="free some space")
    if how in ("time", "memory"):
        said = (
            "the workbook takes too long to read" if how == "time" else "the workbook needs more memory than there is"
        )
        return TierwiseError("file_too_large", said, place=place, remedy="save the sheet as CSV")
    said = "the workbook cannot be read: it is damaged, or it needs more memory than there is"
    return TierwiseError(
        "damaged_file",
        f"the workbook is damaged and cannot be read: {message}" if message else said,
        place=place,
        remedy="open it in Excel or LibreOffice, and save it as .xlsx or CSV",
    )
