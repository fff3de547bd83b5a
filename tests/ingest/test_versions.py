"""What a file says of orders that another file has told of before: older, the same, split between files."""

from __future__ import annotations

from tests.ingest.conftest import Home
from tierwise.state import lake_tables

HEADER = "订单号,会员号,下单时间,商品编码,数量,单价,更新时间\n"
FIRST = HEADER + "O1,m,2026-01-01,p1,2,10,2026-01-01 11:00\nO1,m,2026-01-01,p2,1,5,2026-01-01 11:00\n"
LATER = HEADER + "O1,m,2026-01-01,p1,1,10,2026-01-03 11:00\n"


def versions(home: Home) -> dict[str, int]:
    with home.session.engine.connect() as connection:
        return lake_tables.versions(connection)


def test_an_older_version_of_an_order_adds_no_lines_to_the_newer(home: Home) -> None:
    home.take(FIRST, "order_lines")
    assert home.take(LATER, "order_lines").replaced == 1
    late = home.take(FIRST, "order_lines")
    assert (late.accepted, late.replaced, late.unchanged, late.differing) == (0, 0, 2, 2)
    assert home.rows("SELECT product_id, quantity::INTEGER FROM order_lines") == [("p1", 1)]
    assert home.rows("SELECT gross_minor FROM orders") == [(1000,)]


def test_lines_of_one_version_may_stand_in_two_files(home: Home) -> None:
    rows = FIRST.splitlines(keepends=True)
    home.take("".join(rows[:2]), "order_lines")
    assert home.take(HEADER + rows[2], "order_lines").accepted == 1
    assert home.rows("SELECT gross_minor FROM orders") == [(2500,)]


def test_a_file_that_contradicts_itself_changes_nothing_the_second_time(home: Home) -> None:
    text = "客户编号,姓名,性别,注册日期\n1,张,男,2020-01-01\n1,张三,,2019-05-05\n2,李,女,\n2,李,女,\n"
    first = home.take(text, "customers")
    assert (first.accepted, first.replaced, first.unchanged) == (2, 1, 1)
    before = versions(home)
    again = home.take(text, "customers")
    assert (again.accepted, again.replaced, again.unchanged, again.differing) == (0, 0, 4, 1)
    assert versions(home) == before
    other = home.take(text + "1,张三丰,,\n", "customers")
    assert (other.accepted, other.replaced, other.unchanged) == (0, 3, 2)


def test_importing_again_commits_nothing(home: Home) -> None:
    home.take(FIRST, "order_lines")
    before = versions(home)
    assert home.take(FIRST, "order_lines").unchanged == 2
    assert versions(home) == before
