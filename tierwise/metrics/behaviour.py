"""What customers did, from facts: each leaf about deeds as the few customers of whom it is true.

Whoever has no row is no row here either, so what is true of those who did nothing (`count = 0`, `never`) is told by its
opposite: `Reading.others`. Days are those of the fact's own day column, up to as_of; what came after what is told by
the instants, and what happened at the same instant came not after.

- Weeks are blocks of seven days, the last of which ends on as_of; months are the calendar's, that of as_of included.
- A quiet time of q days is q whole days without a row: after a row on the 1st and one on the 9th, it was 7.
- `first` and `last` are the earliest and the latest day; with a column, what the row of the earliest or latest instant
  held, of several at that instant the smallest or the largest value.
- An average is a float: the integer sum divided once, so that engines agree.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import narwhals as nw

from tierwise.definitions.rule import (
    All,
    AnyRule,
    Behaviour,
    Comparison,
    Deed,
    FirstTime,
    Measured,
    NotFollowed,
    Operator,
    Regularly,
    Restarted,
    Sequence,
    Stopped,
)
from tierwise.metrics.fact_columns import moment_of
from tierwise.metrics.following import followed, restarted
from tierwise.metrics.frame import Frame, columns_of, days_until, integer_sum, quotient
from tierwise.metrics.occurrences import column_of, days_back, first_of_months, rows_of_fact, window_of
from tierwise.metrics.rules import RuleColumn, RuleType, Schema, filter_expr, rule_expr
from tierwise.metrics.world import VALUE, World

Kind: TypeAlias = Literal["rows", "per", "distinct", "first", "last", "week", "month"]


@dataclass(frozen=True)
class Group:
    """Rows of a fact by customer: those of `where`, from the first to the last of these days.

    kind: what is told of them: sums over rows, the largest sums over the rows of one value of `column` (`per`),
    different values of `column`, what the first or the last row held, or in how many weeks or months there was one.
    """

    fact: str
    where: AnyRule | None
    first: date | None
    last: date
    kind: Kind = "rows"
    column: str | None = None


@dataclass(frozen=True)
class Reading:
    """A leaf as a test of one number, day or value per customer: true of who passes; where `others`, of who has no row.

    sums: what the group must tell, as `(what, column)`. schema: of the group's columns, for `test`.
    """

    group: Group
    sums: tuple[tuple[str, str | None], ...]
    test: AnyRule
    schema: Schema
    others: bool = False


def reading_of(leaf: Deed, world: World) -> Reading | None:
    """How a leaf is told from one grouping; None for what needs the order of rows (`passing_in_order`)."""
    as_of = world.as_of
    match leaf:
        case Behaviour():
            return _measured_reading(leaf, world)
        case FirstTime():
            events = leaf.first_time
            first, last = window_of(events.window, as_of)
            group = Group(events.fact, events.where, None, as_of)
            tests = [_is("first_day", "<=", last)] + ([_is("first_day", ">=", first)] if first else [])
            return Reading(group, (("first_day", None),), All(all=tuple(tests)), {"first_day": "date"})
        case Stopped():
            quiet = leaf.stopped
            group = Group(quiet.fact, quiet.where, days_back(as_of, quiet.quiet_days + quiet.before_days), as_of)
            before = days_back(as_of, quiet.quiet_days + 1)
            test = All(all=(_is("last_day", "<=", before), _is("count", ">=", quiet.at_least)))
            return Reading(group, (("count", None), ("last_day", None)), test, {"count": "integer", "last_day": "date"})
        case Regularly():
            habit = leaf.regularly
            weekly = habit.every == "week"
            first = days_back(as_of, 7 * habit.of_last) if weekly else first_of_months(as_of, habit.of_last)
            group = Group(habit.fact, habit.where, first, as_of, habit.every)
            return Reading(group, (), _is("distinct", ">=", habit.at_least), {"distinct": "integer"})
    return None


def passing_in_order(leaf: Restarted | Sequence | NotFollowed, world: World) -> Frame:
    """The customers of whom a leaf about the order of rows is true: one column `key`, each once."""
    return restarted(leaf.restarted, world) if isinstance(leaf, Restarted) else followed(leaf, world)


def _measured_reading(leaf: Behaviour, world: World) -> Reading:
    measured = leaf.behaviour
    if leaf.op is None:
        never = measured.aggregate == "never"
        test = _is("count", "=", 0) if never else _is("count", ">=", 1)
        return Reading(_group_of(measured, world), (("count", None),), test, {"count": "integer"}, others=never)
    column, sums = _told_by(measured, world)
    test = Comparison(attribute=column.column, op=leaf.op, value=leaf.value)
    counted = measured.aggregate in ("count", "sum", "distinct")
    others = _true_of_zero(leaf.op, leaf.value) if counted else leaf.op == "missing"
    return Reading(_group_of(measured, world), sums, test, {column.column: column}, others)


def _group_of(measured: Measured, world: World) -> Group:
    first, last = window_of(measured.window, world.as_of)
    if measured.per is not None:
        return Group(measured.fact, measured.where, first, last, "per", measured.per)
    of_column = measured.column is not None and measured.aggregate in ("distinct", "first", "last")
    kind: Any = measured.aggregate if of_column else "rows"
    return Group(measured.fact, measured.where, first, last, kind, measured.column if of_column else None)


def _told_by(measured: Measured, world: World) -> tuple[RuleColumn, tuple[tuple[str, str | None], ...]]:
    """The column of the group's frame that holds the aggregate, and what must be summed for it."""
    name, column = measured.aggregate, measured.column
    if name == "distinct":
        return RuleColumn("distinct", "integer"), ()
    if column is not None and name in ("first", "last"):
        where = column_of(world, measured.fact, column)
        return RuleColumn("held", where.type, where.digits), ()
    if column is not None:
        where = column_of(world, measured.fact, column)
        kind: RuleType = "number" if name == "average" else where.type
        return RuleColumn(f"{name}_{where.column}", kind, 0 if name == "average" else where.digits), ((name, column),)
    if name in ("first", "last"):
        return RuleColumn(f"{name}_day", "date"), ((f"{name}_day", None),)
    if name in ("ever", "never"):
        return RuleColumn("count", "integer"), (("count", None),)
    return RuleColumn(name, "integer"), ((name, None),)


