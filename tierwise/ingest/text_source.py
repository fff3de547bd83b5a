"""Text before its rows are looked at: its encoding, and of delimited text the delimiter, the header, the size.

What is not UTF-8 is transcoded as a stream into a private temporary file; memory does not grow with the file.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tierwise.definitions.mapping import Mapping
from tierwise.ingest.source_file import LONGEST_LINE, SourceFile, Tick
from tierwise.kernel.errors import TierwiseError

if TYPE_CHECKING:
    from _csv import Reader

_BLOCK = 1 << 22
_SNIFF = 1 << 21
_LOOKED_AT = 1 << 16
_LEAST_ASCII = 0.05
_USUAL = 0.95
_SAMPLED = 64
"""Records from which the delimiter is told."""
_DELIMITERS = (",", "\t", ";", "|")
_EXCEL_DELIMITER = re.compile(r"sep=(.)", re.IGNORECASE)
"""The first line of a file that tells Excel its delimiter; it is no header."""
_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "blank": "space", " ": "space"}
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Text:
    """A text as UTF-8. file: where it is. encoding: as found or as told. lines: physical ones. odd: a line is too long
    or has zero bytes. bytes, sha256: of the file that it was."""

    file: Path
    encoding: str
    lines: int
    odd: bool
    bytes: int
    sha256: str


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


def decoded(path: Path, data: Path, mapping: Mapping, temporary: Path, tick: Tick | None) -> Text:
    """Decode the whole of `data` strictly, hash it, count its lines. path: the file's name for people.

    Raises `not_text`, `bad_encoding` (with line and byte), `unknown_encoding`.
    """
    size = data.stat().st_size
    with data.open("rb") as stream:
        head = stream.read(_SNIFF)
    encoding = _encoding(path, mapping.encoding, head)
    scan = _Scan()
    digest = hashlib.sha256()
    copy = temporary / "source.txt"
    if encoding is None:
        failure = _check_utf8(data, size, scan, digest, tick)
        found = "utf-8"
        if failure is not None:
            scan, digest = _Scan(), hashlib.sha256()
            _transcode(path, data, "gb18030", copy, size, scan, digest, tick, failure)
            _check_plausible(copy, path, failure)
            found = "gb18030"
    elif encoding == "utf-8":
        failure = _check_utf8(data, size, scan, digest, tick)
        if failure is not None:
            raise _undecodable(path, failure)
        found = "utf-8"
    else:
        _transcode(path, data, encoding, copy, size, scan, digest, tick, None)
        found = encoding
    text = data if found == "utf-8" else copy
    if scan.returns and not scan.newlines:
        text = _with_newlines(text, temporary / "lines.txt")
        scan.newlines = scan.returns - (scan.last == b"\r")
    return Text(text, found, scan.lines, scan.too_long or scan.zeros, size, digest.hexdigest())


def open_text(path: Path, text: Text, mapping: Mapping, temporary: Path) -> SourceFile:
    """Find delimiter and header of delimited text. Raises `bad_delimiter`, `line_too_long`, `no_header`."""
    delimiter, headers, header_lines = _header(text.file, mapping, path)
    plain = not text.odd and delimiter != "space" and len(headers) > 1 and header_lines <= 1
    return SourceFile(
        path,
        text.file,
        text.encoding,
        delimiter,
        headers,
        header_lines,
        text.lines,
        text.bytes,
        text.sha256,
        plain,
    )


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
            raise _unknown_encoding(wanted) from error
        if not codec._is_text_encoding:  # "hex", "rot13": Python calls them codecs, too
            raise _unknown_encoding(wanted)
        if codec.name == "utf-16":  # without its mark
            return _utf_16_without_mark(head[:_LOOKED_AT]) or "utf-16-le"
        return "gb18030" if codec.name in ("gbk", "gb2312", "cp936") else codec.name
    if b"\0" in head[:_LOOKED_AT]:
        found = _utf_16_without_mark(head[:_LOOKED_AT])
        if found is not None:
            return found
    if b"\0" in head.lstrip().split(b"\n", 1)[0]:
        raise TierwiseError(
            "not_text",
            "the file has zero bytes: it is not text, or UTF-16 without its mark",
            place=str(path),
            remedy='save it as CSV (UTF-8), or say "encoding: utf-16-le" in the mapping',
        )
    return None


def _unknown_encoding(wanted: str) -> TierwiseError:
    return TierwiseError(
        "unknown_encoding", f'unknown encoding "{wanted}"', remedy="auto, utf-8, gb18030, utf-16, latin-1, …"
    )


def _utf_16_without_mark(head: bytes) -> str | None:
    """Which of the two kinds of UTF-16 makes text of these bytes, some of which are zero; None where neither does."""
    best = (0.0, "")
    for codec in ("utf-16-le", "utf-16-be"):
        letters = head[: len(head) // 2 * 2].decode(codec, "replace")
        usual = sum(
            1 for letter in letters if " " <= letter <= "\u024f" or letter in "\t\r\n" or _is_east_asian(letter)
        )
        ascii_share = sum(map(str.isascii, letters)) / max(len(letters), 1)
        if ascii_share >= _LEAST_ASCII and "\0" not in letters:
            best = max(best, (usual / len(letters), codec))
    return best[1] if best[0] >= _USUAL else None


def _is_east_asian(letter: str) -> bool:
    return "\u3000" <= letter <= "\u30ff" or "\u4e00" <= letter <= "\u9fff" or "\uff00" <= letter <= "\uffef"


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


def _failure(scan: _Scan, error: UnicodeError, before: int, pending: int) -> _Failure:
    if not isinstance(error, UnicodeDecodeError):  # what came out of the codec is no text, or its mark is missing
        return _Failure(scan.newlines + 1, before + 1, str(error))
    line = scan.newlines + error.object[pending : error.start].count(b"\n") + 1
    return _Failure(line, before + error.start + 1, error.reason)


def _transcode(
    path: Path,
    data: Path,
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
        for block in _blocks(data, size, digest, tick):
            try:
                plain = decoder.decode(block).encode("utf-8")
            except UnicodeError as error:
                raise _undecodable(
                    path, utf8 or _failure(scan, error, done, 0), encoding if utf8 is None else None
                ) from error
            scan.feed(plain) if plain else None
            out.write(plain)
            done += len(block)
        try:
            rest = decoder.decode(b"", final=True).encode("utf-8")
        except UnicodeError as error:
            failure = _Failure(scan.newlines + 1, done, str(error))
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
        return letter in "€·—×镕" or ord(letter) > 0xFFFF  # emoji, rare names: four bytes, no accident
    return True


def _with_newlines(text: Path, copy: Path) -> Path:
    with text.open("rb") as stream, copy.open("wb") as out:
        while block := stream.read(_BLOCK):
            out.write(block.replace(b"\r", b"\n"))
    return copy


def _header(text: Path, mapping: Mapping, path: Path) -> tuple[str, tuple[str, ...], int]:
    """Delimiter, headers, and how many lines there are up to and with the header."""
    with text.open("rb") as stream:
        start = stream.read(_SNIFF).decode("utf-8-sig", "ignore")
    lines = start.removesuffix("\n").split("\n")
    skipped = header_row(mapping) or 1
    told, wanted = skipped - 1, mapping.delimiter
    above = next((at for at, line in enumerate(lines) if line.strip() and at >= told), None)
    if above is None:
        raise no_header(path, skipped)
    if (excel := _EXCEL_DELIMITER.fullmatch(lines[above].strip("\r"))) and len(lines) > above + 1:
        above = told = above + 1
        wanted = excel[1] if wanted == "auto" else wanted
    first = lines[above]
    if len(first) > LONGEST_LINE:
        raise TierwiseError(
            "line_too_long",
            f"the first line is longer than {LONGEST_LINE:,} letters: it names no columns",
            place=f"{path}:{above + 1}",
            remedy="export the table again, with one row on each line",
        )
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    delimiter = _delimiter(wanted, first, lines[told:], path)
    if delimiter == "space":
        names = tuple(first.split())
        return ("space", names, above + 1) if mapping.header else ("space", ("",) * len(names), told)
    reader = _csv(lines[told:], delimiter)
    try:
        record = next((row for row in reader if any(cell.strip() for cell in row)), [])
    except csv.Error:
        record = first.strip("\r").split(delimiter)
    if not mapping.header:
        return delimiter, ("",) * len(record), told
    return delimiter, tuple(cell.strip().removeprefix("\ufeff") for cell in record), told + reader.line_num


def header_row(mapping: Mapping) -> int | None:
    """The line on which the mapping says that the header stands; None where it does not say."""
    return None if isinstance(mapping.header, bool) else mapping.header


def no_header(path: Path, row: int) -> TierwiseError:
    """There is nothing where the header should be."""
    return TierwiseError(
        "no_header",
        f"nothing stands on line {row} or below it",
        place=str(path),
        remedy='say in the mapping where the header is: "header: 3", or "header: false" where there is none',
    )


def _csv(lines: list[str], delimiter: str) -> Reader:
    return csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, skipinitialspace=True)


def _delimiter(wanted: str, first: str, lines: list[str], path: Path) -> str:
    wanted = _NAMED.get(wanted, wanted)
    if wanted == "auto":
        outside = "".join(first.split('"')[::2])
        counts = sorted((-outside.count(each), at, each) for at, each in enumerate(_DELIMITERS) if each in outside)
        if len(counts) < 2:
            return counts[0][2] if counts else ","
        return max((_fit(lines, each), -count, -at, each) for count, at, each in counts)[3]
    if wanted != "space" and (len(wanted) != 1 or wanted in '"\r\n'):
        raise TierwiseError(
            "bad_delimiter",
            f'"{wanted}" is not a delimiter',
            place=str(path),
            remedy="auto, space, tab, or one character",
        )
    return wanted


def _fit(lines: list[str], delimiter: str) -> float:
    """The share of the first records that have as many cells as the header, in tenths."""
    widths: list[int] = []
    try:
        for row in _csv(lines, delimiter):
            if any(cell.strip() for cell in row):
                widths.append(len(row))
            if len(widths) >= _SAMPLED:
                break
    except csv.Error:
        pass
    return round(widths.count(widths[0]) / len(widths), 1) if widths else 0.0
