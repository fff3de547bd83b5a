"""Workbooks as people make them: titles, merged cells, several sheets, formulas, dates of two calendars."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.ingest.sheets import moment, sheet, table, workbook
from tests.ingest.staged_file import seen
from tierwise.ingest import workbook as reading
from tierwise.ingest.workbook_process import text_of
from tierwise.kernel.errors import TierwiseError

HEAD = ["订单号", "下单时间", "金额"]
DAY = date(2026, 3, 5)


def ids(found: Any) -> list[str]:
    return [row[0] for row in found.rows]


def test_titles_and_merged_headers_are_seen_through(tmp_path: Path) -> None:
    def draw(book: Any) -> None:
        page = sheet(book, [["1", "a", DAY, 10, 1], ["2", "b", DAY, 20, 2]], at=5)
        page.merge_range("A1:E1", "2026年3月 订单日报")
        page.write_row("A2", ["制表人：张三", "导出时间：2026-03-31"])
        page.merge_range("A4:A5", "订单号")
        page.merge_range("B4:C4", "客户与时间")
        page.write_row("B5", ["会员编号", "下单时间"])
        page.merge_range("D4:E4", "本单")
        page.write_row("D5", ["金额", "积分"])

    found = seen(tmp_path, workbook(draw), "a.xlsx")
    assert found.source.headers == ("订单号", "会员编号", "下单时间", "金额", "积分")
    assert [(row[0], row[1], row[3]) for row in found.rows] == [("1", "a", 1000), ("2", "b", 2000)]
    assert "row 5" in found.source.notes[0]


def test_columns_that_share_a_name_are_told_apart_by_what_stands_over_them(tmp_path: Path) -> None:
    def draw(book: Any) -> None:
        page = sheet(book, [["1", "a", DAY, 10, 9]], at=2)
        page.merge_range("A1:A2", "订单编号")
        page.merge_range("B1:C1", "客户")
        page.write_row("B2", ["编号", "日期"])
        page.merge_range("D1:E1", "金额")
        page.write_row("D2", ["应付", "日期"])

    found = seen(tmp_path, workbook(draw), "a.xlsx", columns={"order_id": 1, "ordered_at": 3, "gross": 4})
    assert found.source.headers == ("订单编号", "客户 编号", "客户 日期", "应付", "金额 日期")


def test_formulas_count_with_their_values(tmp_path: Path) -> None:
    def draw(book: Any) -> None:
        page = sheet(book, [HEAD, ["1", DAY], ["2", DAY], ["3", DAY]])
        page.write_formula("C2", "=1+1", None, 2)
        page.write_formula("C3", "=1/0", None, "#DIV/0!")
        page.write_formula("C4", "=0.1+0.2", None, 0.30000000000000004)

    found = seen(tmp_path, workbook(draw), "a.xlsx")
    assert [(row[0], row[3]) for row in found.rows] == [("1", 200), ("3", 30)]
    assert [(each.line, each.code, each.cells[2]) for each in found.staged.refusals] == [
        (3, "bad_money", "#DIV/0!"),
    ]


def test_a_formula_that_was_never_computed_is_no_empty_cell(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in ([*HEAD, "渠道"], ["1", DAY, 5, "x"], ["2", DAY, 5, '="a"&"b"'], ["3", DAY, "=C2*2", "x"]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    found = seen(tmp_path, out.getvalue(), "a.xlsx")
    assert ids(found) == ["1"]
    assert [(each.line, each.code) for each in found.staged.refusals] == [
        (3, "formula_without_value"),
        (4, "formula_without_value"),
    ]


@pytest.mark.parametrize("epoch", ["1900", "1904"])
def test_dates_of_both_calendars_are_the_same_days(tmp_path: Path, epoch: str) -> None:
    book = openpyxl.Workbook()
    if epoch == "1904":
        book.epoch = CALENDAR_MAC_1904
    then = moment(2026, 3, 5, 8, 26)
    serial = (then - (moment(1904, 1, 1) if epoch == "1904" else moment(1899, 12, 30))) / timedelta(days=1)
    for row in (HEAD, ["1", then, 1], ["2", serial, 1], ["3", "2026/3/5 8:26", 1], ["4", then.date(), 1]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    found = seen(tmp_path, out.getvalue(), "a.xlsx")
    assert [row[2] for row in found.rows] == [moment(2026, 3, 5, 0, 26)] * 3 + [moment(2026, 3, 4, 16, 0)]


def several(book: Any) -> None:
    sheet(book, [HEAD, ["1", DAY, 1], ["2", "x", 1]], "1月")
    sheet(book, [["说明"]], "hidden").hide()
    sheet(book, [], "空")
    sheet(book, [["报表"], [HEAD[2], HEAD[0], HEAD[1]], [3, "3", DAY], [None, None, None], ["y", "4", DAY]], "2月")


def test_several_sheets_are_read_when_it_is_said_which(tmp_path: Path) -> None:
    content = workbook(several)
    with pytest.raises(TierwiseError, match="1月, 空, 2月") as caught:
        seen(tmp_path, content, "a.xlsx")
    assert caught.value.code == "several_sheets"
    for wanted in ("2月", 4, "4"):
        found = seen(tmp_path, content, "a.xlsx", sheet=wanted)
        assert (ids(found), found.refused) == (["3"], [("a.xlsx [2月]", 5, "bad_money")])
    each = seen(tmp_path, content, "a.xlsx", sheet="*")
    assert [(row[0], row[3]) for row in each.rows] == [("1", 100), ("3", 300)]
    assert each.refused == [("a.xlsx [1月]", 3, "bad_date"), ("a.xlsx [2月]", 5, "bad_money")]
    with pytest.raises(TierwiseError, match='no sheet "3月"'):
        seen(tmp_path, content, "a.xlsx", sheet="3月")
    with pytest.raises(TierwiseError, match="besides: 说明") as caught:
        seen(tmp_path, content, "a.xlsx", sheet=["1月", "hidden"])
    assert caught.value.code == "sheets_differ"


def test_ids_of_more_than_15_digits_have_lost_some(tmp_path: Path) -> None:
    rows = [["订单号", "会员编号", "下单时间", "金额"], ["1", 6222021234567890123, DAY, 1], ["2", 138001380001, DAY, 1]]
    found = seen(tmp_path, table(rows), "a.xlsx")
    assert [row[:2] for row in found.rows] == [("2", "138001380001")]
    assert [code for _, _, code in found.refused] == ["digits_lost"]


def test_cells_merged_over_rows_count_for_each_but_numbers_for_none(tmp_path: Path) -> None:
    def draw(book: Any) -> None:
        page = sheet(book, [["订单号", "会员编号", "下单时间", "金额"]])
        for row in range(2, 6):
            page.write_row(f"A{row}", [str(row)])
            page.write_datetime(f"C{row}", moment(2026, 3, 5))
            page.write_number(f"D{row}", row)
        page.merge_range("B2:B3", "张三")
        page.merge_range("D4:D5", 100)

    found = seen(tmp_path, workbook(draw), "a.xlsx")
    assert [row[:2] for row in found.rows] == [("2", "张三"), ("3", "张三")]
    assert [(line, code) for _, line, code in found.refused] == [(4, "merged_number"), (5, "merged_number")]
    assert "会员编号" in found.source.notes[0]


def test_a_sheet_without_header_is_mapped_by_position(tmp_path: Path) -> None:
    rows = [["1", DAY, 1], ["2", DAY, 2]]
    columns = {"order_id": 1, "ordered_at": 2, "gross": 3}
    assert ids(seen(tmp_path, table(rows), "a.xlsx", header=False, columns=columns)) == ["1", "2"]


def test_a_header_may_be_named_by_its_row(tmp_path: Path) -> None:
    rows = [["order_id", "ordered_at", "gross"], ["1", DAY, 1], ["订单号", "下单时间", "金额"], ["2", DAY, 2]]
    assert ids(seen(tmp_path, table(rows), "a.xlsx", header=3)) == ["2"]


def test_a_sheet_whose_cells_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    def draw(book: Any) -> None:
        page = sheet(book, [HEAD, ["1", DAY, 1]])
        page.write_string(1_048_575, 16_383, "x")

    with pytest.raises(TierwiseError) as caught:
        seen(tmp_path, workbook(draw), "a.xlsx")
    assert caught.value.code in ("damaged_file", "file_too_large")
    assert "memory" in str(caught.value)


def test_a_reader_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = tmp_path / "stuck.py"
    stuck.write_text("import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 9))\nwhile True: pass\n")
    monkeypatch.setattr(reading.workbook_process, "__file__", str(stuck))
    with pytest.raises(TierwiseError, match="takes too long"):
        seen(tmp_path, table([HEAD, ["1", DAY, 1]]), "a.xlsx")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (0.1 + 0.2, "0,3"),
        (1234.5, "1234,5"),
        (1e-7, "1e-07"),
        (1e15, "1.00000000000000E+15"),
        (True, "true"),
        (moment(2026, 3, 5, 8, 25, 59, 999000), "2026-03-05 08:26:00"),
        (timedelta(hours=30), "30:00:00"),
        (timedelta(seconds=-1), "-00:00:01"),
    ],
)
def test_cells_become_texts(cell: Any, text: str) -> None:
    assert text_of(cell, True) == text
