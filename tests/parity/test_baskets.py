"""Rules of baskets: pandas, Polars, Arrow and DuckDB give the same, and Spark's join what NumPy counts."""

from __future__ import annotations

import random
import warnings
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest

import tierwise as tw
from tests.parity.test_frame_kinds import KINDS


@pytest.fixture(scope="module")
def lines() -> pa.Table:
    draw = random.Random(5)
    rows = []
    for basket in range(200):
        items = [item for item in range(12) if draw.random() < 0.5 / (1 + item / 4)]
        items += [9, 10, 11] if basket % 9 == 0 else []
        rows += [(f"o{basket}", f"p{item}") for item in items]
    rows += [(None, "p1"), ("o1", None), *rows[:5]]
    return pa.table({"order_id": [row[0] for row in rows], "product_id": [row[1] for row in rows]})


def rules(frame: Any, max_left: int | None = 1) -> Any:
    return tw.association_rules(frame, min_support=0.05, min_confidence=0.2, max_left=max_left)


def plain(frame: Any) -> list[dict[str, Any]]:
    known = nw.from_native(frame)
    table = known.collect(backend="pyarrow") if isinstance(known, nw.LazyFrame) else known
    found: list[dict[str, Any]] = table.to_arrow().to_pylist()
    for row in found:
        if row["conviction"] != row["conviction"]:
            row["conviction"] = None
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_type_comes_back_in_the_same_order(kind: str, lines: pa.Table) -> None:
    given = KINDS[kind](lines)
    found = rules(given, 2)
    assert type(found) is type(given)
    assert plain(found) == rules(lines, 2).to_pylist()
    assert len(plain(found)) > 20


def test_columns_may_have_other_names(lines: pa.Table) -> None:
    renamed = lines.rename_columns(["InvoiceNo", "StockCode"])
    found = tw.association_rules(renamed, basket="InvoiceNo", item="StockCode", min_support=0.05, min_confidence=0.2)
    assert found.equals(rules(lines))


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("max_left", [pytest.param(1, marks=pytest.mark.soak), 2])
def test_spark_gives_what_duckdb_gives(spark: Any, lines: pa.Table, max_left: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = rules(spark.createDataFrame(lines), max_left).toArrow()
    assert found.to_pylist() == rules(duckdb.from_arrow(lines), max_left).to_arrow_table().to_pylist()
