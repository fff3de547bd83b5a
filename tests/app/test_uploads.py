"""Uploads: what a file seems to be, what its columns mean, and that nothing is kept longer or reached from outside."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest

from tierwise.app import uploads
from tierwise.app.meanings import TRAIT, meant
from tierwise.app.principal import Principal
from tierwise.kernel.errors import TierwiseError


@pytest.fixture
def ctx(tmp_path: Path) -> Any:
    return SimpleNamespace(principal=Principal("person:olga", "operator"), scratch=tmp_path / "scratch")


def sent(ctx: Any, name: str, content: str) -> str:
    place = uploads.new_upload(ctx, name)
    place.path.write_text(content, "utf-8")
    return place.id


def test_the_table_that_knows_most_columns_is_guessed(ctx: Any) -> None:
    lines = "订单号,客户编号,下单时间,商品编码,数量,单价\nO1,C1,2026-01-02,P1,1,9.90\n"
    view = uploads.look(ctx, sent(ctx, "导出.csv", lines))
    assert (view.table, view.name, view.encoding, view.delimiter) == ("order_lines", "导出.csv", "utf-8", ",")
    assert view.meanings == ("order_id", "customer_id", "ordered_at", "product_id", "quantity", "unit_price")
    assert view.rows == (("O1", "C1", "2026-01-02", "P1", "1", "9.90"),)
    assert view.missing == ()
    people = "客户编号,姓名,手机号,城市\nC1,王,13800000000,上海\n"
    view = uploads.look(ctx, sent(ctx, "people.csv", people))
    assert (view.table, view.meanings[-1]) == ("customers", TRAIT)
    assert view.guesses[0].missing == ()


def test_lines_may_leave_their_day_to_the_orders(ctx: Any) -> None:
    view = uploads.look(ctx, sent(ctx, "lines.csv", "订单号,行号,商品编码,数量,单价\nO1,1,P1,1,9.90\n"))
    assert (view.table, view.missing) == ("order_lines", ())


def test_what_is_needed_and_not_found_is_said(ctx: Any) -> None:
    view = uploads.look(ctx, sent(ctx, "a.csv", "订单号,何时,金额\nO1,2026-01-02,3\n"), table="orders")
    assert [name for name, _ in view.missing] == ["ordered_at"]
    assert dict(view.missing)["ordered_at"].zh != "ordered_at"


def test_columns_are_taken_as_they_were_chosen(ctx: Any) -> None:
    view = uploads.look(ctx, sent(ctx, "people.csv", "号,名,城市,城市\nC1,王,上海,北京\n"), table="customers")
    columns = meant(view.table, view.headers, ["customer_id", "name", TRAIT, None])
    assert columns == {"customer_id": "号", "name": "名", "trait.城市": 3}
    with pytest.raises(TierwiseError) as refused:
        meant(view.table, view.headers, ["name", "name", None, None])
    assert refused.value.code == "meant_twice"


def test_what_is_only_named_is_told_apart_by_its_name(ctx: Any) -> None:
    text = "订单号,下单时间,商品编码,商品名称,门店名称,数量,单价\nO1,2026-01-02,P1,灯,南京路,1,2\n"
    view = uploads.look(ctx, sent(ctx, "lines.csv", text), table="order_lines")
    assert view.meanings[4] == "store_name"
    columns = meant(view.table, view.headers, view.meanings)
    assert columns["store_id"] == columns["store_name"] == "门店名称"
    assert columns["product_id"] == "商品编码"


def test_a_workbook_of_several_sheets_waits_for_a_choice(ctx: Any) -> None:
    book = openpyxl.Workbook()
    book.active.title = "一月"
    for sheet in (book.active, book.create_sheet("二月")):
        sheet.append(["客户编号", "姓名"])
        sheet.append([sheet.title, "王"])
    place = uploads.new_upload(ctx, "两张表.xlsx")
    book.save(place.path)
    view = uploads.look(ctx, place.id)
    assert (view.undecided, view.sheets, view.headers) == (True, ("一月", "二月"), ())
    view = uploads.look(ctx, place.id, sheet="二月")
    assert (view.table, view.rows, view.sheets) == ("customers", (("二月", "王"),), ("一月", "二月"))
    assert view.sheet == "二月"


def test_an_upload_is_reached_by_its_number_alone(ctx: Any) -> None:
    (ctx.scratch.parent / "secret").mkdir()
    for number in ("../secret", "0" * 24, ""):
        with pytest.raises(TierwiseError) as refused:
            uploads.look(ctx, number)
        assert refused.value.code == "unknown_upload"
    place = uploads.new_upload(ctx, "../../etc/pass\0wd")
    assert place.path.name == "passwd"
    assert place.path.parent.parent == ctx.scratch / "uploads"


def test_what_nobody_came_back_to_is_removed(ctx: Any) -> None:
    old = uploads.new_upload(ctx, "old.csv").path.parent
    os.utime(old, (0, 0))
    new = uploads.new_upload(ctx, "new.csv").path.parent
    assert (old.exists(), new.exists()) == (False, True)


def test_a_problem_names_the_file_and_no_folder(ctx: Any) -> None:
    with pytest.raises(TierwiseError) as refused:
        uploads.look(ctx, sent(ctx, "empty.csv", ""))
    assert (refused.value.code, refused.value.problems[0].place) == ("empty_file", "empty.csv")
