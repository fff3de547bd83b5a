"""Money of a row where a file tells it in more than one way, or too large."""

from __future__ import annotations

from tests.ingest.conftest import Home
from tierwise.state import quarantine

ORDERS = "订单号,会员号,下单时间,订单金额,实付金额,优惠券\n"


def told(home: Home) -> list[tuple[int, str, str | None, str]]:
    with home.session.engine.connect() as connection:
        return [(row.line, row.code, row.column_name, row.message) for row in quarantine.list_rows(connection)]


def test_what_was_not_paid_is_the_discount_where_no_column_tells_it(home: Home) -> None:
    text = ORDERS + "1,a,2026-01-01,100,90,5\n2,a,2026-01-01,100,110,\n3,a,2026-01-01,100,,\n"
    home.take(text, "orders")
    assert home.rows("SELECT gross_minor, discount_minor, coupon_minor FROM orders ORDER BY order_id") == [
        (10_000, 500, 500),
        (10_000, 0, 0),
        (10_000, 0, 0),
    ]
    assert home.take(text, "orders").unchanged == 3


def test_lines_may_tell_what_was_paid_beside_the_price(home: Home) -> None:
    text = "订单号,会员号,下单时间,商品编码,数量,吊牌价,实收金额,状态\n"
    text += "1,a,2026-01-01,p,2,100,180,\n2,a,2026-01-01,p,2,100,180,退\n3,a,2026-01-01,p,-2,100,-180,退\n"
    home.take(text, "order_lines", {"refunds": {"attribute": "状态", "op": "=", "value": "退"}})
    assert home.rows("SELECT gross_minor, discount_minor FROM orders") == [(20_000, 2000), (20_000, 2000)]
    assert home.rows("SELECT order_id, amount_minor FROM refunds ORDER BY refund_id") == [("2", 18_000), (None, 18_000)]


def test_a_refunded_order_nets_to_nothing_whatever_was_paid(home: Home) -> None:
    text = ORDERS.replace("优惠券", "状态") + "1,a,2026-01-01,100,110,退\n2,a,2026-01-01,100,0,退\n"
    home.take(text, "orders", {"refunds": {"attribute": "状态", "op": "=", "value": "退"}})
    net = "SELECT gross_minor - discount_minor - coupon_minor FROM orders ORDER BY order_id"
    assert home.rows(net) == home.rows("SELECT amount_minor FROM refunds ORDER BY order_id") == [(10_000,), (0,)]


def test_amounts_too_large_are_told_and_large_ones_are_exact(home: Home) -> None:
    header = "order_id,ordered_at,product_id,quantity,unit_price\n"
    rows = ["12,200000000.005", "999999,99999999999", "1,92233720368547", "x,1", "1,", "0.5,"]
    home.take(header + "".join(f"{at},2026-01-01,p,{row}\n" for at, row in enumerate(rows)), "order_lines")
    assert home.rows("SELECT amount_minor FROM order_lines") == [(240_000_000_006,)]
    assert [(line, code, column) for line, code, column, _ in told(home)] == [
        (3, "bad_money", "unit_price"),
        (4, "bad_number", "unit_price"),
        (5, "bad_number", "quantity"),
        (6, "missing_value", "unit_price"),
        (7, "missing_value", "unit_price"),
    ]
    assert [message for *_, message in told(home)][2] == '"quantity" is not a number below 1,000,000,000,000,000'


def test_an_amount_that_is_none_is_not_called_empty(home: Home) -> None:
    home.take("order_id,ordered_at,paid,discount\n1,2026-01-01,NaN,5\n2,2026-01-01,9e17,9e17\n", "orders")
    assert [message.count("is empty") for *_, message in told(home)] == [0, 0]
    assert [code for _, code, _, _ in told(home)] == ["bad_money", "bad_money"]


def test_durations_and_odometers_are_read_as_they_are_exported(home: Home) -> None:
    home.take("工单号,车架号,进厂里程,接车时间\nR1,V,45321.6,2026-01-02 09:00\n", "visits")
    assert home.rows("SELECT mileage_km FROM visits") == [(45_322,)]


def test_a_format_may_be_told_without_columns(home: Home) -> None:
    text = "order_id,customer_id,ordered_at,gross\n1,a,01/02/2026,5\n"
    assert home.take(text, "orders", {"formats": {"ordered_at": "%d/%m/%Y"}}).accepted == 1
    assert home.rows("SELECT ordered_day::VARCHAR FROM orders") == [("2026-02-01",)]


def test_headers_that_cannot_stand_alone_are_left_out_and_told(home: Home) -> None:
    report = home.take("订单号,客户姓名,下单时间,金额\n1,张,2026-01-01,5\n", "orders")
    assert (report.accepted, report.columns_not_imported) == (1, ("客户姓名",))
    assert report.notes == (
        'no column was recognised as "customer_id": these rows are of nobody whom we know',
        '"客户姓名" was left out: what it belongs to ("customer.name") is told by no column',
    )
    named = home.take("订单号,会员号,门店名称,下单时间,金额\n2,m,静安店,2026-01-01,5\n", "orders")
    assert named.notes == ()
    assert home.rows("SELECT store_id, store_name FROM stores") == [("静安店", "静安店")]


def test_a_comma_may_stand_before_the_decimals(home: Home) -> None:
    text = "Invoice;Customer;Date;Product ID;Quantity;Price\n1;a;2026-01-01;p;1,5;2,55\n2;a;2026-01-01;p;1;1.234,50 €\n"
    rows = text + "3;a;2026-01-01;p;1;0,00\n4;a;2026-01-01;p;1;1.25\n"
    mapping = {"decimal": ",", "currency": "EUR", "ignore": {"attribute": "Price", "op": "<=", "value": 0}}
    report = home.take(rows, "order_lines", mapping)
    assert (report.accepted, report.ignored, report.quarantined) == (2, 1, 1)
    assert home.rows("SELECT amount_minor FROM order_lines ORDER BY order_id") == [(383,), (123_450,)]


def test_money_that_is_told_three_times_and_disagrees_is_pointed_out(home: Home) -> None:
    text = "订单号,下单时间,应付金额,优惠金额,实付金额\n1,2026-01-01,90,10,90\n2,2026-01-01,100,10,90\n"
    (note,) = home.take(text, "orders", {"constants": {"customer_id": "x"}}).notes
    assert note.startswith('1 rows: "应付金额" less "优惠金额" (and coupons) is not "实付金额"')
    assert home.take(text.replace("90,10,90", "100,10,90"), "orders", {"constants": {"customer_id": "x"}}).notes == (
        "1 rows say something else than what is stored, which stays: --replace-orders takes them",
    )
