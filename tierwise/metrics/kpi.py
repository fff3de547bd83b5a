"""KPIs over one run: exact values, the distance to a target, and how they stand to benchmarks.

A count or a share is of customers of whom a rule is true; the sum, average or median of an attribute is of those who
have it. Values are exact fractions of whole numbers, money in minor units; what an attribute has as a broken number is
taken to six decimals, so that the order of adding does not matter. Where it cannot be told, null and a reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import narwhals as nw

from tierwise.definitions.base import Definition
from tierwise.definitions.kpi import Benchmark, Better, Kpi
from tierwise.definitions.rule import AnyRule
from tierwise.kernel.errors import Problem
from tierwise.metrics.customer import Keep
from tierwise.metrics.frame import Frame, integer_sum, rows_of
from tierwise.metrics.kpi_facts import lacking_facts
from tierwise.metrics.rule_sets import World, rule_set_problems, rule_sets
from tierwise.metrics.rules import RuleColumn, Schema

Reason = Literal["no_facts", "not_in_run", "nobody", "no_value"]
"""no_facts: what it counts was never imported; not_in_run: the run has no such attribute; nobody: the denominator is 0;
no_value: nobody of them has the attribute."""

Standing = Literal["better", "worse", "within", "equal"]
"""within: inside a benchmark's range, its ends included; equal: to its one value."""

MILLIONTHS = 1_000_000


@dataclass(frozen=True, slots=True)
class KpiValue:
    """value: of money in minor units, whole; null with a reason. part: customers who count; of: the denominator: of
    whom a share is, or how many have the metric; null where there is none. lacking: tables of which there is no row."""

    value: Fraction | None
    part: int | None = None
    of: int | None = None
    reason: Reason | None = None
    lacking: tuple[str, ...] = ()


def kpi_values(
    kpis: Sequence[Kpi],
    world: World,
    keep: Keep,
    there: Collection[str] | None = None,
    definitions: Sequence[Definition] = (),
) -> dict[str, KpiValue]:
    """Each KPI's value by its name, over the customers of `world.people`; their rules are planned together.

    there: the tables of facts that have rows; all where None. definitions: those of tiers, tags and segments, to look
    through to what they read (`metrics/kpi_facts.py`).
    """
    found: dict[str, KpiValue] = {}
    told: dict[str, AnyRule] = {}
    for kpi in kpis:
        lacking = () if there is None else lacking_facts(kpi, there, definitions)
        if lacking:
            found[kpi.name] = KpiValue(None, reason="no_facts", lacking=lacking)
        elif _cannot_be_told(kpi, world):
            found[kpi.name] = KpiValue(None, reason="not_in_run")
        else:
            told |= {f"{kpi.name} {role}": rule for role, rule in kpi.rules().items()}
    sets = rule_sets(told, world, keep, "kpis")
    everybody = _count(world.people)
    for kpi in kpis:
        if kpi.name not in found:
            part, of = sets.get(f"{kpi.name} part"), sets.get(f"{kpi.name} of")
            if part is None:
                found[kpi.name] = _of_metric(kpi, of, world)
            else:
                found[kpi.name] = _of_customers(kpi, part, of, everybody)
    return found


def _cannot_be_told(kpi: Kpi, world: World) -> bool:
    if kpi.of.metric is not None and kpi_problems(kpi, world.schema, ""):
        return True
    wrong = (rule_set_problems(rule, world.schema, world.fact_schemas, world.sets) for rule in kpi.rules().values())
    return any(wrong)


def kpi_problems(kpi: Kpi, schema: Schema, place: str) -> list[Problem]:
    """A metric that is no number, and one whose unit is money where it is none, or none where it is. An attribute that
    the schema does not have is told by whoever looks for unknown names."""
    name = kpi.of.metric
    if name is None:
        return []
    if name not in schema:
        return [Problem("unknown_attribute", f'unknown attribute "{name}"', place)]
    where = schema[name]
    column, kind = (where.column, where.type) if isinstance(where, RuleColumn) else (name, where)
    if kind not in ("integer", "number"):
        return [Problem("bad_value", f'metric: "{name}" is no number', place, "an attribute that counts or measures")]
    if column.endswith("_minor") != (kpi.unit == "money"):
        said = f'unit: "{name}" is {"" if column.endswith("_minor") else "no "}money, and unit says {kpi.unit}'
        return [Problem("bad_value", said, place, "let unit say what the attribute is")]
    return []


def _count(frame: Frame) -> int:
    return int(rows_of(frame.select(nw.len().cast(nw.Int64).alias("rows")))[0][0])


