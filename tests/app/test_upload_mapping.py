"""A file with its mapping: given as a file, remembered from an import, or recognised; and what stands in it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tierwise.app import imports, meanings, upload_mapping, uploads
from tierwise.app.context import Context
from tierwise.app.defining import initialise
from tierwise.app.mappings_kept import mapping_of_import
from tierwise.app.principal import Principal
from tierwise.app.upload_mapping import draft, give_mapping, read_otherwise, returns_in, settled
from tierwise.definitions.mapping import Mapping
from tierwise.definitions.read import mapping_of_text
from tierwise.kernel.errors import TierwiseError

LINES = """InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,6,2010-12-01 08:26,2.55,17850.0,United Kingdom
C536379,D,-1,2010-12-01 09:41,27.50,14527.0,United Kingdom
536414,22139,56,2010-12-01 11:52,0.0,,France
"""

MAPPING = """table: order_lines
timezone: Europe/London
currency: CNY
columns:
  order_id: InvoiceNo
  product_id: StockCode
  quantity: Quantity
  ordered_at: InvoiceDate
  unit_price: UnitPrice
  customer_id: CustomerID
  customer.Country: Country
constants: {channel: web}
refunds: {attribute: InvoiceNo, op: starts_with, value: C}
ignore:
  any:
    - {attribute: UnitPrice, op: "<=", value: 0.5}
    - not: {attribute: StockCode, op: present}
