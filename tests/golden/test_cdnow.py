"""CDNOW master: all buyers whose first order was in the first quarter of 1997; each line is an order."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

import tierwise as tw
from tests.golden.data_folder import data_file

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def metrics() -> duckdb.DuckDBPyRelation:
    path = data_file("cdnow", "CDNOW_master.txt")
    fields = [line.split() for line in path.read_text("ascii").splitlines()[1:] if line.strip()]
    orders = pa.table(
        {
            "customer_id": [row[0] for row in fields],
            "order_id": [str(number) for number in range(len(fields))],
            "day": [f"{row[1][:4]}-{row[1][4:6]}-{row[1][6:]}" for row in fields],
            "net": [float(row[3]) for row in fields],
        }
    )
    connection = duckdb.connect()
    connection.register("orders", orders)
    typed = connection.sql(
        "SELECT customer_id, order_id, CAST(day AS DATE) AS ordered_day, net AS gross, net FROM orders"
    )
    return tw.customer_metrics(typed, as_of="1998-06-30").execute()


def test_customers_and_one_time_buyers(metrics: duckdb.DuckDBPyRelation) -> None:
    found = metrics.aggregate(
        "count(*), sum(frequency_count)::BIGINT, count(*) FILTER (frequency_count = 1)"
    ).fetchone()
    assert found is not None
    customers, orders, once = found
    assert (customers, orders) == (23_570, 69_659)
    assert round(once / customers, 3) == 0.505


def test_buyers_on_one_day_only(metrics: duckdb.DuckDBPyRelation) -> None:
    found = metrics.aggregate("count(*) FILTER (order_days_count = 1) / count(*)").fetchone() or (0,)
    assert round(found[0], 3) == 0.511


def test_deciles_by_spend(metrics: duckdb.DuckDBPyRelation) -> None:
    shares = [0.5094, 0.1683, 0.1017, 0.0681, 0.0483, 0.0355, 0.0265, 0.0187, 0.0137, 0.0098]
    assert [round(row.share or 0, 4) for row in tw.decile_table(metrics).parts] == shares
