"""The meaning of rules about deeds, segments, lists and tags, as plainly as it can be said: one customer, one word."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tierwise.definitions import rule as tree
from tierwise.definitions.rule import AnyRule, Behaviour, Comparison, Measured, NotFollowed, Span
from tierwise.testing.rule_oracle import holds

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Customer:
    """All that is known of one customer, values as outside: money in currency units.

    deeds: fact -> its rows, each with `at` and `day` besides its own columns. sets: `segment NAME`, `list NAME`.
    tags: what the customer has, with its value; None for a tag that one just has.
    """

    attributes: Row
    deeds: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    sets: Collection[str] = ()
    tags: Mapping[str, str | None] = field(default_factory=dict)


def true_of(rule: AnyRule, customer: Customer, as_of: date, tags: Collection[str] = ()) -> bool:
    """Whether the rule is true of the customer. tags: the names that are tags, not attributes."""
    match rule:
        case tree.All():
            return all(true_of(part, customer, as_of, tags) for part in rule.all)
        case tree.AnyOf():
            return any(true_of(part, customer, as_of, tags) for part in rule.any)
        case tree.Not():
            return not true_of(rule.not_, customer, as_of, tags)
        case Comparison() if rule.attribute in tags:
            return _tagged(rule, customer, as_of)
        case Comparison():
            return holds(rule, customer.attributes, as_of)
        case tree.InSegment():
            return f"segment {rule.segment}" in customer.sets
        case tree.InList():
            return f"list {rule.list}" in customer.sets
        case tree.Sequence() | NotFollowed():
            return _followed(rule, customer, as_of)
        case Behaviour():
            return _behaved(rule, customer, as_of)
        case tree.FirstTime():
            rows = _rows(customer, rule.first_time.fact, rule.first_time.where, as_of)
            return bool(rows) and _inside(rule.first_time.window, as_of)(min(row["day"] for row in rows))
        case tree.Stopped():
            return _stopped(rule.stopped, customer, as_of)
        case tree.Restarted():
            return _restarted(rule.restarted, customer, as_of)
        case tree.Regularly():
            return _regularly(rule.regularly, customer, as_of)
    raise AssertionError(rule)


def _rows(customer: Customer, fact: str, where: AnyRule | None, as_of: date) -> list[Row]:
    return [
        row
        for row in customer.deeds.get(fact, ())
        if row["day"] <= as_of and (where is None or holds(where, row, as_of))
    ]


def _inside(window: Span, as_of: date) -> Callable[[date], bool]:
    if window.last_days is not None:
        end = as_of - timedelta(days=window.ending_days_ago)
        return lambda day: end - timedelta(days=window.last_days or 0) < day <= end
    return lambda day: (window.from_ or date.min) <= day <= (window.to or date.max)


def _tagged(rule: Comparison, customer: Customer, as_of: date) -> bool:
    has = rule.attribute in customer.tags
    if rule.op in ("missing", "present"):
        return has == (rule.op == "present")
    value = customer.tags.get(rule.attribute)
    given = rule.value if isinstance(rule.value, tuple) else (rule.value,)
    if has and value is not None:
        as_number = not any(isinstance(each, str) for each in given)
        return holds(rule, {rule.attribute: _number(value) if as_number else value}, as_of)
    if not all(isinstance(each, bool) for each in given):
        return False
    return (has in given) == (rule.op in ("=", "in"))


def _number(text: str) -> Decimal | None:
    """The number that a tag's value is, compared with a number; none where it is a text."""
    return Decimal(text) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?", text) else None


def _behaved(rule: Behaviour, customer: Customer, as_of: date) -> bool:
    what = rule.behaviour
    inside = _inside(what.window, as_of)
    rows = [row for row in _rows(customer, what.fact, what.where, as_of) if inside(row["day"])]
    if what.aggregate in ("ever", "never"):
        return bool(rows) == (what.aggregate == "ever")
    compared = Comparison(attribute="it", op=rule.op or "=", value=rule.value)
    return holds(compared, {"it": aggregate(what, rows, as_of)}, as_of)


def aggregate(what: Measured, rows: Sequence[Row], as_of: date) -> Any:
    """What is measured of these rows; None for what cannot be told of no rows."""
    if what.per is not None:
        apart = {row[what.per] for row in rows if row[what.per] is not None}
        one = what.model_copy(update={"per": None})
        return max((aggregate(one, [row for row in rows if row[what.per] == each], as_of) for each in apart), default=0)
    values = [row[what.column] for row in rows if what.column and row[what.column] is not None]
    match what.aggregate:
        case "count":
            return len(rows)
        case "sum":
            return sum(values, Decimal(0))
        case "distinct":
            return len(set(values))
        case "average":
            return float(Fraction(sum(values, Decimal(0))) / len(values)) if values else None
        case "min":
            return min(values, default=None)
        case "max":
            return max(values, default=None)
    if not rows:
        return None
    if what.aggregate == "days_since":
        return (as_of - max(row["day"] for row in rows)).days
    pick: Any = min if what.aggregate == "first" else max
    if what.column is None:
        return pick(row["day"] for row in rows)
    end = pick(row["at"] for row in rows)
    return pick((row[what.column] for row in rows if row["at"] == end and row[what.column] is not None), default=None)


def _stopped(quiet: tree.Quiet, customer: Customer, as_of: date) -> bool:
    cut = as_of - timedelta(days=quiet.quiet_days)
    days = [row["day"] for row in _rows(customer, quiet.fact, quiet.where, as_of)]
    before = [day for day in days if cut - timedelta(days=quiet.before_days) < day <= cut]
    return len(before) >= quiet.at_least and not any(day > cut for day in days)


def _restarted(comeback: tree.Comeback, customer: Customer, as_of: date) -> bool:
    days = {row["day"] for row in _rows(customer, comeback.fact, comeback.where, as_of)}
    for day in days:
        earlier = [other for other in days if other < day]
        recent = day > as_of - timedelta(days=comeback.within_days)
        if recent and earlier and (day - max(earlier)).days - 1 >= comeback.quiet_days:
            return True
    return False


def _regularly(habit: tree.Habit, customer: Customer, as_of: date) -> bool:
    def block(day: date) -> int:
        if habit.every == "week":
            return (as_of - day).days // 7
        return (as_of.year - day.year) * 12 + as_of.month - day.month

    blocks = {block(row["day"]) for row in _rows(customer, habit.fact, habit.where, as_of)}
    return sum(0 <= each < habit.of_last for each in blocks) >= habit.at_least


def _followed(rule: tree.Sequence | NotFollowed, customer: Customer, as_of: date) -> bool:
    first_step, second_step = rule.sequence if isinstance(rule, tree.Sequence) else rule.not_followed
    inside = _inside(rule.window, as_of)
    seconds = _rows(customer, second_step.fact, second_step.where, as_of)
    for one in _rows(customer, first_step.fact, first_step.where, as_of):
        if not inside(one["day"]) or (rule.same is not None and one[rule.same] is None):
            continue
        in_time = any(
            _after(one["at"], two["at"])
            and (two["day"] - one["day"]).days <= rule.within_days
            and (rule.same is None or one[rule.same] == two[rule.same])
            for two in seconds
        )
        if isinstance(rule, tree.Sequence):
            if in_time:
                return True
        elif not in_time and one["day"] + timedelta(days=rule.within_days) <= as_of:
            return True
    return False


def _after(earlier: datetime, later: datetime) -> bool:
    return later > earlier
