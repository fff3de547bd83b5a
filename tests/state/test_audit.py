"""The audit log: written in the transaction of the act, read in pages."""

from sqlalchemy import Connection, Engine

from tierwise.state import audit


def test_rows_are_read_newest_first_in_pages(connection: Connection) -> None:
    ids = [audit.write(connection, "ann", "import", f"file {number}", {"rows": number}) for number in range(5)]
    page = audit.list_rows(connection, limit=2)
    assert [row.id for row in page] == [ids[4], ids[3]]
    assert (page[0].principal, page[0].action, page[0].object) == ("ann", "import", "file 4")
    assert page[0].detail == {"rows": 4}
    assert [row.id for row in audit.list_rows(connection, before_id=page[-1].id, limit=2)] == [ids[2], ids[1]]


def test_rows_are_found_by_who_what_and_when(connection: Connection) -> None:
    first = audit.write(connection, "ann", "import", "orders")
    second = audit.write(connection, "bob", "run")
    assert [row.id for row in audit.list_rows(connection, principal="ann")] == [first]
    assert [row.id for row in audit.list_rows(connection, action="run")] == [second]
    assert [row.id for row in audit.list_rows(connection, object_name="orders")] == [first]
    since = audit.list_rows(connection, action="run")[0].at
    assert [row.id for row in audit.list_rows(connection, since=since)] == [second]


def test_act_that_is_rolled_back_leaves_no_row(database: Engine) -> None:
    with database.connect() as connection:
        audit.write(connection, "ann", "import")
        connection.rollback()
        assert audit.list_rows(connection) == []
