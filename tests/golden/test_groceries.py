"""Groceries, 30 days of a shop (Hahsler, Hornik and Reutterer 2006): the figures of R's package arules."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

import tierwise as tw
from tests.golden.data_folder import data_file

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def lines() -> pa.Table:
    text = data_file("groceries", "groceries.csv").read_text("utf-8").splitlines()
    rows = [(basket, item.strip()) for basket, line in enumerate(text) for item in line.split(",")]
    return pa.table({"order_id": [row[0] for row in rows], "product_id": [row[1] for row in rows]})


def rules(lines: pa.Table, support: float, confidence: float, max_left: int | None) -> list[dict[str, Any]]:
    found = tw.association_rules(lines, min_support=support, min_confidence=confidence, max_left=max_left)
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


@pytest.mark.parametrize(
    ("support", "confidence", "many"), [(0.001, 0.8, 410), (0.001, 0.5, 5_668), (0.006, 0.25, 463), (0.01, 0.5, 15)]
)
def test_how_many_rules(lines: pa.Table, support: float, confidence: float, many: int) -> None:
    assert len(rules(lines, support, confidence, None)) == many


def test_left_sides_reach_five_items(lines: pa.Table) -> None:
    sizes = [row["left_size"] for row in rules(lines, 0.001, 0.8, 5)]
    assert [sizes.count(size) for size in range(1, 6)] == [0, 29, 229, 140, 12]


def test_printed_rules(lines: pa.Table) -> None:
    found = {(row["left"], row["right"]): row for row in rules(lines, 0.006, 0.25, 2)}
    cream = found["berries", "whipped/sour cream"]
    assert [round(cream[name], 5) for name in ("support", "confidence")] == [0.00905, 0.27217]
    assert round(cream["lift"], 3) == 3.797
    milk = found["curd + yogurt", "whole milk"]
    assert [round(milk["support"], 5), round(milk["confidence"], 4), round(milk["lift"], 3)] == [0.01007, 0.5824, 2.279]
    assert {name: found[name, "whole milk"]["left_count"] for name in ("other vegetables", "rolls/buns", "yogurt")} == {
        "other vegetables": 1_903,
        "rolls/buns": 1_809,
        "yogurt": 1_372,
    }
    assert milk["right_count"] == 2_513
