"""What is fuzzed of the import: each target takes any bytes, and raises only where the program is at fault.

A target is a function of bytes, so that what was once found is tried again by a test without a fuzzer.
"""

from __future__ import annotations

import random
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from tests.ingest.hard_files import hard_file
from tests.ingest.staged_file import seen
from tierwise.definitions.mapping import Mapping
from tierwise.engine.duckdb_session import connect
from tierwise.facts import text_sql
from tierwise.ingest.record import BadRecord
from tierwise.ingest.records import records
from tierwise.ingest.source import open_source
from tierwise.ingest.source_file import SourceFile
from tierwise.ingest.text_source import header_row
from tierwise.ingest.workbook_header import Look, header_of
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.money import to_minor

Target = Callable[[bytes], None]

MAPPINGS = [
    Mapping.model_validate({"table": "orders", **told})
    for told in (
        {},
        {"delimiter": ";"},
        {"delimiter": "space"},
        {"encoding": "gb18030"},
        {"encoding": "utf-16"},
        {"decimal": ","},
        {"header": 3},
        {"header": False, "columns": {"order_id": 1, "ordered_at": 2, "gross": 3}},
    )
]


@cache
def folder() -> Path:
    """Where the files are that targets read; in memory where the machine has such a place."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="fuzz-", dir=memory if memory.is_dir() else None))


def opened(data: bytes, name: str, mapping: Mapping) -> SourceFile | None:
    """None where it is refused in words."""
    path = folder() / name
    path.write_bytes(data)
    with suppress(TierwiseError):
        return open_source(path, mapping, folder())
    return None


def by_text(data: bytes) -> None:
    """Delimited text: encoding, delimiter, header and rows. The first byte chooses how it is told to be read."""
    source = opened(data[1:], "a.csv", MAPPINGS[data[0] % len(MAPPINGS)]) if data else None
    if source is None:
        return
    assert source.headers
    rows(source)


def by_json_lines(data: bytes) -> None:
    """JSON Lines: each line a row or told with its reason."""
    source = opened(data[1:], "a.jsonl", MAPPINGS[data[0] % 2 * 5]) if data else None
    if source is None or source.format != "json_lines":
        return
    good = rows(source)
    told = [each.line for each in source.bad]
    assert len({*good, *told}) == len(good) + len(told), "no line is two rows"
    assert len(good) + len(told) <= source.lines


def rows(source: SourceFile) -> list[int]:
    """The lines of the good rows, which come in order and are as wide as the header."""
    good: list[int] = []
    last = 0
    for row in records(source):
        assert row.line >= last, "rows come in order"
        last = row.line
        if not isinstance(row, BadRecord):
            assert len(row.cells) == len(source.headers)
            good.append(row.line)
    assert last <= max(source.lines, 1)
    return good


def by_staging(data: bytes) -> None:
    """A whole small table, typed and counted: `seen` holds that all rows are somewhere."""
    if data:
        with suppress(TierwiseError):
            seen(folder() / "staged", data[1:], ("a.csv", "a.jsonl")[data[0] % 2])


def by_header(data: bytes) -> None:
    """The look at a workbook's sheet, as the process that reads it tells: kinds, texts and merged cells."""
    draw = random.Random(zlib.crc32(data))  # what is no text of the sheet is drawn from the bytes as a whole
    texts = data.decode("utf-8", "replace").split("\n")
    width = 1 + draw.randrange(8)
    cells = [(draw.choice(("s", "s", "n", "d", "")), text) for text in texts]
    table = [cells[at : at + width] for at in range(0, len(cells), width)]
    table = [[*row, *[("", "")] * (width - len(row))] for row in table]
    lines = sorted(draw.sample(range(1, 2 * len(table) + 1), len(table)))
    merged = []
    for _ in range(draw.randrange(5)):
        top, left = draw.randrange(1, lines[-1] + 1), draw.randrange(width + 2)
        merged.append((top, left, top + draw.randrange(4), left + draw.randrange(4)))
    look = Look(tuple(zip(lines, map(tuple, table), strict=True)), width, lines[-1], tuple(merged))
    mapping = draw.choice(MAPPINGS)
    found = header_of(look, mapping, header_row(mapping))
    if found is not None:
        assert len(found.names) == width
        assert 0 <= found.first <= found.last <= lines[-1]


_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
_HALF_WIDTH = str.maketrans("０１２３４５６７８９．，－＋￥／：−（）", "0123456789.,-+¥/:-()")


