"""A rule in words, for people who read why: `frequency_count ≥ 2`, `count of orders in the last 90 days ≥ 2`."""

from __future__ import annotations

from typing import Any

from tierwise.definitions.rule import (
    All,
    AnyOf,
    AnyRule,
    Behaviour,
    Comparison,
    FirstTime,
    InList,
    InSegment,
    Measured,
    Not,
    NotFollowed,
    Occurrence,
    Quiet,
    Regularly,
    Restarted,
    Sequence,
    Span,
    Stopped,
)

_OPERATORS = {
    "<=": "≤", ">=": "≥", "!=": "≠", "not_in": "not in", "starts_with": "starts with", "ends_with": "ends with",
    "missing": "is missing", "present": "is present", "day_of_year_within_days": "comes round within",
}  # fmt: skip


def in_words(rule: AnyRule) -> str:
    """The rule as one line of English; names and values as the definition has them.

    >>> in_words(Not(not_=Comparison(attribute="city", op="in", value=("上海", "北京"))))
    'not (city in 上海, 北京)'
    """
    match rule:
        case All():
            return " and ".join(_bracketed(part) for part in rule.all)
        case AnyOf():
            return " or ".join(_bracketed(part) for part in rule.any)
        case Not():
            return f"not ({in_words(rule.not_)})"
        case Comparison():
            return f"{rule.attribute} {op_in_words(rule.op, rule.value)}"
        case Behaviour():
            measured = _measured(rule.behaviour)
            return measured if rule.op is None else f"{measured} {op_in_words(rule.op, rule.value)}"
        case FirstTime():
            return f"first of {_rows(rule.first_time.fact, rule.first_time.where)}{_within(rule.first_time.window)}"
        case Stopped():
            quiet = rule.stopped
            return (
                f"at least {quiet.at_least} of {_rows(quiet.fact, quiet.where)} in the {quiet.before_days} days before "
                f"the last {quiet.quiet_days}, and none in these"
            )
        case Restarted():
            back = rule.restarted
            return (
                f"{_rows(back.fact, back.where)} in the last {back.within_days} days, after {back.quiet_days} days "
                "without any"
            )
        case Regularly():
            habit = rule.regularly
            return (
                f"{_rows(habit.fact, habit.where)} in at least {habit.at_least} of the last {habit.of_last} "
                f"{habit.every}s"
            )
        case Sequence():
            one, two = (_step(step) for step in rule.sequence)
            return f"{one}{_within(rule.window)}, then {two}{_same(rule)} within {rule.within_days} days"
        case NotFollowed():
            one, two = (_step(step) for step in rule.not_followed)
            return f"{one}{_within(rule.window)}, and no {two}{_same(rule)} within {rule.within_days} days"
        case InSegment():
            return f"in segment {rule.segment}"
        case InList():
            return f"in list {rule.list}"


def op_in_words(op: str, value: Any) -> str:
    """An operator and its value.

    >>> op_in_words("between", (1, 3)), op_in_words("within_last_days", 90)
    ('between 1 and 3', 'within the last 90 days')
    """
    if op in ("missing", "present"):
        return _OPERATORS[op]
    if op == "between":
        return f"between {value[0]} and {value[1]}"
    if op == "within_last_days":
        return f"within the last {value} days"
    if op == "day_of_year_within_days":
        return f"comes round within {value} days"
    said = ", ".join(str(each) for each in value) if isinstance(value, tuple) else str(value)
    return f"{_OPERATORS.get(op, op)} {said}"


def _bracketed(rule: AnyRule) -> str:
    return f"({in_words(rule)})" if isinstance(rule, All | AnyOf) else in_words(rule)


def _rows(fact: str, where: AnyRule | None) -> str:
    return fact if where is None else f"{fact} where {_bracketed(where)}"


def _step(step: Occurrence | Quiet) -> str:
    return _rows(step.fact, step.where)


def _same(rule: Sequence | NotFollowed) -> str:
    return f" of the same {rule.same}" if rule.same else ""


def _measured(measured: Measured) -> str:
    what = measured.aggregate.replace("_", " ")
    column = f" {measured.column}" if measured.column else ""
    per = f" of any one {measured.per}" if measured.per else ""
    return f"{what}{column} of {_rows(measured.fact, measured.where)}{per}{_within(measured.window)}"


def _within(span: Span) -> str:
    if span.last_days is not None:
        ending = f" ending {span.ending_days_ago} days ago" if span.ending_days_ago else ""
        return f" in the last {span.last_days} days{ending}" if not ending else f" in {span.last_days} days{ending}"
    if span.from_ and span.to:
        return f" from {span.from_} to {span.to}"
    if span.from_:
        return f" since {span.from_}"
    return f" until {span.to}" if span.to else ""
