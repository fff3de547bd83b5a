"""Any file before its rows are looked at: what it is, and its rows brought to where one query types them.

What is no delimited text is brought into the form of one: a workbook and JSON Lines as a private copy with line
numbers, Parquet by a reader that gives texts. All that comes after is the same for every format.
"""

from __future__ import annotations

import codecs
import zipfile
from dataclasses import replace
from pathlib import Path

from tierwise.definitions.mapping import Mapping
from tierwise.ingest.json_lines import is_json_lines, open_json_lines
from tierwise.ingest.parquet import open_parquet
from tierwise.ingest.source_file import LONGEST_LINE, SourceFile, Tick
from tierwise.ingest.text_source import decoded, open_text
from tierwise.ingest.unpacked import GZIP, unpack
from tierwise.ingest.workbook import open_workbook
from tierwise.kernel.errors import TierwiseError

__all__ = ["LONGEST_LINE", "SourceFile", "Tick", "open_source"]

_HEAD = 1 << 21
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_PARQUET = b"PAR1"
_SHEETS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
"""What a zip archive has in it that is a workbook (.xlsx, .xlsb, .ods)."""

_OTHERS = (
    (b"PARE", "this is an encrypted Parquet file", "write it without encryption"),
    (b"%PDF", "this is a PDF file", "export the table as CSV or Excel"),
    (b"BZh", "this is a bzip2 archive", "unpack it, or pack it by gzip"),
    (b"\x28\xb5\x2f\xfd", "this is a Zstandard archive", "unpack it, or pack it by gzip"),
    (b"\xfd7zXZ", "this is an xz archive", "unpack it, or pack it by gzip"),
    (b"7z\xbc\xaf\x27\x1c", "this is a 7-Zip archive", "unpack it"),
    (b"Rar!", "this is a RAR archive", "unpack it"),
    (b"SQLite format 3\0", "this is a database file", "export the table as CSV"),
    (b"ORC", "this is an ORC file", "write it as Parquet"),
    (b"Obj\x01", "this is an Avro file", "write it as Parquet"),
    (b"{\\rtf", "this is a text with formatting (RTF)", "export the table as CSV or Excel"),
)
_PAGES = (b"<html", b"<!doctype html", b"<table", b"<?xml")


def open_source(
    path: Path, mapping: Mapping, temporary: Path, tick: Tick | None = None, *, copied: bool = False
) -> SourceFile:
    """Look at the whole file once: it is unpacked, decoded strictly, hashed, its header read.

    temporary: a folder for copies, which the caller removes. copied: also Parquet as a copy, for those who read rows
    themselves. Raises `unknown_file`, `empty_file`, `not_text` (no format that is read), `damaged_file`, and what the
    format's own door raises: `bad_encoding` (with line and byte), `unknown_encoding`, `bad_delimiter`, `no_header`,
    `several_sheets`, `unknown_sheet`, `sheets_differ`, `locked_file`, `file_too_large`, `disk_full`.
    """
    if not path.is_file():
        raise TierwiseError("unknown_file", "there is no such file", place=str(path))
    head = _head(path)
    if not head.startswith(GZIP):
        return _open(path, path, head, mapping, temporary, tick, copied)
    packed = unpack(path, temporary / "unpacked", tick)
    source = _open(path, packed.copy, _head(packed.copy), mapping, temporary, tick, copied)
    return replace(source, packed=True, bytes=packed.bytes, sha256=packed.sha256)


def _open(
    path: Path, data: Path, head: bytes, mapping: Mapping, temporary: Path, tick: Tick | None, copied: bool
) -> SourceFile:
    if not head.strip(codecs.BOM_UTF8 + b" \t\r\n\0"):
        raise TierwiseError("empty_file", "the file is empty: not even a header", place=str(path))
    if head.startswith(_ZIP):
        _check_is_workbook(path, data)
    if head.startswith((*_ZIP, _OLD_EXCEL)):
        return open_workbook(path, data, mapping, temporary, tick)
    if head.startswith(_PARQUET):
        return open_parquet(path, data, mapping, temporary, tick, copied=copied)
    for magic, what, remedy in _OTHERS:
        if head.startswith(magic):
            raise _not_text(path, what, remedy)
    if head[:4096].removeprefix(codecs.BOM_UTF8).lstrip().lower().startswith(_PAGES):
        raise _not_text(
            path, "this is a web page or XML, whatever its name", "open it in Excel and save it as .xlsx or CSV"
        )
    if head[257:262] == b"ustar":
        raise _not_text(path, "this is a tar archive", "unpack it")
    text = decoded(path, data, mapping, temporary, tick)
    if is_json_lines(path, text.file):
        return open_json_lines(path, text, mapping, temporary, tick)
    return open_text(path, text, mapping, temporary)


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_HEAD)


def _check_is_workbook(path: Path, data: Path) -> None:
    try:
        with zipfile.ZipFile(data) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise TierwiseError(
            "damaged_file",
            "the file begins like an Excel workbook or a zip archive, and is damaged",
            place=str(path),
            remedy="copy or export it again",
        ) from error
    if not names & set(_SHEETS):
        raise _not_text(path, "this is a zip archive and no workbook", "unpack it")


def _not_text(path: Path, what: str, remedy: str) -> TierwiseError:
    return TierwiseError("not_text", what, place=str(path), remedy=remedy)
