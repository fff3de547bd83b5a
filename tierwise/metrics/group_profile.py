"""Read a group: what its customers have more or less often than the reference's, attribute by attribute.

Each attribute is cut into values that one has or has not: texts, booleans and small whole numbers as they are, other
numbers and days into the fifths of the reference (type-7 quantiles; equal values stay together, so there may be fewer),
"no value" apart. For each, the share of the group and of the reference, the target group index, and a test of the group
against those of the reference who are not in it (`stats/tgi.py`), adjusted over all rows together.

Shares are of those who have any value of the attribute; those of "no value" and of yes tags are of everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from math import floor
from typing import Any, Literal, TypeAlias

import narwhals as nw

from tierwise.metrics.customer import Keep
from tierwise.metrics.frame import Frame, days_between, integer_sum, rows_of
from tierwise.metrics.rules import RuleColumn
from tierwise.stats import tgi

LEAST = 10
"""Rows that fewer customers of both sides together have are left out, and not tested."""

MOST_VALUES = 30
"""Of a text so many values are told, the most frequent ones."""

AS_THEY_ARE = 10
"""Whole numbers of so small a span are told one by one."""

LEVEL = 0.05
"""A difference counts where the adjusted p value is at most this."""

MARKED = 120.0
"""An index from here on, or down to 10,000 / 120, is worth a word."""

_AT_ONCE = 8
_DAY_0 = date(1970, 1, 1)

Value: TypeAlias = str | bool | int | Decimal | float | date
Kind = Literal["value", "band", "missing"]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One value of one attribute. Counts: `group` of `group_of` customers have it, `reference` of `reference_of`.

    kind: `value`, the `value` itself; `band`, low to high, both included, null where it is open; `missing`, no value.
    index: the target group index. p, p_adjusted: null where one side is empty. differs: the adjusted p value is at most
    0.05. marks: besides, the index is at least 120 or at most 83.3.
    """

    attribute: str
    kind: Kind
    value: Value | None
    low: Value | None
    high: Value | None
    group: int
    group_of: int
    reference: int
    reference_of: int
    share: float | None
    reference_share: float | None
    index: float | None
    p: float | None
    p_adjusted: float | None = None

    @property
    def differs(self) -> bool:
        return self.p_adjusted is not None and self.p_adjusted <= LEVEL

    @property
    def marks(self) -> bool:
        if not self.differs or self.index is None:
            return False
        return self.index >= MARKED or self.index <= 10_000 / MARKED


@dataclass(frozen=True, slots=True)
class GroupProfile:
    """group, reference: customers of each; both: of the reference who are in the group. left_out: rows that too few
    customers have."""

    rows: tuple[GroupRow, ...]
    group: int
    reference: int
    both: int
    left_out: int


@dataclass(frozen=True, slots=True)
class _Counts:
    """Customers who have something: of the group, of the reference, of both."""

    group: int
    reference: int
    both: int

    def less(self, other: _Counts) -> _Counts:
        return _Counts(self.group - other.group, self.reference - other.reference, self.both - other.both)


@dataclass(frozen=True, slots=True)
class _Found:
    """A row to be judged: what it is, who has it, and of whom."""

    attribute: str
    kind: Kind
    have: _Counts
    of: _Counts
    value: Value | None = None
    low: Value | None = None
    high: Value | None = None


def group_profile(
    people: Frame,
    group: Frame,
    reference: Frame | None,
    attributes: Mapping[str, RuleColumn],
    keep: Keep,
    *,
    tags: Frame | None = None,
    key: str = "customer_key",
) -> GroupProfile:
    """Compare the customers of `group` with those of `reference`, or with everybody.

    people: one row per customer. group, reference: one column `key`, each customer once, of people. attributes: by
    name, with their columns of people. tags: rows (key, tag, value), a customer at most once per tag; value null for
    tags that one just has. Rows come in the order of the attributes, then of the tags by name; what everybody of both
    sides has tells nothing and is no row.
    """
    sides = keep("sides", _sides(people, group, reference, key))
    everybody = _counted(sides.select("side"))
    found: list[_Found] = []
    names = list(attributes)
    for start in range(0, len(names), _AT_ONCE):
        chosen = {name: attributes[name] for name in names[start : start + _AT_ONCE]}
        found.extend(_of_attributes(people, sides, chosen, everybody, keep, key))
    if tags is not None:
        found.extend(_of_tags(tags, sides, everybody, key))
    found = [each for each in found if each.have != each.of]
    told = [each for each in found if each.have.group + each.have.reference - each.have.both >= LEAST]
    rows = _adjusted([_judged(each) for each in told])
    return GroupProfile(tuple(rows), everybody.group, everybody.reference, everybody.both, len(found) - len(told))


