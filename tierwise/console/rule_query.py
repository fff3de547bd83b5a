"""A rule in the address of a page: so that a number's customers have a link that can be sent and come back to."""

from __future__ import annotations

import json
from typing import Any

from tierwise.definitions.read import parse_rule
from tierwise.definitions.rule import All, AnyRule, Comparison, InSegment
from tierwise.definitions.write import data_of
from tierwise.kernel.errors import TierwiseError


def rule_in(where: str | None) -> AnyRule | None:
    """The rule of an address; None where it has none. Raises what is wrong with it."""
    if not where:
        return None
    try:
        value = json.loads(where)
    except ValueError as error:
        raise TierwiseError("bad_rule", "the address holds no rule", place="where") from error
    return parse_rule(value, "where")


def in_address(rule: AnyRule) -> str:
    """As `rule_in` reads it."""
    return json.dumps(as_data(rule), ensure_ascii=False, separators=(",", ":"))


def as_data(rule: AnyRule) -> Any:
    """The rule as definitions have it."""
    return data_of(rule)


def where_is(attribute: str, value: Any) -> str:
    """Of those whose attribute has that value; None: of those who have none."""
    return in_address(where_part(attribute, value))


def where_part(attribute: str, value: Any) -> AnyRule:
    """The rule of `where_is`, to be put together with others."""
    if value is None:
        return Comparison(attribute=attribute, op="missing")
    return Comparison(attribute=attribute, op="=", value=value)


def where_in(segment: str) -> str:
    """Of those in a segment."""
    return in_address(InSegment(segment=segment))


def parts_of(rule: AnyRule | None) -> list[AnyRule]:
    """The parts that are all true, for a page that takes them away one by one."""
    if rule is None:
        return []
    return list(rule.all) if isinstance(rule, All) else [rule]


def put_together(parts: list[AnyRule]) -> str | None:
    """The other way round; None of no part."""
    if not parts:
        return None
    return in_address(parts[0] if len(parts) == 1 else All(all=tuple(parts)))