def _of_customers(kpi: Kpi, part: Frame, of: Frame | None, everybody: int) -> KpiValue:
    counted = _count(part)
    if kpi.unit == "count":
        return KpiValue(Fraction(counted), part=counted)
    among = everybody if of is None else _count(of)
    if not among:
        return KpiValue(None, part=counted, of=0, reason="nobody")
    return KpiValue(Fraction(counted, among), part=counted, of=among)


def _of_metric(kpi: Kpi, among: Frame | None, world: World) -> KpiValue:
    name = kpi.of.metric
    assert name is not None
    where = world.schema[name]
    column = where.column if isinstance(where, RuleColumn) else name
    people = world.people if among is None else world.people.join(among, on=world.key, how="semi")
    whole = people.collect_schema()[column].is_integer()
    number = nw.col(column)
    number = number.cast(nw.Int64) if whole else (number * MILLIONTHS).round(0).cast(nw.Int64)
    measured = people.select(number.alias("number__"))
    rows, known, total = rows_of(
        measured.select(
            nw.len().cast(nw.Int64).alias("rows"),
            nw.col("number__").count().cast(nw.Int64).alias("known"),
            integer_sum(nw.col("number__")).alias("total"),
        )
    )[0]
    if not rows and kpi.of.aggregate != "sum":
        return KpiValue(None, of=0, reason="nobody")
    if rows and not known:
        return KpiValue(None, of=0, reason="no_value")
    match kpi.of.aggregate:
        case "sum":
            value = Fraction(int(total or 0))
        case "average":
            value = Fraction(int(total), int(known))
        case _:
            from tierwise.metrics.distribution import distribution_of  # loads NumPy, which readers of files need not

            value = distribution_of(measured, "number__").quantile(1, 2)
    value = value if whole else value / MILLIONTHS
    return KpiValue(Fraction(_whole(value)) if kpi.unit == "money" else value, of=int(known))


def _whole(value: Fraction) -> int:
    """The nearest whole number, half away from zero."""
    doubled = 2 * abs(value.numerator) + value.denominator
    found = doubled // (2 * value.denominator)
    return -found if value < 0 else found


def in_unit(kpi: Kpi, number: Decimal, digits: int) -> Fraction:
    """A number of the definition as values have it: money in minor units of so many digits."""
    return Fraction(number) * (10**digits if kpi.unit == "money" else 1)


def ahead(value: Fraction, target: Fraction, better: Better) -> Fraction:
    """How far the value is ahead of the target: positive is better, negative is what is left to go; 0 has reached it.

    >>> ahead(Fraction(30), Fraction(40), "higher"), ahead(Fraction(30), Fraction(40), "lower")
    (Fraction(-10, 1), Fraction(10, 1))
    """
    return value - target if better == "higher" else target - value


def nearest(benchmarks: Iterable[Benchmark], as_of: date) -> dict[str | None, Benchmark]:
    """Of each stage of a company the benchmark whose date is nearest, of equals the later one, then the first listed;
    null stands for those of no stage."""
    found: dict[str | None, Benchmark] = {}
    for each in benchmarks:
        other = found.get(each.stage)
        if other is None or _nearness(each, as_of) < _nearness(other, as_of):
            found[each.stage] = each
    return found


def _nearness(benchmark: Benchmark, as_of: date) -> tuple[int, int]:
    return abs((benchmark.day - as_of).days), -benchmark.day.toordinal()


def standing(value: Fraction, kpi: Kpi, benchmark: Benchmark, digits: int) -> Standing:
    """How a value stands to a benchmark of its KPI."""
    ends = {
        name: None if number is None else in_unit(kpi, number, digits)
        for name, number in (("value", benchmark.value), ("low", benchmark.low), ("high", benchmark.high))
    }
    exactly = ends["value"]
    if exactly is not None and value == exactly:
        return "equal"
    low, high = (exactly, exactly) if exactly is not None else (ends["low"], ends["high"])
    if low is not None and value < low:
        return "worse" if kpi.better == "higher" else "better"
    if high is not None and value > high:
        return "better" if kpi.better == "higher" else "worse"
    return "within"


def changes(now: Mapping[str, KpiValue], before: Mapping[str, KpiValue]) -> dict[str, Fraction | None]:
    """Each value less that of an earlier run; null where either is."""
    found: dict[str, Fraction | None] = {}
    for name, each in now.items():
        was = before.get(name, KpiValue(None)).value
        found[name] = None if each.value is None or was is None else each.value - was
    return found
