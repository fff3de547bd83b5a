"""UCI Online Retail (Chen, Sain and Guo 2012): figures computed twice, independently, from the raw file.

Sales are lines with a customer, an invoice that is no cancellation, a positive quantity and a positive price.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest

import tierwise as tw
from tests.golden.data_folder import data_file

pytestmark = pytest.mark.data

AS_OF = "2011-12-10"


@pytest.fixture(scope="module")
def lines() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    path = data_file("online_retail", "online_retail.csv")
    connection.execute(
        "CREATE TABLE lines AS SELECT InvoiceNo AS order_id, CustomerID AS customer_id, "
        "CAST(InvoiceDate AS TIMESTAMP) AS ordered_at, CAST(Quantity AS BIGINT) AS quantity, "
        "CAST(UnitPrice AS DECIMAL(12, 3)) AS price, "
        "round(CAST(Quantity AS BIGINT) * CAST(UnitPrice AS DECIMAL(12, 3)), 2) AS money "
        "FROM read_csv(?, all_varchar = true)",
        [str(path)],
    )
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def sales(lines: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    return lines.sql(
        "SELECT order_id, customer_id, ordered_at, money AS gross, money AS net FROM lines "
        "WHERE customer_id IS NOT NULL AND order_id NOT LIKE 'C%' AND quantity > 0 AND price > 0"
    )


@pytest.fixture(scope="module")
def metrics(sales: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    return tw.customer_metrics(sales, as_of=AS_OF).execute()


def test_customers_orders_and_money_to_the_cent(metrics: duckdb.DuckDBPyRelation) -> None:
    found = metrics.aggregate("count(*), sum(frequency_count), sum(monetary_amount)").fetchone()
    assert found == (4_338, 18_532, Decimal("8911407.90"))
    assert metrics.filter("customer_id LIKE '12346%'").project("monetary_amount").fetchone() == (Decimal("77183.60"),)


def test_means_of_recency_frequency_and_money(metrics: duckdb.DuckDBPyRelation) -> None:
    recency, frequency, money = metrics.aggregate(
        "avg(recency_days), avg(frequency_count), avg(monetary_amount)"
    ).fetchone() or (0, 0, 0)
    assert round(recency, 2) == 93.06
    assert round(frequency, 3) == 4.272
    assert round(float(money), 2) == 2054.27


def test_one_time_buyers(metrics: duckdb.DuckDBPyRelation) -> None:
    found = metrics.aggregate("count(*) FILTER (frequency_count = 1) / count(*)").fetchone() or (0,)
    assert round(found[0], 3) == 0.344


def test_deciles_by_spend(metrics: duckdb.DuckDBPyRelation) -> None:
    table = tw.decile_table(metrics)
    shares = [0.6138, 0.1324, 0.0817, 0.0552, 0.0387, 0.0284, 0.0202, 0.0148, 0.0098, 0.0052]
    assert [round(row.share or 0, 4) for row in table.parts] == shares
    assert tw.decile_sentence(table, "zh", noun="消费额") == "前 30% 的客户贡献了 83% 的消费额。"


def test_net_of_cancellations(lines: duckdb.DuckDBPyConnection, sales: duckdb.DuckDBPyRelation) -> None:
    refunds = lines.sql(
        "SELECT customer_id, ordered_at AS refunded_at, -money AS amount FROM lines "
        "WHERE order_id LIKE 'C%' AND customer_id IS NOT NULL"
    )
    net = tw.customer_metrics(sales, as_of=AS_OF, refunds=refunds).execute()
    found = net.aggregate(
        "count(*), sum(monetary_amount), count(*) FILTER (frequency_count = 0), count(*) FILTER (monetary_amount <= 0)"
    ).fetchone()
    # The file knows one customer more, 13256, whose only line has the price 0 and so is neither sale nor refund.
    assert found == (4_371, Decimal("8300065.81"), 33, 54)


def test_every_customer_is_in_one_of_the_eight_cells(sales: duckdb.DuckDBPyRelation) -> None:
    cells = tw.rfm_cells(tw.rfm(sales, as_of=AS_OF))
    assert sum(cell.customers for cell in cells.cells) == cells.scored == 4_338
    assert sum(cell.monetary_amount for cell in cells.cells) == Decimal("8911407.90")
