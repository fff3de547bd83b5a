"""Files of every shape into the lake: what is taken in, what is counted, what comes out."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.ingest.conftest import Home
from tierwise.ingest.importer import ImportReport
from tierwise.kernel.errors import TierwiseError
from tierwise.state import jobs, traits


def counts(report: ImportReport) -> tuple[int, int, int, int, int, int]:
    return (report.read, report.accepted, report.replaced, report.unchanged, report.ignored, report.quarantined)


LINES = """order_id,customer_id,ordered_at,product_id,quantity,unit_price
A1,17850.0,2026-03-05 08:26:00,P1,2,1.25
A1,17850.0,2026-03-05 08:26:00,P2,1,0.335
A1,17850.0,2026-03-05 08:26:00,P1,2,1.25
A2,,2026-03-06 23:30:00,P1,3,1.00
"""


def test_lines_make_orders_identities_and_customers(home: Home) -> None:
    report = home.take(LINES, "order_lines")
    assert counts(report) == (4, 4, 0, 0, 0, 0)
    assert report.mended_ids == 3
    assert home.rows("SELECT * FROM identities") == [(1, "customer_id", "17850")]
    # 0.335 is rounded once, half up; 2.50 + 0.34 + 2.50.
    assert home.rows(
        "SELECT order_id, source_key, gross_minor, currency, from_lines FROM orders ORDER BY order_id"
    ) == [
        ("A1", 1, 534, "CNY", True),
        ("A2", None, 300, "CNY", True),
    ]
    assert home.rows("SELECT order_id, line_no, product_id, amount_minor FROM order_lines ORDER BY 1, 2") == [
        ("A1", 1, "P1", 250),
        ("A1", 2, "P2", 34),
        ("A1", 3, "P1", 250),
        ("A2", 1, "P1", 300),
    ]
    # Shanghai's 2026-03-06 23:30 is 15:30 UTC of the same local day.
    assert home.rows("SELECT ordered_at::VARCHAR, ordered_day::VARCHAR FROM orders WHERE order_id = 'A2'") == [
        ("2026-03-06 15:30:00+00", "2026-03-06")
    ]
    assert home.rows("SELECT source_key, known_from::VARCHAR FROM customers") == [(1, "2026-03-05")]


def test_the_same_file_again_changes_nothing(home: Home) -> None:
    home.take(LINES, "order_lines")
    before = home.rows("SELECT * EXCLUDE (ordered_at) FROM orders ORDER BY order_id")
    assert counts(home.take(LINES, "order_lines")) == (4, 0, 0, 4, 0, 0)
    assert home.rows("SELECT * EXCLUDE (ordered_at) FROM orders ORDER BY order_id") == before
    assert home.rows("SELECT count(*) FROM order_lines") == [(4,)]
    assert home.rows("SELECT count(*) FROM customers") == [(1,)]


def test_an_overlapping_extract_adds_only_what_is_new(home: Home) -> None:
    home.take(LINES, "order_lines")
    header, *rows = LINES.splitlines()
    more = "\n".join([header, rows[0], rows[1], rows[2], rows[2], "A3,9,2026-03-07 10:00:00,P9,1,5"])
    assert counts(home.take(more, "order_lines")) == (5, 2, 0, 3, 0, 0)
    assert home.rows("SELECT order_id, gross_minor FROM orders ORDER BY 1") == [("A1", 784), ("A2", 300), ("A3", 500)]
    assert home.rows("SELECT line_no FROM order_lines WHERE order_id = 'A1' ORDER BY 1") == [(1,), (2,), (3,), (4,)]
    assert home.rows("SELECT id, source_key FROM identities ORDER BY 2") == [("17850", 1), ("9", 2)]


def test_replacing_orders_puts_the_whole_order_in_place(home: Home) -> None:
    home.take(LINES, "order_lines")
    header, *rows = LINES.splitlines()
    corrected = "\n".join([header, rows[0], rows[3]])
    assert counts(home.take(corrected, "order_lines")) == (2, 0, 0, 2, 0, 0)
    report = home.take(corrected, "order_lines", replace_orders=True)
    # A1 lost two of its lines; A2 is as it was.
    assert counts(report) == (2, 0, 1, 1, 0, 0)
    assert home.rows("SELECT order_id, gross_minor FROM orders ORDER BY 1") == [("A1", 250), ("A2", 300)]
    assert home.rows("SELECT count(*) FROM order_lines") == [(2,)]


def test_a_newer_version_of_an_order_replaces_its_lines(home: Home) -> None:
    header = "order_id,customer_id,ordered_at,updated_at,product_id,quantity,unit_price\n"
    home.take(
        header + "A1,1,2026-03-05,2026-03-05 10:00:00,P1,2,10\nA1,1,2026-03-05,2026-03-05 10:00:00,P2,1,5\n",
        "order_lines",
    )
    older = home.take(header + "A1,1,2026-03-05,2026-03-04 10:00:00,P1,9,10\n", "order_lines")
    assert (older.accepted, older.replaced, older.differing) == (0, 0, 1)
    newer = home.take(header + "A1,1,2026-03-05,2026-03-06 10:00:00,P1,3,10\n", "order_lines")
    assert counts(newer) == (1, 0, 1, 0, 0, 0)
    assert home.rows("SELECT gross_minor, updated_at::VARCHAR FROM orders") == [(3000, "2026-03-06 02:00:00+00")]


def test_mapped_line_numbers_tell_lines_apart(home: Home) -> None:
    header = "order_id,ordered_at,line_no,product_id,quantity,unit_price\n"
    home.take(header + "A1,2026-03-05,10,P1,1,1\nA1,2026-03-05,20,P1,1,1\nA1,2026-03-05,10,P1,1,2\n", "order_lines")
    assert home.rows("SELECT line_no, amount_minor FROM order_lines ORDER BY 1") == [(10, 100), (20, 100)]
    assert home.rows("SELECT gross_minor FROM orders") == [(200,)]
    report = home.take(header + "A1,2026-03-05,20,P1,1,7\nA1,2026-03-05,30,P1,1,1\n", "order_lines")
    assert (report.accepted, report.unchanged, report.differing) == (1, 1, 1)
    assert home.rows("SELECT gross_minor FROM orders") == [(300,)]


def test_scattered_lines_of_an_order_are_numbered_in_order(home: Home) -> None:
    header = "order_id,ordered_at,product_id,quantity,unit_price\n"
    home.take(header + "A,2026-03-05,P1,1,1\nB,2026-03-05,P2,1,1\nA,2026-03-05,P3,1,1\n", "order_lines")
    assert home.rows("SELECT order_id, line_no, product_id FROM order_lines ORDER BY 1, 2") == [
        ("A", 1, "P1"),
        ("A", 2, "P3"),
        ("B", 1, "P2"),
    ]


def test_lines_without_a_date_write_no_orders(home: Home) -> None:
    report = home.take("order_id,product_id,quantity,amount\nA1,P1,3,10.00\n", "order_lines")
    assert report.accepted == 1
    assert home.rows("SELECT quantity, unit_price, amount_minor FROM order_lines") == [
        (Decimal("3.000"), Decimal("3.333333"), 1000)
    ]
    assert home.rows("SELECT count(*) FROM orders") == [(0,)]
    # The headers come from another file; then come the lines again, with a date: the header stays.
    home.take("order_id,ordered_at,gross\nA1,2026-03-05,12.00\n", "orders")
    home.take("order_id,ordered_at,product_id,quantity,amount\nA1,2026-03-05,P1,3,10.00\n", "order_lines")
    assert home.rows("SELECT gross_minor, from_lines FROM orders") == [(1200, False)]


def test_orders_carry_customers_products_and_stores(home: Home) -> None:
    text = (
        "单号,会员编号,下单时间,门店,门店名称,商品编码,商品名称,数量,单价,手机号,城市\n"
        "1,c1,2026/3/5 8:26,s1,静安店,p1,茶,2,12.5,13800000000,上海\n"
        "2,c1,2026年3月7日,s1,静安店,p1,绿茶,1,12.5,,北京\n"
    )
    mapping = {
        "columns": {
            "order_id": "单号",
            "customer_id": "会员编号",
            "ordered_at": "下单时间",
            "store_id": "门店",
            "store_name": "门店名称",
            "product_id": "商品编码",
            "product_name": "商品名称",
            "quantity": "数量",
            "unit_price": "单价",
            "customer.phone": "手机号",
            "customer.城市": "城市",
        }
    }
    home.take(text.encode("gb18030"), "order_lines", mapping)
    assert home.rows("SELECT phone, trait_城市, known_from::VARCHAR FROM customers") == [
        ("13800000000", "北京", "2026-03-05")
    ]
    assert home.rows("SELECT product_id, product_name FROM products") == [("p1", "绿茶")]
    assert home.rows("SELECT store_id, store_name FROM stores") == [("s1", "静安店")]
    assert home.rows("SELECT store_id, gross_minor FROM orders ORDER BY order_id") == [("s1", 2500), ("s1", 1250)]


def test_chinese_headers_are_recognised_without_a_mapping(home: Home) -> None:
    text = "订单编号,会员卡号,成交时间,商品编码,商品名称,数量,销售单价,备注\n1,c1,2026-03-05 10:00,p1,茶,2,12.5,好\n"
    report = home.take(text.encode("gbk"), "order_lines")
    assert (report.accepted, report.encoding, report.columns_not_imported) == (1, "gb18030", ("备注",))
    assert home.rows("SELECT product_name FROM products") == [("茶",)]


def test_orders_with_paid_amounts_and_all_money_columns(home: Home) -> None:
    text = (
        "order_id,customer_id,ordered_at,paid,discount,coupon,cost,channel\n"
        '1,c1,2026-03-05,¥80.00,15,5,"1,040.50",天猫\n'
    )
    assert home.take(text, "orders").accepted == 1
    assert home.rows(
        "SELECT gross_minor, discount_minor, coupon_minor, cost_minor, channel, from_lines FROM orders"
    ) == [(10_000, 1500, 500, 104_050, "天猫", False)]


def test_a_seen_order_is_replaced_only_when_newer_or_asked(home: Home) -> None:
    home.take("order_id,ordered_at,gross,channel\n1,2026-03-05,10,app\n", "orders")
    changed = "order_id,ordered_at,gross\n1,2026-03-05,12\n1,2026-03-05,12\n2,2026-03-05,1\n"
    report = home.take(changed, "orders")
    assert counts(report) == (3, 1, 0, 2, 0, 0)
    assert report.differing == 2
    asked = home.take(changed, "orders", replace_orders=True)
    assert counts(asked) == (3, 0, 1, 2, 0, 0)
    # The file has no channel: the stored one stays.
    assert home.rows("SELECT gross_minor, channel FROM orders ORDER BY order_id") == [(1200, "app"), (100, None)]


def test_updated_at_decides_within_a_file_and_between_files(home: Home) -> None:
    header = "order_id,ordered_at,gross,updated_at\n"
    report = home.take(
        header
        + "1,2026-03-05,10,2026-03-05 10:00\n1,2026-03-05,12,2026-03-05 12:00\n1,2026-03-05,11,2026-03-05 11:00\n",
        "orders",
    )
    assert counts(report) == (3, 1, 1, 1, 0, 0)
    assert home.rows("SELECT gross_minor FROM orders") == [(1200,)]
    assert home.take(header + "1,2026-03-05,9,2026-03-05 09:00\n", "orders").unchanged == 1
    assert home.take(header + "1,2026-03-05,13,2026-03-06 09:00\n", "orders").replaced == 1
    assert home.rows("SELECT gross_minor FROM orders") == [(1300,)]


def test_keyed_rows_apply_one_by_one_and_empty_cells_keep(home: Home) -> None:
    first = "customer_id,name,phone,注册时间,收入(元)\n1,甲,138,2026-01-05,100\n"
    first += "2,乙,139,,200\n1,甲,,2026-01-05,150\n1,甲,138,,150\n"
    report = home.take(first, "customers")
    assert counts(report) == (4, 2, 1, 1, 0, 0)
    assert home.rows(
        "SELECT source_key, name, phone, trait_收入_元, known_from::VARCHAR FROM customers ORDER BY 1"
    ) == [
        (1, "甲", "138", "150", "2026-01-05"),
        (2, "乙", "139", "200", None),
    ]
    second = home.take("customer_id,name,城市\n2,丙,上海\n3,丁,\n1,甲,\n", "customers")
    assert counts(second) == (3, 1, 1, 1, 0, 0)
    assert home.rows("SELECT name, phone, trait_城市, trait_收入_元 FROM customers ORDER BY source_key") == [
        ("甲", "138", None, "150"),
        ("丙", "139", "上海", "200"),
        ("丁", None, None, None),
    ]
    with home.session.engine.connect() as connection:
        assert [(each.name, each.type) for each in traits.list_traits(connection)] == [
            ("城市", "text"),
            ("收入(元)", "integer"),
        ]
    home.take("customer_id,收入(元)\n2,12.5\n", "customers")
    with home.session.engine.connect() as connection:
        assert [each.type for each in traits.list_traits(connection)] == ["text", "number"]


def test_known_from_is_the_earliest_day_that_any_file_tells(home: Home) -> None:
    home.take("order_id,customer_id,ordered_at,gross\n1,c,2026-03-05,1\n", "orders")
    home.take("customer_id,registered_at\nc,2026-02-01\n", "customers")
    home.take("order_id,customer_id,ordered_at,gross\n2,c,2026-03-09,1\n", "orders")
    assert home.rows("SELECT known_from::VARCHAR FROM customers") == [("2026-02-01",)]
    home.take("order_id,customer_id,ordered_at,gross\n0,c,2026-01-01,1\n", "orders")
    assert home.rows("SELECT known_from::VARCHAR, registered_at::VARCHAR FROM customers") == [
        ("2026-01-01", "2026-01-31 16:00:00+00")
    ]


RETURNS = {
    "columns": {
        "order_id": "no",
        "customer_id": "who",
        "ordered_at": "at",
        "product_id": "what",
        "quantity": "n",
        "unit_price": "price",
    },
    "refunds": {
        "any": [
            {"attribute": "no", "op": "starts_with", "value": "C"},
            {"attribute": "state", "op": "=", "value": "已退款"},
        ]
    },
    "ignore": {"attribute": "price", "op": "<=", "value": 0},
}


def test_refunds_come_from_rules_before_ignore(home: Home) -> None:
    text = (
        "no,who,at,what,n,price,state\n"
        "1,a,2026-03-05,p,2,10,\n"
        "C1,a,2026-03-06,p,-1,10,\n"
        "2,a,2026-03-07,p,1,7,已退款\n"
        "3,a,2026-03-07,p,1,0,\n"
        "C4,b,2026-03-07,p,-1,0,\n"
        "5,a,2026-03-07,p,-1,9,\n"
    )
    report = home.take(text, "order_lines", RETURNS)
    assert counts(report) == (6, 4, 0, 0, 1, 1)
    assert report.reasons == {"negative_quantity": 1}
    assert home.rows("SELECT refund_id, order_id, amount_minor FROM refunds ORDER BY 1") == [
        ("2", "2", 700),
        ("C1", None, 1000),
        ("C4", None, 0),
    ]
    assert home.rows("SELECT refund_id, quantity::INT, unit_price::INT, amount_minor FROM refund_lines ORDER BY 1")[
        1
    ] == (
        "C1",
        1,
        10,
        1000,
    )
    # An order that was given back stays an order: its money nets to nothing.
    assert home.rows("SELECT order_id, gross_minor FROM orders ORDER BY 1") == [("1", 2000), ("2", 700)]
    assert home.rows("SELECT count(*) FROM customers") == [(2,)]
    assert counts(home.take(text, "order_lines", RETURNS)) == (6, 0, 0, 4, 1, 1)


def test_refund_rows_of_an_orders_file(home: Home) -> None:
    mapping = {
        "columns": {
            "order_id": "id",
            "customer_id": "who",
            "ordered_at": "at",
            "gross": "money",
            "refund.order_id": "of",
        },
        "refunds": {"attribute": "money", "op": "<", "value": 0},
    }
    text = "id,who,at,money,of\n1,a,2026-03-05,10,\nR1,a,2026-03-06,-4.5,1\n"
    assert counts(home.take(text, "orders", mapping)) == (2, 2, 0, 0, 0, 0)
    assert home.rows("SELECT refund_id, order_id, source_key, amount_minor FROM refunds") == [("R1", "1", 1, 450)]
    assert counts(home.take(text, "orders", mapping)) == (2, 0, 0, 2, 0, 0)


def test_each_line_an_order_keeps_equal_lines_apart(home: Home) -> None:
    mapping = {"columns": {"customer_id": "c", "ordered_at": "d", "gross": "m"}, "order_key": "line"}
    text = "c,d,m\n1,20260305,5\n1,20260305,5\n2,20260305,5\n"
    assert home.take(text, "orders", mapping).accepted == 3
    assert home.rows("SELECT count(DISTINCT order_id), min(length(order_id)) FROM orders") == [(3, 20)]
    assert home.take(text, "orders", mapping).unchanged == 3
    # The same content once more, and written in another way, is the third of its kind.
    assert counts(home.take("m,d,c\n5.0,2026-03-05,1\n5,2026/3/5,1\n5,2026-03-05,1.0\n", "orders", mapping))[1:4] == (
        1,
        0,
        2,
    )


def test_an_order_key_of_columns_names_the_order(home: Home) -> None:
    mapping = {
        "columns": {"customer_id": "c", "ordered_at": "d", "product_id": "p", "quantity": "n", "unit_price": "m"},
        "order_key": ["c", "d"],
    }
    text = "c,d,p,n,m\n1,2026-03-05,x,1,5\n1,2026-03-05,y,1,5\n1,2026-03-06,x,1,5\n"
    assert home.take(text, "order_lines", mapping).accepted == 3
    assert home.rows("SELECT order_id, gross_minor FROM orders ORDER BY 1") == [
        ("1|2026-03-05", 1000),
        ("1|2026-03-06", 500),
    ]


def test_money_follows_the_currency_of_file_and_row(home: Home) -> None:
    home.take(
        "order_id,ordered_at,gross,currency\n1,2026-03-05,10.005,\n2,2026-03-05,1000.5,JPY\n3,2026-03-05,1.2345,kwd\n",
        "orders",
    )
    assert home.rows("SELECT gross_minor, currency FROM orders ORDER BY order_id") == [
        (1001, "CNY"),
        (1001, "JPY"),
        (1235, "KWD"),
    ]
    home.take("order_id,ordered_at,gross\n4,2026-03-05,10\n", "orders", {"currency": "EUR"})
    assert home.rows("SELECT currency FROM orders WHERE order_id = '4'") == [("EUR",)]


def test_other_tables_are_keyed_rows(home: Home) -> None:
    home.take("vin,客户编号,车牌号,车型,行驶里程,交车日期\nV1,c1,沪A1,宋,12000.0,2024-05-01\n", "vehicles")
    home.take("工单号,客户编号,车架号,进店时间,里程,是否付费,门店\nW1,c1,V1,2026-03-05 09:00,15000,是,s1\n", "visits")
    assert home.rows("SELECT source_key, model, mileage_km, delivered_on::VARCHAR FROM vehicles") == [
        (1, "宋", 12_000, "2024-05-01")
    ]
    assert home.rows("SELECT source_key, vin, visited_day::VARCHAR, paid FROM visits") == [
        (1, "V1", "2026-03-05", True)
    ]
    assert home.rows("SELECT known_from::VARCHAR FROM customers") == [("2026-03-05",)]


def test_a_dry_run_counts_and_writes_nothing(home: Home) -> None:
    report = home.take(LINES, "order_lines", dry_run=True)
    assert counts(report) == (4, 4, 0, 0, 0, 0)
    assert report.import_id is None
    assert not home.session.lake.root.exists()


def test_a_header_alone_is_no_rows(home: Home) -> None:
    assert counts(home.take("order_id,ordered_at,gross\n", "orders")) == (0, 0, 0, 0, 0, 0)
    assert counts(home.take("order_id,ordered_at,gross", "orders")) == (0, 0, 0, 0, 0, 0)


def test_the_job_row_tells_what_came_of_it(home: Home) -> None:
    report = home.take(LINES, "order_lines")
    with home.session.engine.connect() as connection:
        job = jobs.get(connection, report.job_id or 0)
    assert (job.state, job.done, job.total, job.unit) == ("done", 4, 4, "rows")
    assert job.result["accepted"] == 4
    with pytest.raises(TierwiseError):
        home.take("", "orders")
    with home.session.engine.connect() as connection:
        failed = jobs.list_jobs(connection)[0]
    assert (failed.state, failed.error["code"]) == ("failed", "empty_file")


def test_days_are_those_where_the_file_is_from(new_home: Callable[[], Home]) -> None:
    home = new_home()
    text = "order_id,ordered_at,gross\n1,2026-03-05 20:00:00,1\n2,2026-03-05T19:00:00Z,1\n3,1772712000000,1\n"
    home.take(text, "orders", {"timezone": "Europe/London"})
    assert home.rows("SELECT order_id, ordered_at::VARCHAR, ordered_day::VARCHAR FROM orders ORDER BY 1") == [
        ("1", "2026-03-05 20:00:00+00", "2026-03-05"),
        ("2", "2026-03-05 19:00:00+00", "2026-03-05"),
        ("3", "2026-03-05 12:00:00+00", "2026-03-05"),
    ]
    home = new_home()
    home.take(text, "orders")
    assert home.rows("SELECT order_id, ordered_day::VARCHAR FROM orders ORDER BY 1") == [
        ("1", "2026-03-05"),
        ("2", "2026-03-06"),
        ("3", "2026-03-05"),
    ]


def test_a_birth_date_of_nothing_is_nothing(home: Home) -> None:
    text = "customer_id,生日,性别\n1,1900-01-01,女\n2,1900-01-00,\n3,1931-04-05,先生\n4,0000-00-00,x\n"
    text += "5,1899-12-31,\n6,12/31,\n"
    report = home.take(text, "customers")
    assert (report.accepted, report.reasons) == (4, {"date_out_of_range": 1, "bad_date": 1})
    assert home.rows("SELECT birth_on::VARCHAR, gender FROM customers ORDER BY source_key") == [
        (None, "female"),
        (None, None),
        ("1931-04-05", "male"),
        (None, "unknown"),
    ]
