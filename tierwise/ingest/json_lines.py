"""JSON Lines: one object on each line, brought into rows of texts.

The columns are the keys of all the objects, in the order in which they are first seen; `{"a": {"b": 1}}` has the
column `a.b`. Numbers keep the digits that they are written with. null is an empty cell, a list its own JSON.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tierwise.definitions.mapping import Mapping
from tierwise.ingest.record import BadRecord
from tierwise.ingest.records import numbered_lines
from tierwise.ingest.source_file import LONGEST_LINE, SourceFile, Tick
from tierwise.ingest.text_source import Text
from tierwise.kernel.errors import TierwiseError

_ENDINGS = (".jsonl", ".ndjson", ".jsonlines", ".json", ".jl")
_MOST_COLUMNS = 2_000
_DEEPEST = 20
_SHOWN = 10_000
_TICK = 20_000


def is_json_lines(path: Path, text: Path) -> bool:
    """Whether the file says so by its name, or its first line is a JSON object."""
    endings = [suffix.lower() for suffix in path.suffixes]
    if any(ending in _ENDINGS for ending in endings[-2:]):
        return True
    for _, line in numbered_lines(text, 0):
        if line is None:
            return False
        if line.strip():
            return line.lstrip().startswith("{") and isinstance(_parsed(line), dict)
    return False


def open_json_lines(path: Path, text: Text, mapping: Mapping, temporary: Path, tick: Tick | None) -> SourceFile:
    """Read the whole file into a numbered copy; lines that are no objects are told with their reason.

    Raises `not_text` where it is one JSON array, `too_many_columns`, `no_header` where no object has a key.
    """
    _check_is_no_array(path, text.file)
    columns: dict[str, int] = {}
    bad: list[BadRecord] = []
    narrow: dict[int, int] = {}
    first, copy = temporary / "objects.csv", temporary / "rows_of_objects.csv"
    comma = mapping.decimal == ","
    with first.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for line, texts, refused in _objects(text.file, comma):
            if refused is not None:
                bad.append(refused)
                continue
            for name in texts:
                columns.setdefault(name, len(columns))
            if len(columns) > _MOST_COLUMNS:
                raise TierwiseError(
                    "too_many_columns",
                    f"the objects have more than {_MOST_COLUMNS:,} keys",
                    place=f"{path}:{line}",
                    remedy="write what varies as values, not as keys",
                )
            writer.writerow([line, *(texts.get(name, "") for name in columns)])
            narrow[len(columns)] = line
            if tick and line % _TICK == 0:
                tick(0, text.bytes)
    if not columns:
        raise TierwiseError(
            "no_header",
            "no line of the file is a JSON object with keys" + (f": {bad[0].message}" if bad else ""),
            place=f"{path}:{bad[0].line if bad else 1}",
            remedy='write one object on each line: {"order_id": "1", …}',
        )
    if len(narrow) > 1:
        _widen(first, copy, len(columns))
    return SourceFile(
        path,
        copy if len(narrow) > 1 else first,
        text.encoding,
        "",
        tuple(columns) if mapping.header else ("",) * len(columns),
        0,
        text.lines,
        text.bytes,
        text.sha256,
        plain=False,
        format="json_lines",
        rows="numbered",
        bad=tuple(bad),
    )


def _objects(text: Path, comma: bool) -> Iterator[tuple[int, dict[str, str], BadRecord | None]]:
    for line, content in numbered_lines(text, 0):
        if content is None:
            message = f"the line is longer than {LONGEST_LINE:,} bytes"
            yield line, {}, BadRecord(line, "line_too_long", message, ["…"])
            continue
        if not content.strip(" \t\r\n\ufeff\x1e"):
            continue
        try:
            texts = _texts(content, comma)
        except _NoRowError as error:
            shown = content.rstrip("\r\n").replace("\0", "\ufffd")[:_SHOWN]
            yield line, {}, BadRecord(line, error.code, error.message, [shown])
        else:
            yield line, texts, None


class _NoRowError(Exception):
    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


class _Number(str):
    """The digits of a number as they were written."""

    __slots__ = ()


def _parsed(content: str) -> Any:
    try:
        return _DECODER.decode(content.strip(" \t\r\n\ufeff\x1e"))
    except (ValueError, RecursionError):
        return None


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        keys = [key for key, _ in pairs]
        doubled = next(key for key in keys if keys.count(key) > 1)
        raise _NoRowError("duplicate_key", f'the object has the key "{doubled}" more than once')
    return made


_DECODER = json.JSONDecoder(parse_float=_Number, parse_int=_Number, parse_constant=_Number)
_STRICT = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=_Number, object_pairs_hook=_no_doubles
)


def _texts(content: str, comma: bool) -> dict[str, str]:
    """Column -> text of one object. Raises `_NoRowError`."""
    try:
        return _texts_of(_STRICT.decode(content.strip(" \t\r\n\ufeff\x1e")), comma)
    except json.JSONDecodeError as error:
        raise _NoRowError("bad_json", f"not JSON: {error.msg}, at letter {error.pos + 1}") from error
    except RecursionError as error:
        raise _NoRowError("bad_json", "not JSON that can be read: nested too deeply") from error


def _texts_of(found: Any, comma: bool) -> dict[str, str]:
    if not isinstance(found, dict):
        raise _NoRowError("bad_json", "not a JSON object: a row is {…} with its keys")
    texts: dict[str, str] = {}
    for name, value in _leaves(found, "", 0):
        key = name.strip()
        if key in texts:
            raise _NoRowError("duplicate_key", f'the object says "{key}" more than once')
        text = _text(value, comma)
        if "\0" in text or "\0" in key:
            raise _NoRowError("zero_byte", "a zero byte stands in the row, which is no text")
        if not (_is_unicode(text) and _is_unicode(key)):
            raise _NoRowError("bad_json", f'"{_shown(key)}" is no text: half of a pair of surrogates')
        texts[key] = text
    return texts


def _leaves(value: dict[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict) and inner and depth < _DEEPEST:
            yield from _leaves(inner, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", inner


def _text(value: Any, comma: bool) -> str:
    if value is None or value == {}:
        return ""
    if isinstance(value, _Number):
        return value.replace(".", ",") if comma else str(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return _json(value)


def _json(value: Any) -> str:
    """A list or what is nested too deeply, with the digits of its numbers."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {_json(of)}" for key, of in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _widen(narrow: Path, copy: Path, width: int) -> None:
    """The rows that were written before the last key was seen get empty cells for it."""
    csv.field_size_limit(max(csv.field_size_limit(), 8 * LONGEST_LINE))
    with narrow.open(encoding="utf-8", newline="") as stream, copy.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for row in csv.reader(stream):
            writer.writerow(row + [""] * (width + 1 - len(row)))
    narrow.unlink()


def _check_is_no_array(path: Path, text: Path) -> None:
    with text.open(encoding="utf-8-sig", errors="replace") as stream:
        start = stream.read(4096).lstrip()
    if start.startswith("["):
        raise TierwiseError(
            "not_text",
            "this is one JSON array, and no JSON Lines",
            place=str(path),
            remedy="write one object on each line: jq -c '.[]' FILE",
        )
