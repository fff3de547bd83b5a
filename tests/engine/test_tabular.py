"""Tables to files: the same rows, the same bytes; whole or not there."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest

from tierwise.engine import tabular
from tierwise.engine.duckdb_session import connect
from tierwise.engine.tabular import write_table
from tierwise.kernel.errors import TierwiseError

ROWS = """
SELECT * FROM (VALUES
    ('a', '=1+1', DATE '2026-06-30', 12.50::DECIMAL(18,2), 3, true, 0.25::DOUBLE),
    ('客户', NULL, NULL, -0.05::DECIMAL(18,2), NULL, false, NULL)
) t(customer_id, note, day, amount, orders, paid, share)
"""


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = connect(tmp_path / "spill")
    yield connection
    connection.close()


def write(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    return write_table(connection, connection.sql(ROWS), path, sheet="profile", dated=date(2026, 6, 30))


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_the_same_rows_are_the_same_bytes(connection: duckdb.DuckDBPyConnection, tmp_path: Path, ending: str) -> None:
    one, two = tmp_path / f"one.{ending}", tmp_path / "sub" / f"two.{ending}"
    assert write(connection, one) == 2
    assert write(connection, two) == 2
    assert one.read_bytes() == two.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [one.name]


def test_csv_is_plain_utf8(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write(connection, tmp_path / "x.csv")
    lines = (tmp_path / "x.csv").read_text("utf-8").splitlines()
    assert lines == [
        "customer_id,note,day,amount,orders,paid,share",
        "a,=1+1,2026-06-30,12.50,3,true,0.25",
        "客户,,,-0.05,,false,",
    ]


def test_excel_has_dates_money_and_no_formula(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write(connection, tmp_path / "x.xlsx")
    page = openpyxl.load_workbook(tmp_path / "x.xlsx")["profile"]
    head, first, second = page.iter_rows()
    assert [cell.value for cell in head][:3] == ["customer_id", "note", "day"]
    assert (first[1].value, first[1].data_type) == ("=1+1", "s")
    assert first[2].value.date() == date(2026, 6, 30)
    assert (first[3].value, first[3].number_format) == (12.5, "#,##0.00")
    assert (second[0].value, second[1].value) == ("客户", None)


def test_excel_takes_what_it_can_hold_and_refuses_the_rest(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(query: str) -> list[list[Any]]:
        path = tmp_path / "x.xlsx"
        write_table(connection, connection.sql(query), path, sheet="x", dated=date(2026, 6, 30))
        return [list(row) for row in openpyxl.load_workbook(path)["x"].iter_rows()]

    cells = put("SELECT unnest(['=1+1', '+1', '-1', '@SUM(A1)', chr(9) || 'x', chr(13) || 'x', 'a=1']) AS t")
    texts = [row[0].value.replace("_x000D_", "\r") for row in cells[1:]]
    assert texts == ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "a=1"]
    assert {row[0].data_type for row in cells} == {"s"}
    assert [row[0].quotePrefix for row in cells[1:]] == [True] * 6 + [False]
    values = put(
        "SELECT 12345678901234567 AS a, 'nan'::DOUBLE AS b, DATE '1899-12-31' AS c, 1.23456::DECIMAL(18,6) AS d, "
        "7::DECIMAL(18,0) AS e, TIMESTAMP '2026-03-05 08:26:00' AS f, [1, 2] AS g,"
        " 99999999999999.99::DECIMAL(18,2) AS h"
    )
    assert [cell.value for cell in values[1]][:5] == ["12345678901234567", "nan", "1899-12-31", 1.23456, 7]
    assert [cell.value for cell in values[1]][6:] == ["[1, 2]", "99999999999999.99"]
    assert [values[1][at].number_format for at in (3, 4, 5)] == ["#,##0.00####", "#,##0", "yyyy-mm-dd hh:mm:ss"]
    with pytest.raises(TierwiseError) as caught:
        put("SELECT repeat('x', 32768) AS long")
    assert (caught.value.code, caught.value.remedy) == ("text_too_long", "write it to .csv or .parquet")
    monkeypatch.setattr(tabular, "EXCEL_ROWS", 3)
    put("SELECT i FROM range(2) t(i)")
    with pytest.raises(TierwiseError, match="ends at 3 rows"):
        put("SELECT i FROM range(3) t(i)")


def test_columns_are_as_wide_as_what_they_show(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write_table(
        connection,
        connection.sql("SELECT '重要价值客户' AS tier, repeat('x', 200) AS long, 1 AS n"),
        tmp_path / "x.xlsx",
        sheet="x",
        dated=date(2026, 6, 30),
    )
    page = openpyxl.load_workbook(tmp_path / "x.xlsx")["x"]
    assert [round(page.column_dimensions[name].width) for name in "ABC"] == [14, 61, 7]


def test_parquet_keeps_exact_types(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write(connection, tmp_path / "x.parquet")
    assert str(pq.read_schema(tmp_path / "x.parquet").field("amount").type) == "decimal128(18, 2)"


def test_an_unknown_ending_is_told_with_the_known_ones(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(TierwiseError) as caught:
        write(connection, tmp_path / "x.xls")
    assert caught.value.code == "unknown_format"
    assert caught.value.remedy == 'did you mean ".xlsx"?'


def test_a_failed_write_leaves_the_file_that_was_there(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("yesterday's")
    broken = connection.sql("SELECT CAST('x' || i AS INTEGER) FROM range(3) t(i)")
    with pytest.raises(duckdb.ConversionException):
        write_table(connection, broken, path, sheet="x", dated=date(2026, 6, 30))
    assert path.read_text() == "yesterday's"
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["x.csv"]