"""


@pytest.fixture(scope="module")
def house(empty: Context) -> Context:
    initialise(empty, "general")
    return empty


def sent(ctx: Context, content: str | bytes, name: str = "lines.csv") -> str:
    place = uploads.new_upload(ctx, name)
    place.path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return place.id


def chosen(ctx: Context, upload: str, **asked: Any) -> Mapping:
    """As the wizard takes what it shows where nobody changes anything."""
    seen = draft(ctx, upload, **asked)
    columns = meanings.meant(seen.view.table, seen.view.headers, seen.view.meanings, seen.mapping.columns)
    return settled(seen.mapping, table=seen.view.table, columns=columns, sheet=seen.view.sheet)


def taken_in(ctx: Context, upload: str, mapping: Mapping) -> int:
    report = uploads.import_file(ctx, uploads.path_of(ctx, upload), mapping.table, mapping)
    assert report.import_id is not None
    return report.import_id


def test_a_mapping_file_says_everything_and_comes_back_as_it_was(house: Context) -> None:
    upload = sent(house, LINES)
    assert draft(house, upload).origin == "recognised"
    given = give_mapping(house, upload, MAPPING)
    seen = draft(house, upload)
    assert (seen.origin, seen.lost, seen.view.table) == ("given", (), "order_lines")
    assert seen.view.meanings[-1] == meanings.TRAIT
    assert chosen(house, upload) == given == mapping_of_text(MAPPING)
    assert mapping_of_text(upload_mapping.mapping_file(chosen(house, upload))) == given
    assert draft(house, upload, afresh=True).origin == "recognised"
    other = draft(house, upload, table="orders")
    assert (other.view.table, other.mapping.refunds, other.mapping.currency) == ("orders", None, "CNY")


def test_what_was_set_is_remembered_with_the_headers(house: Context) -> None:
    first = sent(house, LINES)
    give_mapping(house, first, MAPPING)
    number = taken_in(house, first, chosen(house, first))
    assert imports.one_import(house, number).refunds == 1
    again = draft(house, sent(house, LINES + "C536380,D,-1,2010-12-01 09:41,27.50,14527.0,United Kingdom\n"))
    assert again.origin == "before"
    assert again.before is not None
    assert again.before.import_id == number
    written = mapping_of_text(mapping_of_import(house, number))
    assert written == again.mapping == mapping_of_text(MAPPING), "the number 0.5 in a rule is a number still"
    assert chosen(house, again.view.id) == written


def test_only_its_own_file_s_way_of_reading_is_asked_of_the_next(house: Context) -> None:
    first = sent(house, "卡号,名\nK1,王\n".encode("gb18030"), "a.csv")
    taken_in(
        house, first, Mapping(table="customers", encoding="gb18030", columns={"customer_id": "卡号", "name": "名"})
    )
    again = draft(house, sent(house, "卡号,名\nK2,李\n", "b.csv"))
    assert (again.origin, again.mapping.encoding) == ("before", "auto")
    assert uploads.try_out(house, again.view.id, chosen(house, again.view.id)).accepted == 1


def test_a_mapping_file_with_mistakes_is_told_by_its_lines(house: Context) -> None:
    upload = sent(house, LINES)
    with pytest.raises(TierwiseError) as refused:
        give_mapping(house, upload, "table: order_lines\nkolumns: {}\n")
    assert refused.value.problems[0].place == "mapping.yaml:2"
    with pytest.raises(TierwiseError) as refused:
        give_mapping(house, upload, "table: ordres\n")
    assert refused.value.code == "unknown_table"
    give_mapping(house, upload, MAPPING.replace("quantity: Quantity", "quantity: Menge"))
    assert draft(house, upload).lost == ("Menge",)


def test_a_file_is_read_otherwise(house: Context) -> None:
    upload = sent(house, "Bestellungen\n單號,日期,金額\n1,2026-03-05,9\n".encode("big5"), "a.csv")
    with pytest.raises(TierwiseError) as refused:
        draft(house, upload)
    assert refused.value.code in upload_mapping.UNREADABLE
    read_otherwise(house, upload, Mapping(table="customers"), {"encoding": "big5", "header": 2})
    seen = draft(house, upload)
    assert (seen.view.table, seen.view.headers, seen.view.rows) == (
        "orders", ("單號", "日期", "金額"), (("1", "2026-03-05", "9"),),
    )  # fmt: skip
    assert (chosen(house, upload).encoding, chosen(house, upload).header) == ("big5", 2)
    bare = sent(house, "1,2026-03-05,9\n2,2026-03-06,8\n")
    read_otherwise(house, bare, seen.mapping, {"header": False, "encoding": "auto"})
    columns = meanings.meant("orders", draft(house, bare).view.headers, ["order_id", "ordered_at", "paid"])
    assert columns == {"order_id": 1, "ordered_at": 2, "paid": 3}
    tried = settled(draft(house, bare, table="orders").mapping, columns=columns)
    assert uploads.try_out(house, bare, tried).accepted == 2


def test_returns_are_seen_by_the_columns_that_are_chosen(house: Context) -> None:
    upload = sent(house, LINES)
    mapping = settled(chosen(house, upload, afresh=True), currency="GBP")
    seen = returns_in(house, upload, mapping)
    assert (seen.less, seen.currency) == (1, "GBP")
    assert [(each.by, each.rows, each.amount) for each in seen.suggestions] == [
        ("prefix", 1, Decimal("27.50")), ("sign", 1, Decimal("27.50")), ("price", 1, Decimal("0.00")),
    ]  # fmt: skip
    with pytest.raises(TierwiseError, match="quantity"):
        returns_in(house, upload, settled(mapping, columns={"order_id": "InvoiceNo"}))
    report = uploads.try_out(house, upload, settled(mapping, refunds={"attribute": "Quantity", "op": "<", "value": 0}))
    assert (report.refunds, report.quarantined) == (1, 0)


def test_constants_and_columns_do_not_say_the_same_twice(house: Context) -> None:
    with pytest.raises(TierwiseError, match="both a column and a constant"):
        settled(mapping_of_text(MAPPING), constants={"quantity": "1"})


def test_columns_are_numbers_dates_or_texts(house: Context) -> None:
    seen = draft(house, sent(house, LINES), afresh=True)
    assert seen.types == ("text", "text", "number", "date", "number", "text", "text")
    assert "ordered_at" in seen.dates
    assert "identity.member_card" not in seen.view.choices, "nobody has said what identities there are"


def test_a_file_of_another_import_is_no_mapping(house: Context, tmp_path: Path) -> None:
    with pytest.raises(TierwiseError) as refused:
        mapping_of_import(house, 10**6)
    assert refused.value.code == "unknown_import"
    with pytest.raises(TierwiseError) as refused:
        mapping_of_import(house.acting_as(Principal("r", "reader")), 1)
    assert refused.value.code == "not_allowed"


def test_of_a_workbook_of_several_sheets_one_is_chosen_first(house: Context) -> None:
    """Before that nothing is known of it, and that is no mistake."""
    book = openpyxl.Workbook()
    for name in ("一月", "二月"):
        book.create_sheet(name).append(["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice"])
        book[name].append(["1", "A", 1, "2026-01-05", 2])
    book.remove(book.worksheets[0])
    place = uploads.new_upload(house, "shop.xlsx")
    book.save(place.path)
    first = draft(house, place.id)
    assert (first.view.undecided, first.view.sheets) == (True, ("一月", "二月"))
    then = draft(house, place.id, sheet="二月")
    assert (then.view.undecided, then.mapping.table, len(then.view.headers)) == (False, "order_lines", 5)
