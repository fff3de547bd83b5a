"""What holds for both makers: sums, references, dates, files, and that one seed makes one set of bytes."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from tierwise.facts.headers import recognise
from tierwise.kernel.errors import TierwiseError
from tierwise.testing import MadeData, make_dealer, make_retail
from tierwise.testing.headers import CHINESE_HEADERS

Maker = Callable[..., MadeData]
BOTH = pytest.mark.parametrize("kind", ["dealer", "retail"])
MAKERS = pytest.mark.parametrize("maker", [make_dealer, make_retail])


@pytest.fixture
def made(kind: str, request: pytest.FixtureRequest) -> MadeData:
    data = request.getfixturevalue(kind)
    assert isinstance(data, MadeData)
    return data


@pytest.fixture
def db(kind: str, request: pytest.FixtureRequest) -> duckdb.DuckDBPyConnection:
    connection = request.getfixturevalue(f"{kind}_db")
    assert isinstance(connection, duckdb.DuckDBPyConnection)
    return connection


def count(db: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = db.execute(sql).fetchone()
    assert row is not None
    return int(row[0])


def digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.csv")):
        total.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


@MAKERS
def test_one_seed_makes_one_set_of_bytes(maker: Maker, tmp_path: Path):
    for name, seed in (("first", 5), ("again", 5), ("other", 6)):
        maker(300, seed=seed).write(tmp_path / name)
    assert digest(tmp_path / "first") == digest(tmp_path / "again")
    assert digest(tmp_path / "first") != digest(tmp_path / "other")


@pytest.mark.parametrize(
    ("maker", "sha256"),
    [
        (make_dealer, "3bb21b765541ff9c6471a8baac9bb7b107854c39f2915cd8738aba35fe9baa4f"),
        (make_retail, "824c063d180f942ad5f6910047d88eaf3913b7d4d629cade205cce90d2bbd8c1"),
    ],
    ids=["dealer", "retail"],
)
def test_the_bytes_are_those_of_every_other_machine(maker: Maker, sha256: str, tmp_path: Path):
    """Where a maker is changed on purpose, these digests change with it."""
    maker(200, seed=1, as_of=date(2026, 6, 30)).write(tmp_path)
    assert digest(tmp_path) == sha256


@MAKERS
@pytest.mark.parametrize("customers", [1, 2, 3, 10])
@pytest.mark.parametrize("seed", [0, 11])
def test_small_sizes_are_made_and_written(maker: Maker, customers: int, seed: int, tmp_path: Path):
    made = maker(customers, seed=seed, as_of=date(2024, 2, 29))
    assert made.rows()["customers"] == customers
    paths = made.write(tmp_path)
    assert set(paths) == set(made.tables)


@BOTH
def test_ids_are_unique(db: duckdb.DuckDBPyConnection, made: MadeData):
    for table in made.tables:
        keys = {"order_lines": "order_id, line_no", "vehicles": "vin", "staff": "staff_id"}
        key = keys.get(table, made.tables[table].column_names[0])
        assert count(db, f"select count(*) - count(distinct ({key})) from {table}") == 0, table


@BOTH
def test_every_reference_is_there(db: duckdb.DuckDBPyConnection, made: MadeData):
    homes = {
        "customer_id": "customers",
        "order_id": "orders",
        "product_id": "products",
        "store_id": "stores",
        "staff_id": "staff",
        "vin": "vehicles",
    }
    checked = 0
    for table, rows in made.tables.items():
        for column, home in homes.items():
            if column in rows.column_names and home in made.tables and table != home:
                lost = (
                    f"select count(*) from {table} t anti join {home} h using ({column}) where t.{column} is not null"
                )
                assert count(db, lost) == 0, (table, column)
                checked += 1
    assert checked >= 7


@BOTH
def test_an_order_is_the_sum_of_its_lines(db: duckdb.DuckDBPyConnection):
    """quantity x unit_price, rounded half up: the rounding is done in whole numbers."""
    wrong = """
        with sums as (
            select order_id, sum((2 * (quantity * 1000)::bigint * (unit_price * 100)::bigint + 1000) // 2000) as gross,
                   sum(discount) as discount, sum(cost) as cost
            from order_lines group by order_id)
        select count(*) from orders full join sums using (order_id)
        where (orders.gross * 100)::bigint is distinct from sums.gross::bigint
           or orders.discount is distinct from sums.discount or orders.cost is distinct from sums.cost"""
    assert count(db, wrong) == 0
    assert count(db, "select count(*) from order_lines where quantity <= 0 or unit_price <= 0 or discount < 0") == 0
    assert count(db, "select count(*) from orders where gross - discount - coupon < 0 or coupon < 0") == 0
    assert count(db, "select count(*) from order_lines where quantity % 1 > 0") > 0


@BOTH
def test_refunds_are_after_their_order_and_not_above_it(db: duckdb.DuckDBPyConnection):
    wrong = """
        select count(*) from refunds r join orders o using (order_id)
        where r.amount > o.gross - o.discount - o.coupon or r.amount <= 0 or r.refunded_at <= o.ordered_at
           or r.customer_id is distinct from o.customer_id"""
    assert count(db, wrong) == 0
    assert count(db, "select count(*) - count(distinct order_id) from refunds") == 0
    assert count(db, "select count(*) from refunds") > 20


@MAKERS
@pytest.mark.parametrize("as_of", [date(2026, 6, 30), date(2025, 11, 9)])
def test_nothing_is_later_than_as_of(maker: Maker, as_of: date):
    made = maker(800, seed=3, as_of=as_of)
    seen = 0
    for name, table in made.tables.items():
        for column in table.column_names:
            kind = table.schema.field(column).type
            if not pa.types.is_temporal(kind):
                continue
            latest = pa.compute.max(table[column]).as_py()
            limit = datetime.combine(as_of, time.max) if isinstance(latest, datetime) else as_of
            assert latest is None or latest <= limit, (name, column)
            seen += 1
    assert seen >= 6


@BOTH
def test_customers_register_before_all_else_and_close_after_it(db: duckdb.DuckDBPyConnection, made: MadeData):
    times = {
        "orders": "ordered_at", "refunds": "refunded_at", "visits": "visited_at", "leads": "created_at",
        "calls": "called_at", "surveys": "answered_at", "interactions": "occurred_at",
    }  # fmt: skip
    for table in times.keys() & made.tables.keys():
        wrong = f"""select count(*) from {table} t join customers c using (customer_id)
                    where t.{times[table]} < c.registered_at or t.{times[table]} > c.closed_at"""
        assert count(db, wrong) == 0, table
    assert count(db, "select count(closed_at) from customers") > 0


@BOTH
@pytest.mark.parametrize("headers", ["zh", "en"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_files_read_back(made: MadeData, headers: str, encoding: str, tmp_path: Path):
    paths = made.write(tmp_path, headers=headers, encoding=encoding)  # type: ignore[arg-type]
    for name in ("customers", "products", "order_lines"):
        table = made.tables[name]
        with paths[name].open(encoding=encoding, newline="") as file:
            head, *rows = csv.reader(file)
        expected = CHINESE_HEADERS[name] if headers == "zh" else {column: column for column in table.column_names}
        assert head == [expected[column] for column in table.column_names]
        assert len(rows) == table.num_rows
        last = table.slice(table.num_rows - 1).to_pylist()[0]
        assert rows[-1] == ["" if value is None else str(value) for value in last.values()]
    assert (tmp_path / "truth" / "customers.csv").exists()


@BOTH
def test_chinese_headers_are_complete_and_distinct(made: MadeData):
    for name, table in made.tables.items():
        headers = [CHINESE_HEADERS[name][column] for column in table.column_names]
        assert len(set(headers)) == len(headers)


EXTRA = {
    "customers": {"store_id", "city", "member_level", "source", "customer_type", "advisor_id"},
    "visits": {"deliverer_name", "deliverer_phone"},
}


@BOTH
def test_headers_are_recognised_as_what_they_are(made: MadeData):
    """What the contract does not know is a trait or left alone; nothing is taken for something else."""
    for name, table in made.tables.items():
        known = [column for column in table.column_names if column not in EXTRA.get(name, set())]
        for headers in (table.column_names, [CHINESE_HEADERS[name][column] for column in table.column_names]):
            found = recognise(headers, name).columns
            assert found == {column: table.column_names.index(column) for column in found}, name
            assert sorted(found) == sorted(known), name


def test_refusals_leave_nothing_behind(tmp_path: Path):
    made = make_dealer(1)
    with pytest.raises(TierwiseError, match="choose zh or en") as headers:
        made.write(tmp_path / "a", headers="fr")  # type: ignore[arg-type]
    with pytest.raises(TierwiseError, match="choose utf-8") as encoding:
        made.write(tmp_path / "b", encoding="latin-1")  # type: ignore[arg-type]
    assert (headers.value.code, encoding.value.code) == ("unknown_headers", "unknown_encoding")
    assert list(tmp_path.iterdir()) == []


@MAKERS
@pytest.mark.parametrize("wish", [{"customers": 0}, {"customers": -5}, {"seed": -1}, {"as_of": date(1969, 1, 1)}])
def test_impossible_wishes_are_refused(maker: Maker, wish: dict[str, object]):
    with pytest.raises(TierwiseError) as refused:
        maker(**wish)
    assert refused.value.code == "out_of_range"
