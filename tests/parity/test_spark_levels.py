"""Levels, matrices and price bands on DuckDB and on Spark: the same scales, the same rows."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pyarrow as pa
import pytest

from tests.parity.made_facts import AS_OF, made_facts
from tests.parity.test_spark import assert_same
from tierwise.definitions.level import Level
from tierwise.definitions.matrix import Matrix
from tierwise.definitions.price_band import PriceBand
from tierwise.metrics.frame import Frame, rows_of
from tierwise.metrics.level import level_scales, level_summary, with_levels
from tierwise.metrics.level_distance import headroom, near_misses
from tierwise.metrics.matrix import matrix_scales, matrix_summary, with_matrix
from tierwise.metrics.price_band import with_price_band

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")]

Pair = tuple[Frame, Frame]

LEVEL = Level.model_validate(
    {
        "name": "tier",
        "population": {"attribute": "orders", "op": ">=", "value": 1},
        "scorecard": {
            "weights": {"method": "entropy"},
            "indicators": [
                {"attribute": "spend", "normalise": "min_max"},
                {"attribute": "orders"},
                {"attribute": "share", "normalise": "min_max", "direction": "lower", "missing_points": 10},
                {
                    "attribute": "city",
                    "normalise": "bands",
                    "bands": [{"values": ["s1", "店"], "points": "12.5"}, {"points": 1}],
                },
                {
                    "attribute": "member",
                    "normalise": "bands",
                    "bands": [{"values": [True], "points": 3}, {"points": 0}],
                },
            ],
        },
        "levels": [{"name": "a", "share": "0.07"}, {"name": "b", "share": "0.2"}, {"name": "c"}],
    }
)
MATRIX = Matrix.model_validate(
    {
        "name": "grid",
        "dimensions": [
            {"attribute": "spend",
             "parts": [{"name": "h", "above": "0.8"}, {"name": "m", "above": "0.4"}, {"name": "l"}]},
            {"attribute": "share", "parts": [{"name": "h", "from": "0.333"}, {"name": "l"}], "missing": "l"},
            {"attribute": "city", "parts": [{"name": "s", "values": ["店"]}, {"name": "o"}]},
        ],
        "cells": [{"name": "best", "at": ["h", "*", "s"]}],
        "otherwise": {"name": "rest"},
    }
)  # fmt: skip


def made_people(customers: int = 400) -> pa.Table:
    draw = np.random.default_rng(20261122)
    share = draw.random(customers)

    def some(values: list[Any], missing: float) -> list[Any]:
        return [None if draw.random() < missing else values[int(i)] for i in draw.integers(0, len(values), customers)]

    return pa.table(
        {
            "customer_key": pa.array(range(customers), pa.int64()),
            "customer_id": [f"c{i}" for i in range(customers)],
            "spend_minor": pa.array([int(v) for v in draw.gamma(1.2, 9_000_000_000, customers)], pa.int64()),
            "orders": pa.array([int(v) for v in draw.integers(0, 9, customers)], pa.int64()),
            "share": pa.array([None if v < 0.1 else float(v) for v in share], pa.float64()),
            "city": pa.array(some(["s1", "s2", "店"], 0.1), pa.string()),
            "member": pa.array(some([True, False], 0.2), pa.bool_()),
        }
    )


@pytest.fixture(scope="module")
def frames(spark: Any) -> Iterator[dict[str, Pair]]:
    """People, lines and products on both engines."""
    facts = made_facts()
    draw = np.random.default_rng(5)
    size = facts["lines"].num_rows
    lines = facts["lines"].select(["product_id", "quantity"])
    lines = lines.append_column("customer_key", pa.array([int(v) for v in draw.integers(0, 400, size)], pa.int64()))
    prices = [Decimal(int(v)) / 4 for v in draw.integers(0, 30, size)]
    lines = lines.append_column("unit_price", pa.array(prices, pa.decimal128(18, 6)))
    lines = lines.append_column("ordered_day", pa.array([AS_OF] * size, pa.date32()))
    tables = {"people": made_people(), "lines": lines, "products": facts["products"]}
    connection = duckdb.connect()
    found: dict[str, Pair] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, table in tables.items():
            connection.register(name, table)
            found[name] = (nw.from_native(connection.table(name)), nw.from_native(spark.createDataFrame(table)))
    yield found
    connection.close()


def kept(frame: Frame) -> Frame:
    """Executed once: what is asked of it afterwards need not compute it again."""
    native: Any = nw.to_native(frame)
    done = native.execute() if isinstance(native, duckdb.DuckDBPyRelation) else native.localCheckpoint()
    return nw.from_native(done)


@pytest.mark.soak
def test_levels(frames: dict[str, Pair]) -> None:
    people = frames["people"]
    scales = [level_scales(frame, LEVEL, keep=lambda name, values: kept(values)) for frame in people]
    assert scales[0] == scales[1]
    leveled = [kept(with_levels(frame, LEVEL, scales[0])) for frame in people]
    assert_same(*leveled, "customer_key")
    assert level_summary(leveled[0], LEVEL) == level_summary(leveled[1], LEVEL)
    rooms = [headroom(frame, "tier", LEVEL.levels, scales[0]) for frame in leveled]
    assert rooms[0] == rooms[1]
    assert any(line.mean_change for room in rooms[0] for line in room.lines)
    near = [sorted(rows_of(near_misses(frame, "tier", 5).select("customer_id"))) for frame in leveled]
    assert near[0] == near[1] != []


def test_matrices(frames: dict[str, Pair]) -> None:
    people = frames["people"]
    scales = [matrix_scales(frame, MATRIX) for frame in people]
    assert scales[0] == scales[1]
    placed = [kept(with_matrix(frame, MATRIX, scales[0])) for frame in people]
    assert_same(*placed, "customer_key")
    assert matrix_summary(placed[0], MATRIX) == matrix_summary(placed[1], MATRIX)


def test_price_bands(frames: dict[str, Pair]) -> None:
    definition = PriceBand(category_depth=1, each="price", last_days=30)
    found = [
        with_price_band(people.select("customer_key"), definition, lines, products, as_of=AS_OF)
        for people, lines, products in zip(*(frames[name] for name in ("people", "lines", "products")), strict=True)
    ]
    assert_same(*found, "customer_key")
    told = {row[0] for row in rows_of(found[0].select("price_band").unique())}
    assert {"high", "mid", "low"} <= told
