from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.metrics.conftest import MakeFrame
from tierwise.definitions.rule import All, AnyOf, AnyRule, Comparison, Not
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.rules import RuleColumn, Schema, rule_expr, rule_problems, rule_schema
from tierwise.testing.rule_oracle import holds

AS_OF = date(2024, 2, 20)

ROWS: list[dict[str, Any]] = [
    {"city": city, "orders": orders, "spend": spend, "score": score, "vip": vip, "born_on": born}
    for city, orders, spend, score, vip, born in [
        ("上海", 3, Decimal("10.00"), 0.5, True, date(1990, 2, 20)),
        ("shanghai", 0, Decimal("-0.01"), -1.25, False, date(1992, 2, 29)),
        ("", -2, Decimal("99999999.99"), math.inf, None, date(2024, 2, 20)),
        ("a.b(c", 10**15, Decimal("10.01"), None, True, date(2024, 2, 13)),
        ("North_1%", 1, None, math.nan, False, None),
        (None, None, Decimal(0), 0.0, None, date(2024, 2, 21)),
        ("2024-02-20", 7, Decimal(10), 3.0, True, date(1991, 12, 31)),
        ("上", 4, Decimal("0.10"), 1e-9, False, date(2023, 2, 28)),
    ]
]
SCHEMA: Schema = {
    "city": "text",
    "orders": "integer",
    "spend": RuleColumn("spend_minor", "integer", 2),
    "score": "number",
    "vip": "boolean",
    "born_on": "date",
}


@pytest.fixture
def people(frame: MakeFrame) -> Frame:
    minor = [None if row["spend"] is None else int(row["spend"] * 100) for row in ROWS]
    return frame(
        pa.table(
            {
                "row": list(range(len(ROWS))),
                "city": [row["city"] for row in ROWS],
                "orders": pa.array([row["orders"] for row in ROWS], pa.int64()),
                "spend_minor": pa.array(minor, pa.int64()),
                "score": pa.array([row["score"] for row in ROWS], pa.float64(), from_pandas=False),
                "vip": [row["vip"] for row in ROWS],
                "born_on": [row["born_on"] for row in ROWS],
            }
        )
    )


def verdicts(frame: Frame, rule: AnyRule, schema: Schema = SCHEMA) -> list[Any]:
    expression = rule_expr(rule, schema, AS_OF)
    found = frame.select("row", expression.alias("holds")).sort("row").collect(backend="pyarrow")
    return found.get_column("holds").to_list()


def leaf(attribute: str, op: Any, value: Any = None) -> Comparison:
    return Comparison(attribute=attribute, op=op, value=value)


TEXTS = st.sampled_from(["上海", "上", "sh", "ai", "a.b(c", "", "_1%", "N", "2024"])
NUMBERS = st.one_of(
    st.integers(-3, 8),
    st.sampled_from([10**15, 10**15 + 1, 2**63, -(2**70)]),
    st.decimals(min_value=-2, max_value=11, allow_nan=False, places=3),
)
DATES = st.sampled_from([row["born_on"] for row in ROWS if row["born_on"]] + [AS_OF + timedelta(days=1)])


def leaves_of(attribute: str, values: Any, extra: list[Any]) -> Any:
    one, many = st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.lists(values, min_size=1, max_size=3).map(tuple)
    plain = st.builds(leaf, st.just(attribute), one, values)
    listed = st.builds(leaf, st.just(attribute), st.sampled_from(["in", "not_in"]), many)
    between = st.builds(leaf, st.just(attribute), st.just("between"), st.tuples(values, values))
    none = st.builds(leaf, st.just(attribute), st.sampled_from(["missing", "present"]))
    return st.one_of(plain, listed, between, none, *extra)


DAY_OPS = ["within_last_days", "day_of_year_within_days"]
LEAVES = st.one_of(
    leaves_of(
        "city",
        TEXTS,
        [st.builds(leaf, st.just("city"), st.sampled_from(["contains", "starts_with", "ends_with"]), TEXTS)],
    ),
    leaves_of("orders", NUMBERS, []),
    leaves_of("spend", NUMBERS, []),
    leaves_of("score", NUMBERS, []),
    st.builds(leaf, st.just("vip"), st.sampled_from(["=", "!="]), st.booleans()),
    leaves_of(
        "born_on",
        DATES,
        [
            st.builds(leaf, st.just("born_on"), st.sampled_from(["before", "after"]), DATES),
            st.builds(
                leaf, st.just("born_on"), st.sampled_from(DAY_OPS), st.sampled_from([0, 1, 7, 8, 9, 365, 366, 40_000])
            ),
        ],
    ),
)
RULES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: All(all=tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: AnyOf(any=tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: Not(not_=part), inner),
    ),
    max_leaves=5,
)


@settings(max_examples=90, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=st.lists(RULES, min_size=8, max_size=8))
def test_every_rule_is_what_a_plain_reading_says(people: Frame, rules: list[AnyRule]) -> None:
    columns = [rule_expr(rule, SCHEMA, AS_OF).alias(f"r{i}") for i, rule in enumerate(rules)]
    found = people.select("row", *columns).sort("row").collect(backend="pyarrow")
    for i, rule in enumerate(rules):
        assert found.get_column(f"r{i}").to_list() == [holds(rule, row, AS_OF) for row in ROWS], rule


