"""Quarantined rows go out to Excel, are mended there, and come in again."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.ingest.conftest import Home
from tests.ingest.sheets import sheet, workbook
from tierwise.ingest.quarantine_export import export_quarantine
from tierwise.ingest.quarantine_workbook import write_workbook
from tierwise.kernel.errors import TierwiseError
from tierwise.state import quarantine

DAY = date(2026, 3, 5)
HEAD = ["order_id", "ordered_at", "gross"]


def still_open(home: Home) -> list[tuple[str, int, str]]:
    with home.session.engine.connect() as connection:
        return [(row.file, row.line, row.code) for row in quarantine.list_rows(connection, limit=None)]


def exported(home: Home, import_id: int | None, path: Path) -> Any:
    with home.session.engine.connect() as connection:
        export_quarantine(connection, import_id or 0, path)
    return openpyxl.load_workbook(path)


def test_rows_are_mended_in_excel_and_taken_in(home: Home, tmp_path: Path) -> None:
    text = "订单号;下单时间;金额;备注\n001;05.03.2026;1,5;=1+1\n002;x;2,5;+a\n003;06.03.2026;y;@b\n004;z;1;\n"
    mapping = {"delimiter": ";", "decimal": ",", "formats": {"ordered_at": "%d.%m.%Y"}}
    first = home.take(text, "orders", mapping)
    assert (first.accepted, first.quarantined, first.format) == (1, 3, "text")
    book = exported(home, first.import_id, tmp_path / "mend.xlsx")
    page = book["quarantine"]
    cells = [[cell.value for cell in row] for row in page.iter_rows()]
    assert cells[0][:4] + cells[0][7:8] == ["订单号", "下单时间", "金额", "备注", "quarantine_reason"]
    assert [row[:4] for row in cells[1:]] == [
        ["002", "x", "2,5", "+a"],
        ["003", "06.03.2026", "y", "@b"],
        ["004", "z", "1", ""],
    ]
    assert "下单时间" in cells[1][7]
    assert {cell.data_type for row in page.iter_rows() for cell in row} == {"s"}
    page["B2"], page["C3"] = DAY, 2.5  # as Excel keeps them when they are typed
    book.save(tmp_path / "mended.xlsx")
    again = home.take((tmp_path / "mended.xlsx").read_bytes(), "orders", mapping, name="mended.xlsx")
    assert (again.read, again.accepted, again.quarantined) == (3, 2, 1)
    assert home.rows("SELECT order_id, gross_minor FROM orders ORDER BY 1") == [
        ("001", 150),
        ("002", 250),
        ("003", 250),
    ]
    assert still_open(home) == [("mended.xlsx", 4, "bad_date")]
    once_more = exported(home, again.import_id, tmp_path / "again.xlsx")["quarantine"]
    assert [cell.value for cell in once_more[2]][:4] == ["004", "z", "1", ""]


def test_the_rows_of_one_sheet_do_not_close_those_of_another(home: Home) -> None:
    def draw(book: Any) -> None:
        sheet(book, [HEAD, ["1", DAY, "x"], ["2", DAY, 1]], "一月")
        sheet(book, [HEAD, ["3", DAY, "y"], ["4", DAY, 1]], "二月")

    content = workbook(draw)
    first = home.take(content, "orders", {"sheet": "一月"}, name="book.xlsx")
    second = home.take(content, "orders", {"sheet": "二月"}, name="book.xlsx")
    assert (first.sheets, second.sheets) == (("一月",), ("二月",))
    assert still_open(home) == [("book.xlsx [一月]", 2, "bad_money"), ("book.xlsx [二月]", 2, "bad_money")]
    again = home.take(content, "orders", {"sheet": "*"}, name="book.xlsx")
    assert (again.read, again.unchanged, again.quarantined) == (4, 2, 2)
    assert still_open(home) == [("book.xlsx [一月]", 2, "bad_money"), ("book.xlsx [二月]", 2, "bad_money")]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_header_comes_to_stand_where_the_mapping_looks_for_it(home: Home, tmp_path: Path, ending: str) -> None:
    mapping = {"header": 3}
    first = home.take("日报\n\norder_id,ordered_at,gross\n1,2026-03-05,x\n", "orders", mapping)
    path = tmp_path / f"mend.{ending}"
    with home.session.engine.connect() as connection:
        export_quarantine(connection, first.import_id or 0, path)
    again = home.take(path.read_bytes(), "orders", mapping, name=path.name)
    assert (again.read, again.quarantined) == (1, 1)
    assert still_open(home) == [(path.name, 4, "bad_money")]


def test_what_a_sheet_cannot_hold_is_refused(tmp_path: Path) -> None:
    for columns, rows, code in (
        (["a"], [["x" * 32_768]], "text_too_long"),
        (None, [["x"] * 16_385], "too_many_columns"),
    ):
        with pytest.raises(TierwiseError) as caught:
            write_workbook(tmp_path / "x.xlsx", columns, rows, name=tmp_path / "mend.xlsx")
        assert caught.value.code == code
        assert "mend.xlsx" in str(caught.value)


def test_reasons_are_said_in_chinese_each_and_the_headers_stay(home: Home, tmp_path: Path) -> None:
    text = "order_id,ordered_at,gross\n1.2E+10,x,y\n2,2026-03-05,z\n3,2026-03-05\n"
    first = home.take(text, "orders", {})
    path = tmp_path / "mend.xlsx"
    with home.session.engine.connect() as connection:
        export_quarantine(connection, first.import_id or 0, path, language="zh")
    page = openpyxl.load_workbook(path)["quarantine"]
    heads, *rows = [[str(cell.value) for cell in row] for row in page.iter_rows()]
    assert heads[:4] == [*HEAD, "quarantine_row"]
    reasons = [row[heads.index("quarantine_reason")] for row in rows]
    assert reasons[0].startswith("“order_id”是科学计数法")
    assert "；“ordered_at”不是能识别的日期（" in reasons[0]
    assert "；“gross”不是小于" in reasons[0]
    assert reasons[1].startswith("“gross”不是小于")
    assert reasons[2] == "这一行有 2 格，而文件有 3 列"
    again = home.take(path.read_bytes(), "orders", {}, name="mend.xlsx")
    assert (again.read, again.quarantined) == (3, 3)
