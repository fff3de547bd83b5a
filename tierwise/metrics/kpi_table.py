"""One KPI as a row: its value, target and benchmark in the units of people, and how they stand to each other."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa

from tierwise.definitions.kpi import Benchmark, Kpi
from tierwise.metrics.kpi import KpiValue, ahead, in_unit, nearest, standing

DECIMALS = 6
"""So many digits after the point a value is told with; `part` and `of` are exact."""

NUMBER = pa.decimal128(38, DECIMALS)

KPI_TABLE = pa.schema(
    [
        ("kpi", pa.string()), ("unit", pa.string()), ("value", NUMBER), ("part", pa.int64()), ("of", pa.int64()),
        ("reason", pa.string()), ("target", NUMBER), ("target_by", pa.date32()), ("ahead", NUMBER),
        ("reached", pa.bool_()), ("benchmark_low", NUMBER), ("benchmark_high", NUMBER), ("standing", pa.string()),
        ("benchmark_stage", pa.string()), ("benchmark_date", pa.string()), ("benchmark_source", pa.string()),
    ]
)  # fmt: skip
"""value, target, ahead, benchmark_low, benchmark_high: money in currency units, a rate of 35 % as 0.35."""


def kpi_row(kpi: Kpi, found: KpiValue, benchmark: Benchmark | None, digits: int) -> dict[str, Any]:
    """The columns of `KPI_TABLE` for one KPI against one benchmark; what it has not is null.

    ahead: how far the value is ahead of the target, positive is better; reached: whether that is not negative. A
    benchmark of one value has it as low and as high; an open range has null there. digits: of the minor unit in which
    money stands in `found`. Numbers are rounded half to even at the last digit.
    """
    value = found.value
    target = None if kpi.target is None else in_unit(kpi, kpi.target.value, digits)
    lead = None if value is None or target is None else ahead(value, target, kpi.better)
    row: dict[str, Any] = dict.fromkeys(KPI_TABLE.names)
    row |= {
        "kpi": kpi.name,
        "unit": kpi.unit,
        "value": outside(kpi, value, digits),
        "part": found.part,
        "of": found.of,
        "reason": found.reason,
        "target": outside(kpi, target, digits),
        "target_by": None if kpi.target is None else kpi.target.by,
        "ahead": outside(kpi, lead, digits),
        "reached": None if lead is None else lead >= 0,
    }
    if benchmark is not None:
        low, high = (benchmark.low, benchmark.high) if benchmark.value is None else (benchmark.value, benchmark.value)
        row |= {
            "benchmark_low": None if low is None else outside(kpi, in_unit(kpi, low, digits), digits),
            "benchmark_high": None if high is None else outside(kpi, in_unit(kpi, high, digits), digits),
            "standing": None if value is None else standing(value, kpi, benchmark, digits),
            "benchmark_stage": benchmark.stage,
            "benchmark_date": benchmark.date,
            "benchmark_source": benchmark.source,
        }
    return row


def benchmarks_for(kpi: Kpi, as_of: date, stage: str | None = None) -> list[Benchmark]:
    """Of each stage of a company the benchmark nearest in date, the one that fits best first.

    stage: those of this stage first, then those that name none; the others are left out. Without it those that name
    none are first, then the nearest.
    """
    found = nearest(kpi.benchmarks, as_of)
    if stage is not None:
        found = {named: each for named, each in found.items() if named in (stage, None)}

    def place(each: Benchmark) -> tuple[bool, int, str]:
        return each.stage != stage, abs((each.day - as_of).days), each.stage or ""

    return sorted(found.values(), key=place)


def outside(kpi: Kpi, number: Fraction | None, digits: int) -> Decimal | None:
    """In the unit as people use it, money in currency units, rounded half to even at the last digit."""
    if number is None:
        return None
    number = number / 10**digits if kpi.unit == "money" else number
    return Decimal(round(number * 10**DECIMALS)).scaleb(-DECIMALS)
