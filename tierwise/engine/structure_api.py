"""The Python door for the structure of customers and for KPIs: `tierwise.panorama`, `tierwise.kpis`.

Frames are as in `engine/frame_api.py`: one row per customer, as `customer_metrics`, `rfm` or `lifecycle` give them,
with whatever other columns; money in currency units. What is told is in `metrics/panorama.py` and `metrics/kpi.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import narwhals as nw
import pyarrow as pa
from narwhals.typing import IntoFrameT

from tierwise.definitions.kpi import Kpi
from tierwise.engine.basket_api import on_engine
from tierwise.engine.canonical import KEY, is_money, minor_of, require_one_row_each, to_inside
from tierwise.engine.frame_api import _day
from tierwise.engine.frames import back_as, opened
from tierwise.engine.habit_api import outside_table
from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.kernel.money import exponent
from tierwise.metrics.frame import Frame, columns_of, require_columns
from tierwise.metrics.kpi import kpi_problems, kpi_values
from tierwise.metrics.kpi_table import KPI_TABLE, benchmarks_for, kpi_row
from tierwise.metrics.panorama import Part
from tierwise.metrics.panorama import panorama as parts_of
from tierwise.metrics.rule_sets import rule_set_problems
from tierwise.metrics.rules import rule_schema
from tierwise.metrics.world import World


def panorama(
    customers: IntoFrameT,
    *,
    by: str,
    against: str | None = None,
    money: str = "monetary_amount",
    most: int = 30,
    currency: str = "CNY",
) -> IntoFrameT:
    """The structure of customers by head-count and money at once, largest part first (`metrics/panorama.py`).

    One row per value of the column `by` (and of `against`, crossed): value, others, with `against` also against,
    others_against, then customers, known, share, money, money_share, per_head. value is a text, null for who has none;
    where `others` is true the row is the rarest values together, beyond `most`. money: a column of currency units that
    may be added up, null where it is not known. Rows add up to all customers and to all money, exactly.

    Raises `missing_column`, `bad_column`, `bad_value` for most, and what `opened` raises.

    >>> import polars as pl
    >>> people = pl.DataFrame({"customer_id": [1, 2, 3], "level": ["top", "plain", "plain"], "spent": [70.0, 20.0, 10]})
    >>> panorama(people, by="level", money="spent").select("value", "share", "money", "money_share").rows()[0]
    ('plain', 0.6666666666666666, Decimal('30.00'), 0.3)
    """
    if most < 2:
        raise TierwiseError("bad_value", f"most is {most}", place="most", remedy="2 or more")
    digits = exponent(currency)
    with opened({"customers": customers}, "UTC") as (given, _, connection):
        inside = given["customers"]
        require_columns(inside, [name for name in (by, money, against) if name is not None], "the customers")
        told = [nw.col(by).alias("by__"), minor_of(inside, money, digits).alias("money__minor")]
        second = None if against is None else "against__"
        if against is not None:
            told.append(nw.col(against).alias("against__"))
        parts = parts_of(
            inside.select(*told), by="by__", against=second, money="money__minor", most=most, most_against=most
        )
        return _back(outside_table(_parts_table(parts, against is not None), digits), customers, connection is None)


_PART_COLUMNS = {
    "value": pa.string(), "others": pa.bool_(), "against": pa.string(), "others_against": pa.bool_(),
    "customers": pa.int64(), "known": pa.int64(), "share": pa.float64(), "money_minor": pa.int64(),
    "money_share": pa.float64(), "per_head_minor": pa.int64(),
}  # fmt: skip


def _parts_table(parts: Sequence[Part], crossed: bool) -> pa.Table:
    names = [name for name in _PART_COLUMNS if crossed or "against" not in name]
    schema = pa.schema([(name, _PART_COLUMNS[name]) for name in names])
    return pa.Table.from_pylist([{name: getattr(part, name) for name in names} for part in parts], schema=schema)


def kpis(
    customers: IntoFrameT,
    definitions: Sequence[Kpi],
    *,
    as_of: date | str,
    stage: str | None = None,
    currency: str = "CNY",
) -> IntoFrameT:
    """Each KPI against its target and the benchmark nearest in date: one row per definition, in their order.

    Columns: kpi, unit, value, part and of (numerator and denominator), reason (why the value is null), target,
    target_by, ahead (positive is better), reached, benchmark_low, benchmark_high, standing, benchmark_stage,
    benchmark_date, benchmark_source (`metrics/kpi_table.py`). Money is in currency units, a rate of 35 % is 0.35.

    customers: one row per customer, `customer_id` and the attributes that the definitions name, as columns. Money among
    them: what `customer_metrics` calls so, and what a KPI of unit money measures. definitions: `tierwise.Kpi`. as_of:
    the day that rules such as `within_last_days` count back from, and that benchmarks are near to. stage: of a company;
    benchmarks of it, or of none.

    A rule may compare attributes. Deeds (`behaviour`, …), segments and lists are of a home: count them into a column
    first. Raises all at once: `missing_column`, `unknown_attribute`, `unknown_fact`, `unknown_segment`, `unknown_list`,
    `bad_operator`, `bad_value`, `bad_frame` where a customer has two rows; and what `opened` raises.

    >>> import polars as pl
    >>> again = Kpi.model_validate({"name": "again", "unit": "rate", "target": {"value": "0.6"}, "of": {
    ...     "customers": {"attribute": "frequency_count", "op": ">=", "value": 2}}})
    >>> people = pl.DataFrame({"customer_id": ["a", "b"], "frequency_count": [1, 3]})
    >>> found = kpis(people, [again], as_of="2026-06-30")
    >>> found.select("kpi", "value", "ahead", "reached").row(0)
    ('again', Decimal('0.500000'), Decimal('-0.100000'), False)
    """
    day, digits = _day(as_of), exponent(currency)
    doubled = sorted({one.name for one in definitions if [each.name for each in definitions].count(one.name) > 1})
    if doubled:
        raise TierwiseError("bad_value", f"two KPIs are called {doubled[0]}", place="definitions")
    with opened({"customers": customers}, "UTC") as (given, keep, connection):
        inside = _attributes(given["customers"], definitions, digits)
        world = World(people=keep("people", inside), schema=rule_schema(inside, digits), as_of=day, key=KEY)
        problems = [problem for kpi in definitions for problem in _problems(kpi, world)]
        if problems:
            raise TierwiseError.of(problems)
        values = kpi_values(definitions, world, keep)
        rows = []
        for kpi in definitions:
            chosen = benchmarks_for(kpi, day, stage)
            rows.append(kpi_row(kpi, values[kpi.name], chosen[0] if chosen else None, digits))
        return _back(pa.Table.from_pylist(rows, schema=KPI_TABLE), customers, connection is None)


def _attributes(customers: Frame, definitions: Sequence[Kpi], digits: int) -> Frame:
    """Columns as rules and KPIs read them: money in minor units, days as dates, other decimals as numbers."""
    require_columns(customers, (KEY,), "the customers")
    require_one_row_each(customers, KEY, "the customers")
    schema = customers.collect_schema()
    measured = {kpi.of.metric for kpi in definitions if kpi.unit == "money"}
    told = []
    for name in columns_of(customers):
        if name in measured and not is_money(name) and schema[name].is_numeric():
            told.append(minor_of(customers, name, digits).alias(f"{name}_minor"))
        elif schema[name].is_decimal() and not is_money(name):
            told.append(nw.col(name).cast(nw.Float64))
        else:
            told.append(nw.col(name))
    return to_inside(customers.select(*told), digits)


def _problems(kpi: Kpi, world: World) -> list[Problem]:
    found = kpi_problems(kpi, world.schema, kpi.name)
    for rule in kpi.rules().values():
        found += [
            problem
            for problem in rule_set_problems(rule, world.schema, world.fact_schemas, world.sets, kpi.name)
            if problem not in found
        ]
    return found


def _back(table: pa.Table, like: IntoFrameT, lazily: bool) -> IntoFrameT:
    found: IntoFrameT = on_engine(table, like) if lazily else back_as(table, like)
    return found


__all__ = ["kpis", "panorama"]