def holders(
    row: GroupRow,
    people: Frame,
    attributes: Mapping[str, RuleColumn],
    *,
    tags: Frame | None = None,
    key: str = "customer_key",
) -> tuple[Frame, Frame]:
    """Of people those who have what a row tells, and those of whom it counts them (`group_of`, `reference_of`), one row
    each: `key`. The other parameters are those of `group_profile`."""
    where = attributes.get(row.attribute)
    if where is None:
        return _holders_of_tag(row, people, tags, key)
    number = _number(where)
    known = people.filter(~number.is_null()).select(key)
    if row.kind == "missing":
        return people.filter(number.is_null()).select(key), people.select(key)
    if row.kind == "value":
        return people.filter(number == nw.lit(_inside(row.value, where))).select(key), known
    have = people.filter(~number.is_null())
    if row.low is not None:
        low = nw.lit(_inside(row.low, where))
        have = have.filter(number > low if where.type == "number" else number >= low)
    if row.high is not None:
        have = have.filter(number <= nw.lit(_inside(row.high, where)))
    return have.select(key), known


def _holders_of_tag(row: GroupRow, people: Frame, tags: Frame | None, key: str) -> tuple[Frame, Frame]:
    if tags is None:
        nobody = people.select(key).head(0)
        return nobody, nobody
    everybody = people.select(key)
    tagged = tags.filter(nw.col("tag") == nw.lit(row.attribute)).select(key, "value")
    valued = everybody.join(tagged.filter(~nw.col("value").is_null()), on=key, how="semi")
    if row.kind == "missing":
        return everybody.join(valued, on=key, how="anti"), everybody
    if row.value is True:
        return everybody.join(tagged.filter(nw.col("value").is_null()), on=key, how="semi"), everybody
    return everybody.join(tagged.filter(nw.col("value") == nw.lit(row.value)), on=key, how="semi"), valued


def _inside(value: Any, where: RuleColumn) -> Any:
    """A value or a bound as the column has it, a day as its number."""
    if where.type == "date":
        return (value - _DAY_0).days
    return int(Decimal(value).scaleb(where.digits)) if where.digits else value


def _sides(people: Frame, group: Frame, reference: Frame | None, key: str) -> Frame:
    """(key, side): 1 in the group alone, 2 in the reference alone, 3 in both."""
    others = people.select(key) if reference is None else reference.select(key)
    marked = [frame.select(key).with_columns(nw.lit(bit).alias("bit")) for bit, frame in ((1, group), (2, others))]
    return nw.concat(marked).group_by(key).agg(integer_sum(nw.col("bit")).alias("side"))


def _in_sides() -> tuple[nw.Expr, ...]:
    """Rows of the group, of the reference, and of both, to be counted."""
    side = nw.col("side")
    told = {"group": side != 2, "reference": side >= 2, "both": side == 3}
    return tuple(integer_sum(nw.when(when).then(1).otherwise(0)).alias(name) for name, when in told.items())


def _counted(frame: Frame) -> _Counts:
    ((group, reference, both),) = rows_of(frame.select(*_in_sides()))
    return _Counts(group or 0, reference or 0, both or 0)


