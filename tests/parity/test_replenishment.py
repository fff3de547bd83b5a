"""Replenishment, due lists and increments: the same from every kind of frame and on Spark."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import narwhals as nw
import pyarrow as pa
import pytest

import tierwise as tw
from tests.parity.made_facts import AS_OF
from tests.parity.test_frame_kinds import KINDS
from tests.parity.test_paths import plain, same
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep
from tierwise.metrics.due import due_list
from tierwise.metrics.due_backtest import due_backtest
from tierwise.metrics.frame import Frame
from tierwise.metrics.increment import customer_increments, increments
from tierwise.metrics.vehicle_due import vehicle_due


def made() -> pa.Table:
    """Two items with a cycle, one without, one of a single day; promotions, larger packs, odd rows."""
    draw = random.Random(5)
    rows: list[tuple[str | None, str, date, int, bool]] = []
    for who in range(14):
        for item, cycle in (("a", 20 + who), ("b", 31), ("c", 0)):
            day = draw.randrange(20)
            while day < 170:
                on = draw.random() < 0.2
                units = (3 if on else 1) + (day > 90 and who % 3 == 0)
                rows.append((f"c{who}", item, date(2026, 1, 1) + timedelta(days=day), units, on))
                day += cycle * (3 if on else 1) + draw.randrange(-2, 3) if cycle else 1 + int(draw.expovariate(0.05))
    rows += [("c1", "d", date(2026, 6, 1), 2, False), (None, "a", date(2026, 6, 1), 1, False)]
    names = ("customer_id", "product_id", "ordered_day", "quantity", "promoted")
    return pa.table({name: pa.array([row[place] for row in rows]) for place, name in enumerate(names)})


PRODUCTS = pa.table(
    {"product_id": ["a", "b", "d"], "category": ["x", "y", "x"], "pack_size": pa.array([20.0, None, 40.0])}
)

CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "replenishment_cycles": lambda rows, _: tw.replenishment_cycles(
        rows, as_of=AS_OF, min_intervals=20, min_customers=6
    ),
    "due_list": lambda rows, goods: tw.due_list(rows, products=goods, as_of=AS_OF, min_intervals=20, min_customers=6),
    "increments": lambda rows, _: tw.increments(rows, as_of=AS_OF),
}


@pytest.mark.parametrize("kind", ["pandas", "polars lazy"])
@pytest.mark.parametrize("name", ["replenishment_cycles", "due_list", "increments"])
def test_the_same_type_comes_back_in_the_same_order(name: str, kind: str) -> None:
    given = KINDS[kind](made())
    found = CALLS[name](given, KINDS[kind](PRODUCTS))
    assert type(found) is type(given)
    rows = [{key: day_of(value) for key, value in row.items()} for row in plain(found)]
    assert rows == CALLS[name](made(), PRODUCTS).to_pylist()
    assert len(rows) >= 3


def day_of(value: Any) -> Any:
    """pandas has no dates, only midnights; what is missing among them is no text either."""
    return value.date() if isinstance(value, datetime) else value


def test_the_other_doors_and_what_is_wrong() -> None:
    found = tw.due_backtest(made(), cuts=["2026-05-01"], as_of=AS_OF, min_intervals=20, min_customers=6)
    assert found.column("basis").to_pylist() == ["customer", "item"]
    assert tw.increments(made(), as_of=AS_OF, per="customer").num_rows > 3
    assert tw.increments(made(), as_of=AS_OF, per="item").column("product_id").to_pylist() == ["a", "b", "c"]
    assert tw.customer_cycles(made(), as_of=AS_OF, min_intervals=20, min_customers=6).num_rows == 43
    with pytest.raises(TierwiseError, match='unknown per "customers"'):
        tw.increments(made(), as_of=AS_OF, per="customers")


def checkpointed(_: str, frame: Frame) -> Frame:
    return nw.from_native(nw.to_native(frame).localCheckpoint())


@pytest.fixture(scope="module")
def both(spark: Any) -> Iterator[tuple[Frame, Frame, Keep]]:
    """Purchases, products and the keeper of Spark."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield (
            nw.from_native(spark.createDataFrame(made())),
            nw.from_native(spark.createDataFrame(PRODUCTS)),
            checkpointed,
        )


