"""Many rules of one deed each, told together in a few frames, however many they are.

A rule such as "bought at least twice, of these products, in so many days" is sparse: of few rows, of few customers.
Two hundred of them, each a query of its own, are planned for longer than they are executed, and each looks at the rows
anew. So what they ask for is written as data: which product is in which rule's filter, from which day on, and between
which numbers what is counted must lie. The rows meet that once:

    rows ⋈ (product, group, first day)  ->  customer, group: count, sums, last day  ⋈ (group, rule, low, high)

`told_together` takes the rules that this fits and leaves the others, which `rule_sets` tells one by one. Both say the
same of the same rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from math import ceil, floor
from typing import Any

import narwhals as nw

from tierwise.definitions.rule import AnyRule, Behaviour, Comparison
from tierwise.metrics.behaviour import Group, reading_of, sum_of
from tierwise.metrics.customer import Keep
from tierwise.metrics.fact_columns import moment_of, product_schema
from tierwise.metrics.frame import Frame, columns_of
from tierwise.metrics.kept_facts import with_kept_facts
from tierwise.metrics.occurrences import days_back, is_of_product, with_products
from tierwise.metrics.rule_sets import refuse_wrong
from tierwise.metrics.rules import RuleColumn, filter_expr
from tierwise.metrics.world import PRODUCT_NUMBER, World

RULE = "rule"

WORTH_IT = 8
"""From so many rules over one fact on they are told together; fewer are found as fast one by one."""

_LARGEST = 2**62
_ROW, _FIELD = "\x1e", "\x1f"
"""What separates rows and their fields in a text; no name of a definition has them."""

_MOST_GROUPS = 30_000


@dataclass(frozen=True)
class _Told:
    """A rule as data: the group of rows, what of them is looked at, and between which whole numbers it must lie."""

    group: Group
    measure: tuple[str, str | None]
    low: int
    high: int


def told_together(
    rules: Mapping[str, AnyRule], world: World, keep: Keep, prefix: str = "together"
) -> tuple[Frame | None, dict[str, AnyRule]]:
    """The customers of those rules that can be told together, and the rules that cannot.

    The frame has one row per customer and rule that is true of the customer: `key`, `rule` (the name); None where there
    are no such rules. Kept under names that begin with the prefix, and read once by what is returned. Raises all of
    `rule_set_problems` at once.
    """
    refuse_wrong(rules, world)
    world = with_kept_facts(rules.values(), world, keep, prefix)
    by_fact: dict[str, dict[str, _Told]] = {}
    for name, rule in rules.items():
        told = _as_data(rule, world)
        if told is not None:
            by_fact.setdefault(told.group.fact, {})[name] = told
    chosen = {fact: told for fact, told in by_fact.items() if WORTH_IT <= len(told) <= _MOST_GROUPS}
    if not chosen:
        return None, dict(rules)
    rows = [_rows(fact, told, world, keep, f"{prefix}_{fact}") for fact, told in chosen.items()]
    taken = {name for told in chosen.values() for name in told}
    found = nw.concat(rows) if len(rows) > 1 else rows[0]
    return found, {name: rule for name, rule in rules.items() if name not in taken}


def _as_data(rule: AnyRule, world: World) -> _Told | None:
    """The rule as data; None for one that is true of those without a row, or that asks for more than numbers."""
    if not isinstance(rule, Behaviour):
        return None
    reading = reading_of(rule, world)
    if reading is None or reading.others or len(reading.sums) != 1 or not isinstance(reading.test, Comparison):
        return None
    group, (what, column), test = reading.group, reading.sums[0], reading.test
    if group.fact not in world.products_of or group.where is None or not is_of_product(group.where):
        return None
    if group.kind != "rows" or group.last != world.as_of or what not in ("count", "sum", "days_since"):
        return None
    where = reading.schema[test.attribute]
    span = _between(test, where.digits if isinstance(where, RuleColumn) else 0)
    if span is None:
        return None
    low, high = span
    if what == "days_since" and low <= 0:
        # The last one is as recent as that where there is one in these days: the days before need not be looked at.
        since = days_back(world.as_of, max(high, -1) + 1)
        first = since if group.first is None else max(group.first, since)
        return _Told(replace(group, first=first), ("count", None), 1, _LARGEST)
    return _Told(group, (what, column), low, high)


def _between(test: Comparison, digits: int) -> tuple[int, int] | None:
    """The whole numbers of which the comparison is true, as the lowest and the highest; None for what is no such span.

    >>> _between(Comparison(attribute="sum", op=">=", value="2.505"), 2)
    (251, 4611686018427387904)
    """
    given: Sequence[Any] = test.value if isinstance(test.value, tuple) else (test.value,)
    try:
        numbers = [Fraction(str(each)) * 10**digits for each in given]
    except ValueError:
        return None
    if any(isinstance(each, bool) for each in given) or any(abs(number) >= _LARGEST for number in numbers):
        return None
    first, last = numbers[0], numbers[-1]
    match test.op:
        case ">=":
            return ceil(first), _LARGEST
        case ">":
            return floor(first) + 1, _LARGEST
        case "<=":
            return -_LARGEST, floor(first)
        case "<":
            return -_LARGEST, ceil(first) - 1
        case "=" | "between":
            return ceil(first), floor(last)
    return None


def _rows(fact: str, told: Mapping[str, _Told], world: World, keep: Keep, prefix: str) -> Frame:
    numbers = {group: number for number, group in enumerate(dict.fromkeys(each.group for each in told.values()))}
    measures = sorted({each.measure for each in told.values()} | {("count", None)}, key=str)
    lines = _groups(fact, numbers, measures, world, keep, prefix)
    tests = keep(f"{prefix}_tests", _tests(told, numbers, measures, world.products_of[fact]))
    value = nw.lit(None).cast(nw.Int64)
    for place in range(len(measures)):
        measured = nw.col(_name(place)).cast(nw.Int64)
        value = nw.when(nw.col("measure") == place).then(measured).otherwise(value)
    joined = lines.join(tests, on="group", how="inner")
    passing = joined.filter(value >= nw.col("low"), value <= nw.col("high")).select(world.key, RULE)
    if world.kept_among is not world.people:
        passing = passing.join(world.people.select(world.key), on=world.key, how="semi")
    return passing


def _groups(
    fact: str,
    numbers: Mapping[Group, int],
    measures: Sequence[tuple[str, str | None]],
    world: World,
    keep: Keep,
    prefix: str,
) -> Frame:
    """One row per customer and group in which the customer has a row: `key`, `group`, and what is measured."""
    products, schema = world.products_of[fact], product_schema()
    fits = [
        nw.when(filter_expr(group.where, schema, world.as_of, zone=world.zone)).then(
            nw.lit(f"{number}{_FIELD}{group.first or date.min}")
        )
        for group, number in numbers.items()
        if group.where is not None
    ]
    # Kept: of filters that look at it an engine would make as many copies of these hundreds of conditions.
    listed = products.select(PRODUCT_NUMBER, nw.concat_str(fits, separator=_ROW, ignore_nulls=True).alias("rows"))
    listed = keep(f"{prefix}_of_products", listed)
    asked = _listed(listed.filter(nw.col("rows") != ""), {"group": nw.Int16, "since": nw.Date})
    asked = keep(f"{prefix}_asked", asked)
    day = moment_of(fact).day
    rows = with_products(world, fact, [column for _, column in measures if column])
    rows = rows.join(asked, on=PRODUCT_NUMBER, how="inner").filter(nw.col(day) >= nw.col("since"))
    sums = [sum_of(world, fact, *measure).alias(_name(place)) for place, measure in enumerate(measures)]
    return rows.group_by(world.key, "group").agg(*sums)


def _tests(
    told: Mapping[str, _Told], numbers: Mapping[Group, int], measures: Sequence[tuple[str, str | None]], any_: Frame
) -> Frame:
    """One row per rule: its name, `group`, `measure` (its place), `low`, `high`. any_: a frame of the same engine."""
    rows = [
        (name, numbers[each.group], measures.index(each.measure), each.low, each.high) for name, each in told.items()
    ]
    said = _ROW.join(_FIELD.join(map(str, row)) for row in rows)
    one = any_.select(nw.len().alias("count")).select(nw.lit(said).alias("rows"))
    fields = {RULE: nw.String, "group": nw.Int16, "measure": nw.Int16, "low": nw.Int64, "high": nw.Int64}
    return _listed(one, fields)


def _listed(frame: Frame, fields: Mapping[str, Any]) -> Frame:
    """The rows that the column `rows` lists, one by one, with their fields in place of it.

    Constants become rows so: a lazy frame knows no others that every engine has.
    """
    apart = frame.with_columns(nw.col("rows").str.split(_ROW)).explode("rows", empty_as_null=False, keep_nulls=False)
    apart = apart.with_columns(nw.col("rows").str.split(_FIELD))
    others = [name for name in columns_of(frame) if name != "rows"]
    told = [nw.col("rows").list.get(place).cast(kind).alias(name) for place, (name, kind) in enumerate(fields.items())]
    return apart.select(*others, *told)


def _name(place: int) -> str:
    return f"n{place}"