@pytest.mark.parametrize("op", ["=", "!=", "<", ">=", "contains", "starts_with"])
def test_a_missing_value_makes_every_operator_false_and_not_flips_that(people: Frame, op: str) -> None:
    rule = leaf("city", op, "上海")
    assert verdicts(people, rule)[5] is False
    assert verdicts(people, Not(not_=rule))[5] is True


def test_not_a_number_is_missing(people: Frame) -> None:
    assert [i for i, found in enumerate(verdicts(people, leaf("score", "missing"))) if found] == [3, 4]
    assert verdicts(people, leaf("score", ">", 5))[4] is False


def test_matches_looks_anywhere_and_case_counts(people: Frame) -> None:
    assert [i for i, found in enumerate(verdicts(people, leaf("city", "matches", "[nN]"))) if found] == [1, 4]
    assert verdicts(people, leaf("city", "matches", r"^\d{4}-\d\d"))[6] is True


def test_birthdays_within_a_week(people: Frame) -> None:
    """As of 20 February 2024: the 20th, the 21st and, this leap year, not yet the 28th and 29th."""
    assert [i for i, found in enumerate(verdicts(people, leaf("born_on", "day_of_year_within_days", 7))) if found] == [
        0,
        2,
        5,
    ]


def test_29_february_is_the_28th_in_other_years(people: Frame) -> None:
    expression = rule_expr(leaf("born_on", "day_of_year_within_days", 0), SCHEMA, date(2026, 2, 28))
    assert people.filter(expression).sort("row").collect(backend="pyarrow").get_column("row").to_list() == [1, 7]


def test_dates_and_numbers_may_come_as_texts(people: Frame) -> None:
    assert verdicts(people, leaf("born_on", ">", "2024-02-13")) == verdicts(
        people, leaf("born_on", ">", date(2024, 2, 13))
    )
    assert verdicts(people, leaf("spend", ">", "10.00")) == verdicts(people, leaf("spend", ">", Decimal("10.00")))


def test_a_source_text_compares_as_a_number_with_numbers(frame: MakeFrame) -> None:
    cells = frame(row=list(range(7)), cell=["12346", " 7.50 ", "C536", "", "  ", None, "1e3"])
    schema: Schema = {"cell": "source_text"}
    assert verdicts(cells, leaf("cell", ">", 7), schema) == [True, True, False, False, False, False, False]
    assert verdicts(cells, leaf("cell", "=", Decimal("7.5")), schema)[1] is True
    assert verdicts(cells, leaf("cell", "=", "7.50"), schema)[1] is False
    assert verdicts(cells, leaf("cell", "in", (7, 12346)), schema)[0] is True
    assert verdicts(cells, leaf("cell", "missing"), schema) == [False, False, False, True, True, True, False]
    assert verdicts(cells, leaf("cell", "starts_with", "C"), schema)[2] is True


def test_instants_are_compared_by_days_of_a_zone(frame: MakeFrame) -> None:
    shanghai = timezone(timedelta(hours=8))
    seen = [datetime(2024, 2, 19, 15, 59, tzinfo=UTC), datetime(2024, 2, 19, 16, 0, tzinfo=UTC)]
    table = frame(row=[0, 1], seen_at=pa.array(seen, pa.timestamp("us", tz="UTC")))
    for rule, expected in (
        (leaf("seen_at", "=", AS_OF), [False, True]),
        (leaf("seen_at", "before", AS_OF), [True, False]),
        (leaf("seen_at", "<=", AS_OF - timedelta(days=1)), [True, False]),
        (leaf("seen_at", "within_last_days", 1), [False, True]),
    ):
        expression = rule_expr(rule, {"seen_at": "instant"}, AS_OF, zone=shanghai)
        assert table.select("row", expression.alias("x")).sort("row").collect().get_column("x").to_list() == expected


def test_a_schema_is_read_off_a_frame(people: Frame) -> None:
    assert rule_schema(people)["spend"] == RuleColumn("spend_minor", "integer", 2)
    assert {name: column.type for name, column in rule_schema(people).items()} == {
        "row": "integer", "city": "text", "orders": "integer", "spend": "integer", "score": "number", "vip": "boolean",
        "born_on": "date",
    }  # fmt: skip


def test_all_that_is_wrong_is_told_at_once() -> None:
    rule = All(
        all=(
            leaf("cityy", "=", "x"),
            leaf("orders", "contains", "1"),
            AnyOf(any=(leaf("spend", ">", "much"), Not(not_=leaf("born_on", "=", "2024-02-30")))),
            leaf("city", "=", 3),
            leaf("vip", "=", "yes"),
            leaf("city", "matches", "(?=x)"),
            leaf("city", "matches", "("),
        )
    )
    found = rule_problems(rule, SCHEMA, "retail.yaml:7")
    assert [problem.code for problem in found] == [
        "unknown_attribute", "bad_operator", "bad_value", "bad_value", "bad_value", "bad_value", "bad_pattern",
        "bad_pattern",
    ]  # fmt: skip
    assert {problem.place for problem in found} == {"retail.yaml:7"}
    with pytest.raises(TierwiseError, match='did you mean "city"'):
        rule_expr(rule, SCHEMA, AS_OF)


def test_days_back_need_a_date_to_count_from() -> None:
    with pytest.raises(TierwiseError, match="counts days back"):
        rule_expr(leaf("born_on", "within_last_days", 3), SCHEMA)
