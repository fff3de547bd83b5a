"""Headers of real exports, and what they are taken for."""

from __future__ import annotations

import pytest

from tierwise.facts.contract import IMPORTABLE
from tierwise.facts.headers import normalised, recognise
from tierwise.facts.names import resolve
from tierwise.facts.synonyms import SYNONYMS


def named(headers: list[str], table: str) -> dict[str, str]:
    return {name: headers[at] for name, at in recognise(headers, table).columns.items()}


def test_camel_case_of_a_public_data_set_is_recognised() -> None:
    headers = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
    assert named(headers, "order_lines") == {
        "order_id": "InvoiceNo",
        "product_id": "StockCode",
        "product_name": "Description",
        "quantity": "Quantity",
        "ordered_at": "InvoiceDate",
        "unit_price": "UnitPrice",
        "customer_id": "CustomerID",
    }
    assert recognise(headers, "order_lines").unknown == (7,)


def test_chinese_headers_of_a_shop_are_recognised() -> None:
    headers = [
        "\ufeff订单编号",
        "会员卡号",
        "下单时间",
        "门店名称",
        "应付金额（元）",
        "优惠金额",
        "实付金额(元)",
        "手机号",
        "备注",
    ]
    assert named(headers, "orders") == {
        "order_id": "\ufeff订单编号",
        "customer_id": "会员卡号",
        "ordered_at": "下单时间",
        "gross": "应付金额（元）",
        "paid": "实付金额(元)",
        "discount": "优惠金额",
        "customer.phone": "手机号",
        "store_name": "门店名称",
        "store_id": "门店名称",
    }


@pytest.mark.parametrize(
    ("headers", "table", "expected"),
    [
        (
            ["ID", "Name", "Mobile", "Sex", "Birthday"],
            "customers",
            ["customer_id", "name", "phone", "gender", "birth_on"],
        ),
        (
            ["车架号", "车主编号", "车牌号", "车型", "行驶里程"],
            "vehicles",
            ["vin", "customer_id", "plate", "model", "mileage_km"],
        ),
        (["工单号", "ＶＩＮ码", "进店时间", "维修类型"], "visits", ["visit_id", "vin", "visited_at", "kind"]),
        (["退款单号", "订单号", "退款时间", "退款金额"], "refunds", ["refund_id", "order_id", "refunded_at", "amount"]),
        (
            ["order_id", "customer_id", "ordered_at", "gross"],
            "orders",
            ["order_id", "customer_id", "ordered_at", "gross"],
        ),
    ],
)
def test_tables_of_other_kinds(headers: list[str], table: str, expected: list[str]) -> None:
    assert sorted(recognise(headers, table).columns) == sorted(expected)


def test_the_better_word_wins_then_the_leftmost() -> None:
    assert named(["日期", "下单时间"], "orders") == {"ordered_at": "下单时间"}
    assert named(["金额", "gross"], "orders") == {"gross": "gross"}
    assert recognise(["客户号", "会员号"], "orders").columns == {"customer_id": 0}


def test_what_cannot_stand_alone_is_told_apart() -> None:
    seen = recognise(["订单号", "客户姓名", "下单时间", "金额"], "orders")
    assert set(seen.columns) == {"order_id", "ordered_at", "gross"}
    assert (seen.unknown, seen.alone) == ((1,), {"customer.name": 1})
    lines = recognise(["订单号", "商品编码", "数量", "单价", "渠道", "更新时间"], "order_lines")
    assert set(lines.alone) == {"channel", "updated_at"}
    assert not recognise(["订单号", "商品编码", "数量", "单价", "渠道", "下单时间"], "order_lines").alone


@pytest.mark.parametrize(
    ("headers", "table", "customer", "money"),
    [
        ("订单编号,买家会员名,订单付款时间,总金额,买家实际支付金额", "orders", "买家会员名", "总金额"),
        ("交易单号,VIP卡号,单据日期,应收金额,商品总额", "orders", "VIP卡号", "商品总额"),
        ("結算單號,會員編號,結算日期,訂單金額", "orders", "會員編號", "訂單金額"),
        ("OrderNumber,CUSTOMERNUMBER,ORDERDATE,SALES", "orders", "CUSTOMERNUMBER", "SALES"),
        ("order_id,customer_unique_id,order_purchase_timestamp,payment_value", "orders", "customer_unique_id", ""),
        ("bill_id,cust_id,txn_date,net_amt", "orders", "cust_id", ""),
        ("household_key,BASKET_ID,DATE,PRODUCT_ID,QUANTITY,SALES_VALUE", "order_lines", "household_key", ""),
        ("小票号,商品条码,销售数量,销售金额,会员卡号,交易时间", "order_lines", "会员卡号", ""),
        ("单据号,款号,件数,吊牌价,实收金额,顾客卡号,销售日期,店铺名称", "order_lines", "顾客卡号", ""),
    ],
)
def test_headers_of_other_businesses(headers: str, table: str, customer: str, money: str) -> None:
    seen = named(headers.split(","), table)
    assert seen["customer_id"] == customer
    assert {"order_id", "ordered_at"} <= set(seen)
    assert {"gross", "paid"} & set(seen) if table == "orders" else {"unit_price", "amount", "paid"} & set(seen)
    assert not money or seen["gross"] == money


def test_every_synonym_means_a_name_that_mappings_know() -> None:
    assert set(SYNONYMS) == set(IMPORTABLE)
    for table, columns in SYNONYMS.items():
        for canonical, words in columns.items():
            meant = resolve(table, canonical)
            assert meant is not None
            assert meant[2] != "trait"
            assert len({normalised(word) for word in words}) == len(words), (table, canonical)
