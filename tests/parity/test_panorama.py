"""The panorama and KPIs: the same from every kind of frame and on Spark."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import tierwise as tw
from tests.parity.made_facts import AS_OF
from tests.parity.test_frame_kinds import KINDS
from tests.parity.test_paths import plain
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
    world = World(people=people, schema=schema, as_of=AS_OF)
    parts = panorama(people, by="stage", money="money_minor", against="orders", most=3, most_against=3)
    return parts, kpi_values([Kpi.model_validate(each) for each in KPIS], world, lazily)


def outside() -> pa.Table:
    """As a caller has it: money in currency units."""
    minor = made().column("money_minor").cast(pa.decimal128(19, 0))
    money = pc.multiply(minor, pa.scalar(Decimal("0.01")))
    return made().rename_columns(["customer_id", *made().column_names[1:]]).append_column("money", money)


DOORS: dict[str, Callable[[Any], Any]] = {
    "panorama": lambda people: tw.panorama(people, by="stage", against="orders", money="money", most=3),
    "kpis": lambda people: tw.kpis(people, [tw.Kpi.model_validate(each) for each in KPIS], as_of=AS_OF),
}


@pytest.mark.parametrize("kind", ["pandas", "polars lazy", "duckdb"])
@pytest.mark.parametrize("name", DOORS)
def test_the_same_type_comes_back_in_the_same_order(name: str, kind: str) -> None:
    given = KINDS[kind](outside())
    found = DOORS[name](given)
    assert type(found) is type(given)
    assert plain(found) == [
        {key: None if value != value else value for key, value in row.items()}
        for row in DOORS[name](outside()).to_pylist()
    ]


def test_the_doors_tell_what_the_parts_and_values_are() -> None:
    parts, values = told(nw.from_native(duckdb.from_arrow(made())))
    rows = DOORS["panorama"](outside()).to_pylist()
    assert [(row["value"], row["against"], row["customers"], row["money"] * 100) for row in rows] == [
        (part.value, part.against, part.customers, part.money_minor) for part in parts
    ]
    told_kpis = {row["kpi"]: row for row in DOORS["kpis"](outside()).to_pylist()}
    median = values["median"].value
    assert median is not None
    assert told_kpis["median"]["value"] == Decimal(int(median)) / 100
    assert told_kpis["rate"]["part"] == values["rate"].part
    plainly = tw.panorama(outside(), by="stage", money="money")
    assert "against" not in plainly.column_names
    assert sum(plainly.column("customers").to_pylist()) == 200


def test_what_a_frame_cannot_tell_is_refused_at_once() -> None:
    visited = {"behaviour": {"fact": "visits", "aggregate": "ever"}}
    asked = [
        {"name": "visitors", "unit": "count", "of": {"customers": visited}},
        {"name": "segment", "unit": "count", "of": {"customers": {"segment": "vip"}}},
        {"name": "unknown", "unit": "money", "of": {"metric": "spent", "aggregate": "sum"}},
    ]
    with pytest.raises(tw.TierwiseError) as refused:
        tw.kpis(outside(), [tw.Kpi.model_validate(each) for each in asked], as_of=AS_OF)
    assert [problem.place for problem in refused.value.problems] == ["visitors", "segment", "unknown"]
    with pytest.raises(tw.TierwiseError, match="several rows of one customer_id: 200 of them"):
        tw.kpis(pa.concat_tables([outside()] * 2), [], as_of=AS_OF)
    with pytest.raises(tw.TierwiseError, match='no column "monetary_amount"'):
        tw.panorama(outside(), by="stage")


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
