"""A delimited text file before its rows are looked at: encoding, delimiter, header, size.

What is not UTF-8 is transcoded as a stream into a private temporary file; memory does not grow with the file.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tierwise.definitions.mapping import Mapping
from tierwise.kernel.errors import TierwiseError

LONGEST_LINE = 1 << 20
"""Bytes of the longest line, and of the longest record, that is taken for a row."""

_BLOCK = 1 << 22
_SNIFF = 1 << 21
_DELIMITERS = (",", "\t", ";", "|")
_EXCEL_DELIMITER = re.compile(r"sep=(.)", re.IGNORECASE)
"""The first line of a file that tells Excel its delimiter; it is no header."""
_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "blank": "space", " ": "space"}
_MAGIC = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive", "save it as CSV (UTF-8), or unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "save it as CSV (UTF-8)"),
    (b"PAR1", "a Parquet file", "write it as CSV"),
    (b"\x1f\x8b", "a gzip archive", "unpack it"),
)
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

Tick = Callable[[int, int], None]
"""Called with (bytes done, bytes in all); may raise to stop."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that can be read as rows.

    text: the UTF-8 file that is read, `path` itself or a transcoded copy. encoding: as found or as told. delimiter:
    one character, or `space`. headers: the first record, or empty texts where the mapping says there is none.
    header_lines: physical lines up to and with the header. lines: physical lines. plain: nothing was seen that the
    fast reader cannot read.
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


@dataclass(slots=True)
class _Scan:
    newlines: int = 0
    returns: int = 0
    since_newline: int = 0
    too_long: bool = False
    zeros: bool = False
    last: bytes = b"\n"

    def feed(self, block: bytes) -> None:
        self.newlines += block.count(b"\n")
        self.zeros = self.zeros or b"\0" in block
        self.returns += block.count(b"\r") if not self.newlines else 0
        at, end = 0, len(block)
        length = self.since_newline
        while True:
            reach = at + LONGEST_LINE - length
            found = block.rfind(b"\n", at, min(end, max(reach, at)) + 1)
            if found >= 0:
                at, length = found + 1, 0
                continue
            if reach >= end:
                self.since_newline = length + end - at
                break
            self.too_long = True
            following = block.find(b"\n", at)
            if following < 0:
                self.since_newline = LONGEST_LINE + 1
                break
            at, length = following + 1, 0
        self.last = block[-1:]

    @property
    def lines(self) -> int:
        return self.newlines + (self.last != b"\n")


def open_source(path: Path, mapping: Mapping, temporary: Path, tick: Tick | None = None) -> SourceFile:
    """Look at the whole file once: it is decoded strictly, hashed, its lines counted, its header read.

    Raises `unknown_file`, `empty_file`, `not_text`, `bad_encoding` (with line and byte), `unknown_encoding`,
    `bad_delimiter`.
    """
    if not path.is_file():
        raise TierwiseError("unknown_file", "there is no such file", place=str(path))
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(_SNIFF)
    if not head.strip(codecs.BOM_UTF8 + b" \t\r\n\0"):
        raise TierwiseError("empty_file", "the file is empty: not even a header", place=str(path))
    for magic, what, remedy in _MAGIC:
        if head.startswith(magic):
            raise TierwiseError("not_text", f"this is {what}, not a text file", place=str(path), remedy=remedy)
    encoding = _encoding(path, mapping.encoding, head)
    scan = _Scan()
    digest = hashlib.sha256()
    copy = temporary / "source.txt"
    if encoding is None:
        failure = _check_utf8(path, size, scan, digest, tick)
        found = "utf-8"
        if failure is not None:
            scan, digest = _Scan(), hashlib.sha256()
            _transcode(path, "gb18030", copy, size, scan, digest, tick, failure)
            _check_plausible(copy, path, failure)
            found = "gb18030"
    elif encoding == "utf-8":
        failure = _check_utf8(path, size, scan, digest, tick)
        if failure is not None:
            raise _undecodable(path, failure)
        found = "utf-8"
    else:
        _transcode(path, encoding, copy, size, scan, digest, tick, None)
        found = encoding
    text = path if found == "utf-8" else copy
    if scan.returns and not scan.newlines:
        text = _with_newlines(text, temporary / "lines.txt")
        scan.newlines = scan.returns - (scan.last == b"\r")
    delimiter, headers, header_lines = _header(text, mapping, path)
    odd = scan.too_long or scan.zeros or delimiter == "space"
    plain = not odd and len(headers) > 1 and header_lines <= 1
    return SourceFile(path, text, found, delimiter, headers, header_lines, scan.lines, size, digest.hexdigest(), plain)


