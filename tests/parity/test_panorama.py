"""The panorama and KPIs: the same on DuckDB and on Spark."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest

from tierwise.definitions.kpi import Kpi
from tierwise.metrics.customer import lazily
from tierwise.metrics.frame import Frame
from tierwise.metrics.kpi import KpiValue, kpi_values
from tierwise.metrics.panorama import Part, panorama
from tierwise.metrics.rules import RuleColumn, Schema
from tierwise.metrics.world import World

BUYERS = {"attribute": "orders", "op": ">=", "value": 1}
OFTEN = {"attribute": "orders", "op": ">", "value": 3}
KPIS = [
    {"name": "rate", "unit": "rate", "of": {"customers": OFTEN, "share_of": BUYERS}},
    {"name": "median", "unit": "money", "of": {"metric": "money", "aggregate": "median"}},
    {"name": "days", "unit": "days", "of": {"metric": "days", "aggregate": "average", "among": BUYERS}},
]


def made() -> pa.Table:
    draw = random.Random(4)
    rows = [
        (draw.randrange(6), draw.choice([None, draw.randint(-999, 99_999)]), draw.choice([None, draw.random() * 50]))
        for _ in range(200)
    ]
    return pa.table(
        {
            "customer_key": pa.array(range(200), pa.int64()),
            "orders": pa.array([row[0] for row in rows], pa.int64()),
            "money_minor": pa.array([row[1] for row in rows], pa.int64()),
            "days": pa.array([row[2] for row in rows], pa.float64()),
            "stage": pa.array([draw.choice([None, "a", "b", "c", "d"]) for _ in rows]),
        }
    )


def told(people: Frame) -> tuple[list[Part], dict[str, KpiValue]]:
    schema: Schema = {"orders": "integer", "days": "number", "money": RuleColumn("money_minor", "integer", 2)}
    world = World(people=people, schema=schema, as_of=date(2026, 6, 30))
    parts = panorama(people, by="stage", money="money_minor", against="orders", most=3)
    return parts, kpi_values([Kpi.model_validate(each) for each in KPIS], world, lazily)


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_the_same_on_spark(spark: Any) -> None:
    table = made()
    connection = duckdb.connect()
    connection.register("people", table)
    here = told(nw.from_native(connection.table("people")))
    there = told(nw.from_native(spark.createDataFrame(table)))
    assert there == here
    assert all(value.value is not None for value in here[1].values())
