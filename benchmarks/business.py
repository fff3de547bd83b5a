"""The made-up business of the benchmarks, as files that a business would export: text ids, decimals, local times.

Draws come from `tierwise.testing.draws`, so a seed and two sizes give the same bytes everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from tierwise.testing.draws import Draws, Ints

AS_OF = date(2026, 6, 30)
DAYS = 1096
"""Three years, the last day of which is AS_OF."""

_FIRST_SECOND = 1_688_169_600
"""2023-07-01 00:00:00 on the business's clock, by which all times in the files are written."""

_FORMAT = "(FORMAT csv, HEADER, DELIMITER ',')"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is made. orders: rows of orders.csv, and of order_lines.csv; customers: how many have an order."""

    orders: int = 10_000_000
    customers: int = 1_000_000
    seed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.customers <= self.orders:
            raise SystemExit(f"{self.customers} customers need at least as many orders, not {self.orders}")


def orders_file(folder: Path, size: Size) -> Path:
    """orders.csv: one row per order, in the order of time, with customers.csv and refunds.csv beside it."""
    return _made_once(folder, "orders.csv", size, _write_orders)


def lines_file(folder: Path, size: Size) -> Path:
    """order_lines.csv: as many rows as orders are asked for, three to an order on average."""
    return _made_once(folder, "order_lines.csv", size, _write_lines)


def _made_once(folder: Path, name: str, size: Size, write: Callable[[Path, Size], None]) -> Path:
    """The file where it is already there, whole, from the same code; else made."""
    folder.mkdir(parents=True, exist_ok=True)
    path, stamp = folder / name, folder / f"{name}.made.json"
    wanted = {"orders": size.orders, "customers": size.customers, "seed": size.seed, "layout": 1}
    if stamp.exists() and path.exists() and json.loads(stamp.read_text()) == wanted:
        return path
    stamp.unlink(missing_ok=True)
    write(path, size)
    stamp.write_text(json.dumps(wanted))
    return path


def _customers_of(draws: Draws, count: int, customers: int) -> Ints:
    """Who buys: every customer at least once; of the rest, half goes to a tenth of them, 15 % to the lower 60 %."""
    part = draws.pick(count, (50, 35, 15))
    low = np.array([0, customers // 10, customers * 4 // 10])[part]
    high = np.maximum(np.array([customers // 10, customers * 4 // 10, customers])[part], low + 1)
    rank = low + draws.below(count, high - low)
    places = draws.order(count)[:customers]
    rank[places] = np.arange(customers)
    return draws.order(customers)[np.minimum(rank, customers - 1)]


def _seconds(count: int) -> Ints:
    """Instants from the first second to the last day, ascending and even."""
    return _FIRST_SECOND + np.arange(count, dtype=np.int64) * (DAYS * 86_400 - 1) // max(1, count)


def _home_store(customer: Ints) -> Ints:
    return (customer * 7919 + 13) % 50


def _write_orders(path: Path, size: Size) -> None:
    draws = Draws(size.seed, "orders")
    n = size.orders
    customer = _customers_of(draws, n, size.customers)
    gross = draws.curve(n, ((0, 900), (200, 3_900), (500, 8_900), (800, 19_900), (950, 59_900), (1000, 499_900)))
    discount = np.where(draws.chance(n, 220), gross * draws.between(n, 5, 30) // 100, 0)
    coupon = np.where(draws.chance(n, 150), np.minimum(draws.between(n, 1, 10) * 500, gross - discount), 0)
    store = np.where(draws.chance(n, 800), _home_store(customer), draws.below(n, 50))
    made = pa.table(
        {
            "i": np.arange(n, dtype=np.int64),
            "customer": customer,
            "second": _seconds(n),
            "store": pa.array(store, mask=draws.chance(n, 100)),
            "gross": gross,
            "discount": discount,
            "coupon": coupon,
            "cost": pa.array(gross * draws.between(n, 40, 75) // 100, mask=draws.chance(n, 2)),
            "refund": draws.chance(n, 30),
            "back": draws.between(n, 1, 15) * 86_400,
        }
    )
    with duckdb.connect() as connection:
        connection.register("made", made)
        connection.execute(_FORMATS)
        connection.execute(f"COPY (SELECT {_ORDER} FROM made ORDER BY i) TO '{path}' {_FORMAT}")
        refunds = "SELECT * FROM made WHERE refund AND second + back < " + str(_FIRST_SECOND + DAYS * 86_400)
        connection.execute(
            f"COPY (SELECT {_REFUND} FROM ({refunds}) ORDER BY i) TO '{path.with_name('refunds.csv')}' {_FORMAT}"
        )
    _write_customers(path.with_name("customers.csv"), size)


def _write_customers(path: Path, size: Size) -> None:
    draws = Draws(size.seed, "customers")
    n = size.customers
    made = pa.table(
        {
            "customer": np.arange(n, dtype=np.int64),
            "gender": pa.array(np.array(["female", "male"])[draws.pick(n, (60, 40))], mask=draws.chance(n, 200)),
            "birth": pa.array(draws.between(n, -7_000, 14_000), mask=draws.chance(n, 400)),
            "registered": _FIRST_SECOND - 86_400 * draws.between(n, 0, 700),
            "closed": pa.array(_FIRST_SECOND + 86_400 * draws.between(n, 400, DAYS - 1), mask=~draws.chance(n, 10)),
        }
    )
    with duckdb.connect() as connection:
        connection.register("made", made)
        connection.execute(_FORMATS)
        connection.execute(f"COPY (SELECT {_CUSTOMER} FROM made ORDER BY customer) TO '{path}' {_FORMAT}")


def _write_lines(path: Path, size: Size) -> None:
    """Orders of one to five lines, one after the other; a product has one price."""
    draws = Draws(size.seed, "lines")
    n = size.orders
    lengths = draws.between(n, 1, 5)
    order = np.repeat(np.arange(n, dtype=np.int64), lengths)[:n]
    orders = int(order[-1]) + 1
    customer = _customers_of(draws, max(orders, size.customers), size.customers)[order]
    product = draws.curve(n, ((0, 0), (500, 400), (800, 1_800), (1000, 4_999)))
    made = pa.table(
        {
            "line": np.arange(n, dtype=np.int64),
            "order": order,
            "customer": customer,
            "second": _seconds(orders)[order],
            "product": product,
            "quantity": draws.curve(n, ((0, 1), (700, 1), (900, 3), (1000, 12))),
            "price": 190 + (product * 104_729) % 39_700,
        }
    )
    with duckdb.connect() as connection:
        connection.register("made", made)
        connection.execute(_FORMATS)
        connection.execute(f"COPY (SELECT {_LINE} FROM made ORDER BY line) TO '{path}' {_FORMAT}")


_FORMATS = """
CREATE MACRO customer_id(n) AS 'C' || lpad(n::VARCHAR, 9, '0');
CREATE MACRO order_id(n) AS 'SO' || lpad(n::VARCHAR, 10, '0');
CREATE MACRO store_id(n) AS 'S' || lpad(n::VARCHAR, 3, '0');
CREATE MACRO product_id(n) AS 'P' || lpad(n::VARCHAR, 5, '0');
CREATE MACRO money(n) AS (n::DECIMAL(18, 0) / 100)::DECIMAL(18, 2);
CREATE MACRO clock(s) AS strftime(make_timestamp(s * 1000000), '%Y-%m-%d %H:%M:%S');
"""

_ORDER = """
    order_id(i) AS order_id, customer_id(customer) AS customer_id, clock(second) AS ordered_at,
    store_id(store) AS store_id,
    money(gross) AS gross, money(discount) AS discount, money(coupon) AS coupon, money(cost) AS cost
"""
_REFUND = """
    'R' || order_id(i) AS refund_id, order_id(i) AS order_id, customer_id(customer) AS customer_id,
    clock(second + back) AS refunded_at, store_id(store) AS store_id, money(gross - discount - coupon) AS amount
"""
_CUSTOMER = """
    customer_id(customer) AS customer_id, gender, DATE '1980-01-01' + birth::INTEGER AS birth_on,
    clock(registered) AS registered_at, clock(closed) AS closed_at
"""
_LINE = """
    order_id("order") AS order_id, customer_id(customer) AS customer_id, clock(second) AS ordered_at,
    product_id(product) AS product_id, quantity, money(price) AS unit_price
"""
