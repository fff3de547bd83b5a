"""Bad files: each a clear error that says what, where and what to do, and nothing taken in; bad rows: quarantined."""

from __future__ import annotations

import csv
import errno
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text as sql

from tests.ingest.conftest import Home
from tierwise.definitions.mapping import Mapping
from tierwise.ingest import importer
from tierwise.ingest.importer import import_file
from tierwise.ingest.quarantine_export import export_quarantine
from tierwise.ingest.source import LONGEST_LINE
from tierwise.kernel.errors import TierwiseError
from tierwise.state import jobs, quarantine

ORDERS = "order_id,customer_id,ordered_at,gross\n"
GOOD = ORDERS + "1,a,2026-03-05,10\n"


def nothing_taken_in(home: Home) -> None:
    with home.session.engine.connect() as connection:
        assert connection.scalar(sql("select count(*) from imported_file")) == 0
        assert connection.scalar(sql("select count(*) from lake_table")) == 0
    assert list(home.session.temporary.glob("*")) == []


@pytest.mark.parametrize(
    ("content", "mapping", "code", "says"),
    [
        (b"", None, "empty_file", "not even a header"),
        (b"\xef\xbb\xbf\r\n\r\n", None, "empty_file", "not even a header"),
        (b"PK\x03\x04aaaa", None, "damaged_file", "Excel"),
        (b"order_id,\0gross\n1,2\n", None, "not_text", "zero bytes"),
        (b"a" * (LONGEST_LINE + 1) + b"\n1\n", None, "line_too_long", "names no columns"),
        (ORDERS.encode() + b"1,\xff\xfe\xff,2026-03-05,1\n", None, "bad_encoding", "line 2"),
        (
            ORDERS.encode() + b"1,Andr\xe9e,2026-03-05,1\n2,Zo\xebl,2026-03-05,1\n",
            None,
            "bad_encoding",
            "neither valid UTF-8 nor GB18030",
        ),
        (
            ORDERS.encode() + "1,张三,2026-03-05,1\n".encode("gbk"),
            {"encoding": "utf-8"},
            "bad_encoding",
            "byte 41, line 2",
        ),
        (GOOD.encode(), {"encoding": "klingon"}, "unknown_encoding", "klingon"),
        (GOOD.encode(), {"delimiter": "::"}, "bad_delimiter", "::"),
        (b"order_id,ordered_at,gross,gross\n1,2026-03-05,1,2\n", None, "duplicate_header", '"gross"'),
        (b"id,when,money\n1,2026-03-05,1\n", None, "missing_column", "the file has: id, when, money"),
        (
            GOOD.encode(),
            {"columns": {"order_id": "order_idd", "ordered_at": "ordered_at", "gross": "gross"}},
            "unknown_column",
            'did you mean "order_id"?',
        ),
        (
            GOOD.encode(),
            {"columns": {"order_id": 9, "ordered_at": "ordered_at", "gross": "gross"}},
            "unknown_column",
            "it has 4 columns",
        ),
        (
            GOOD.encode(),
            {"columns": {"order_id": "order_id", "ordered_at": "ordered_at", "gros": "gross"}},
            "unknown_canonical_name",
            'did you mean "gross"?',
        ),
        (GOOD.encode(), {"refunds": {"attribute": "statuss", "op": "=", "value": "x"}}, "unknown_column", "statuss"),
        (GOOD.encode(), {"timezone": "Asia/Shangai"}, "unknown_timezone", "Asia/Shangai"),
        (GOOD.encode(), {"currency": "RENMINBI"}, "unknown_currency", "RENMINBI"),
        (ORDERS.encode() + b"1,a,03/04/2026,1\n2,a,05/06/2026,1\n", None, "ambiguous_dates", "formats: {ordered_at"),
        (
            GOOD.encode(),
            {
                "columns": {"order_id": "order_id", "ordered_at": "ordered_at", "gross": "gross"},
                "formats": {"ordered_at": "%Q"},
            },
            "bad_format",
            "%Q",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(
    home: Home, content: bytes, mapping: dict[str, Any] | None, code: str, says: str
) -> None:
    with pytest.raises(TierwiseError) as caught:
        home.take(content, "orders", mapping)
    assert caught.value.code == code
    assert says in str(caught.value)
    nothing_taken_in(home)


def test_all_problems_of_a_mapping_are_told_at_once(home: Home) -> None:
    mapping = {"columns": {"order_id": "nr", "gross": "gros", "chanel": "gross"}, "timezone": "Mars"}
    with pytest.raises(TierwiseError) as caught:
        home.take(GOOD, "orders", mapping)
    assert {problem.code for problem in caught.value.problems} == {
        "unknown_column",
        "unknown_canonical_name",
        "unknown_timezone",
        "missing_column",
    }


def test_unknown_tables_and_files_are_told(home: Home) -> None:
    with pytest.raises(TierwiseError, match=r'unknown table "order" .*did you mean "orders"'):
        home.take(GOOD, "order")
    with pytest.raises(TierwiseError, match="refund_lines"):
        home.take(GOOD, "refund_lines")
    with pytest.raises(TierwiseError, match="no such file"):
        import_file(home.session, Path("nowhere.csv"), "orders")
    with pytest.raises(TierwiseError, match='mapping is for "orders"'):
        import_file(home.session, Path("nowhere.csv"), "visits", Mapping(table="orders"))


ROWS = [
    ("1,a,2026-03-05,10", None, None),
    ("2,a,1900-01-01,10", "date_out_of_range", "ordered_at"),
    ("3,a,9999-12-31,10", "date_out_of_range", "ordered_at"),
    ("4,a,2026-07-02,10", "date_out_of_range", "ordered_at"),
    ("5,a,2026-02-30,10", "bad_date", "ordered_at"),
    ("6,a,2026-03-05,NaN", "bad_money", "gross"),
    ("7,a,2026-03-05,inf", "bad_money", "gross"),
    ("8,a,2026-03-05,-Infinity", "bad_money", "gross"),
    ("9,a,2026-03-05,ten", "bad_money", "gross"),
    ('10,a,2026-03-05,"1,23.4"', "bad_money", "gross"),
    ("11,a,2026-03-05,99999999999999999999", "bad_money", "gross"),
    ("12,a,2026-03-05,-1", "negative_money", "gross"),
    (",a,2026-03-05,1", "missing_value", "order_id"),
    ("14,a,,1", "missing_value", "ordered_at"),
    ("15,a,2026-03-05,", "missing_value", "gross"),
    ("16,1.38E+10,2026-03-05,1", "digits_lost", "customer_id"),
    ("17,a,2026-03-05", "ragged_row", None),
    ("18,a,2026-03-05,1,2", "ragged_row", None),
    ('19,"a" b,2026-03-05,1', "bad_quote", None),
    ("20," + "x" * LONGEST_LINE + ",2026-03-05,1", "line_too_long", None),
    ("21,a,2026-03-05,1,", None, None),
    ("22,a\0,2026-03-05,1", "zero_byte", None),
    (",,,", "missing_value", "order_id"),
]


SEEN_BY_LINE = ("ragged_row", "bad_quote", "line_too_long", "zero_byte")


@pytest.mark.parametrize("slow", [False, True])
def test_bad_rows_are_quarantined_with_line_column_and_reason(home: Home, slow: bool) -> None:
    rows = ROWS if slow else [row for row in ROWS if row[1] not in SEEN_BY_LINE]
    report = home.take(ORDERS + "\n".join(row for row, _, _ in rows) + "\n", "orders", name="bad.csv")
    with home.session.engine.connect() as connection:
        found = [(row.line, row.code, row.column_name) for row in quarantine.list_rows(connection, limit=None)]
        assert all(row.file == "bad.csv" and row.message for row in quarantine.list_rows(connection, limit=None))
    assert found == [(at, code, column) for at, (_, code, column) in enumerate(rows, 2) if code]
    assert (report.read, report.accepted, report.quarantined) == (len(rows), 2, len(rows) - 2)


def test_lines_are_right_where_cells_hold_line_breaks_and_lines_are_blank(home: Home) -> None:
    text = 'order_id,ordered_at,gross,note\n\n1,2026-03-05,1,"two\nlines"\n\n2,2026-03-05,x,b\n'
    text += '3,2026-03-05,1,"c"\n4,1,y,d\n'
    report = home.take(text, "orders")
    assert (report.read, report.accepted, report.quarantined) == (4, 2, 2)
    with home.session.engine.connect() as connection:
        assert [row.line for row in quarantine.list_rows(connection)] == [6, 8]


def test_a_line_that_tells_excel_the_delimiter_is_no_header(home: Home) -> None:
    report = home.take("sep=;\n" + ORDERS.replace(",", ";") + "1;a;2026-03-05;1\n2;a;x;1\n", "orders")
    assert (report.read, report.accepted, report.quarantined, report.delimiter) == (2, 1, 1, ";")
    with home.session.engine.connect() as connection:
        assert [row.line for row in quarantine.list_rows(connection)] == [4]


def test_a_quote_that_is_never_closed_costs_its_own_line(home: Home) -> None:
    rows = [f"{at},{'a' if at != 3 else chr(34) + 'a'},2026-03-05,1" for at in range(1, 3000)]
    report = home.take(ORDERS + "\n".join(rows), "orders")
    assert (report.read, report.accepted, report.quarantined) == (2999, 2998, 1)


def test_several_faults_of_one_row_are_told_together(home: Home) -> None:
    home.take(ORDERS + "1,a,yesterday,much\n", "orders")
    with home.session.engine.connect() as connection:
        (row,) = quarantine.list_rows(connection)
    assert "ordered_at" in row.message
    assert "gross" in row.message
    assert row.row_text == {"order_id": "1", "customer_id": "a", "ordered_at": "yesterday", "gross": "much"}


def test_negative_quantity_without_a_rule_says_which_rule_is_missing(home: Home) -> None:
    home.take("order_id,ordered_at,product_id,quantity,unit_price\n1,2026-03-05,p,-1,2\n", "order_lines")
    with home.session.engine.connect() as connection:
        (row,) = quarantine.list_rows(connection)
    assert (row.code, row.column_name) == ("negative_quantity", "quantity")
    assert "add a refunds or an ignore rule" in row.message


def test_mended_rows_are_accepted_and_the_others_unchanged(home: Home, tmp_path: Path) -> None:
    text = ORDERS + '1,a,2026-03-05,1\n2,"b, c",2026-03-05,x\n3,c,2026-03-05,y\n4,d,2026-03-05\n'
    first = home.take(text, "orders")
    target = tmp_path / "mend.csv"
    with home.session.engine.connect() as connection:
        assert export_quarantine(connection, first.import_id or 0, target) == 3
        assert export_quarantine(connection, first.import_id or 0, tmp_path / "money.csv", code="bad_money") == 2
    rows = list(csv.reader(target.open(encoding="utf-8-sig")))
    assert rows[0] == [
        "order_id",
        "customer_id",
        "ordered_at",
        "gross",
        "quarantine_row",
        "quarantine_line",
        "quarantine_column",
        "quarantine_reason",
        "quarantine_rest",
    ]
    assert rows[1][:4] + rows[1][5:7] == ["2", "b, c", "2026-03-05", "x", "3", "gross"]
    assert rows[3][:4] + rows[3][5:6] == ["4", "d", "2026-03-05", "", "5"]
    rows[1][3], rows[3][3] = "2", "4"
    mended = io.StringIO()
    csv.writer(mended).writerows(rows)
    again = home.take(mended.getvalue(), "orders")
    assert (again.accepted, again.quarantined) == (2, 1)
    with home.session.engine.connect() as connection:  # the mended are closed, the other is told by its new import
        assert [(row.import_id, row.line) for row in quarantine.list_rows(connection)] == [(again.import_id, 3)]
    whole = home.take(text.replace(",x\n", ",2\n").replace("4,d,2026-03-05\n", "4,d,2026-03-05,4\n"), "orders")
    assert (whole.accepted, whole.unchanged, whole.quarantined) == (0, 3, 1)


def test_rows_that_were_mended_badly_are_exported_to_be_mended_again(home: Home, tmp_path: Path) -> None:
    first = home.take((ORDERS + "1,张,x,1\n2,b,y,\n").encode("gbk"), "orders", {"encoding": "gbk"})
    targets = (tmp_path / "one.csv", tmp_path / "two.csv")
    with home.session.engine.connect() as connection:
        export_quarantine(connection, first.import_id or 0, targets[0])
    second = home.take(targets[0].read_bytes().replace(b",x,", b",2026-03-05,"), "orders", {"encoding": "gbk"})
    assert (second.accepted, second.quarantined) == (1, 1)
    with home.session.engine.connect() as connection:
        assert export_quarantine(connection, second.import_id or 0, targets[1]) == 1
    header, row = list(csv.reader(targets[1].open(encoding="gbk")))
    assert len(header) == len(set(header)) == len(row)
    last = targets[1].read_bytes().replace(b",y,,", b",2026-03-05,7,")
    assert home.take(last, "orders", {"encoding": "gbk"}).accepted == 1
    with home.session.engine.connect() as connection:
        assert quarantine.list_rows(connection) == []


def test_a_place_that_cannot_be_written_is_told(home: Home, tmp_path: Path) -> None:
    report = home.take(ORDERS + "1,a,x,1\n", "orders")
    with home.session.engine.connect() as connection, pytest.raises(TierwiseError, match="cannot be written"):
        export_quarantine(connection, report.import_id or 0, tmp_path / "nowhere" / "mend.csv")


def test_a_full_disk_is_told_and_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(importer, "absorb", full)
    with pytest.raises(TierwiseError) as caught:
        home.take(GOOD, "orders")
    assert caught.value.code == "disk_full"
    nothing_taken_in(home)


def test_a_write_that_fails_half_way_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.take(GOOD, "orders")
    before = home.rows("SELECT order_id FROM orders")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(importer.imports, "add", fail)
        with pytest.raises(RuntimeError):
            home.take(ORDERS + "2,b,2026-03-05,10\n", "orders")
    assert home.rows("SELECT order_id FROM orders") == before
    assert home.rows("SELECT count(*) FROM identities") == [(1,)]
    report = home.take(ORDERS + "2,b,2026-03-05,10\n", "orders")
    assert report.accepted == 1
    assert home.rows("SELECT order_id, source_key FROM orders ORDER BY 1") == [("1", 1), ("2", 2)]


def test_a_cancelled_import_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importer.absorb

    def cancel(work: Any) -> Any:
        with home.session.engine.begin() as connection:
            (job,) = jobs.list_jobs(connection, states=["running"])
            jobs.request_cancel(connection, job.id)
        merged = real(work)
        work.writer.con.execute("SELECT sum(hash(a.i, b.i)) FROM range(1000000) a(i), range(1000000) b(i)")
        return merged

    monkeypatch.setattr(importer, "absorb", cancel)
    with pytest.raises(TierwiseError) as caught:
        home.take(GOOD, "orders")
    assert caught.value.code == "cancelled"
    with home.session.engine.connect() as connection:
        assert jobs.list_jobs(connection)[0].state == "cancelled"
    nothing_taken_in(home)
    assert home.rows("SELECT count(*) FROM orders") == [(0,)]


def test_gb18030_and_byte_order_marks_are_read_as_they_are(new_home: Callable[[], Home]) -> None:
    text = "订单号,会员编号,下单时间,金额\n1,张三,2026-03-05,10\n"
    for content, encoding in (
        (text.encode(), "utf-8"),
        (text.encode("utf-8-sig"), "utf-8-sig"),
        (text.encode("gb18030"), "gb18030"),
        (text.encode("utf-16"), "utf-16"),
        (text.replace("\n", "\r\n").encode("gbk"), "gb18030"),
        (text.replace("\n", "\r").encode(), "utf-8"),
    ):
        home = new_home()
        report = home.take(content, "orders")
        assert (report.encoding, report.accepted) == (encoding, 1)
        assert home.rows("SELECT id FROM identities") == [("张三",)]
