"""What is less than nothing in a file, and the rules that are offered for it."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.definitions.mapping import Mapping
from tierwise.engine.duckdb_session import connect
from tierwise.facts.conform import bind
from tierwise.ingest.source import open_source
from tierwise.ingest.survey import Survey, survey

HEAD = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice\n"

SALES = "".join(f"{536365 + at},85123A,6,2010-12-01 08:26,2.55\n" for at in range(40))

RETURNS = "C536379,D,-1,2010-12-01 09:41,27.50\nC536383,35004C,-2,2010-12-01 09:49,4.655\n"

CORRECTIONS = "536589,21777,-10,2010-12-01 16:50,0\n536414,22139,56,2010-12-01 11:52,0.0\n"


def looked(folder: Path, text: str, **mapping: Any) -> Survey:
    path = folder / "lines.csv"
    path.write_text(text, "utf-8")
    told = Mapping.model_validate({"table": "order_lines", "currency": "GBP", **mapping})
    source = open_source(path, told, folder)
    binding = bind(told, source.headers, zone="UTC", currency="CNY", place="lines.csv")
    with closing(connect(folder / "spill")) as con:
        return survey(con, source, binding, folder)


@pytest.mark.parametrize("quote", [False, True], ids=["as it is", "by a clean copy"])
def test_the_number_of_an_order_may_begin_with_a_letter(tmp_path: Path, quote: bool) -> None:
    bad = '536600,"21777"x,1,2010-12-01 16:50,1\n' if quote else ""
    seen = looked(tmp_path, HEAD + SALES + RETURNS + CORRECTIONS + bad)
    assert (seen.less, seen.currency) == (3, "GBP")
    prefix, sign, price = seen.suggestions
    assert (prefix.by, prefix.rule.attribute, prefix.rule.op, prefix.rule.value) == (
        "prefix", "InvoiceNo", "starts_with", "C",
    )  # fmt: skip
    assert (prefix.rows, prefix.less, prefix.left, prefix.left_beside) == (2, 2, 1, 0)
    assert prefix.amount == Decimal("36.81"), "27.50 + 9.31: each line rounded once"
    assert (sign.by, sign.rule.attribute, sign.rule.value, sign.rows, sign.left) == ("sign", "Quantity", 0, 3, 0)
    assert (price.role, price.rule.attribute, price.rule.op, price.rows, price.less) == (
        "ignore", "UnitPrice", "<=", 2, 1,
    )  # fmt: skip


def test_a_letter_that_sales_have_too_tells_nothing(tmp_path: Path) -> None:
    sales = SALES.replace("\n5", "\nC5")
    assert [each.by for each in looked(tmp_path, HEAD + sales + RETURNS).suggestions] == ["sign"]


def test_a_word_in_a_column_of_its_own(tmp_path: Path) -> None:
    head = "订单号,商品编码,数量,下单时间,单价,单据类型\n"
    sales = "".join(f"{at},P,1,2026-03-05,9.90,销售\n" for at in range(30))
    back = "901,P,-1,2026-03-06,9.90,退货\n902,P,-2,2026-03-06,9.90,退货\n"
    word, sign = looked(tmp_path, head + sales + back).suggestions
    assert (word.by, word.rule.attribute, word.rule.op, word.rule.value) == ("word", "单据类型", "=", "退货")
    assert (word.rows, word.left, word.amount, sign.by) == (2, 0, Decimal("29.70"), "sign")


def test_orders_and_commas_before_decimals(tmp_path: Path) -> None:
    rows = "订单号;下单时间;实付\n1;2026-03-05;1.234,50\n2;2026-03-05;-34,50\n3;2026-03-06;(0,50)\n"
    seen = looked(tmp_path, rows, table="orders", decimal=",", delimiter=";")
    assert seen.less == 2
    (sign,) = seen.suggestions
    assert (sign.by, sign.rule.attribute, sign.rows, sign.amount) == ("sign", "实付", 2, Decimal("35.00"))


def test_nothing_is_offered_where_nothing_is_less(tmp_path: Path) -> None:
    seen = looked(tmp_path, HEAD + SALES)
    assert (seen.rows, seen.less, seen.suggestions) == (40, 0, ())
    people = looked(tmp_path, "客户编号,余额\nC1,-5\n", table="customers")
    assert (people.less, people.suggestions) == (0, ())
