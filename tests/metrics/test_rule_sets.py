"""Rules of every form against the oracle, on random worlds; and how they are planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import duckdb
import narwhals as nw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.rule_strategies import FACTS, rules
from tests.metrics.rule_worlds import TAGS, Made, made_world
from tierwise.definitions.rule import All, AnyRule, Behaviour, Comparison, InList, InSegment, Measured, Not, Span
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import Frame, rows_of
from tierwise.metrics.rule_sets import (
    rule_set_problems,
    rule_sets,
    verdict_schema,
    with_kept_facts,
    with_verdicts,
)
from tierwise.metrics.rules import rule_expr
from tierwise.metrics.world import World
from tierwise.testing.deed_oracle import true_of

CONNECTION = duckdb.connect()
SPAN = Span()
CONNECTION.execute("SET TimeZone = 'UTC'; SET threads = 1")


@cache
def duckdb_world(seed: int) -> tuple[Made, World]:
    made = made_world(seed)
    frames: dict[str, Frame] = {}
    for name, table in made.tables.items():
        CONNECTION.register("given", table)
        CONNECTION.execute(f'CREATE TABLE "{name} {seed}" AS SELECT * FROM given')
        frames[name] = nw.from_native(CONNECTION.table(f'"{name} {seed}"'))
    return made, made.world(frames)


@pytest.fixture
def keep() -> Iterator[Keep]:
    yield from keeper()


def keeper() -> Iterator[Keep]:
    """Keeps as an engine does: each name once."""
    kept: list[str] = []

    def keep(name: str, frame: Frame) -> Frame:
        native: Any = nw.to_native(frame)
        native.create(name)
        kept.append(name)
        return nw.from_native(CONNECTION.table(name))

    yield keep
    for name in kept:
        CONNECTION.execute(f'DROP TABLE "{name}"')


def keys(frame: Frame) -> list[int]:
    """The customers, which must be each once."""
    found = sorted(row[0] for row in rows_of(frame))
    assert len(found) == len(set(found))
    return found


@st.composite
def worlds_and_rules(draw: Any) -> tuple[int, list[AnyRule]]:
    seed = draw(st.integers(1, 8))
    facts = draw(st.sampled_from([FACTS, st.just("order_lines")]))
    return seed, draw(st.lists(rules(duckdb_world(seed)[0].as_of, facts), min_size=5, max_size=5))


@settings(max_examples=18, deadline=None)
@given(drawn=worlds_and_rules(), plan_together=st.booleans())
def test_every_rule_is_what_a_plain_reading_says(drawn: tuple[int, list[AnyRule]], plan_together: bool) -> None:
    seed, given_rules = drawn
    made, world = duckdb_world(seed)
    keeping = keeper()
    named = {str(number): rule for number, rule in enumerate(given_rules)}
    found = rule_sets(named, world, next(keeping) if plan_together else lazily)
    for name, rule in named.items():
        assert keys(found[name]) == everyone(made, rule), rule
    next(keeping, None)


def everyone(made: Made, rule: AnyRule) -> list[int]:
    return [key for key, customer in made.customers.items() if true_of(rule, customer, made.as_of, TAGS)]


@settings(max_examples=6, deadline=None)
@given(drawn=worlds_and_rules())
def test_a_ladder_reads_the_same_verdicts_as_columns(drawn: tuple[int, list[AnyRule]]) -> None:
    seed, given_rules = drawn
    made, world = duckdb_world(seed)
    people, plain = with_verdicts(world.people, given_rules, world, lazily)
    schema = {**world.schema, **verdict_schema(plain)}
    for rule, rewritten in zip(given_rules, plain, strict=True):
        found = people.filter(rule_expr(rewritten, schema, made.as_of)).select("customer_key")
        assert keys(found) == everyone(made, rule), rule


def counted(fact: str, op: Any, value: Any, window: Span = SPAN, where: Any = None) -> Behaviour:
    return Behaviour(behaviour=Measured(fact=fact, aggregate="count", window=window, where=where), op=op, value=value)


def test_leaves_of_one_fact_filter_and_window_share_one_grouping(keep: Keep) -> None:
    made, world = duckdb_world(1)
    month = Span(last_days=30)
    total = Behaviour(behaviour=Measured(fact="orders", aggregate="sum", column="net", window=month), op=">", value=10)
    names: list[str] = []

    def noting(name: str, frame: Frame) -> Frame:
        names.append(name)
        return keep(name, frame)

    named = {
        "a": counted("orders", ">=", 2, month),
        "b": total,
        "c": All(all=(counted("orders", "<", 1, month), total)),
    }
    found = rule_sets(named, world, noting)
    assert names == ["rules_group_1"]
    assert {name: keys(frame) for name, frame in found.items()} == {n: everyone(made, r) for n, r in named.items()}


def test_facts_are_kept_once_for_several_calls(keep: Keep) -> None:
    made, world = duckdb_world(2)
    rules_of_it = [counted("order_lines", ">=", 1, Span(last_days=days)) for days in (7, 30, 90, 365)]
    names: list[str] = []

    def noting(name: str, frame: Frame) -> Frame:
        names.append(name)
        return keep(name, frame)

    kept = with_kept_facts(rules_of_it, world, noting, "run")
    assert names == ["run_order_lines"]
    for number, rule in enumerate(rules_of_it):
        found = rule_sets({"it": rule, "other": Not(not_=rule)}, kept, noting, f"level_{number}")
        assert keys(found["it"]) == everyone(made, rule)
        assert keys(found["other"]) == everyone(made, Not(not_=rule))
    assert names[1:] == [f"level_{number}_group_1" for number in range(4)]


def test_all_that_is_wrong_is_told_at_once() -> None:
    _, world = duckdb_world(1)
    rule = All(
        all=(
            InSegment(segment="loyel"),
            InList(list="guests"),
            counted("ordrs", ">", 1),
            counted("order_lines", ">", 1, where=Comparison(attribute="catgory", op="=", value="茶")),
            counted("orders", "contains", "1"),
            Behaviour(behaviour=Measured(fact="orders", aggregate="sum", column="channel"), op=">", value=1),
            Behaviour(behaviour=Measured(fact="orders", aggregate="max", column="gros"), op=">", value=1),
            Behaviour(behaviour=Measured(fact="orders", aggregate="last"), op=">", value="soon"),
            Comparison(attribute="citty", op="present"),
        )
    )
    found = rule_set_problems(rule, world.schema, world.fact_schemas, world.sets, "tags.yaml:3")
    assert [(problem.code, problem.remedy) for problem in found] == [
        ("unknown_segment", 'did you mean "loyal"?'),
        ("unknown_list", "known: invited"),
        ("unknown_fact", 'did you mean "orders"?'),
        ("unknown_column", 'did you mean "category"?'),
        ("bad_operator", found[4].remedy),
        ("bad_aggregate", "it is of numbers and money"),
        ("unknown_column", 'did you mean "gross"?'),
        ("bad_value", None),
        ("unknown_attribute", 'did you mean "city"?'),
    ]
    assert {problem.place for problem in found} == {"tags.yaml:3"}
    with pytest.raises(TierwiseError, match="loyel"):
        rule_sets({"all": rule}, world, lazily)


def test_facts_that_were_kept_for_more_people_tell_nothing_of_who_is_none_any_more(keep: Keep) -> None:
    made, world = duckdb_world(3)
    often = [counted("orders", ">=", 1, Span(last_days=days)) for days in (90, 365, 36_600)]
    kept = with_kept_facts(often, world, keep, "all")
    fewer = replace(kept, people=world.people.filter(nw.col("customer_key") > 5))
    found = rule_sets({str(n): rule for n, rule in enumerate(often)}, fewer, keep)
    assert {n: keys(frame) for n, frame in found.items()} == {
        str(n): [key for key in everyone(made, rule) if key > 5] for n, rule in enumerate(often)
    }


@pytest.mark.parametrize("column", ["category", "product_id"])
def test_filters_by_the_product_are_told_also_where_no_products_were_imported(keep: Keep, column: str) -> None:
    """So many filters that products are numbered; what is asked of them is missing, but for the id that lines have."""
    _, world = duckdb_world(2)
    unknown = replace(world, facts={name: frame for name, frame in world.facts.items() if name != "products"})
    named: dict[str, AnyRule] = {
        op: counted("order_lines", ">=", 1, where=Comparison(attribute=column, op=op, value=value))
        for op, value in (("=", "p1"), ("starts_with", "p"), ("present", None), ("missing", None))
    }
    named["brand"] = counted("order_lines", ">=", 1, where=Comparison(attribute="brand", op="present"))
    found = {name: keys(frame) for name, frame in rule_sets(named, unknown, keep).items()}
    buyers = keys(rule_sets({"any": counted("order_lines", ">=", 1)}, unknown, lazily)["any"])
    told = buyers if column == "product_id" else []
    assert (found["starts_with"], found["present"], found["brand"]) == (told, told, [])
    assert found["missing"] == [key for key in buyers if key not in told]
    assert bool(found["="]) == (column == "product_id")
