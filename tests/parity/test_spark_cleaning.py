"""Junk accounts and the next question on DuckDB and on Spark: the same rows."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest

from tests.parity.test_spark import assert_same
from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.profiling import Profiling
from tierwise.metrics.cleaning import cleaning_schema, junk, those_who_remain, with_cleaning_attributes
from tierwise.metrics.frame import Frame
from tierwise.metrics.profiling import profiled
from tierwise.metrics.rules import rule_expr, rule_schema
from tierwise.metrics.store_totals import store_totals

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")]

AS_OF = date(2026, 6, 30)
CLEANING = Cleaning.model_validate(
    {
        "rules": [
            {
                "name": "idle",
                "title": {"zh": "僵尸"},
                "when": {
                    "all": [
                        {"attribute": "frequency_count", "op": "=", "value": 0},
                        {"attribute": "registered_same_day_idle_share", "op": ">=", "value": "0.3"},
                    ]
                },
                "retention_days": 30,
            },
            {
                "name": "night",
                "title": {"zh": "深夜"},
                "when": {"attribute": "registered_hour", "op": "between", "value": [1, 4]},
            },
        ]
    }
)
ASKING = Profiling.model_validate(
    {
        "targets": [{"attribute": "city"}, {"segment": "loyal"}],
        "at_least_answers": 20,
        "questions": [
            {"name": "spend", "attribute": "monetary_amount", "ask": {"zh": "？"}},
            {"name": "visited", "attribute": "last_ordered_on", "ask": {"zh": "？"}, "cost_bits": 0},
            {"name": "home", "attribute": "home", "unknown": ["?"], "ask": {"zh": "？"}},
            {"name": "pets", "attribute": "pets", "ask": {"zh": "？"}, "assumed_bits": 0.1},
        ],
    }
)


def tables() -> dict[str, pa.Table]:
    draw = random.Random(7)
    count = 300

    def some(values: list[Any], missing: float) -> list[Any]:
        return [None if draw.random() < missing else draw.choice(values) for _ in range(count)]

    days = [AS_OF - timedelta(days=7 * n) for n in range(20)]
    return {
        "people": pa.table(
            {
                "customer_key": pa.array(range(count), pa.int64()),
                "customer_id": [f"c{i}" for i in range(count)],
                "registered_on": pa.array(some(days, 0.1), pa.date32()),
                "last_ordered_on": pa.array(some(days, 0.4), pa.date32()),
                "frequency_count": pa.array([draw.randrange(3) for _ in range(count)], pa.int64()),
                "monetary_amount_minor": pa.array(some(list(range(0, 90_000, 37)), 0.2), pa.int64()),
                "city": pa.array(some(["上海", "杭州", "苏州"], 0.1), pa.string()),
                "home": pa.array(some(["flat", "house", "?"], 0.3), pa.string()),
            }
        ),
        "accounts": pa.table(
            {
                "customer_key": pa.array(range(0, count, 2), pa.int64()),
                "name": pa.array([f"n{i}" for i in range(0, count, 2)]),
                "email": pa.array([None] * (count // 2), pa.string()),
                "registered_hour": pa.array([draw.randrange(24) for _ in range(count // 2)], pa.int64()),
            }
        ),
        "releases": pa.table(
            {
                "customer_key": pa.array([2, 2, 8, 10], pa.int64()),
                "rule": pa.array(["idle", "night", None, "gone"], pa.string()),
            }
        ),
        "orders": pa.table(
            {
                "customer_key": pa.array([None if i % 5 == 0 else i % count for i in range(400)], pa.int64()),
                "store_id": pa.array([None if i % 7 == 0 else f"s{i % 3}" for i in range(400)], pa.string()),
                "ordered_day": pa.array([days[i % 20] for i in range(400)], pa.date32()),
                **{f"{name}_minor": pa.array(range(400), pa.int64()) for name in ("gross", "discount", "coupon")},
            }
        ),
    }


@pytest.fixture(scope="module")
def engines(spark: Any) -> Iterator[tuple[dict[str, Frame], dict[str, Frame]]]:
    connection = duckdb.connect()
    here: dict[str, Frame] = {}
    there: dict[str, Frame] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, table in tables().items():
            connection.register(name, table)
            here[name] = nw.from_native(connection.table(name))
            there[name] = nw.from_native(spark.createDataFrame(table))
    yield here, there
    connection.close()


def keep(name: str, frame: Frame) -> Frame:
    native: Any = nw.to_native(frame)
    done = native.execute() if isinstance(native, duckdb.DuckDBPyRelation) else native.localCheckpoint()
    return nw.from_native(done)


def found(frames: dict[str, Frame]) -> Frame:
    seen = keep("seen", with_cleaning_attributes(frames["people"], frames["accounts"]))
    schema = cleaning_schema(rule_schema(frames["people"]))
    sets = {r.name: seen.filter(rule_expr(r.when, schema)).select("customer_key") for r in CLEANING.rules}
    return keep("junk", junk(frames["people"], CLEANING, sets, frames["releases"]))


def test_junk_who_remains_and_the_stores(engines: tuple[dict[str, Frame], dict[str, Frame]]) -> None:
    one, two = (found(frames) for frames in engines)
    assert_same(one, two, "customer_key", "rule")
    assert_same(
        *(those_who_remain(frames["people"], flagged) for frames, flagged in zip(engines, (one, two), strict=True)),
        "customer_key",
    )
    totals = [
        store_totals(frames["orders"], as_of=AS_OF, junk=flagged)
        for frames, flagged in zip(engines, (one, two), strict=True)
    ]
    assert_same(*totals, "store_id")


def test_worths_and_next_questions(engines: tuple[dict[str, Frame], dict[str, Frame]]) -> None:
    one, two = (
        profiled(
            frames["people"],
            ASKING,
            rule_schema(frames["people"]),
            {"segment loyal": frames["people"].filter(nw.col("frequency_count") > 1).select("customer_key")},
            keep,
        )
        for frames in engines
    )
    assert one.worths == two.worths
    assert_same(one.columns, two.columns, "customer_key")
    assert_same(one.questions, two.questions, "place")
