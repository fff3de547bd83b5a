"""Small tables on DuckDB, and what comes of them as plain rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest

from tierwise.metrics.customer import Keep
from tierwise.metrics.frame import Frame
from tierwise.metrics.item_days import bought_items
from tierwise.testing import MadeData, make_retail

MakeFrame = Callable[..., Frame]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = duckdb.connect()
    opened.execute("SET TimeZone = 'UTC'")
    yield opened
    opened.close()


@pytest.fixture
def frame(connection: duckdb.DuckDBPyConnection) -> MakeFrame:
    """frame(column=[...], ...) or frame(arrow_table): a lazy frame on DuckDB."""
    made: list[int] = []

    def make(table: pa.Table | None = None, **columns: Any) -> Frame:
        made.append(1)
        name = f"made_{len(made)}"
        connection.register(f"{name}_arrow", table if table is not None else pa.table(columns))
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM {name}_arrow")
        return nw.from_native(connection.table(name))

    return make


@dataclass(frozen=True)
class Retailer:
    """bought: what the made retailer's known customers bought, as `bought_items` makes it; keep: of its engine."""

    bought: Frame
    products: Frame
    keep: Keep


def keeper(connection: duckdb.DuckDBPyConnection) -> Keep:
    """Executes each intermediate once, as an engine does."""
    numbers = count(1)

    def kept(name: str, frame: Frame) -> Frame:
        table = f"{name}_{next(numbers)}"
        nw.to_native(frame).create(table)
        return nw.from_native(connection.table(table))

    return kept


@pytest.fixture
def keep(connection: duckdb.DuckDBPyConnection) -> Keep:
    return keeper(connection)


@pytest.fixture(scope="session")
def made_retailer() -> MadeData:
    """The made retailer of the makers' own tests: 5,000 customers, seed 7."""
    return make_retail()


@pytest.fixture(scope="session")
def retailer(made_retailer: MadeData) -> Iterator[Retailer]:
    opened = duckdb.connect()
    for name in ("orders", "order_lines", "products"):
        opened.register(f"{name}_made", made_retailer.tables[name])
    opened.execute("""CREATE TABLE orders AS
        SELECT order_id, customer_id AS customer_key, ordered_at::DATE AS ordered_day,
               (discount * 100)::BIGINT AS discount_minor, (coupon * 100)::BIGINT AS coupon_minor FROM orders_made""")
    opened.execute("""CREATE TABLE lines AS SELECT order_id, product_id, quantity,
        (discount * 100)::BIGINT AS discount_minor FROM order_lines_made""")
    opened.execute("CREATE TABLE products AS SELECT product_id, category, pack_size FROM products_made")
    orders, lines, products = (nw.from_native(opened.table(name)) for name in ("orders", "lines", "products"))
    nw.to_native(bought_items(orders, lines, products)).create("bought")
    yield Retailer(nw.from_native(opened.table("bought")), products, keeper(opened))
    opened.close()


@pytest.fixture(scope="session")
def cycles(made_retailer: MadeData) -> dict[str, int | None]:
    """The planted cycle of each product, in days; None where it has none."""
    truth = made_retailer.truths["products"].to_pylist()
    return {row["product_id"]: row["cycle_days"] for row in truth}


@pytest.fixture(scope="session")
def streams(made_retailer: MadeData) -> dict[tuple[str, str], tuple[str, int]]:
    """(customer, product) -> the planted kind and interval of who replenishes it."""
    truth = made_retailer.truths["streams"].to_pylist()
    return {(row["customer_id"], row["product_id"]): (row["kind"], row["interval_days"]) for row in truth}