def plainly(frame: Frame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = frame.collect(backend="pyarrow").to_native().to_pylist()
    return rows


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.spark
@pytest.mark.soak
def test_cycles_and_dates_on_spark(both: tuple[Frame, Frame, Keep]) -> None:
    purchases, products, keep = both
    kept: dict[str, Frame] = {}

    def caught(name: str, frame: Frame) -> Frame:
        kept[name] = keep(name, frame)
        return kept[name]

    found = due_list(
        purchases, products=products, as_of=AS_OF, key="customer_id", min_intervals=20, min_customers=6, keep=caught
    )
    same(
        plainly(found),
        tw.due_list(made(), products=PRODUCTS, as_of=AS_OF, min_intervals=20, min_customers=6).to_pylist(),
    )
    cycles = tw.replenishment_cycles(made(), as_of=AS_OF, min_intervals=20, min_customers=6).to_pylist()
    assert [row["reason"] for row in cycles] == [None, None, "not_regular", "too_few_intervals"]
    same(plainly(kept["item_cycles"]), cycles)
    own = tw.customer_cycles(made(), as_of=AS_OF, min_intervals=20, min_customers=6).to_pylist()
    same(plainly(kept["customer_cycles"]), [row for row in own if row["cycle_days"] is not None])


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.spark
@pytest.mark.soak
def test_the_back_test_on_spark(both: tuple[Frame, Frame, Keep]) -> None:
    purchases, _, keep = both
    found = due_backtest(
        purchases, cuts=[date(2026, 5, 1)], as_of=AS_OF, key="customer_id", min_intervals=20, min_customers=6, keep=keep
    )
    told = tw.due_backtest(made(), cuts=["2026-05-01"], as_of=AS_OF, min_intervals=20, min_customers=6)
    same(found.to_pylist(), told.to_pylist())


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.spark
def test_increments_on_spark(both: tuple[Frame, Frame, Keep]) -> None:
    purchases, _, keep = both
    steps = increments(purchases, as_of=AS_OF, key="customer_id", keep=keep)
    found = customer_increments(steps, key="customer_id")
    expected = tw.increments(made(), as_of=AS_OF, per="customer").to_pylist()
    assert len(expected) > 3
    same(plainly(found), expected)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.spark
@pytest.mark.soak
def test_vehicles_on_spark(spark: Any) -> None:
    draw = random.Random(9)
    vins = [f"v{n}" for n in range(12)]
    garage = pa.table(
        {
            "vin": vins, "customer_id": vins, "model": ["m", "n", None] * 4,
            "delivered_on": [date(2025, 1, 1) + timedelta(days=draw.randrange(500)) for _ in vins],
            "insured_until": pa.array([date(2026, 7, 1), None] * 6, pa.date32()),
        }
    )  # fmt: skip
    came = pa.table(
        {
            "vin": [vin for vin in vins[:9] for _ in range(3)],
            "visited_day": [date(2025, 1, 1) + timedelta(days=draw.randrange(500)) for _ in range(27)],
            "kind": ["service", "repair", "repair"] * 9,
            "mileage_km": [draw.randrange(40_000) for _ in range(27)],
        }
    )
    rules = [tw.DueRule("first_service", 90, 3_000), tw.DueRule("service", 180, 5_000, "m"),
             tw.DueRule("service", 365, None), tw.DueRule("insurance", 365)]  # fmt: skip
    found = vehicle_due(
        *(nw.from_native(spark.createDataFrame(table)) for table in (garage, came)), as_of=AS_OF, key="customer_id",
        rules=rules, keep=checkpointed,
    )  # fmt: skip
    same(plainly(found), tw.vehicle_due(garage, came, as_of=AS_OF, rules=rules).to_pylist())
