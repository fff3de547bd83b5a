"""The meaning of the rule tree, as plainly as it can be said: one row, one verdict. What engines do is tested on it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tierwise.definitions.rule import All, AnyOf, AnyRule, Comparison, Not


def holds(rule: AnyRule, row: Mapping[str, Any], as_of: date) -> bool:
    """Whether the rule is true of one row. Values are as outside: money in currency units; None and NaN are missing.

    >>> holds(Comparison(attribute="city", op="!=", value="上海"), {"city": None}, date(2026, 6, 30))
    False
    """
    match rule:
        case All():
            return all(holds(part, row, as_of) for part in rule.all)
        case AnyOf():
            return any(holds(part, row, as_of) for part in rule.any)
        case Not():
            return not holds(rule.not_, row, as_of)
        case Comparison():
            value = row[rule.attribute]
            missing = value is None or (isinstance(value, float) and math.isnan(value))
            if rule.op in ("missing", "present"):
                return missing == (rule.op == "missing")
            return not missing and _compares(value, rule.op, rule.value, as_of)
    raise AssertionError("only comparisons can be told from one row")


def _compares(value: Any, op: str, other: Any, as_of: date) -> bool:
    if isinstance(value, str):
        other = tuple(map(str, other)) if isinstance(other, tuple) else str(other)
    elif isinstance(value, float) and not isinstance(other, str):
        other = tuple(float(item) for item in other) if isinstance(other, tuple) else float(other)
    elif isinstance(value, int) and not isinstance(value, bool) and isinstance(other, int | Decimal):
        value, other = Decimal(value), Decimal(other)
    match op:
        case "=":
            return bool(value == other)
        case "!=":
            return bool(value != other)
        case "<" | "before":
            return bool(value < other)
        case "<=":
            return bool(value <= other)
        case ">" | "after":
            return bool(value > other)
        case ">=":
            return bool(value >= other)
        case "between":
            return bool(other[0] <= value <= other[1])
        case "in":
            return value in other
        case "not_in":
            return value not in other
        case "contains":
            return other in value
        case "starts_with":
            return bool(value.startswith(other))
        case "ends_with":
            return bool(value.endswith(other))
        case "matches":
            return re.search(other, value, re.ASCII) is not None
        case "within_last_days":
            return bool(as_of - timedelta(days=other) < value <= as_of)
        case "day_of_year_within_days":
            return any(_same_day(value, as_of + timedelta(days=ahead)) for ahead in range(min(other, 366) + 1))
    raise AssertionError(f"no operator {op}")


def _same_day(born: date, day: date) -> bool:
    if (born.month, born.day) == (2, 29) and (day.month, day.day) == (2, 28):
        return bool((day + timedelta(days=1)).month == 3)
    return bool((born.month, born.day) == (day.month, day.day))
