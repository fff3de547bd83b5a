"""Reading a real MariaDB, by the driver that reads MySQL too: what is new, read-only, types, what is said."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.conftest import NOW, Home
from tests.ingest.example_tables import KINGDEE, example_sources
from tests.ingest.mariadb_server import MariaDb, mariadb
from tests.ingest.sourced import Sourced, bare_home, counts
from tierwise.definitions.import_source import DatabaseTable
from tierwise.ingest.mysql_rows import copy_mysql
from tierwise.ingest.watch import CancelledError
from tierwise.kernel.errors import TierwiseError

pytest.importorskip("pymysql", reason='pip install "tierwise[mysql]"')

SCHEMA = (
    "create database erp character set gbk",
    "create user reader@'127.0.0.1' identified by 's3cret-密'",
    # It may write: that nothing is written is not left to the rights of the user.
    "grant select, insert, delete, execute on erp.* to reader@'127.0.0.1'",
)
TABLE = {"table": "t_order"}

ORDERS = (
    "create or replace table t_order (no varchar(20) primary key, buyer varchar(20), placed datetime, "
    "amount decimal(12,2), changed timestamp(6) null default null) engine = InnoDB",
    "set time_zone = '+00:00'",
    "insert into t_order values ('1', 'ann', '2026-06-01 08:00', 10.5, '2026-06-01'), "
    "('2', '李雷', '2026-06-02 23:30', 20, '2026-06-02 15:30:00.123456'), ('3', null, '2026-06-03 09:00', 30, null)",
    "create or replace function greedy() returns int begin delete from t_order; return 1; end",
)


@pytest.fixture(scope="module")
def mariadb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    with mariadb(tmp_path_factory.mktemp("mariadb")) as server:
        server.run(*SCHEMA, database=None)
        yield server


@pytest.fixture
def mariadb_erp(mariadb_server: MariaDb) -> MariaDb:
    """With three orders."""
    mariadb_server.run(*ORDERS)
    return mariadb_server


def erp_of(home: Home, server: MariaDb, table: dict[str, Any], **more: Any) -> Sourced:
    (home.folder / "secrets").mkdir(exist_ok=True)
    (home.folder / "secrets" / "erp").write_text("s3cret-密\n", "utf-8")
    origin = {
        "kind": "mariadb",
        "host": "127.0.0.1",
        "port": server.port,
        "database": "erp",
        "user": "reader",
        "password_file": "erp",
    }
    return Sourced.of(home, origin | table, **more)


@pytest.fixture
def erp(tmp_path: Path, mariadb_erp: MariaDb) -> Callable[..., Sourced]:
    """Sources that can be read and not imported."""
    return lambda table=TABLE, **more: erp_of(bare_home(tmp_path), mariadb_erp, table, **more)


def test_what_is_new_is_read_and_what_was_read_stays(home: Home, mariadb_erp: MariaDb) -> None:
    source = erp_of(home, mariadb_erp, TABLE)
    assert counts(source.take()) == (3, 3, 0, 0, 0)
    assert source.orders() == [
        ("1", "ann", 1050, "2026-06-01 00:00:00+00"),
        ("2", "李雷", 2000, "2026-06-02 15:30:00+00"),
        ("3", None, 3000, "2026-06-03 01:00:00+00"),
    ]
    assert source.mark == "2026-06-02T15:30:00.123456+00:00"
    mariadb_erp.run(
        "set time_zone = '+00:00'",
        "insert into t_order values ('4', 'eve', '2026-06-04 08:00', 40, '2026-06-04'), "
        "('far', 'eve', '2026-06-04 08:00', 40, '2037-01-01')",
        "update t_order set amount = 21, changed = '2026-06-05' where no = '2'",
    )
    report = source.take()
    assert counts(report) == (4, 1, 1, 1, 1)
    assert source.mark == "2026-06-05T00:00:00+00:00"
    assert [row[2] for row in source.orders()] == [1050, 2100, 3000, 4000]


def test_an_id_that_grows_and_the_lines_of_one_order(home: Home, mariadb_erp: MariaDb) -> None:
    mariadb_erp.run(
        "create or replace table line (`entry id` bigint unsigned auto_increment primary key, no char(4), day date, "
        "sku varchar(9), qty int, price float)",
        "insert into line (no, day, sku, qty, price) values ('o1', '2026-06-01', 'tea%', 1, 5), "
        "('o2', '2026-06-01', 'tea', 1, 5)",
    )
    columns = {"order_id": "no", "ordered_at": "day", "product_id": "sku", "quantity": "qty", "unit_price": "price"}
    source = erp_of(
        home,
        mariadb_erp,
        {"query": "SELECT * FROM line WHERE sku LIKE 'tea%';"},
        watermark={"column": "entry id", "overlap_ids": 0},
        mapping={"table": "order_lines", "columns": columns},
    )
    assert counts(source.take()) == (2, 2, 0, 0, 0)
    mariadb_erp.run("insert into line (no, day, sku, qty, price) values ('o1', '2026-06-01', 'tea%', 1, 5)")
    assert counts(source.take()) == (3, 1, 0, 2, 0)
    assert (source.mark, source.home.rows("SELECT gross_minor FROM orders ORDER BY order_id")) == (
        "3",
        [(1000,), (500,)],
    )


def test_types_come_as_texts_that_lose_nothing(erp: Callable[..., Sourced], mariadb_erp: MariaDb) -> None:
    mariadb_erp.run(
        "create or replace table kinds (id int, n decimal(30,10), bits bit(9), yes tinyint(1), born date, "
        "never datetime, at timestamp, j json, b varbinary(4), took time)",
        "set time_zone = '+08:00', sql_mode = ''",
        "insert into kinds values (7, 1234567890.0123456789, b'100000001', 1, '2026-02-28', '0000-00-00 00:00:00', "
        "'2026-03-01 00:30', '{\"a\": 1}', x'00ff', '00:02:23')",
    )
    _, (row,) = erp({"table": "erp.kinds"}, watermark=None).read()
    assert list(row.values()) == [
        "7",
        "1234567890.0123456789",
        "257",
        "1",
        "2026-02-28",
        None,
        "2026-02-28 16:30:00+00:00",
        '{"a": 1}',
        "00ff",
        "00:02:23",
    ]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT greedy() AS no", "OperationalError 1792|InternalError 1792"),
        ("SELECT 1 AS no) AS x; DELETE FROM t_order; SELECT * FROM (SELECT 1", "syntax"),
        ("SELECT no, missing FROM t_order", "Unknown column 'missing'"),
        ("SELECT JSON_EXTRACT(no, buyer) AS no, (SELECT buyer FROM t_order) AS x FROM t_order", "1242"),
    ],
)
def test_nothing_is_ever_written_and_no_row_stands_in_a_message(
    erp: Callable[..., Sourced], mariadb_erp: MariaDb, query: str, said: str
) -> None:
    with pytest.raises(TierwiseError, match=said) as caught:
        erp({"query": query}, watermark=None).read()
    assert caught.value.code == "source_unreadable"
    assert mariadb_erp.run("select count(*) from t_order") == [(3,)]


def test_what_is_wrong_is_told_without_the_password(erp: Callable[..., Sourced]) -> None:
    with pytest.raises(TierwiseError, match="no connection") as caught:
        erp({"table": "t_order", "user": "nobody"}).read()
    assert "s3cret" not in str(caught.value)
    with pytest.raises(TierwiseError, match="no connection"):
        erp({"table": "t_order", "port": 1}).read()
    with pytest.raises(TierwiseError, match="no connection"):
        erp({"table": "t_order", "tls": "require"}).read()
    with pytest.raises(TierwiseError, match="of type var_string"):
        erp(watermark={"column": "buyer"}).read()


def test_without_the_driver_it_is_said_how_to_get_it(
    erp: Callable[..., Sourced], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(TierwiseError, match=r"tierwise\[mysql\]") as caught:
        erp().read()
    assert caught.value.code == "extra_missing"


def test_what_is_broken_off_does_not_read_on(
    erp: Callable[..., Sourced], mariadb_erp: MariaDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tierwise.ingest.text_copy._ROWS", 1000)
    source = erp({"query": "SELECT seq AS no FROM seq_1_to_50000000"}, watermark=None)
    target = source.home.folder / "rows"
    told: list[int] = []

    def stop(done: int, size: int) -> None:
        told.append(done)
        if len(told) > 2:
            raise CancelledError

    assert isinstance(source.source.origin, DatabaseTable)
    with pytest.raises(CancelledError):
        copy_mysql(source.source, source.source.origin, "s3cret-密", None, target, stop, now=NOW, zone=UTC)
    assert told == [1000, 2000, 3000]
    del source


def test_kingdee(home: Home, mariadb_server: MariaDb) -> None:
    """The example sources, on tables that have the schema they name."""
    mariadb_server.run("create database kingdee character set utf8mb4", database=None)
    mariadb_server.run(*KINGDEE, database="kingdee")
    defined = example_sources("kingdee.yaml", host=str(mariadb_server.socket), user="root", password_env=None)
    taken = {name: counts(Sourced(home, each).take()) for name, each in defined.items()}
    assert taken == {
        "kingdee_outstock": (5, 3, 0, 0, 0),
        "kingdee_returns": (1, 1, 0, 0, 0),
        "kingdee_customers": (1, 0, 1, 0, 0),
        "kingdee_materials": (2, 2, 0, 0, 0),
    }
    assert home.rows(
        "SELECT order_id, i.id, store_id, gross_minor, discount_minor, cost_minor FROM orders "
        "LEFT JOIN identities i USING (source_key) ORDER BY order_id"
    ) == [("XSCKD000001", "KH0001", "100", 22600, 2600, 13200), ("XSCKD000002", None, "100", 11300, 0, 6000)]
    assert home.rows("SELECT refund_id, amount_minor FROM refunds") == [("XSTHD000001", 10000)]
    assert home.rows("SELECT name, phone FROM customers") == [("上海某某贸易", "13800000000")]
    assert home.rows("SELECT product_name, category FROM products ORDER BY product_id")[0] == ("机油 4L", "保养件")
    # Audited later, by its approval alone.
    mariadb_server.run(
        "update T_SAL_OUTSTOCK set FDOCUMENTSTATUS = 'C', FAPPROVEDATE = '2026-06-08' where FID = 3", database="kingdee"
    )
    assert Sourced(home, defined["kingdee_outstock"]).take().accepted == 1