def _encoding(path: Path, wanted: str, head: bytes) -> str | None:
    """The codec; None for: UTF-8 if it is, else GB18030."""
    for bom, name in _BOMS:
        if head.startswith(bom) and wanted.lower().replace("_", "-") in (
            "auto",
            "utf-8",
            "utf8",
            "utf-8-sig",
            "utf-16",
        ):
            return name
    if wanted != "auto":
        try:
            codec = codecs.lookup(wanted)
        except LookupError as error:
            raise TierwiseError(
                "unknown_encoding", f'unknown encoding "{wanted}"', remedy="auto, utf-8, gb18030, utf-16, latin-1, …"
            ) from error
        return "gb18030" if codec.name in ("gbk", "gb2312", "cp936") else codec.name
    if b"\0" in head.lstrip().split(b"\n", 1)[0]:
        raise TierwiseError(
            "not_text",
            "the file has zero bytes: it is not text, or UTF-16 without its mark",
            place=str(path),
            remedy='save it as CSV (UTF-8), or say "encoding: utf-16-le" in the mapping',
        )
    return None


@dataclass(frozen=True, slots=True)
class _Failure:
    line: int
    byte: int
    reason: str


def _blocks(path: Path, size: int, digest: hashlib._Hash, tick: Tick | None) -> Iterator[bytes]:
    """The file's bytes, hashed by another thread meanwhile."""
    done = 0
    with path.open("rb", buffering=0) as stream, ThreadPoolExecutor(1) as hasher:
        while block := stream.read(_BLOCK):
            hashed = hasher.submit(digest.update, block)
            yield block
            done += len(block)
            if tick:
                tick(done, size)
            hashed.result()


def _check_utf8(path: Path, size: int, scan: _Scan, digest: hashlib._Hash, tick: Tick | None) -> _Failure | None:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    done = 0
    for block in _blocks(path, size, digest, tick):
        pending = len(decoder.getstate()[0])
        try:
            if pending or not block.isascii():
                decoder.decode(block)
        except UnicodeDecodeError as error:
            return _failure(scan, error, done - pending, pending)
        scan.feed(block)
        done += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return _Failure(scan.newlines + 1, done, error.reason)
    return None


def _failure(scan: _Scan, error: UnicodeDecodeError, before: int, pending: int) -> _Failure:
    line = scan.newlines + error.object[pending : error.start].count(b"\n") + 1
    return _Failure(line, before + error.start + 1, error.reason)


def _transcode(
    path: Path,
    encoding: str,
    copy: Path,
    size: int,
    scan: _Scan,
    digest: hashlib._Hash,
    tick: Tick | None,
    utf8: _Failure | None,
) -> None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    done = 0
    with copy.open("wb") as out:
        for block in _blocks(path, size, digest, tick):
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError as error:
                raise _undecodable(
                    path, utf8 or _failure(scan, error, done, 0), encoding if utf8 is None else None
                ) from error
            plain = text.encode("utf-8", "surrogatepass")
            scan.feed(plain) if plain else None
            out.write(plain)
            done += len(block)
        try:
            rest = decoder.decode(b"", final=True).encode("utf-8")
        except UnicodeDecodeError as error:
            failure = _Failure(scan.newlines + 1, done, error.reason)
            raise _undecodable(path, utf8 or failure, encoding if utf8 is None else None) from error
        if rest:
            scan.feed(rest)
            out.write(rest)


