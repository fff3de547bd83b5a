"""Reading a real PostgreSQL: what is new, read-only, one moment, types, and what is said of what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.ingest.conftest import Home
from tests.ingest.example_tables import DMS, SETTLED_AGAIN, example_sources
from tests.ingest.sourced import Sourced, bare_home, counts, ids
from tierwise.kernel.errors import TierwiseError

ERP = """
create schema if not exists erp;
drop table if exists erp."T_ORDER" cascade;
create table erp."T_ORDER" (
  no text primary key, buyer text, placed timestamp, amount numeric(12,2), changed timestamptz, paid boolean
);
insert into erp."T_ORDER" values
  ('1', 'ann', '2026-06-01 08:00', 10.50, '2026-06-01 00:00:00+00'),
  ('2', '李雷', '2026-06-02 23:30', 20, '2026-06-02 15:30:00.123456+00'),
  ('3', null, '2026-06-03 09:00', 30, null);
"""

TABLE = {"table": "erp.T_ORDER"}


@pytest.fixture(scope="module")
def origin(database: Engine) -> dict[str, Any]:
    """The test's own database, where `erp` is somebody else's schema."""
    url = database.url
    return {
        "kind": "postgresql",
        "host": url.query.get("host") or url.host,
        "port": int(str(url.query.get("port") or url.port or 5432)),
        "database": url.database,
        "user": url.username,
        "password_env": "TIERWISE_PASSWORD_ERP",
    }


@pytest.fixture(autouse=True)
def _orders(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    run(database, ERP)
    monkeypatch.setenv("TIERWISE_PASSWORD_ERP", "s3cret-word")


@pytest.fixture
def erp(origin: dict[str, Any], tmp_path: Path) -> Callable[..., Sourced]:
    """Sources that can be read and not imported."""
    return lambda table=TABLE, **more: Sourced.of(bare_home(tmp_path), origin | table, **more)


@pytest.fixture
def imported(origin: dict[str, Any], home: Home) -> Sourced:
    return Sourced.of(home, origin | TABLE)


def run(database: Engine, statements: str) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql(statements)


def test_what_is_new_is_read_and_what_was_read_stays(imported: Sourced, database: Engine) -> None:
    source = imported
    assert counts(source.take()) == (3, 3, 0, 0, 0)
    assert source.orders() == [
        ("1", "ann", 1050, "2026-06-01 00:00:00+00"),
        ("2", "李雷", 2000, "2026-06-02 15:30:00+00"),
        ("3", None, 3000, "2026-06-03 01:00:00+00"),
    ]
    assert source.mark == "2026-06-02T15:30:00.123456+00:00"
    run(
        database,
        """insert into erp."T_ORDER" values ('4', 'eve', '2026-06-04 08:00', 40, '2026-06-04 00:00+00');
        update erp."T_ORDER" set amount = 21, changed = '2026-06-05 00:00+00' where no = '2'""",
    )
    report = source.take()
    assert counts(report) == (3, 1, 1, 1, 0)  # 3 has no mark and is read each time
    assert "1 rows have nothing in changed: they are read each time" in report.notes
    assert [row[2] for row in source.orders()] == [1050, 2100, 3000, 4000]


def test_what_fails_moves_no_mark_and_is_read_again(imported: Sourced, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("tierwise.ingest.importer.absorb", full)
        with pytest.raises(TierwiseError, match="no space"):
            imported.take()
    assert imported.take(dry_run=True).accepted == 3
    assert imported.mark is None


def test_late_rows_are_seen_within_the_overlap(erp: Callable[..., Sourced], database: Engine) -> None:
    source = erp(watermark={"column": "changed", "overlap_minutes": 30})
    first, _ = source.read()
    run(
        database,
        """insert into erp."T_ORDER" values
        ('late', 'eve', '2026-06-02 23:00', 1, '2026-06-02 15:00:00.2+00'),
        ('later', 'eve', '2026-06-02 23:00', 1, '2026-06-02 14:59:59+00')""",
    )
    again, rows = source.read(first)
    assert (ids(rows), again.without_mark) == (["2", "3", "late"], 1)


def test_a_row_of_the_future_does_not_hide_those_that_come_until_then(
    erp: Callable[..., Sourced], database: Engine
) -> None:
    run(database, """insert into erp."T_ORDER" values ('9', 'ann', '2026-06-01 08:00', 1, '2099-01-01 00:00+00')""")
    first, rows = erp().read()
    assert (len(rows), first.mark and first.mark.text) == (4, "2026-06-02T15:30:00.123456+00:00")
    again, rows = erp().read(first, now=datetime(2099, 2, 1, tzinfo=UTC))
    assert (ids(rows), again.mark and again.mark.text) == (["2", "3", "9"], "2099-01-01T00:00:00+00:00")


def test_a_mark_does_not_go_back_where_rows_are_deleted(erp: Callable[..., Sourced], database: Engine) -> None:
    first, _ = erp().read()
    run(database, """delete from erp."T_ORDER" where no = '2'""")
    assert erp().read(first)[0].mark == first.mark


LINES = """
drop table if exists erp.line;
create table erp.line (entry serial primary key, no text, placed date, sku text, qty int, price numeric(10,2));
insert into erp.line (no, placed, sku, qty, price)
  select 'o' || n, '2026-06-01', 'tea', 1, 5 from generate_series(1, 4) n;
