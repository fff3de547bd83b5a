"""The same rows in every format are the same; what a format alone can do wrong is told."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.ingest.sheets import moment, table
from tests.ingest.staged_file import seen
from tierwise.definitions.mapping import Mapping
from tierwise.ingest.source import open_source
from tierwise.kernel.errors import TierwiseError

HEADERS = ["订单号", "会员编号", "下单时间", "金额", "渠道"]
ROWS: list[list[Any]] = [
    ["1", "13800138000", moment(2026, 3, 5, 8, 26), Decimal("1234.50"), "小程序"],
    ["2", None, moment(2026, 3, 5), Decimal("0.10"), "门店, 朝阳\n二层"],
    ["3", "0012", moment(2026, 3, 6, 23, 59, 59), Decimal("99"), None],
]
EXPECTED = [
    ("1", "13800138000", moment(2026, 3, 5, 0, 26), 123450, "小程序"),
    ("2", None, moment(2026, 3, 4, 16, 0), 10, "门店, 朝阳\n二层"),
    ("3", "0012", moment(2026, 3, 6, 15, 59, 59), 9900, None),
]


def _delimited(delimiter: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(HEADERS)
    writer.writerows(ROWS)
    return out.getvalue()


def _parquet() -> bytes:
    columns = list(zip(*ROWS, strict=True))
    out = io.BytesIO()
    pq.write_table(pa.table({name: pa.array(cells) for name, cells in zip(HEADERS, columns, strict=True)}), out)
    return out.getvalue()


def _json_lines() -> str:
    lines = [json.dumps(dict(zip(HEADERS, row, strict=True)), default=str, ensure_ascii=False) for row in ROWS]
    return "\n".join(lines).replace('"1234.50"', "1234.50") + "\n"


FILES: list[tuple[str, Callable[[], bytes], str, str, str]] = [
    ("a.csv", lambda: _delimited(",").encode(), "text", "utf-8", ","),
    ("a.tsv", lambda: _delimited("\t").encode("utf-8-sig"), "text", "utf-8-sig", "\t"),
    ("a.txt", lambda: _delimited("|").encode("gb18030"), "text", "gb18030", "|"),
    ("a.csv", lambda: _delimited(";").encode("gbk"), "text", "gb18030", ";"),
    ("a.csv", lambda: _delimited(",").encode("utf-16"), "text", "utf-16", ","),
    ("a.csv", lambda: _delimited(",").encode("utf-16-le"), "text", "utf-16-le", ","),
    ("a.csv", lambda: _delimited("\t").encode("utf-16-be"), "text", "utf-16-be", "\t"),
    ("a.xlsx", lambda: table([HEADERS, *[[float(c) if type(c) is Decimal else c for c in r] for r in ROWS]]),
     "workbook", "", ""),
    ("a.parquet", _parquet, "parquet", "", ""),
    ("a.jsonl", lambda: _json_lines().encode(), "json_lines", "utf-8", ""),
    ("a.log", lambda: _json_lines().encode("gb18030"), "json_lines", "gb18030", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make", "form", "encoding", "delimiter"), FILES)
def test_the_same_rows_in_every_format_are_the_same(
    tmp_path: Path, name: str, make: Callable[[], bytes], form: str, encoding: str, delimiter: str
) -> None:
    content = make()
    found = seen(tmp_path, content, name)
    assert (found.source.format, found.source.encoding, found.source.delimiter) == (form, encoding, delimiter)
    assert found.rows == EXPECTED
    packed = seen(tmp_path / "packed", gzip.compress(content), f"{name}.gz")
    assert (packed.rows, packed.source.packed, packed.source.format) == (EXPECTED, True, form)
    assert packed.source.bytes == len(gzip.compress(content))


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("订单号\t下单时间\t金额(元, 含税, 不含运费)\n1\t2026-03-05\t10\n", "\t"),
        ("订单号,下单时间,金额,备注;其他;更多;说明\n1,2026-03-05,10,x\n", ","),
        ('订单号;下单时间;金额\n"1";2026-03-05;10\n', ";"),
    ],
)
def test_the_delimiter_is_what_the_rows_agree_with(tmp_path: Path, text: str, delimiter: str) -> None:
    found = seen(tmp_path, text.encode(), "a.csv", decimal=".")
    assert (found.source.delimiter, len(found.rows)) == (delimiter, 1)


def test_json_lines_say_which_lines_are_no_rows(tmp_path: Path) -> None:
    lines = [
        '{"order_id": 1, "order": {"at": "2026-03-05", "gross": 1234.50}}',
        "",
        '{"order_id": 12345678901234567890, "order": {"at": "2026-03-05", "gross": 1e2}, "channel": ["a", 1]}',
        "not json",
        "[1, 2]",
        '{"order_id": "x"',
        '{"order_id": "4", "order_id": "5"}',
        '{"order_id": "\\u0000"}',
        '{"order_id": "\\ud800"}',
        '{"order_id": "6", "order": {"at": null, "gross": NaN}}',
        '{"order_id": true, "order.at": "2026-03-05", "order": {"gross": 3}}',
        "[" * 5000,
    ]
    columns = {"order_id": "order_id", "ordered_at": "order.at", "gross": "order.gross", "channel": "channel"}
    found = seen(tmp_path, "\n".join(lines).encode(), "a.jsonl", columns=columns)
    assert [(row[0], row[3], row[4]) for row in found.rows] == [
        ("1", 123450, None),
        ("12345678901234567890", 10000, '["a", 1]'),
        ("true", 300, None),
    ]
    assert [(line, code) for _, line, code in found.refused] == [
        (4, "bad_json"),
        (5, "bad_json"),
        (6, "bad_json"),
        (7, "duplicate_key"),
        (8, "zero_byte"),
        (9, "bad_json"),
        (10, "missing_value"),
        (12, "bad_json"),
    ]


def test_parquet_types_become_the_texts_that_people_would_write(tmp_path: Path) -> None:
    columns: dict[str, Any] = {
        "order_id": pa.array([1.0, 2.0, 12345678901234567890.0, 4.5]),
        "ordered_at": pa.array([moment(2026, 3, 5, 8, 26).replace(tzinfo=UTC)] * 4, pa.timestamp("ns", "UTC")),
        "gross": pa.array([Decimal("1.005"), None, Decimal("3"), Decimal("-4")], pa.decimal128(18, 3)),
        "customer_id": pa.array([b"a", b"", None, b"d"], pa.binary()),
        "channel": pa.array(["x", "y", "z", "w"]).dictionary_encode(),
    }
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    found = seen(tmp_path, out.getvalue(), "store=5 [1].parquet")
    assert found.source.headers == tuple(columns)
    assert found.rows == [("1", "a", moment(2026, 3, 5, 8, 26), 101, "x")]
    assert [(line, code) for _, line, code in found.refused] == [
        (2, "missing_value"),
        (3, "digits_lost"),
        (4, "negative_money"),
    ]
    comma = seen(tmp_path, out.getvalue(), "comma.parquet", decimal=",")
    assert comma.rows == found.rows


def test_a_date_column_keeps_its_dates_where_a_format_is_told_for_its_texts(tmp_path: Path) -> None:
    rows = [["order_id", "ordered_at", "gross"], ["1", date(2026, 3, 5), 1], ["2", "05.03.2026", 1]]
    found = seen(tmp_path, table(rows), "a.xlsx", formats={"ordered_at": "%d.%m.%Y"})
    assert {row[2] for row in found.rows} == {moment(2026, 3, 4, 16, 0)}
    assert len(found.rows) == 2


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("a.csv.gz", gzip.compress(b"order_id,ordered_at,gross\n" * 99, mtime=0)[:-9], "damaged_file", "gzip"),
        ("a.csv.gz", gzip.compress(b"order_id\n", mtime=0) + b"junk", "damaged_file", "gzip"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "empty_file", "not even a header"),
        ("a.zip", b"PK\x05\x06" + b"\0" * 18, "not_text", "zip archive"),
        ("a.xls", "\ufeff <HTML><table><tr><td>订单号".encode(), "not_text", "web page"),
        ("a.xlsx", b"PK\x03\x04aaaa", "damaged_file", "damaged"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged_file", "damaged"),
        ("a.parquet", b"PAR1" + b"x" * 40 + b"PAR1", "damaged_file", "Parquet"),
        ("a.pdf", b"%PDF-1.7\n", "not_text", "PDF"),
        ("a.json", b'[{"order_id": 1}]', "not_text", "JSON array"),
        ("a.jsonl", b"{\n}\n1\n", "no_header", "not JSON"),
        ("a.csv", "\u3000\n\n".encode(), "no_header", "line 1"),
        ("a.csv", b"a,b\n1,2\n", "no_header", "line 4"),
    ],
    ids=range(13),
)
def test_what_cannot_be_read_is_said_with_what_to_do(
    tmp_path: Path, name: str, content: bytes, code: str, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    header = 4 if says == "line 4" else True
    with pytest.raises(TierwiseError) as caught:
        open_source(path, Mapping(table="orders", header=header), tmp_path)
    assert caught.value.code == code
    assert says in str(caught.value)
    assert caught.value.remedy or code == "empty_file"


def test_the_mapping_may_say_on_which_line_the_header_stands(tmp_path: Path) -> None:
    text = '订单日报, "制表人\n张三"\n\n订单号,下单时间,金额\n1,2026-03-05,10\n2,x,10\n'
    found = seen(tmp_path, text.encode(), "a.csv", header=4)
    assert [row[0] for row in found.rows] == ["1"]
    assert [(line, code) for _, line, code in found.refused] == [(6, "bad_date")]