def _undecodable(path: Path, failure: _Failure, encoding: str | None = "utf-8") -> TierwiseError:
    what = f"is not valid {encoding}" if encoding else "is neither valid UTF-8 nor GB18030"
    return TierwiseError(
        "bad_encoding",
        f"the text {what}: byte {failure.byte}, line {failure.line}",
        place=f"{path}:{failure.line}",
        remedy='say "encoding: …" in the mapping (latin-1, cp1252, big5, …), or save the file as UTF-8',
    )


def _check_plausible(copy: Path, path: Path, utf8: _Failure) -> None:
    """GB18030 accepts much that was never written in it; real Chinese text stays nearly all within GB 2312."""
    with copy.open(encoding="utf-8", newline="") as stream:
        letters = [letter for letter in stream.read(1 << 22) if not letter.isascii()]
    usual = sum(1 for letter in letters if _in_gb2312(letter))
    if letters and usual < 0.7 * len(letters):
        raise _undecodable(path, utf8, None)


def _in_gb2312(letter: str) -> bool:
    try:
        letter.encode("gb2312")
    except UnicodeEncodeError:
        return letter in "€·—×镕"
    return True


def _with_newlines(text: Path, copy: Path) -> Path:
    with text.open("rb") as stream, copy.open("wb") as out:
        while block := stream.read(_BLOCK):
            out.write(block.replace(b"\r", b"\n"))
    return copy


def _header(text: Path, mapping: Mapping, path: Path) -> tuple[str, tuple[str, ...], int]:
    with text.open("rb") as stream:
        start = stream.read(_SNIFF).decode("utf-8-sig", "ignore")
    lines = start.splitlines(keepends=True) if "\x0b" not in start else start.split("\n")
    above = next(at for at, line in enumerate(lines) if line.strip())
    first, wanted, told = lines[above], mapping.delimiter, 0
    if (excel := _EXCEL_DELIMITER.fullmatch(first.strip("\r\n"))) and len(lines) > above + 1:
        told = above + 1
        wanted = excel[1] if wanted == "auto" else wanted
        first, start = lines[told], "".join(lines[told:])
        above = 0
    if len(first) > LONGEST_LINE:
        raise TierwiseError(
            "line_too_long",
            f"the first line is longer than {LONGEST_LINE:,} letters: it names no columns",
            place=f"{path}:{told + above + 1}",
            remedy="export the table again, with one row on each line",
        )
    delimiter = _delimiter(wanted, first, path)
    if delimiter == "space":
        return (
            "space",
            tuple(first.split()) if mapping.header else ("",) * len(first.split()),
            (told + above + 1) * mapping.header + told * (not mapping.header),
        )
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    reader = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        record = next((row for row in reader if any(cell.strip() for cell in row)), [])
    except csv.Error:
        record = first.strip("\r\n").split(delimiter)
    if not mapping.header:
        return delimiter, ("",) * len(record), told
    return delimiter, tuple(cell.strip().removeprefix("\ufeff") for cell in record), told + reader.line_num


def _delimiter(wanted: str, first: str, path: Path) -> str:
    wanted = _NAMED.get(wanted, wanted)
    if wanted == "auto":
        outside = "".join(first.split('"')[::2])
        counts = [(outside.count(each), -at, each) for at, each in enumerate(_DELIMITERS)]
        best = max(counts)
        return best[2] if best[0] else ","
    if wanted != "space" and (len(wanted) != 1 or wanted in '"\r\n'):
        raise TierwiseError(
            "bad_delimiter",
            f'"{wanted}" is not a delimiter',
            place=str(path),
            remedy="auto, space, tab, or one character",
        )
    return wanted
