"""Baskets of UCI Online Retail, all invoices: the rules of mlxtend 0.25's fpgrowth, and those that it loses."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

import tierwise as tw
from tests.golden.data_folder import data_file

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def lines() -> pa.Table:
    path = data_file("online_retail", "online_retail.csv")
    read = duckdb.connect().sql(
        "SELECT InvoiceNo AS order_id, StockCode AS product_id FROM read_csv($path, all_varchar = true)",
        params={"path": str(path)},
    )
    return read.to_arrow_table()


def test_as_many_rules_as_mlxtend(lines: pa.Table) -> None:
    found = tw.association_rules(lines, min_support=0.005, min_confidence=0.5, max_left=None)
    assert found.num_rows == 6_223
    assert found.column("basket_count")[0].as_py() == 25_900
    assert sum(size == 1 for size in found.column("left_size").to_pylist()) == 488


def test_rules_at_the_threshold(lines: pa.Table) -> None:
    # 259 of 1,295 are a fifth, and 150 of 375 two fifths: mlxtend divides (259 / 25900) / (1295 / 25900) and loses them
    for confidence, rule in ((0.2, ("20727", "22197", 259, 1_295)), (0.4, ("21900", "21902", 150, 375))):
        found = tw.association_rules(lines, min_support=0.005, min_confidence=confidence)
        told = zip(*(found.column(name).to_pylist() for name in ("left", "right", "count", "left_count")), strict=True)
        assert rule in set(told)
        _, _, both, left = rule
        assert (both / 25_900) / (left / 25_900) < confidence
