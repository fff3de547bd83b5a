"""Make `shop.xlsx` anew: what a made-up shop takes out of its till, with the faults that such files have.

    python examples/tour/make.py [FILE]

Two sheets. Order lines: one row is one product of one order; one stands twice, three cannot be read. Members: one row
is one member; one stands twice, with another level below. The same code gives the same cells.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import xlsxwriter

from tierwise.testing import make_retail

HERE = Path(__file__).parent

MEMBERS, SEED = 160, 7

SINCE = datetime.combine(date(2024, 7, 1), time())

CHANNELS = {"store": "门店", "app": "App", "mini_program": "小程序", "marketplace": "电商平台"}

GENDERS = {"male": "男", "female": "女"}

ORDER_HEADERS = (
    "订单编号", "行号", "下单时间", "门店名称", "渠道", "会员编号", "商品编号", "商品名称", "类目", "数量", "单价",
    "优惠金额",
)  # fmt: skip

MEMBER_HEADERS = ("会员编号", "姓名", "手机号", "性别", "生日", "注册时间", "城市", "会员等级")

Rows = list[list[Any]]


def sheets() -> dict[str, tuple[Sequence[str], Rows]]:
    """Name of the sheet -> its headers and rows."""
    made = make_retail(customers=MEMBERS, seed=SEED)
    tables = {name: table.to_pylist() for name, table in made.tables.items()}
    products = {row["product_id"]: row for row in tables["products"]}
    stores = {row["store_id"]: row["store_name"] for row in tables["stores"]}
    orders = {row["order_id"]: row for row in tables["orders"] if row["ordered_at"] >= SINCE}
    lines: Rows = []
    for line in tables["order_lines"]:
        order = orders.get(line["order_id"])
        if order is None:
            continue
        product = products[line["product_id"]]
        channel = CHANNELS.get(order["channel"], order["channel"])
        lines.append(
            [
                line["order_id"],
                line["line_no"],
                order["ordered_at"].replace(second=0),
                stores.get(order["store_id"]),
                channel,
                order["customer_id"],
                line["product_id"],
                product["product_name"],
                product["category"],
                float(line["quantity"]),
                float(line["unit_price"]),
                float(line["discount"]),
            ]
        )
    members: Rows = [
        [
            row["customer_id"],
            row["name"],
            row["phone"],
            GENDERS.get(row["gender"]),
            row["birth_on"],
            row["registered_at"].replace(second=0),
            row["city"],
            row["member_level"],
        ]
        for row in tables["customers"]
    ]
    return {"订单明细": (ORDER_HEADERS, faulty_lines(lines)), "会员资料": (MEMBER_HEADERS, doubled_member(members))}


def faulty_lines(lines: Rows) -> Rows:
    """Three that nobody can read, in the midst of the others, and one that was taken out twice."""
    fourth = len(lines) // 4
    lines[fourth][9] = "两件"
    lines[2 * fourth][2] = "昨天"
    lines[3 * fourth][10] = "待定"
    return [*lines, list(lines[-1])]


def doubled_member(members: Rows) -> Rows:
    """The first stands again at the end, with another level."""
    again = list(members[0])
    again[-1] = "金卡" if again[-1] != "金卡" else "银卡"
    return [*members, again]


def write(path: Path) -> None:
    """The workbook, with a title above each sheet's headers, as tills write them."""
    book = xlsxwriter.Workbook(path)
    book.set_properties({"created": datetime.combine(date(2026, 7, 1), time(9))})
    bold = book.add_format({"bold": True})
    moment, day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"}), book.add_format({"num_format": "yyyy-mm-dd"})
    for name, (headers, rows) in sheets().items():
        sheet = book.add_worksheet(name)
        sheet.set_column(0, len(headers) - 1, 14)
        sheet.write(0, 0, f"晴川生活 · {name} · 导出时间 2026-07-01 09:00")
        sheet.write_row(1, 0, headers, bold)
        for at, row in enumerate(rows, start=2):
            for place, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(at, place, value, moment)
                elif hasattr(value, "isoformat"):
                    sheet.write_datetime(at, place, value, day)
                elif value is not None:
                    sheet.write(at, place, value)
    book.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "shop.xlsx")
