"""Rules over source columns against a naive evaluator that knows only the sentence of the module's docstring."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tierwise.definitions.rule import All, AnyOf, Comparison, Not, Rule
from tierwise.facts.source_rules import check_rule, rule_sql
from tierwise.kernel.collect import Problems

_RULE: TypeAdapter[Any] = TypeAdapter(Rule)
CELLS = [
    "C123",
    " C1 ",
    "7",
    "7.0",
    "-3",
    "1,234",
    "",
    None,
    "已退款",
    "2026-03-05",
    "2026/3/6",
    "nan",
    "'; DROP TABLE t; --",
]


def evaluate(rule: Any, cells: dict[str, str | None]) -> bool:
    match rule:
        case All():
            return all(evaluate(part, cells) for part in rule.all)
        case AnyOf():
            return any(evaluate(part, cells) for part in rule.any)
        case Not():
            return not evaluate(rule.not_, cells)
    text = (cells[rule.attribute] or "").strip() or None
    if rule.op == "missing":
        return text is None
    if text is None:
        return False
    return _leaf(rule, text)


def _read(text: str, value: Any) -> Any:
    if isinstance(value, date):
        found = re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", text)
        if re.fullmatch(r"\d{1,2}(\.0)?", text):
            # Excel counts days from 1899-12-31 up to its 1900-02-29.
            return date(1899, 12, 31) + timedelta(days=int(float(text)))
        return date(*map(int, found.groups())) if found else None
    if isinstance(value, int | Decimal):
        plain = text.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+", text) else text
        try:
            number = Decimal(plain)
        except InvalidOperation:
            return None
        return number if number.is_finite() else None
    return text


def _leaf(rule: Comparison, text: str) -> bool:
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "=": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
        "before": lambda a, b: a < b,
        "after": lambda a, b: a > b,
    }
    value: Any = rule.value
    match rule.op:
        case "present":
            return True
        case "contains":
            return value in text
        case "starts_with":
            return text.startswith(value)
        case "ends_with":
            return text.endswith(value)
        case "matches":
            return re.search(value, text) is not None
        case "between":
            low, high = (_read(text, each) for each in value)
            return low is not None and high is not None and value[0] <= low and high <= value[1]
        case "in":
            return any(_read(text, each) == each for each in value)
        case "not_in":
            return not any(_read(text, each) == each for each in value)
    read = _read(text, value)
    return read is not None and tests[rule.op](read, value)


_leaves = st.one_of(
    st.builds(
        lambda a, op, v: {"attribute": a, "op": op, "value": v},
        st.sampled_from("ab"),
        st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
        st.sampled_from([7, Decimal("7.5"), "7", -3, 1234, "已退款"]),
    ),
    st.builds(
        lambda a, op, v: {"attribute": a, "op": op, "value": v},
        st.sampled_from("ab"),
        st.sampled_from(["contains", "starts_with", "ends_with", "matches"]),
        st.sampled_from(["C", "7", "款"]),
    ),
    st.builds(lambda a, op: {"attribute": a, "op": op}, st.sampled_from("ab"), st.sampled_from(["missing", "present"])),
    st.builds(
        lambda a, op: {"attribute": a, "op": op, "value": date(2026, 3, 5)},
        st.sampled_from("ab"),
        st.sampled_from(["before", "after", "=", ">="]),
    ),
    st.builds(
        lambda a, op: {"attribute": a, "op": op, "value": ["C123", 7]},
        st.sampled_from("ab"),
        st.sampled_from(["in", "not_in"]),
    ),
    st.builds(lambda a: {"attribute": a, "op": "between", "value": [0, 10]}, st.sampled_from("ab")),
)
_rules = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def table() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("CREATE TABLE t (r0 VARCHAR, r1 VARCHAR)")
    con.executemany("INSERT INTO t VALUES (?, ?)", [[one, other] for one in CELLS for other in CELLS])
    return con


@settings(max_examples=60, deadline=None)
@given(body=_rules)
def test_rules_mean_what_the_evaluator_says(table: duckdb.DuckDBPyConnection, body: dict[str, Any]) -> None:
    rule = _RULE.validate_python(body)
    for one, other, found in table.execute(
        f"SELECT r0, r1, {rule_sql(rule, {'a': 'r0', 'b': 'r1'})} FROM t"
    ).fetchall():
        assert found is evaluate(rule, {"a": one, "b": other}), (body, one, other)


def test_names_and_operators_that_a_file_cannot_serve_are_told() -> None:
    rule = _RULE.validate_python(
        {
            "all": [
                {"attribute": "stauts", "op": "=", "value": "x"},
                {"attribute": "day", "op": "within_last_days", "value": 3},
            ]
        }
    )
    found = Problems()
    check_rule(rule, {"status": "r0", "day": "r1"}, found, "map.yaml: refunds")
    assert [problem.code for problem in found.found] == ["unknown_column", "bad_rule"]
    assert found.found[0].remedy == 'did you mean "status"?'
