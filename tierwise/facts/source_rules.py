"""The rule tree over a file's own columns: as SQL, for mappings' `refunds` and `ignore`.

A cell is a text without outer blanks; an empty one is missing. Where the rule compares with a number, the cell is
read as a number, and a cell that is none makes the leaf false; with a date likewise. Everything else compares texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from tierwise.definitions.rule import All, AnyOf, AnyRule, Comparison, Not, Scalar, attributes_of, leaves_of
from tierwise.facts.text_sql import cleaned, exact, local_time, sql_text, utc_time, with_point
from tierwise.kernel.collect import Problems
from tierwise.kernel.errors import TierwiseError, unknown_name

_NOT_HERE = {"within_last_days", "day_of_year_within_days"}


def check_rule(rule: AnyRule, columns: Mapping[str, str], found: Problems, place: str) -> None:
    """Adds `unknown_column` for each attribute that the file lacks and `bad_rule` for operators that need an as_of."""
    for name in dict.fromkeys(attributes_of(rule)):
        if name not in columns:
            problem = unknown_name("column", name, columns, place)
            found.put(problem)
    for leaf in _leaves(rule):
        if leaf.op in _NOT_HERE:
            found.add(
                "bad_rule",
                f'"{leaf.op}" counts from a date of reckoning, which a file does not have',
                place=place,
                remedy='use "before", "after" or "between" with dates',
            )


def rule_sql(rule: AnyRule, columns: Mapping[str, str], *, comma: bool = False) -> str:
    """A boolean SQL expression, never null. columns: the file's column names to SQL for their raw texts. comma:
    whether their numbers have a comma before the decimals.

    Names and values go in as identifiers and literals, never as SQL. `check_rule` must have passed.
    """
    match rule:
        case All():
            return "(" + " AND ".join(rule_sql(part, columns, comma=comma) for part in rule.all) + ")"
        case AnyOf():
            return "(" + " OR ".join(rule_sql(part, columns, comma=comma) for part in rule.any) + ")"
        case Not():
            return f"(NOT {rule_sql(rule.not_, columns, comma=comma)})"
        case Comparison():
            return f"coalesce({_leaf(rule, columns[rule.attribute], comma)}, FALSE)"
    raise TierwiseError("not_a_comparison", "only comparisons of columns fit here")


def _leaves(rule: AnyRule) -> list[Comparison]:
    return [leaf for _, leaf in leaves_of(rule) if isinstance(leaf, Comparison)]


_SIGNS = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "before": "<", "after": ">"}
_TEXT_TESTS: dict[str, Callable[[str, str], str]] = {
    "contains": lambda cell, value: f"contains({cell}, {value})",
    "starts_with": lambda cell, value: f"starts_with({cell}, {value})",
    "ends_with": lambda cell, value: f"suffix({cell}, {value})",
    "matches": lambda cell, value: f"regexp_matches({cell}, {value})",
}


def _leaf(leaf: Comparison, raw: str, comma: bool) -> str:
    text = f"({cleaned(raw)})"
    value = leaf.value
    number = f"({exact(with_point(raw) if comma else raw)})"
    if leaf.op == "missing":
        return f"{text} IS NULL"
    if leaf.op == "present":
        return f"{text} IS NOT NULL"
    if leaf.op in _TEXT_TESTS:
        return _TEXT_TESTS[leaf.op](text, sql_text(str(value)))
    if isinstance(value, tuple):
        return _among(leaf, value, raw, text, number)
    assert value is not None
    return f"{_as(value, raw, text, number)} {_SIGNS[leaf.op]} {_literal(value)}"


def _among(leaf: Comparison, values: tuple[Scalar, ...], raw: str, text: str, number: str) -> str:
    if leaf.op == "between":
        low, high = values
        return (
            f"({_as(low, raw, text, number)} >= {_literal(low)} AND {_as(high, raw, text, number)} <= {_literal(high)})"
        )
    equal = " OR ".join(f"coalesce({_as(value, raw, text, number)} = {_literal(value)}, FALSE)" for value in values)
    if leaf.op == "in":
        return f"({equal})"
    return f"({text} IS NOT NULL AND NOT ({equal}))"


def _as(value: Scalar, raw: str, text: str, number: str) -> str:
    """The cell, read as what the value is."""
    if isinstance(value, bool | str):
        return f"lower({text})" if isinstance(value, bool) else text
    if isinstance(value, int | Decimal):
        return number
    return f"CAST(coalesce(({local_time(raw)}), ({utc_time(raw)})) AS DATE)"


def _literal(value: Scalar) -> str:
    if isinstance(value, bool):
        return "'true'" if value else "'false'"
    if isinstance(value, str):
        return sql_text(value)
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return f"CAST('{value:f}' AS DECIMAL(38,12))" if isinstance(value, Decimal) else f"CAST({value} AS DECIMAL(38,12))"
