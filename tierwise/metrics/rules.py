"""The rule tree as an expression over a frame: always true or false, on any engine.

On a missing value every operator but `missing` is false, and `not` flips that (`definitions/rule.py`). NaN is missing.
Comparisons with whole numbers are exact: a value between two whole numbers is turned into the bound next to it.
`matches` looks for the pattern anywhere in the text, letter case counts, `\\d \\w \\s` are ASCII; patterns are those
that RE2 knows (no look-around, no back-references).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import ceil, floor
from typing import Any, Literal

import narwhals as nw

from tierwise.definitions.rule import All, AnyOf, AnyRule, Comparison, Not
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.metrics.frame import Frame

RuleType = Literal["text", "integer", "number", "date", "instant", "boolean", "source_text"]
"""source_text: text as a file has it; a rule with a number compares it as a number, and is false on what is none."""


@dataclass(frozen=True, slots=True)
class RuleColumn:
    """Where an attribute stands: its column, its type, and for money how many digits its minor units have."""

    column: str
    type: RuleType
    digits: int = 0


Schema = Mapping[str, RuleType | RuleColumn]
"""Attribute -> its type (the column has the same name) or its `RuleColumn`."""

_ORDERED = {"=", "!=", "<", "<=", ">", ">=", "between", "in", "not_in"}
_OF_TYPE: dict[str, set[str]] = {
    "text": _ORDERED | {"contains", "starts_with", "ends_with", "matches"},
    "source_text": _ORDERED | {"contains", "starts_with", "ends_with", "matches"},
    "integer": _ORDERED,
    "number": _ORDERED,
    "boolean": {"=", "!=", "in", "not_in"},
    "date": _ORDERED | {"before", "after", "within_last_days", "day_of_year_within_days"},
    "instant": _ORDERED | {"before", "after", "within_last_days"},
}
_LARGEST = 2**63 - 1
_MANY = 16
"""From how many values on a list is looked through rather than compared one by one."""


def rule_schema(frame: Frame, digits: int = 2) -> dict[str, RuleColumn]:
    """A schema from a frame's columns: `x_minor` is the attribute `x`, in currency units of so many digits.

    Columns of other types than a rule knows are left out.
    """
    found = {}
    for name, dtype in frame.collect_schema().items():
        if name.endswith("_minor"):
            found[name.removesuffix("_minor")] = RuleColumn(name, "integer", digits)
        elif dtype.is_integer():
            found[name] = RuleColumn(name, "integer")
        elif dtype.is_float():
            found[name] = RuleColumn(name, "number")
        elif dtype == nw.String:
            found[name] = RuleColumn(name, "text")
        elif dtype == nw.Boolean:
            found[name] = RuleColumn(name, "boolean")
        elif dtype == nw.Date:
            found[name] = RuleColumn(name, "date")
        elif isinstance(dtype, nw.Datetime):
            found[name] = RuleColumn(name, "instant")
    return found


def rule_problems(rule: AnyRule, schema: Schema, place: str | None = None) -> list[Problem]:
    """All that is wrong with a rule over that schema: unknown attributes, operators and values that do not fit.

    Empty where `rule_expr` will do; `as_of` must then be given if a rule counts days.
    """
    match rule:
        case All():
            return [problem for part in rule.all for problem in rule_problems(part, schema, place)]
        case AnyOf():
            return [problem for part in rule.any for problem in rule_problems(part, schema, place)]
        case Not():
            return rule_problems(rule.not_, schema, place)
        case Comparison():
            return _leaf_problems(rule, schema, place)
    return [Problem("not_a_comparison", "only comparisons of attributes fit here", place)]


def _leaf_problems(rule: Comparison, schema: Schema, place: str | None) -> list[Problem]:
    if rule.attribute not in schema:
        return [unknown_name("attribute", rule.attribute, schema, place)]
    if rule.op in ("missing", "present"):
        return []
    kind = _column(schema, rule.attribute).type
    if rule.op not in _OF_TYPE[kind]:
        fits = ", ".join(sorted(_OF_TYPE[kind] | {"missing", "present"}))
        said = f'"{rule.op}" does not fit "{rule.attribute}", which is {_A[kind]}'
        return [Problem("bad_operator", said, place, f"what fits: {fits}")]
    try:
        _leaf(rule, _column(schema, rule.attribute), date.min + timedelta(days=40_000), UTC)
    except TierwiseError as error:
        return [Problem(p.code, p.message, place, p.remedy) for p in error.problems]
    return []


_A = {
    "text": "a text",
    "source_text": "a text",
    "integer": "a number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "instant": "an instant",
}


def rule_expr(rule: AnyRule, schema: Schema, as_of: date | None = None, *, zone: tzinfo = UTC) -> nw.Expr:
    """The rule as a boolean expression that is never null.

    zone: whose days they are when an instant is compared with a date. Raises all of `rule_problems`, and
    `no_as_of` where a rule counts days and no as_of is given.
    """
    problems = rule_problems(rule, schema)
    if problems:
        raise TierwiseError.of(problems)
    return _expr(rule, schema, as_of, zone)


def filter_expr(rule: AnyRule, schema: Schema, as_of: date | None = None, *, zone: tzinfo = UTC) -> nw.Expr:
    """As `rule_expr`, for filters alone: true of the same rows, false or null of the others.

    Without "and it is not null" around each comparison, an engine can skip whole blocks of rows by it. The rule must be
    one with which `rule_problems` finds nothing wrong: many are made at once, and each is checked before.
    """
    return _expr(rule, schema, as_of, zone, null_is_false=False)


def _expr(rule: AnyRule, schema: Schema, as_of: date | None, zone: tzinfo, *, null_is_false: bool = True) -> nw.Expr:
    match rule:
        case All():
            parts = (_expr(part, schema, as_of, zone, null_is_false=null_is_false) for part in rule.all)
            return nw.all_horizontal(*parts, ignore_nulls=False)
        case AnyOf():
            parts = (_expr(part, schema, as_of, zone, null_is_false=null_is_false) for part in rule.any)
            return nw.any_horizontal(*parts, ignore_nulls=False)
        case Not():
            return ~_expr(rule.not_, schema, as_of, zone)
        case Comparison():
            verdict = _leaf(rule, _column(schema, rule.attribute), as_of, zone)
            return verdict.fill_null(False) if null_is_false and rule.op not in ("missing", "present") else verdict
    raise TierwiseError("not_a_comparison", "only comparisons of attributes are expressions")


def _column(schema: Schema, attribute: str) -> RuleColumn:
    found = schema[attribute]
    return found if isinstance(found, RuleColumn) else RuleColumn(attribute, found)


def _leaf(rule: Comparison, where: RuleColumn, as_of: date | None, zone: tzinfo) -> nw.Expr:
    column = nw.col(where.column)
    there = ~column.is_null()
    if where.type == "number":
        there = there & ~column.is_nan()
    elif where.type == "source_text":
        there = there & (column.str.strip_chars() != "")
    match rule.op:
        case "missing":
            return ~there
        case "present":
            return there
        case "contains" | "starts_with" | "ends_with" | "matches":
            return _of_text(column, rule.op, str(rule.value))
        case "within_last_days" | "day_of_year_within_days":
            if as_of is None:
                raise TierwiseError("no_as_of", f'"{rule.op}" counts days back from a date, and none is given')
            days = rule.value if isinstance(rule.value, int) else 0
            if rule.op == "day_of_year_within_days":
                return _anniversary(column, as_of, days)
            first = as_of - timedelta(days=min(days, as_of.toordinal()) - 1)
            return _compared(where, zone)(">=", first) & _compared(where, zone)("<=", as_of)
    # Null already where the column is; only these two have other ways to be missing.
    return (
        there & _ordered(rule, where, zone) if where.type in ("number", "source_text") else _ordered(rule, where, zone)
    )


def _ordered(rule: Comparison, where: RuleColumn, zone: tzinfo) -> nw.Expr:
    """Comparisons of values, in any type; null where the column is."""
    compare = _compared(where, zone)
    given = rule.value if isinstance(rule.value, tuple) else (rule.value,)
    values = [_value(item, where.type, rule) for item in given]
    if where.type == "source_text" and len({isinstance(value, str) for value in values}) > 1:
        raise _unfit(rule, "texts or numbers, not both")
    match rule.op:
        case "between":
            return compare(">=", values[0]) & compare("<=", values[1])
        case "in" if where.type == "text" and len(values) > _MANY:
            return nw.col(where.column).is_in(values)
        case "not_in" if where.type == "text" and len(values) > _MANY:
            return ~nw.col(where.column).is_in(values)
        case "in":
            return nw.any_horizontal(*(compare("=", value) for value in values), ignore_nulls=False)
        case "not_in":
            return nw.all_horizontal(*(compare("!=", value) for value in values), ignore_nulls=False)
        case "before":
            return compare("<", values[0])
        case "after":
            return compare(">", values[0])
    return compare(rule.op, values[0])


Compare = Callable[[str, Any], nw.Expr]


def _compared(where: RuleColumn, zone: tzinfo) -> Compare:
    column = nw.col(where.column)
    match where.type:
        case "integer":
            return lambda op, value: _whole(column, op, Fraction(value) * 10**where.digits)
        case "number":
            return lambda op, value: _plainly(column, op, nw.lit(float(value)))
        case "instant":
            return lambda op, day: _instant(column, op, day, zone)
        case "source_text":
            return lambda op, value: (
                _plainly(column, op, nw.lit(value))
                if isinstance(value, str)
                else _plainly(_number_in(column), op, nw.lit(value))
            )
    return lambda op, value: _plainly(column, op, nw.lit(value))


def _plainly(column: nw.Expr, op: str, value: nw.Expr) -> nw.Expr:
    match op:
        case "=":
            return column == value
        case "!=":
            return column != value
        case "<":
            return column < value
        case "<=":
            return column <= value
        case ">":
            return column > value
        case _:
            return column >= value


def _whole(column: nw.Expr, op: str, value: Fraction) -> nw.Expr:
    """A whole number against any number, exactly; nothing is beyond 64 bits but what compares as a constant."""
    if op in ("=", "!=") and value.denominator != 1:
        return ~column.is_null() if op == "!=" else column.is_null() & ~column.is_null()
    bound = ceil(value) if op in ("<", ">=") else floor(value)
    if abs(bound) > _LARGEST:
        always = (bound > 0) == (op in ("<", "<=")) if op not in ("=", "!=") else op == "!="
        return ~column.is_null() if always else column.is_null() & ~column.is_null()
    return _plainly(column, op, nw.lit(bound))


def _instant(column: nw.Expr, op: str, day: date, zone: tzinfo) -> nw.Expr:
    """An instant against a whole day of that zone."""
    start = nw.lit(datetime.combine(day, time(), zone).astimezone(UTC))
    end = nw.lit(datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC))
    match op:
        case "=":
            return (column >= start) & (column < end)
        case "!=":
            return (column < start) | (column >= end)
        case "<":
            return column < start
        case "<=":
            return column < end
        case ">":
            return column >= end
        case _:
            return column >= start


_NUMBER = r"^[+-]?([0-9]{1,18}(\.[0-9]{0,9})?|\.[0-9]{1,9})\z"


def _number_in(column: nw.Expr) -> nw.Expr:
    """The number that a text is, at most 18 digits before and 9 after the point; null where it is none."""
    text = column.str.strip_chars()
    return nw.when(text.str.contains(_NUMBER)).then(text).cast(nw.Decimal(27, 9))


def _of_text(column: nw.Expr, op: str, text: str) -> nw.Expr:
    match op:
        case "contains":
            return column.str.contains(text, literal=True)
        case "starts_with":
            return column.str.starts_with(text)
        case "ends_with":
            return column.str.ends_with(text)
    problem = _pattern_problem(text)
    if problem:
        raise TierwiseError("bad_pattern", f'"{text}" is not a pattern: {problem}')
    return column.str.contains(text)


def _pattern_problem(pattern: str) -> str | None:
    try:
        re.compile(pattern, re.ASCII)
    except re.error as error:
        return str(error)
    if re.search(r"\(\?(=|!|<=|<!|P=|>)|\\[1-9]", pattern):
        return "look-around and back-references are not known to every engine"
    return None


def _anniversary(column: nw.Expr, as_of: date, days: int) -> nw.Expr:
    """Whether the day and month come again within so many days, as_of itself included; 29 February counts as the 28th
    in years that have no 29th."""
    if days >= 366:
        return ~column.is_null()
    codes = set()
    for ahead in range(days + 1):
        day = as_of + timedelta(days=ahead)
        codes.add(day.month * 100 + day.day)
        if (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3:
            codes.add(229)
    return (column.dt.month().cast(nw.Int64) * 100 + column.dt.day().cast(nw.Int64)).is_in(sorted(codes))


def _value(value: Any, kind: RuleType, rule: Comparison) -> Any:
    """A rule's value in the column's type; dates and numbers may come as texts, as JSON writes them."""
    match kind:
        case "integer" | "number":
            found = _number(value)
            if found is None:
                raise _unfit(rule, "a number")
            return found
        case "boolean":
            if not isinstance(value, bool):
                raise _unfit(rule, "true or false")
            return value
        case "date" | "instant":
            if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
                try:
                    return date.fromisoformat(value)
                except ValueError:
                    raise _unfit(rule, "a date such as 2026-06-30") from None
            if not isinstance(value, date):
                raise _unfit(rule, "a date such as 2026-06-30")
            return value
        case "source_text":
            if isinstance(value, str | date):
                return str(value)
            found = _number(value)
            if found is None:
                raise _unfit(rule, "a text or a number")
            return found.quantize(Decimal("1e-9"))
    if not isinstance(value, str | date):
        raise _unfit(rule, "a text; put it in quotes")
    return str(value)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _unfit(rule: Comparison, needed: str) -> TierwiseError:
    return TierwiseError("bad_value", f'"{rule.attribute}" {rule.op} needs {needed}, not {rule.value!r}')


def windows_in(attributes: Sequence[str]) -> tuple[int, ...]:
    """The windows that attribute names ask for by their suffix, ascending.

    >>> windows_in(["frequency_count_60d", "recency_days", "monetary_amount_90d"])
    (60, 90)
    """
    found = (re.search(r"_(\d{1,5})d$", name) for name in attributes)
    return tuple(sorted({int(match.group(1)) for match in found if match}))
