"""Reading a table of a Spark catalog as an import of what is new."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tierwise.definitions.import_source import ImportSource, SparkTable
from tierwise.ingest.database_rows import Copied
from tierwise.ingest.mark import Mark
from tierwise.ingest.spark_rows import copy_spark
from tierwise.kernel.errors import TierwiseError

NOW = datetime(2026, 6, 30, tzinfo=UTC)

ROWS = """
SELECT * FROM VALUES
  ('o1', 'tea', 1234567890.5D, TIMESTAMP '2026-06-01 00:00:00+00:00', X'00ff', array(1, 2)),
  ('o1', 'cup', 2D,            TIMESTAMP '2026-06-03 15:30:00.123456+00:00', null, null),
  ('o2', 'tea', 3D,            TIMESTAMP '2026-06-02 00:00:00+00:00', null, null),
  ('o3', 'tea', 4D,            null, null, null),
  ('o4', 'tea', 5D,            TIMESTAMP '2099-01-01 00:00:00+00:00', null, null)
AS t(no, sku, price, changed, raw, list)
"""


def read(folder: Path, mark: Mark | None = None, **more: Any) -> tuple[Copied, list[dict[str, Any]]]:
    body = {
        "name": "erp",
        "origin": {"kind": "spark", "table": "orders_of_erp"},
        "watermark": {"column": "changed", "overlap_minutes": 0},
        "mapping": {"table": "order_lines", "columns": {"order_id": "no", "product_id": "sku", "unit_price": "price"}},
    }
    source = ImportSource.model_validate(body | more)
    assert isinstance(source.origin, SparkTable)
    target = folder / "rows"
    copied = copy_spark(source, source.origin, mark, target, lambda done, size: None, now=NOW, zone=UTC)
    return copied, pq.read_table(target).to_pylist()


def test_rows_come_as_texts_and_what_is_new_alone(spark: Any, tmp_path: Path) -> None:
    spark.sql(ROWS).createOrReplaceTempView("orders_of_erp")
    copied, rows = read(tmp_path)
    assert (copied.rows, copied.without_mark) == (5, 1)
    assert copied.mark is not None
    assert copied.mark.text == "2026-06-03T15:30:00.123456+00:00"
    assert rows[0] == {
        "no": "o1",
        "sku": "tea",
        "price": "1.2345678905E9",
        "changed": "2026-06-01 00:00:00.000000+00:00",
        "raw": "00FF",
        "list": "[1,2]",
    }
    assert rows[1]["price"] == "2"
    # What is at the mark or has none, what is of the future, and the other line of an order that has a new one.
    again, rows = read(tmp_path, copied.mark)
    assert sorted((row["no"], row["sku"]) for row in rows) == [
        ("o1", "cup"),
        ("o1", "tea"),
        ("o3", "tea"),
        ("o4", "tea"),
    ]
    assert again.mark == copied.mark


def test_what_is_wrong_is_told(spark: Any, tmp_path: Path) -> None:
    spark.sql(ROWS).createOrReplaceTempView("orders_of_erp")
    with pytest.raises(TierwiseError, match="nowhere") as caught:
        read(tmp_path, origin={"kind": "spark", "table": "nowhere"})
    assert caught.value.code == "source_unreadable"
    with pytest.raises(TierwiseError, match="of type string"):
        read(tmp_path, watermark={"column": "sku"})
