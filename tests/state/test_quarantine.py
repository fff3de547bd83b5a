"""Quarantined rows: stored whatever they hold, counted, listed, resolved."""

from typing import Any

import pytest
from psycopg.errors import UniqueViolation
from sqlalchemy import Connection

from tierwise.state import imports, quarantine
from tierwise.state.imports import ImportCounts
from tierwise.state.quarantine import Refused


@pytest.fixture
def import_id(connection: Connection) -> int:
    return make_import(connection, "orders")


def make_import(connection: Connection, table: str) -> int:
    counts = ImportCounts(read=0, accepted=0, replaced=0, unchanged=0, ignored=0, quarantined=0)
    return imports.add(
        connection, table_name=table, path="o.csv", sha256="c" * 64, size_bytes=0, counts=counts, mapping={}
    )


def refused(line: int, code: str = "bad_date", row: Any = ("1", "x")) -> Refused:
    return Refused("o.csv", line, "日期", code, 'no date: "x"', row)


def test_rows_are_read_back_as_they_were(connection: Connection, import_id: int) -> None:
    rows = [refused(2, row=["a\tb", "c\\d", 'e"f', "\n", "", "王"]), refused(3, row={"日期": "x", "n": None})]
    rows.append(Refused("o.csv", 4, None, "ragged_row", "3 fields, not 4", ["\\N"]))
    assert quarantine.add_many(connection, import_id, iter(rows)) == 3
    found = quarantine.list_rows(connection)
    assert [row.row_text for row in found] == [
        ["a\tb", "c\\d", 'e"f', "\n", "", "王"],
        {"日期": "x", "n": None},
        ["\\N"],
    ]
    assert [(row.file, row.line, row.column_name, row.code) for row in found] == [
        ("o.csv", 2, "日期", "bad_date"),
        ("o.csv", 3, "日期", "bad_date"),
        ("o.csv", 4, None, "ragged_row"),
    ]
    assert {(row.import_id, row.table_name, row.state, row.message[:4]) for row in found[:2]} == {
        (import_id, "orders", "open", "no d")
    }


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\0b", "a\ufffdb"),
        ("broken \udcff", "broken ?"),
        ("王\0\ud800", "王\ufffd?"),
        ("written \\u0000 out", "written \\u0000 out"),
    ],
)
def test_text_that_postgresql_cannot_store_loses_no_row(
    connection: Connection, import_id: int, text: str, kept: str
) -> None:
    for line, row in ((2, [text]), (3, {text: [text]})):
        quarantine.add_many(connection, import_id, [Refused(text, line, text, "bad_text", text, row)])
    first, second = quarantine.list_rows(connection)
    assert (first.file, first.column_name, first.message, first.row_text) == (kept, kept, kept, [kept])
    assert second.row_text == {kept: [kept]}


def test_rows_are_filtered_and_paged(connection: Connection, import_id: int) -> None:
    other = make_import(connection, "customers")
    quarantine.add_many(connection, import_id, [refused(2), refused(3, "bad_money"), refused(4)])
    quarantine.add_many(connection, other, [refused(2)])

    def lines(**filters: Any) -> list[tuple[int, int]]:
        return [(row.import_id, row.line) for row in quarantine.list_rows(connection, **filters)]

    assert lines() == [(import_id, 2), (import_id, 3), (import_id, 4), (other, 2)]
    assert lines(table_name="customers") == [(other, 2)]
    assert lines(import_id=import_id, code="bad_money") == [(import_id, 3)]
    first = quarantine.list_rows(connection, limit=3)
    assert lines(after_id=first[-1].id) == [(other, 2)]


def test_counts_by_code_the_most_frequent_first(connection: Connection, import_id: int) -> None:
    quarantine.add_many(connection, import_id, [refused(2, "b"), refused(3, "a"), refused(4, "c"), refused(5, "c")])
    assert list(quarantine.count_by_code(connection).items()) == [("c", 2), ("a", 1), ("b", 1)]
    assert quarantine.count_by_code(connection, import_id=0) == {}


def test_resolved_rows_are_closed_once(connection: Connection, import_id: int) -> None:
    quarantine.add_many(connection, import_id, [refused(2), refused(3)])
    first = quarantine.list_rows(connection)[0].id
    assert quarantine.resolve(connection, [first]) == 1
    assert quarantine.resolve(connection, [first, 0]) == 0
    assert [row.line for row in quarantine.list_rows(connection)] == [3]
    assert [row.line for row in quarantine.list_rows(connection, state="resolved")] == [2]
    assert quarantine.count_by_code(connection) == {"bad_date": 1}
    assert quarantine.count_by_code(connection, state=None) == {"bad_date": 2}


def test_row_twice_is_refused_whole(connection: Connection, import_id: int) -> None:
    with pytest.raises(UniqueViolation, match="import_id_file_line"), connection.begin_nested():
        quarantine.add_many(connection, import_id, [refused(2), refused(2)])
    assert quarantine.list_rows(connection) == []
