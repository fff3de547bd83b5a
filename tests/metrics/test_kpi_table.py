"""Rows of KPIs by hand: units, targets, and which benchmark is told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa

from tierwise.definitions.kpi import Kpi
from tierwise.metrics.kpi import KpiValue
from tierwise.metrics.kpi_table import KPI_TABLE, benchmarks_for, kpi_row

AS_OF = date(2026, 6, 30)


def spent(**more: Any) -> Kpi:
    of = {"metric": "spent", "aggregate": "average"}
    return Kpi.model_validate({"name": "spent", "unit": "money", "of": of, **more})


def benchmark(stage: str | None, day: str, **value: Any) -> dict[str, Any]:
    return {"source": "a paper", "date": day, "stage": stage, **value}


def test_money_is_told_in_currency_units() -> None:
    kpi = spent(target={"value": "120.50", "by": date(2027, 1, 1)}, better="lower", benchmarks=[
        benchmark(None, "2025", low=100)])  # fmt: skip
    row = kpi_row(kpi, KpiValue(Fraction(11_000), of=4), kpi.benchmarks[0], 2)
    assert pa.Table.from_pylist([row], schema=KPI_TABLE).to_pylist() == [
        {
            "kpi": "spent", "unit": "money", "value": Decimal(110), "part": None, "of": 4, "reason": None,
            "target": Decimal("120.5"), "target_by": date(2027, 1, 1), "ahead": Decimal("10.5"), "reached": True,
            "benchmark_low": Decimal(100), "benchmark_high": None, "standing": "within", "benchmark_stage": None,
            "benchmark_date": "2025", "benchmark_source": "a paper",
        }
    ]  # fmt: skip


def test_what_cannot_be_told_is_ahead_of_nothing() -> None:
    kpi = spent(target={"value": 1}, benchmarks=[benchmark(None, "2025", value=2)])
    row = kpi_row(kpi, KpiValue(None, of=0, reason="nobody"), kpi.benchmarks[0], 2)
    assert {name: row[name] for name in ("value", "reason", "ahead", "reached", "standing")} == {
        "value": None, "reason": "nobody", "ahead": None, "reached": None, "standing": None,
    }  # fmt: skip
    assert row["benchmark_high"] == Decimal(2)


def test_of_each_stage_the_nearest_benchmark_and_first_those_that_fit() -> None:
    kpi = spent(
        benchmarks=[
            benchmark("growth", "2025", value=2), benchmark("growth", "2020", value=3),
            benchmark(None, "2019", value=1),
            benchmark("mature", "2026-05", value=4),
        ]
    )  # fmt: skip
    assert [each.value for each in benchmarks_for(kpi, AS_OF)] == [1, 4, 2]
    assert [each.value for each in benchmarks_for(kpi, AS_OF, "growth")] == [2, 1]
