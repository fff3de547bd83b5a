"""YAML, JSON and Python give the same frozen rules, and what is written is read back."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from tierwise.definitions.read import parse_rule, read_definitions, read_rule
from tierwise.definitions.rule import AnyRule
from tierwise.definitions.rule_builders import (
    all_of,
    any_of,
    attribute,
    average,
    count,
    days_since,
    distinct,
    ever,
    first,
    first_time,
    in_list,
    in_segment,
    last,
    max_of,
    min_of,
    never,
    not_,
    not_followed,
    regularly,
    restarted,
    sequence,
    step,
    stopped,
    sum_of,
)
from tierwise.definitions.segment import Segment
from tierwise.definitions.write import to_yaml

TEA = attribute("category").starts_with("茶")

PAIRS: list[tuple[AnyRule, str]] = [
    (attribute("city") == "上海", "{attribute: city, op: '=', value: 上海}"),
    (attribute("vip") != True, "{attribute: vip, op: '!=', value: true}"),  # noqa: E712
    (attribute("monetary_amount") >= Decimal("10.50"), "{attribute: monetary_amount, op: '>=', value: 10.50}"),
    (attribute("monetary_amount") < 10.5, "{attribute: monetary_amount, op: <, value: 10.5}"),
    (attribute("frequency_count") > 3, "{attribute: frequency_count, op: '>', value: 3}"),
    (attribute("frequency_count") <= 3, "{attribute: frequency_count, op: <=, value: 3}"),
    (attribute("first_ordered_on") > date(2026, 1, 31), "{attribute: first_ordered_on, op: '>', value: 2026-01-31}"),
    (attribute("a").between(1, 2), "{attribute: a, op: between, value: [1, 2]}"),
    (attribute("d").between(date(2026, 1, 1), date(2026, 1, 31)),
     "{attribute: d, op: between, value: [2026-01-01, 2026-01-31]}"),
    (attribute("a").is_in(["x", "y"]), "{attribute: a, op: in, value: [x, y]}"),
    (attribute("a").not_in(["x"]), "{attribute: a, op: not_in, value: [x]}"),
    (attribute("a").contains("2026-01-01"), "{attribute: a, op: contains, value: '2026-01-01'}"),
    (attribute("a").ends_with("x"), "{attribute: a, op: ends_with, value: x}"),
    (attribute("a").matches("^x"), "{attribute: a, op: matches, value: ^x}"),
    (attribute("a").missing(), "{attribute: a, op: missing}"),
    (attribute("a").present(), "{attribute: a, op: present}"),
    (attribute("d").before(date(2026, 1, 1)), "{attribute: d, op: before, value: 2026-01-01}"),
    (attribute("d").after(date(2026, 1, 1)), "{attribute: d, op: after, value: 2026-01-01}"),
    (attribute("d").within_last_days(7), "{attribute: d, op: within_last_days, value: 7}"),
    (attribute("birth_on").day_of_year_within_days(7),
     "{attribute: birth_on, op: day_of_year_within_days, value: 7}"),
    (count("orders", last_days=90) >= 2,
     "{behaviour: {fact: orders, aggregate: count, window: {last_days: 90}}, op: '>=', value: 2}"),
    (count("orders", last_days=90, ending_days_ago=90) == 0,
     "{behaviour: {fact: orders, aggregate: count, window: {last_days: 90, ending_days_ago: 90}}, op: '=', value: 0}"),
    (sum_of("order_lines", "amount", where=TEA, from_=date(2026, 1, 1), to=date(2026, 6, 30)) > 100,
     "{behaviour: {fact: order_lines, aggregate: sum, column: amount, window: {from: 2026-01-01, to: 2026-06-30}, "
     "where: {attribute: category, op: starts_with, value: 茶}}, op: '>', value: 100}"),
    (average("orders", "net") < 50, "{behaviour: {fact: orders, aggregate: average, column: net}, op: <, value: 50}"),
    (min_of("orders", "net").missing(), "{behaviour: {fact: orders, aggregate: min, column: net}, op: missing}"),
    (max_of("orders", "net") != 5, "{behaviour: {fact: orders, aggregate: max, column: net}, op: '!=', value: 5}"),
    (distinct("orders", "store_id").between(2, 3),
     "{behaviour: {fact: orders, aggregate: distinct, column: store_id}, op: between, value: [2, 3]}"),
    (days_since("visits") > 30, "{behaviour: {fact: visits, aggregate: days_since}, op: '>', value: 30}"),
    (first("orders") < date(2026, 1, 1), "{behaviour: {fact: orders, aggregate: first}, op: <, value: 2026-01-01}"),
    (last("orders", "channel") == "web",
     "{behaviour: {fact: orders, aggregate: last, column: channel}, op: '=', value: web}"),
    (ever("calls"), "{behaviour: {fact: calls, aggregate: ever}}"),
    (never("refunds", last_days=365), "{behaviour: {fact: refunds, aggregate: never, window: {last_days: 365}}}"),
    (first_time("orders", last_days=30), "{first_time: {fact: orders, window: {last_days: 30}}}"),
    (stopped("orders", quiet_days=90, before_days=365, at_least=3),
     "{stopped: {fact: orders, quiet_days: 90, before_days: 365, at_least: 3}}"),
    (restarted("visits", within_days=30, quiet_days=180),
     "{restarted: {fact: visits, within_days: 30, quiet_days: 180}}"),
    (regularly("orders", every="week", at_least=3, of_last=4),
     "{regularly: {fact: orders, every: week, at_least: 3, of_last: 4}}"),
    (sequence(step("orders"), step("refunds"), within_days=7, last_days=90),
     "{sequence: [{fact: orders}, {fact: refunds}], within_days: 7, window: {last_days: 90}}"),
    (not_followed(step("leads", where=attribute("source") == "web"), step("visits"), within_days=14),
     "{not_followed: [{fact: leads, where: {attribute: source, op: '=', value: web}}, {fact: visits}], "
     "within_days: 14}"),
    (count("orders", per="store_id", last_days=90) >= 3,
     "{behaviour: {fact: orders, aggregate: count, per: store_id, window: {last_days: 90}}, op: '>=', value: 3}"),
    (sum_of("order_lines", "amount", per="product_id") > 500,
     "{behaviour: {fact: order_lines, aggregate: sum, column: amount, per: product_id}, op: '>', value: 500}"),
    (sequence(step("orders"), step("refunds"), within_days=7, same="order_id"),
     "{sequence: [{fact: orders}, {fact: refunds}], within_days: 7, same: order_id}"),
    (not_followed(step("visits"), step("surveys"), within_days=14, same="store_id"),
     "{not_followed: [{fact: visits}, {fact: surveys}], within_days: 14, same: store_id}"),
    (all_of(in_segment("loyal"), not_(in_list("invited"))), "{all: [{segment: loyal}, {not: {list: invited}}]}"),
    (any_of(attribute("a") == 1, attribute("b") == 2),
     "{any: [{attribute: a, op: '=', value: 1}, {attribute: b, op: '=', value: 2}]}"),
]  # fmt: skip


@pytest.mark.parametrize(("built", "text"), PAIRS, ids=range(len(PAIRS)))
def test_yaml_json_and_python_give_the_same_object(built: AnyRule, text: str, tmp_path: Path) -> None:
    from_yaml = parse_rule(yaml.safe_load(text))
    assert from_yaml == built
    assert hash(from_yaml) == hash(built)
    (tmp_path / "rule.json").write_text(json.dumps(yaml.safe_load(text), default=str), "utf-8")
    assert read_rule(tmp_path / "rule.json") == built


@pytest.mark.parametrize(("built", "_text"), PAIRS, ids=range(len(PAIRS)))
def test_what_is_written_is_read_back(built: AnyRule, _text: str, tmp_path: Path) -> None:
    definition = Segment(name="some", when=built)
    (tmp_path / "some.yaml").write_text(to_yaml([definition]), "utf-8")
    assert read_definitions([tmp_path / "some.yaml"]) == [definition]


def test_rules_are_frozen() -> None:
    rule: Any = count("orders") > 1
    with pytest.raises(ValidationError, match="frozen"):
        rule.op = "<"


def test_what_is_compared_is_no_rule_yet() -> None:
    with pytest.raises(ValidationError):
        all_of(count("orders"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="unhashable"):
        hash(attribute("city"))
