"""A rule while it is edited: a tree that can be changed in place, from a rule and back to it.

A part that is not told yet (a comparison without its value) makes the whole draft unfinished: nobody can be counted by
it. What a page cannot edit is kept as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeAlias

from tierwise.console.rule_query import as_data
from tierwise.definitions.read import parse_rule
from tierwise.definitions.rule import All, AnyOf, AnyRule, Behaviour, Comparison, InList, InSegment, Not

How = Literal["all", "any", "not_any", "not_all"]

NO_VALUE = ("missing", "present")
MANY_VALUES = ("in", "not_in")
DAY_COUNTS = ("within_last_days", "day_of_year_within_days")

OPERATORS: dict[str, tuple[str, ...]] = {
    "text": ("=", "!=", "in", "not_in", "contains", "starts_with", "ends_with", "matches", "present", "missing"),
    "number": (">=", "<=", ">", "<", "=", "!=", "between", "present", "missing"),
    "date": ("within_last_days", "before", "after", "between", "=", "day_of_year_within_days", "present", "missing"),
    "instant": ("within_last_days", "before", "after", "present", "missing"),
    "boolean": ("=", "present", "missing"),
}
"""By type, the first of which a new comparison begins with."""

AGGREGATES = ("count", "sum", "average", "min", "max", "distinct", "days_since", "ever", "never")
ALONE = ("ever", "never")
OF_NUMBERS = ("sum", "average", "min", "max")


@dataclass(eq=False)
class Compared:
    """A comparison. value: as rules have it, None while it is not told."""

    attribute: str | None = None
    op: str = "="
    value: Any = None


@dataclass(eq=False)
class Done:
    """What customers did: rows of a fact in a window, counted or summed, against a value. tests: of the rows, all true.

    last_days, or since and until, or none of them: the whole life.
    """

    fact: str = "orders"
    aggregate: str = "count"
    column: str | None = None
    last_days: int | None = None
    since: date | None = None
    until: date | None = None
    tests: list[Compared] = field(default_factory=list)
    op: str = ">="
    value: Any = None


@dataclass(eq=False)
class Inside:
    """In a segment, or on a list."""

    what: Literal["segment", "list"] = "segment"
    name: str | None = None


@dataclass(eq=False)
class Kept:
    """A part that is told in words only."""

    rule: AnyRule


@dataclass(eq=False)
class Group:
    """Parts of which all, any, not any or not all are true."""

    how: How = "all"
    parts: list[Node] = field(default_factory=list)


Node: TypeAlias = Compared | Done | Inside | Kept | Group


def draft_of(rule: AnyRule | None) -> Group:
    """A draft to edit; an empty group of no rule.

    >>> draft_of(Comparison(attribute="city", op="=", value="上海")).parts[0].attribute
    'city'
    """
    if rule is None:
        return Group()
    node = _node(rule)
    return node if isinstance(node, Group) else Group("all", [node])


def rule_of(draft: Node) -> AnyRule | None:
    """The rule of a draft; None while it is unfinished. Raises what is wrong with it."""
    data = _data(draft)
    return None if data is None else parse_rule(data, "rule")


def unfinished(draft: Node) -> Iterator[Node]:
    """The parts that are not told yet, in order; groups without a part too."""
    if isinstance(draft, Group) and draft.parts:
        for part in draft.parts:
            yield from unfinished(part)
    elif _data(draft) is None:
        yield draft


def _node(rule: AnyRule) -> Node:
    match rule:
        case All():
            return Group("all", [_node(part) for part in rule.all])
        case AnyOf():
            return Group("any", [_node(part) for part in rule.any])
        case Not(not_=All() as inner):
            return Group("not_all", [_node(part) for part in inner.all])
        case Not(not_=AnyOf() as inner):
            return Group("not_any", [_node(part) for part in inner.any])
        case Not():
            return Group("not_any", [_node(rule.not_)])
        case Comparison():
            return Compared(rule.attribute, rule.op, rule.value)
        case InSegment():
            return Inside("segment", rule.segment)
        case InList():
            return Inside("list", rule.list)
        case Behaviour():
            return _done(rule) or Kept(rule)
    return Kept(rule)


def _done(rule: Behaviour) -> Done | None:
    """None where it says more than a page can edit."""
    said = rule.behaviour
    tests = _tests(said.where)
    if said.per is not None or said.window.ending_days_ago or tests is None or said.aggregate not in AGGREGATES:
        return None
    return Done(
        said.fact,
        said.aggregate,
        said.column,
        said.window.last_days,
        said.window.from_,
        said.window.to,
        tests,
        rule.op or ">=",
        rule.value,
    )


def _tests(where: AnyRule | None) -> list[Compared] | None:
    """A rule of rows as comparisons that are all true; None where it is anything else."""
    parts = () if where is None else where.all if isinstance(where, All) else (where,)
    found = [Compared(part.attribute, part.op, part.value) for part in parts if isinstance(part, Comparison)]
    return found if len(found) == len(parts) else None


def _data(node: Node) -> Any:
    """As definitions have it; None where something is not told."""
    match node:
        case Group():
            return _group(node)
        case Compared():
            return _compared(node)
        case Done():
            return _done_data(node)
        case Inside():
            return None if not node.name else {node.what: node.name}
        case Kept():
            return as_data(node.rule)


def _group(group: Group) -> Any:
    parts = [_data(part) for part in group.parts]
    if not parts or any(part is None for part in parts):
        return None
    if group.how in ("all", "any"):
        return parts[0] if len(parts) == 1 else {group.how: parts}
    inner = parts[0] if len(parts) == 1 else {group.how.removeprefix("not_"): parts}
    return {"not": inner}


def _compared(node: Compared) -> Any:
    if not node.attribute:
        return None
    if node.op in NO_VALUE:
        return {"attribute": node.attribute, "op": node.op}
    return None if _empty(node.value) else {"attribute": node.attribute, "op": node.op, "value": node.value}


def _done_data(node: Done) -> Any:
    tests = [_compared(test) for test in node.tests]
    if any(test is None for test in tests):
        return None
    said: dict[str, Any] = {"fact": node.fact, "aggregate": node.aggregate}
    if node.aggregate in (*OF_NUMBERS, "distinct"):
        if node.column is None:
            return None
        said["column"] = node.column
    if tests:
        said["where"] = tests[0] if len(tests) == 1 else {"all": tests}
    window = {"last_days": node.last_days, "from": node.since, "to": node.until}
    window = {name: value for name, value in window.items() if value is not None}
    if window:
        said["window"] = window
    if node.aggregate in ALONE:
        return {"behaviour": said}
    if node.op in NO_VALUE:
        return {"behaviour": said, "op": node.op}
    return None if _empty(node.value) else {"behaviour": said, "op": node.op, "value": node.value}


def _empty(value: Any) -> bool:
    """Whether a value is still to be told: one of two, or all of a list."""
    if isinstance(value, tuple | list):
        return not value or any(each is None or each == "" for each in value)
    return value is None or value == ""


def number(text: str | None) -> int | Decimal | None:
    """A number as somebody types it; None where it is none.

    >>> number("1,200"), number("0.50"), number("many")
    (1200, Decimal('0.50'), None)
    """
    plain = (text or "").strip().replace(",", "").replace("，", "")
    if not plain.isascii():
        return None
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return None
    if not value.is_finite():
        return None
    return int(value) if "." not in plain and "e" not in plain.lower() else value


def texts_in(text: str | None) -> tuple[str, ...]:
    """Values typed or pasted: between commas, or one a line.

    >>> texts_in("上海，北京\\n广州,")
    ('上海', '北京', '广州')
    """
    lines = (text or "").replace("，", ",").replace("\n", ",").replace("\t", ",").split(",")
    return tuple(dict.fromkeys(each.strip() for each in lines if each.strip()))


def day(text: str | None) -> date | None:
    """A day such as 2026-06-30; None where it is none."""
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        return None
