"""The two readers mean the same, and what is staged adds up, on files that nobody would write by hand."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tierwise.definitions.mapping import Mapping
from tierwise.engine.duckdb_session import connect
from tierwise.facts.conform import bind
from tierwise.ingest.records import Record, records
from tierwise.ingest.source import open_source
from tierwise.ingest.staging import Staged, stage

TODAY = date(2026, 6, 30)
_MAPPING = Mapping(
    table="orders",
    columns={"order_id": "a", "ordered_at": "b", "gross": "c", "customer_id": "d", "channel": "e"},
)


def staged(folder: Path, content: bytes, *, slow: bool, mapping: Mapping = _MAPPING) -> tuple[Staged, list[Any]]:
    folder.mkdir(exist_ok=True)
    path = folder / "in.csv"
    path.write_bytes(content)
    source = open_source(path, mapping, folder)
    if slow:
        source = replace(source, plain=False)
    binding = bind(mapping, source.headers, zone="Asia/Shanghai", currency="CNY", place="in.csv")
    con = connect(folder / "spill", threads=2)
    found = stage(con, source, binding, folder, today=TODAY)
    columns = "orders__order_id, orders__ordered_at, orders__gross, orders__customer_id, orders__channel, mended"
    rows = con.execute(f"SELECT {columns} FROM good ORDER BY rowid").fetchall()
    con.close()
    return found, rows


_cell = st.sampled_from(
    [
        "1",
        "2.0",
        " 7 ",
        "",
        "2026-03-05",
        "2026/3/5 8:26",
        "20260305",
        "nan",
        "-3",
        "1,234.50",
        '5" x',
        "a\nb",
        "甲",
        "NULL",
        "1.5E+9",
        "　宽　",
        "¥12",
        "2026年3月5日",
        "9999-12-31",
        "45000",
        "x,y",
        "=1",
    ]
)
_rows = st.lists(st.lists(_cell, min_size=5, max_size=5), max_size=12)


def _written(rows: list[list[str]], ending: str, quoting: int) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=ending, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([["a", "b", "c", "d", "e"], *rows])
    return out.getvalue().encode()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_rows, ending=st.sampled_from(["\n", "\r\n"]), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_both_readers_give_the_same(tmp_path: Path, rows: list[list[str]], ending: str, quoting: int) -> None:
    content = _written(rows, ending, quoting)
    quick, quick_rows = staged(tmp_path / "quick", content, slow=False)
    slow, slow_rows = staged(tmp_path / "slow", content, slow=True)
    assert not slow.fast
    assert quick_rows == slow_rows
    assert quick.refusals == slow.refusals
    assert (quick.read, quick.good, quick.mended) == (slow.read, slow.good, slow.mended)
    assert quick.read == quick.good + quick.ignored + len(quick.refusals) == len(rows)


@pytest.mark.parametrize(
    "content",
    [
        b"a,b,c,d,e\n1,2026-03-05,1,x,y\n",
        b"a,b,c,d,e\r\n1,2026-03-05,1,x,y\r\n\r\n2,2026-03-05,1,x,y",
        b"\xef\xbb\xbfa,b,c,d,e\n1,2026-03-05,1,x,y\n",
        b"\n\na,b,c,d,e\n1,2026-03-05,1,x,y\n",
        b'"a",b,c,d,"e"\n1,2026-03-05,1, "x, y" ,"he said ""no"""\n',
        b"a;b;c;d;e\n1;2026-03-05;1;x;y\n",
        b"a\tb\tc\td\te\n1\t2026-03-05\t1\tx\ty\n",
        b"a,b,c,d,e,\n1,2026-03-05,1,x,y,\n2,2026-03-05,1,x,y,\n",
        b'a,b,c,d,e\n1,2026-03-05,1,5 " pipe,y\n',
    ],
)
def test_shapes_that_programs_write_are_read_alike(tmp_path: Path, content: bytes) -> None:
    quick, quick_rows = staged(tmp_path / "quick", content, slow=False)
    slow, slow_rows = staged(tmp_path / "slow", content, slow=True)
    assert quick_rows == slow_rows
    assert quick_rows
    assert quick.refusals == slow.refusals


def test_plain_files_take_the_fast_reader(tmp_path: Path) -> None:
    found, _ = staged(tmp_path, b"a,b,c,d,e\n1,2026-03-05,1,x,y\n", slow=False)
    assert found.fast


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["03/04/2026", "13/04/2026"], ["2026-04-03", "2026-04-13"]),
        (["03/04/2026", "04/13/2026 18:00"], ["2026-03-04", "2026-04-13"]),
        (["05/05/2026", "2026-03-05"], ["2026-05-05", "2026-03-05"]),
        (["3.4.2026", "31.12.2025"], ["2026-04-03", "2025-12-31"]),
    ],
)
def test_the_whole_column_tells_day_from_month(tmp_path: Path, dates: list[str], expected: list[str]) -> None:
    text = "a,b,c,d,e\n" + "".join(f"{at},{day},1,x,y\n" for at, day in enumerate(dates))
    _, rows = staged(tmp_path, text.encode(), slow=False)
    local = [(row[1].timestamp(), row[1]) for row in rows]
    assert [
        str(at.replace(hour=12).date()) if at.hour < 16 else str(date.fromordinal(at.toordinal() + 1))
        for _, at in local
    ] == expected


def test_records_resume_on_the_line_after_a_bad_one(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,"x\n2,y\n3,"z ""q"""\n4,"u\nv"\n5,w,\n\n6\n')
    source = open_source(path, Mapping(table="orders"), tmp_path)
    found = [(record.line, record.cells if isinstance(record, Record) else record.code) for record in records(source)]
    assert found == [
        (2, "bad_quote"),
        (3, ["2", "y"]),
        (4, ["3", 'z "q"']),
        (5, ["4", "u\nv"]),
        (7, ["5", "w"]),
        (9, "ragged_row"),
    ]
