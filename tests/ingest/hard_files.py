"""Files that nobody would write by hand: messy tables in every format, and what a bad disk, a bad program or an enemy
makes of them. The same number makes the same file."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.ingest.sheets import moment, sheet, workbook

HEADERS = ["order_id", "会员编号", "ordered_at", "gross", "channel", "备注"]
TEXTS = [
    "",
    "1",
    "2.0",
    "1.5E+19",
    "NaN",
    "-3",
    "1,234.50",
    "¥12",
    "2026-03-05",
    "2026/3/5 8:26",
    "2026年3月5日",
    "9999-12-31",
    "0000-00-00",
    "45000",
    "03/04/2026",
    "nan",
    "甲",
    '5" x',
    "a\nb",
    "a\r\nb",
    "x,y;z\tw|v",
    "=1+1",
    "\ufeff",
    "\u3000",
    "🚗" * 3,
    "\u202e",
    "x" * 5000,
    "quarantine_row",
    "'; DROP TABLE staged; --",
    "{}",
    "[1",
    "null",
]
CELLS: list[Any] = [*TEXTS, None, True, 0, -1, 10**14, 1e308, 0.1 + 0.2, moment(2026, 3, 5, 8, 26), date(2026, 3, 5)]
ENCODINGS = ["utf-8", "utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]


@dataclass(frozen=True)
class HardFile:
    """A file. rows: how many it holds, None where it was damaged. mapping: how it is to be read, besides its table."""

    name: str
    content: bytes
    rows: int | None
    mapping: dict[str, Any]


def hard_file(number: int) -> HardFile:
    """The file of that number: every kind comes by, whole and damaged in turn."""
    dice = random.Random(number)
    kind = KINDS[number % len(KINDS)]
    table = [[dice.choice(CELLS) for _ in HEADERS] for _ in range(dice.randrange(1, 12))]
    for at, row in enumerate(table):
        if dice.random() < 0.5:  # so that some rows are good
            row[:4] = [f"{number}-{at}", "c", "2026-03-05", "10"]
        row[0] = row[0] or "filled"  # a row without anything would be none
    name, content = kind(table, dice)
    rows: int | None = len(table)
    if number // len(KINDS) % 4:
        content, rows = dice.choice(DAMAGES)(content, dice), None
    if dice.random() < 0.15:
        name, content = f"{name}.gz", gzip.compress(content, mtime=0)
        if dice.random() < 0.3:
            content, rows = dice.choice(DAMAGES)(content, dice), None
    mapping: dict[str, Any] = {"formats": {"ordered_at": "%d/%m/%Y"}} if dice.random() < 0.7 else {}
    if dice.random() < 0.1:
        mapping |= {"decimal": ","}
    if dice.random() < 0.1:
        mapping |= {"ignore": {"attribute": "channel", "op": "missing"}}
    return HardFile(name, content, rows, mapping)


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell)


def _delimited(table: list[list[Any]], dice: random.Random) -> tuple[str, bytes]:
    out = io.StringIO()
    quoting = dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    writer = csv.writer(
        out, delimiter=dice.choice(",\t;|"), lineterminator=dice.choice(["\n", "\r\n"]), quoting=quoting
    )
    writer.writerow(HEADERS)
    writer.writerows([[_text(cell) for cell in row] for row in table])
    return "orders.csv", out.getvalue().encode(dice.choice(ENCODINGS), "replace")


def _json_lines(table: list[list[Any]], dice: random.Random) -> tuple[str, bytes]:
    lines = []
    for row in table:
        there = {name: cell for name, cell in zip(HEADERS, row, strict=True) if cell is not None}
        lines.append(json.dumps(there, default=str, ensure_ascii=dice.random() < 0.5))
    return "orders.jsonl", "\n".join(lines).encode()


def _workbook(table: list[list[Any]], dice: random.Random) -> tuple[str, bytes]:
    above = dice.choice([0, 0, 1, 4])

    def draw(book: Any) -> None:
        page = sheet(book, [HEADERS, *table], at=above)
        if above:
            page.write_string(0, 0, "报表")
        if dice.random() < 0.2:
            page.merge_range(above + 1, 5, above + 2, 5, "merged")

    return "orders.xlsx", workbook(draw, nan_inf_to_errors=True, strings_to_formulas=False)


def _parquet(table: list[list[Any]], dice: random.Random) -> tuple[str, bytes]:
    columns: dict[str, Any] = {
        name: pa.array([_text(row[at]) or None for row in table], pa.string()) for at, name in enumerate(HEADERS)
    }
    if dice.random() < 0.5:
        columns["gross"] = pa.array([dice.choice([1.5, float("nan"), float("inf"), -1e300, 7.0, None]) for _ in table])
        columns["ordered_at"] = pa.array([dice.choice([moment(2026, 3, 5), moment(1, 1, 1), None]) for _ in table])
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression=dice.choice(["snappy", "none", "zstd"]))
    return "orders.parquet", out.getvalue()


def _workbook_of_bad_parts(table: list[list[Any]], dice: random.Random) -> tuple[str, bytes]:
    """A workbook whose archive is whole and whose XML is not."""
    name, content = _workbook(table, dice)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        parts = old.namelist()
        hurt = dice.choice([each for each in parts if each.startswith("xl/")])
        for part in parts:
            body = old.read(part)
            if part == hurt and dice.random() < 0.1:
                continue
            new.writestr(zipfile.ZipInfo(part), dice.choice(DAMAGES)(body, dice) if part == hurt else body)
    return name, out.getvalue()


KINDS: list[Callable[[list[list[Any]], random.Random], tuple[str, bytes]]] = [
    _delimited,
    _json_lines,
    _delimited,
    _workbook,
    _parquet,
    _delimited,
    _workbook_of_bad_parts,
]
BAD_PARTS = KINDS.index(_workbook_of_bad_parts)


def _cut(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content) + 1)]


def _flip(content: bytes, dice: random.Random) -> bytes:
    made = bytearray(content)
    for _ in range(dice.choice([1, 1, 3, 30])):
        if made:
            made[dice.randrange(len(made))] ^= 1 << dice.randrange(8)
    return bytes(made)


def _insert(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(content) + 1)
    what = [b"\0", b'"', b"\n", b"\r", b",", b"\xff\xfe", b"\xef\xbb\xbf", b"9" * 400, b"{", b"<", dice.randbytes(20)]
    return content[:at] + dice.choice(what) * dice.choice([1, 1, 50]) + content[at:]


def _repeat(content: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(content) + 1)
    end = min(len(content), start + dice.randrange(1, 200))
    return content[:end] + content[start:end] * dice.choice([1, 3, 40]) + content[end:]


def _drop(content: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(content) + 1)
    return content[:start] + content[start + dice.randrange(1, 60) :]


def _shuffle(content: bytes, dice: random.Random) -> bytes:
    lines = content.split(b"\n")
    dice.shuffle(lines)
    return b"\n".join(lines)


def _numbers(content: bytes, dice: random.Random) -> bytes:
    digits = [b"0", b"-1", b"99999999999999999999", b"1e999", b"4294967296"]
    at = next((at for at, byte in enumerate(content) if 48 <= byte <= 57 and dice.random() < 0.05), None)
    return content if at is None else content[:at] + dice.choice(digits) + content[at + 1 :]


DAMAGES: list[Callable[[bytes, random.Random], bytes]] = [_cut, _flip, _insert, _repeat, _drop, _shuffle, _numbers]