def money(text: str) -> int | None:
    """Minor units of CNY as the docs tell them, by Python's own means: the second opinion on `text_sql.minor`."""
    bare = text.strip(text_sql.BLANKS).translate(_HALF_WIDTH)
    if re.fullmatch(r"\([^()]+\)", bare):
        bare = f"-{bare[1:-1]}"
    bare = re.sub(r"^([+-]?)[\t\n\f\r ]*[¥$€£][\t\n\f\r ]*([+-]?)", r"\1\2", bare)
    bare = re.sub(r"[\t\n\f\r ]*[元€]\Z", "", bare)
    if _GROUPED.fullmatch(bare):
        bare = bare.replace(",", "")
    if not _NUMBER.fullmatch(bare):
        return None
    value = Decimal(bare)
    return to_minor(value, "CNY") if abs(value) < text_sql.MOST_MONEY else None


def _typed(text: str) -> Iterator[str]:
    yield text_sql.minor(text, "2")
    yield text_sql.identifier(text, nobody=True)
    yield from (text_sql.local_time(text, form) for form in (None, "dmy", "mdy", "%d-%b-%y"))
    yield text_sql.local_time(text, since_1904=True)
    yield from (f"CAST({text_sql.utc_time(text, form)} AS TIMESTAMP)" for form in (None, "%Y-%m-%dT%H:%M:%S%z"))
    yield from (by(text) for by in (text_sql.whole_number, text_sql.rounded, text_sql.seconds, text_sql.boolean))
    yield from (text_sql.exact(text), text_sql.decimal(text, 3), text_sql.gender(text), text_sql.cleaned(text))


@cache
def _session() -> Any:
    session = connect(folder() / "spill", threads=1)
    # A prepared plan leans on what the table held when it was made, which is something else each time.
    session.execute("SET disabled_optimizers = 'statistics_propagation,compressed_materialization'")
    session.execute("CREATE TABLE texts (number INTEGER, x VARCHAR)")
    session.execute(f"PREPARE typed AS SELECT {', '.join(_typed('x'))} FROM texts ORDER BY number")
    return session


def typed(texts: list[str]) -> list[tuple[Any, ...]]:
    """Each text as every type that a file's cell may have."""
    session = _session()
    session.execute("DELETE FROM texts")
    session.execute("INSERT INTO texts SELECT generate_subscripts($1, 1), unnest($1::VARCHAR[])", [texts])
    found: list[tuple[Any, ...]] = session.execute("EXECUTE typed").fetchall()
    return found


def by_cells(data: bytes) -> None:
    """Lines as cells: none breaks the query, money is what Python makes of it, ids and times are such."""
    texts = [each.replace("\0", "") for each in data[:4000].decode("utf-8", "replace").split("\n")][:40]
    for text, row in zip(texts, typed(texts), strict=True):
        assert row[0] == money(text), (text, row[0])
        assert row[1] is None or (row[1] and not re.fullmatch(r"[0-9](\.[0-9]+)?[eE]\+[0-9]+", row[1])), text
        for moment in row[2:9]:
            assert moment is None or isinstance(moment, datetime), text


TARGETS: dict[str, Target] = {
    "text": by_text,
    "json_lines": by_json_lines,
    "staging": by_staging,
    "header": by_header,
    "cells": by_cells,
}


def seeds(name: str) -> Iterator[bytes]:
    """Small inputs of a target from which others are made."""
    if name == "cells":
        lines = ["¥1,234.50", "(12.50)", "-3.5e2", "2026年3月5日 8时26分", "5/3/2024 08:26", "45000.5", "1709600000000"]
        yield "\n".join(lines).encode()
        lines = ['="0012"', "1.5E+19", "17850.0", "下午 3:05", "2024-03-05T08:26:00+08:00", "是", "1:02:03"]
        yield "\n".join(lines).encode()
        return
    if name == "header":
        yield "报表\n\n客户\n\n订单\n金额\n编号\n姓名\norder_id\ngross".encode()
        return
    ending = ".jsonl" if name == "json_lines" else ".csv"
    for number in range(60):
        file = hard_file(number)
        if file.name.endswith(ending) or (name == "staging" and file.name.endswith((".csv", ".jsonl"))):
            told = number if name == "text" else file.name.endswith(".jsonl") if name == "staging" else 0
            yield bytes([told]) + file.content[:6000]