def group_rows(world: World, group: Group, sums: Collection[tuple[str, str | None]]) -> Frame:
    """One row per customer with a row in the group: `key` and what is asked for.

    Columns: `count`, `first_day`, `last_day`, `days_since`, and `sum_`, `average_`, `min_`, `max_` before a column's
    name; `distinct` for values, weeks and months; `held` for what the first or last row held.
    """
    key, moment = world.key, moment_of(group.fact)
    needed = [column for _, column in sums if column] + ([group.column] if group.column else [])
    rows = rows_of_fact(world, group.fact, group.where, group.first, group.last, needed)
    day = nw.col(moment.day)
    match group.kind:
        case "rows":
            return rows.group_by(key).agg(*(sum_of(world, group.fact, *each) for each in sorted(sums, key=str)))
        case "week":
            return _different(rows, key, (days_until(day, world.as_of) / 7).floor())
        case "month":
            return _different(rows, key, day.dt.year().cast(nw.Int64) * 12 + day.dt.month().cast(nw.Int64))
    if group.column is None:
        raise AssertionError(f"a group of {group.kind} needs a column")
    value = nw.col(column_of(world, group.fact, group.column).column)
    if group.kind == "distinct":
        return _different(rows.filter(~value.is_null()), key, value)
    if group.kind == "per":
        apart = rows.filter(~value.is_null()).with_columns(value.alias("per__")).group_by(key, "per__")
        each = apart.agg(*(sum_of(world, group.fact, *each) for each in sorted(sums, key=str)))
        return each.group_by(key).agg(nw.col(n).max() for n in columns_of(each) if n not in (key, "per__"))
    picked = nw.col("at").min() if group.kind == "first" else nw.col("at").max()
    rows = rows.select(key, nw.col(moment.at).alias("at"), value.alias("held"))
    ends = rows.group_by(key).agg(picked.alias("at"))
    held = nw.col("held").min() if group.kind == "first" else nw.col("held").max()
    return rows.join(ends, on=[key, "at"], how="inner").group_by(key).agg(held.alias("held"))


def _different(rows: Frame, key: str, value: nw.Expr) -> Frame:
    pairs = rows.select(key, value.alias("different")).group_by(key, "different").agg(nw.len().alias("rows_of_it"))
    return pairs.group_by(key).agg(nw.len().cast(nw.Int64).alias("distinct"))


def sum_of(world: World, fact: str, what: str, column: str | None) -> nw.Expr:
    day = nw.col(moment_of(fact).day)
    match what:
        case "count":
            return nw.len().cast(nw.Int64).alias("count")
        case "first_day":
            return day.min().alias("first_day")
        case "last_day":
            return day.max().alias("last_day")
        case "days_since":
            return days_until(day.max(), world.as_of).alias("days_since")
    where = column_of(world, fact, column or "")
    value = nw.col(where.column)
    found: nw.Expr
    match what:
        case "sum":
            found = integer_sum(value)
        case "average":
            found = quotient(integer_sum(value), value.count().cast(nw.Int64) * 10**where.digits)
        case "min":
            found = value.min()
        case _:
            found = value.max()
    return found.alias(f"{what}_{where.column}")


def passing(reading: Reading, rows: Frame, world: World) -> Frame:
    """Of the group's rows those that pass the test, or where `others` those that do not: one column `key`."""
    if reading.others:
        verdict = ~rule_expr(reading.test, reading.schema, world.as_of, zone=world.zone)
    else:
        verdict = filter_expr(reading.test, reading.schema, world.as_of, zone=world.zone)
    return rows.filter(verdict).select(world.key)


def measured(what: Measured, world: World) -> Frame:
    """The number, day or value itself: (`key`, `value`), one row per customer who has a row in the window.

    Money in minor units, quantities in thousandths; `ever` and `never` give the count. Whoever is not here has 0 for a
    count, a sum and a number of different values, and else no value.
    """
    column, sums = _told_by(what, world)
    rows = group_rows(world, _group_of(what, world), sums)
    return rows.select(world.key, nw.col(column.column).alias(VALUE))


def _is(column: str, op: Operator, value: date | int) -> Comparison:
    return Comparison(attribute=column, op=op, value=value)


def _true_of_zero(op: Operator, value: Any) -> bool:
    """Whether the comparison holds for 0, of which no row tells."""
    if op in ("missing", "present"):
        return op == "present"
    numbers = [Decimal(each) for each in (value if isinstance(value, tuple) else (value,))]
    match op:
        case "=" | "in":
            return 0 in numbers
        case "!=" | "not_in":
            return 0 not in numbers
        case "<":
            return numbers[0] > 0
        case "<=":
            return numbers[0] >= 0
        case ">":
            return numbers[0] < 0
        case ">=":
            return numbers[0] <= 0
        case _:
            return numbers[0] <= 0 <= numbers[1]
