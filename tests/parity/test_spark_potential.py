"""What comes after a cut, and what a claim came to: the same counts on DuckDB and on Spark."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest

from tierwise.metrics.frame import Frame, rows_of
from tierwise.metrics.potential import spent_after
from tierwise.metrics.tag_outcomes import tag_outcomes

CUT = date(2026, 3, 31)
ORDERS = pa.table(
    {
        "customer_key": pa.array([1, 1, 2, 3, None, 4, 4], pa.int64()),
        "ordered_day": pa.array([CUT + timedelta(days=day) for day in (0, 1, 30, 31, 2, 5, 6)], pa.date32()),
        "gross_minor": pa.array([900, 500, 700, 100, 100, 300, 200], pa.int64()),
        "discount_minor": pa.array([0, 50, 0, 0, 0, 0, 0], pa.int64()),
        "coupon_minor": pa.array([0, 0, 70, 0, 0, 0, 0], pa.int64()),
    }
)
TAGS = pa.table({"customer_key": pa.array([1, 2, 3], pa.int64()), "value": ["a", "b", None]})
PEOPLE = pa.table({"customer_key": pa.array([1, 2, 3, 4, 5], pa.int64())})


@pytest.mark.spark
def test_equal_on_spark(spark: Any) -> None:
    def on_spark(table: pa.Table) -> Frame:
        return nw.from_native(spark.createDataFrame(table))

    def on_duckdb(table: pa.Table) -> Frame:
        return nw.from_native(duckdb.from_arrow(table))

    found = []
    for made in (on_duckdb, on_spark):
        spent = spent_after(made(ORDERS), after=CUT, until=CUT + timedelta(days=30))
        rows = sorted(rows_of(spent.select("customer_key", "order_count", "net_minor")))
        told = tag_outcomes(made(PEOPLE), made(TAGS), made(pa.table({"customer_key": pa.array([1, 5], pa.int64())})))
        found.append((rows, told))
    assert found[0][0] == [(1, 1, 450), (2, 1, 630), (4, 2, 500)]
    assert found[0] == found[1]
