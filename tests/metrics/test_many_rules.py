"""Rules told together say what a plain reading of each says; what does not fit is left to be told one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import narwhals as nw
import pytest

from tests.metrics.test_rule_sets import duckdb_world, everyone, keeper
from tierwise.definitions.rule import All, AnyRule, Behaviour, Comparison, Events, FirstTime, Measured, Not, Span
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import rows_of
from tierwise.metrics.many_rules import RULE, WORTH_IT, told_together


@pytest.fixture
def keep() -> Iterator[Keep]:
    yield from keeper()


PRODUCTS: list[AnyRule] = [
    Comparison(attribute="category", op="=", value="茶"),
    Comparison(attribute="category", op="starts_with", value="茶"),
    Comparison(attribute="category", op="missing"),
    Comparison(attribute="brand", op="in", value=("A", "B")),
    All(all=(Comparison(attribute="brand", op="=", value="A"), Comparison(attribute="category", op="present"))),
    Not(not_=Comparison(attribute="brand", op="=", value="A")),
]


def lines(where: AnyRule | None, days: int | None, aggregate: Any, op: Any = None, value: Any = None) -> Behaviour:
    column = "amount" if aggregate in ("sum", "max") else None
    span = Span(last_days=days) if days else Span()
    measured = Measured(fact="order_lines", aggregate=aggregate, column=column, where=where, window=span)
    return Behaviour(behaviour=measured, op=op, value=value)


def fitting(seed: int, count: int = 40) -> dict[str, AnyRule]:
    """Rules that are told together."""
    draw = random.Random(seed)
    found: dict[str, AnyRule] = {}
    for number in range(count):
        where, days = draw.choice(PRODUCTS), draw.choice([1, 7, 30, 90, 365, None])
        amount = Decimal(draw.choice(["0.005", "1", "3.33", "4", "10.001"]))
        found[f"rule {number}"] = draw.choice(
            [
                lines(where, days, "ever"),
                lines(where, days, "count", ">=", draw.randint(1, 3)),
                lines(where, days, "count", "=", draw.randint(1, 2)),
                lines(where, days, "sum", draw.choice([">=", ">"]), amount),
                lines(where, days, "sum", "between", (amount, amount + 2)),
                lines(where, days, "days_since", draw.choice(["<=", "<"]), draw.choice([1, 30, 400])),
                lines(where, days, "days_since", ">", draw.choice([0, 29])),
            ]
        )
    return found


OTHERS: dict[str, AnyRule] = {
    "also of those without": lines(PRODUCTS[0], 90, "count", "<=", 1),
    "never": lines(PRODUCTS[0], 90, "never"),
    "another aggregate": lines(PRODUCTS[0], 90, "max", ">=", 1),
    "no span": lines(PRODUCTS[0], 90, "count", "!=", 0),
    "all products": lines(None, 90, "ever"),
    "not of the product alone": lines(Comparison(attribute="channel", op="=", value="web"), 90, "ever"),
    "two leaves": All(all=(lines(PRODUCTS[0], 90, "ever"), lines(PRODUCTS[1], 7, "ever"))),
    "another fact": Behaviour(behaviour=Measured(fact="visits", aggregate="ever", window=Span(last_days=90))),
    "another form": FirstTime(first_time=Events(fact="order_lines", where=PRODUCTS[0], window=Span(last_days=90))),
    "days that ended": Behaviour(
        behaviour=Measured(
            fact="order_lines", aggregate="ever", where=PRODUCTS[0], window=Span(last_days=30, ending_days_ago=30)
        )
    ),
}


@pytest.mark.parametrize("seed", range(4))
def test_rules_together_are_what_a_plain_reading_of_each_says(seed: int, keep: Keep) -> None:
    made, world = duckdb_world(seed)
    rules = fitting(seed)
    found, left = told_together({**rules, **OTHERS}, world, keep)
    assert left == OTHERS
    assert found is not None
    told: dict[str, list[int]] = {name: [] for name in rules}
    for key, name in rows_of(found.select(world.key, RULE)):
        told[name].append(key)
    assert {name: sorted(of) for name, of in told.items()} == {name: everyone(made, r) for name, r in rules.items()}
    assert sum(map(len, told.values())) > 50


def test_only_people_are_told_of_where_facts_were_kept_for_more(keep: Keep) -> None:
    made, world = duckdb_world(1)
    rules = fitting(9, WORTH_IT)
    fewer = replace(world, people=world.people.filter(nw.col("customer_key") > 5))
    for name, asked in (("all", world), ("fewer", fewer)):
        found, _ = told_together(rules, asked, keep, name)
        assert found is not None
        told = sorted((rule, key) for key, rule in rows_of(found))
        among = [key for key in range(1, 15) if name == "all" or key > 5]
        assert told == sorted((rule, key) for rule in rules for key in everyone(made, rules[rule]) if key in among)


def test_a_few_are_left_to_be_told_one_by_one(keep: Keep) -> None:
    _, world = duckdb_world(1)
    few = fitting(2, WORTH_IT - 1)
    assert told_together(few, world, keep) == (None, few)
    assert told_together({}, world, keep, "none") == (None, {})


def test_all_that_is_wrong_is_told_at_once() -> None:
    _, world = duckdb_world(1)
    wrong = {name: lines(Comparison(attribute=name, op="present"), 90, "ever") for name in ("brandt", "categori")}
    with pytest.raises(TierwiseError) as caught:
        told_together({**fitting(1), **wrong}, world, lazily)
    assert [problem.place for problem in caught.value.problems] == ["brandt", "categori"]