"""
OF_LINES = {
    "table": "order_lines",
    "columns": {
        "order_id": "no",
        "ordered_at": "placed",
        "product_id": "sku",
        "quantity": "qty",
        "unit_price": "price",
    },
}


def test_an_order_comes_whole_though_only_its_last_line_is_new(erp: Callable[..., Sourced], database: Engine) -> None:
    run(database, LINES)
    source = erp({"table": "erp.line"}, watermark={"column": "entry", "overlap_ids": 0}, mapping=OF_LINES)
    first, _ = source.read()
    assert first.mark is not None
    assert first.mark.text == "4"
    run(database, "insert into erp.line (no, placed, sku, qty, price) values ('o1', '2026-06-01', 'tea', 1, 5)")
    # o4 is at the mark itself; of o1 the old line comes with the new one.
    assert ids(source.read(first)[1]) == ["o1", "o1", "o4"]


def test_a_bad_row_is_quarantined_once_and_closed_when_all_is_read_anew(imported: Sourced, database: Engine) -> None:
    run(database, """update erp."T_ORDER" set placed = '1969-01-01' where no = '2'""")

    def open_rows() -> list[tuple[Any, ...]]:
        with database.connect() as connection:
            rows = connection.execute(text("select file, row_text->>'no' from quarantine where state = 'open'"))
            return [tuple(row) for row in rows]

    assert imported.take().quarantined == 1
    assert imported.take().quarantined == 1
    assert open_rows() == [("erp", "2")]
    run(database, """update erp."T_ORDER" set placed = '2026-06-02' where no = '2'""")
    assert imported.take(from_start=True).accepted == 1
    assert open_rows() == []


WRITING = """
create or replace function erp.greedy() returns int language sql as $$ delete from erp."T_ORDER" returning 1 $$;
"""


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT erp.greedy() AS no", "ReadOnlySqlTransaction"),
        ('SELECT 1 AS no) AS x; COMMIT; DELETE FROM erp."T_ORDER"; SELECT * FROM (SELECT 1', "multiple commands"),
        ('SELECT no::int AS no, missing FROM erp."T_ORDER"', 'column "missing" does not exist'),
        ("SELECT (buyer || 's3cret')::int AS no FROM erp.\"T_ORDER\" WHERE buyer LIKE 'a%'", "InvalidText"),
    ],
)
def test_nothing_is_ever_written_and_no_row_stands_in_a_message(
    erp: Callable[..., Sourced], database: Engine, query: str, said: str
) -> None:
    run(database, WRITING)
    with pytest.raises(TierwiseError, match=said) as caught:
        erp({"query": query}, watermark=None).read()
    assert caught.value.code == "source_unreadable"
    assert "s3cret" not in str(caught.value)
    with database.connect() as connection:
        assert connection.scalar(text('select count(*) from erp."T_ORDER"')) == 3


def test_what_is_wrong_is_told_without_the_password(
    erp: Callable[..., Sourced], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TierwiseError, match="no connection") as caught:
        erp(TABLE | {"database": "nowhere"}).read()
    assert "s3cret" not in str(caught.value)
    with pytest.raises(TierwiseError, match="of type text") as caught:
        erp(watermark={"column": "buyer"}).read()
    assert caught.value.code == "bad_watermark"
    first, _ = erp().read()
    with pytest.raises(TierwiseError, match="of another type"):
        erp(watermark={"column": "placed"}).read(first)
    monkeypatch.delenv("TIERWISE_PASSWORD_ERP")
    with pytest.raises(TierwiseError, match="no TIERWISE_PASSWORD_ERP"):
        erp().read()


TYPES = """
drop table if exists erp.kinds;
create table erp.kinds (
  id int, yes boolean, n numeric(30,10), f float8, day date, at timestamptz, local timestamp, b bytea, j jsonb,
  list int[], u uuid, nothing text
);
insert into erp.kinds values (7, true, 1234567890.0123456789, 0.1, '2026-02-28', '2026-03-01 00:30+08',
  '2026-03-01 00:30', '\\x00ff', '{"a": 1}', '{1,2}', '00000000-0000-0000-0000-00000000000a', null);