def _by(frame: Frame, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Rows (…columns, group, reference, both)."""
    return rows_of(frame.group_by(*columns).agg(*_in_sides()).select(*columns, "group", "reference", "both"))


def _of_attributes(
    people: Frame, sides: Frame, attributes: Mapping[str, RuleColumn], everybody: _Counts, keep: Keep, key: str
) -> Iterator[_Found]:
    columns = {name: _number(where) for name, where in attributes.items()}
    numbered = {name: f"a{place}" for place, name in enumerate(columns)}
    told = people.select(key, *(columns[name].alias(column) for name, column in numbered.items()))
    table = keep("compared", sides.join(told, on=key, how="inner").select("side", *numbered.values()))
    cuts = _cuts(table, {numbered[name]: where for name, where in attributes.items()})
    for name, where in attributes.items():
        column = numbered[name]
        if column in cuts:
            yield from _bands(table, name, column, where, cuts[column], everybody)
        else:
            yield from _values(table, name, column, where, everybody)


def _number(where: RuleColumn) -> nw.Expr:
    """The column, days as their number, NaN as null."""
    column = nw.col(where.column)
    if where.type == "date":
        return days_between(nw.lit(_DAY_0), column)
    if where.type == "number":
        return nw.when(~column.is_nan()).then(column)
    return column


def _cuts(table: Frame, columns: Mapping[str, RuleColumn]) -> dict[str, tuple[float, ...]]:
    """Column -> the upper bounds of its bands but the last, of numbers that are not told one by one."""
    numbers = [name for name, where in columns.items() if where.type in ("integer", "number", "date")]
    if not numbers:
        return {}
    asked = [
        expression
        for name in numbers
        for expression in (
            nw.col(name).min().cast(nw.Float64).alias(f"{name}_low"),
            nw.col(name).max().cast(nw.Float64).alias(f"{name}_high"),
            *(
                nw.col(name).quantile(part / 5, interpolation="linear").cast(nw.Float64).alias(f"{name}_{part}")
                for part in range(1, 5)
            ),
        )
    ]
    (row,) = rows_of(table.filter(nw.col("side") >= 2).select(*asked))
    found = {}
    for place, name in enumerate(numbers):
        low, high, *fifths = row[6 * place : 6 * place + 6]
        if low is None:
            continue
        whole = columns[name].type != "number"
        if whole and columns[name].type == "integer" and high - low < AS_THEY_ARE:
            continue
        bounds = {float(floor(round(each, 6))) if whole else each for each in fifths}
        found[name] = tuple(sorted(each for each in bounds if each < high))
    return found


def _bands(
    table: Frame, name: str, column: str, where: RuleColumn, cuts: Sequence[float], everybody: _Counts
) -> Iterator[_Found]:
    above = nw.lit(0)
    for cut in cuts:
        above = above + nw.when(nw.col(column) > cut).then(1).otherwise(0)
    band = nw.when(~nw.col(column).is_null()).then(above).alias("band")
    counts = {row[0]: _Counts(*row[1:]) for row in _by(table.select("side", band), ["band"])}
    missing = counts.pop(None, _Counts(0, 0, 0))
    of = everybody.less(missing)
    for place in range(len(cuts) + 1):
        low = _outside(cuts[place - 1], where, above=True) if place else None
        high = _outside(cuts[place], where) if place < len(cuts) else None
        yield _Found(name, "band", counts.get(place, _Counts(0, 0, 0)), of, low=low, high=high)
    yield from _missing(name, missing, everybody)


def _outside(cut: float, where: RuleColumn, *, above: bool = False) -> Value:
    """A bound as people write it; above: the least value beyond it, of a number the bound itself."""
    if where.type == "number":
        return cut
    whole = int(cut) + above
    if where.type == "date":
        return _DAY_0 + timedelta(days=whole)
    return Decimal(whole).scaleb(-where.digits) if where.digits else whole


def _values(table: Frame, name: str, column: str, where: RuleColumn, everybody: _Counts) -> Iterator[_Found]:
    by_value = table.group_by(column).agg(*_in_sides())
    null = nw.col(column).is_null()
    missing_rows = rows_of(by_value.filter(null).select("group", "reference", "both"))
    missing = _Counts(*missing_rows[0]) if missing_rows else _Counts(0, 0, 0)
    of = everybody.less(missing)
    most = by_value.filter(~null).select(
        column, "group", "reference", "both", (nw.col("group") + nw.col("reference")).alias("of_both")
    )
    rows = rows_of(most.sort("of_both", column, descending=[True, False]).head(MOST_VALUES))
    if where.type != "text":
        rows.sort(key=lambda row: row[0])
    for value, *counts, _ in rows:
        shown = Decimal(value).scaleb(-where.digits) if where.digits else value
        yield _Found(name, "value", _Counts(*counts), of, value=shown)
    yield from _missing(name, missing, everybody)


def _missing(name: str, missing: _Counts, everybody: _Counts) -> Iterator[_Found]:
    if missing.group or missing.reference:
        yield _Found(name, "missing", missing, everybody)


def _of_tags(tags: Frame, sides: Frame, everybody: _Counts, key: str) -> Iterator[_Found]:
    rows = _by(tags.select(key, "tag", "value").join(sides, on=key, how="inner"), ["tag", "value"])
    by_tag: dict[str, list[tuple[str | None, _Counts]]] = {}
    for tag, value, *counts in sorted(rows, key=lambda row: (row[0], row[1] or "")):
        by_tag.setdefault(tag, []).append((value, _Counts(*counts)))
    for tag, values in by_tag.items():
        of = _Counts(*(sum(getattr(each, part) for _, each in values) for part in ("group", "reference", "both")))
        for value, have in values:
            if value is None:
                yield _Found(tag, "value", have, everybody, value=True)
            else:
                yield _Found(tag, "value", have, of, value=value)
        if any(value is not None for value, _ in values):
            yield from _missing(tag, everybody.less(of), everybody)


def _judged(found: _Found) -> GroupRow:
    have, of = found.have, found.of
    return GroupRow(
        attribute=found.attribute,
        kind=found.kind,
        value=found.value,
        low=found.low,
        high=found.high,
        group=have.group,
        group_of=of.group,
        reference=have.reference,
        reference_of=of.reference,
        share=have.group / of.group if of.group else None,
        reference_share=have.reference / of.reference if of.reference else None,
        index=tgi.index(have.group, of.group, have.reference, of.reference),
        p=tgi.difference_p(have.group, of.group, have.reference - have.both, of.reference - of.both),
    )


def _adjusted(rows: Sequence[GroupRow]) -> list[GroupRow]:
    tested = [row.p for row in rows if row.p is not None]
    adjusted = iter(tgi.adjusted(tested))
    return [row if row.p is None else replace(row, p_adjusted=next(adjusted)) for row in rows]
