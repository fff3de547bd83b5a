"""Imported files and their counts."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tierwise.kernel.errors import TierwiseError
from tierwise.state import imports
from tierwise.state.imports import ImportCounts

COUNTS = ImportCounts(read=15, accepted=5, replaced=4, unchanged=3, ignored=2, quarantined=1)


def add(connection: Connection, table: str = "orders", sha: str = "a", counts: ImportCounts = COUNTS) -> int:
    return imports.add(
        connection,
        table_name=table,
        path="data/订单.csv",
        sha256=sha * 64,
        size_bytes=1234,
        counts=counts,
        mapping={"table": table},
    )


def test_file_is_read_back_as_it_was_recorded(connection: Connection) -> None:
    found = imports.get(connection, add(connection))
    assert (found.table_name, found.path, found.sha256, found.bytes) == ("orders", "data/订单.csv", "a" * 64, 1234)
    assert (found.counts, found.mapping) == (COUNTS, {"table": "orders"})


def test_list_is_newest_first_and_finds_the_same_file(connection: Connection) -> None:
    first, second, third = add(connection), add(connection, sha="b"), add(connection, table="customers")
    assert [each.id for each in imports.list_imports(connection)] == [third, second, first]
    assert [each.id for each in imports.list_imports(connection, sha256="a" * 64)] == [third, first]
    assert [each.id for each in imports.list_imports(connection, table_name="orders", limit=1)] == [second]


def test_counts_that_do_not_add_up_are_refused(connection: Connection) -> None:
    with pytest.raises(IntegrityError, match="adds_up"):
        add(connection, counts=replace(COUNTS, read=16))


def test_unknown_import_is_told(connection: Connection) -> None:
    with pytest.raises(TierwiseError) as caught:
        imports.get(connection, 0)
    assert caught.value.code == "unknown_import"