"""


def test_types_come_as_texts_that_lose_nothing(erp: Callable[..., Sourced], database: Engine) -> None:
    run(database, TYPES)
    _, (row,) = erp({"table": "erp.kinds"}, watermark=None).read()
    assert list(row.values()) == [
        "7",
        "true",
        "1234567890.0123456789",
        "0.1",
        "2026-02-28",
        "2026-02-28 16:30:00+00",
        "2026-03-01 00:30:00",
        "\\x00ff",
        '{"a": 1}',
        "{1,2}",
        "00000000-0000-0000-0000-00000000000a",
        None,
    ]


def test_dms(home: Home, database: Engine, origin: dict[str, Any]) -> None:
    """The example sources, on tables that have the schema they name."""
    at = {key: value for key, value in origin.items() if key not in ("kind", "password_env")}
    defined = example_sources("dms.yaml", **at, password_env=None)
    with database.begin() as connection:
        connection.exec_driver_sql(DMS)
    taken = {name: counts(Sourced(home, each).take()) for name, each in defined.items()}
    assert taken == {
        "dms_visits": (4, 2, 0, 0, 0),
        "dms_repair_sales": (4, 1, 0, 0, 0),
        "dms_vehicles": (2, 1, 0, 0, 0),
        "dms_dealers": (1, 1, 0, 0, 0),
    }
    assert home.rows(
        "SELECT visit_id, i.id, store_id, kind, mileage_km, paid FROM visits LEFT JOIN identities i USING (source_key) "
        "ORDER BY visit_id"
    ) == [
        ("A01-RO1", "13900000001", "A01", "repair", 10000, True),
        ("A01-RO2", "13900000001", "A01", "rework", None, False),
    ]
    assert home.rows("SELECT vin, model, delivered_on::VARCHAR FROM vehicles WHERE model IS NOT NULL") == [
        ("LSGXE83L5D2000001", "君威", "2025-06-01")
    ]
    assert home.rows("SELECT store_name, city FROM stores") == [("浦东店", "上海")]
    with database.begin() as connection:
        connection.exec_driver_sql(SETTLED_AGAIN)
    assert Sourced(home, defined["dms_repair_sales"]).take().replaced == 1
    assert home.rows("SELECT order_id, gross_minor FROM orders") == [("A01-RO1", 60000)]
