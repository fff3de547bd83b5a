"""How a page puts values, units, rules and addresses; and where each attribute stands in the customer's page."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tierwise.app.views import Label
from tierwise.app.vocabulary import AttributeWords, Vocabulary
from tierwise.console.angles import angle_of, windows_of
from tierwise.console.charts.colours import TIERS
from tierwise.console.rule_query import as_data, in_address, parts_of, put_together, rule_in, where_in, where_is
from tierwise.console.rule_words import rule_words
from tierwise.console.shown import (
    attribute_text,
    code_text,
    decimals_of,
    note_text,
    scope_text,
    tier_colour,
    unit_text,
    value_text,
    who_text,
    with_unit,
)
from tierwise.console.texts import Texts, texts_of
from tierwise.definitions.read import parse_rule
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.attributes import attributes

ZH, EN = Texts("zh"), Texts("en")

WORDS = Vocabulary(
    1,
    date(2026, 6, 30),
    "CNY",
    {
        "rfm_cell": AttributeWords(
            "rfm_cell", Label("RFM 分组", "RFM cell"), "text", "", "tier", {"111": Label("重要价值客户", "Key value")}
        ),
        "discount_share": AttributeWords(
            "discount_share", Label("折扣占比", "Discount share"), "number", "share 0-1", "attribute"
        ),
        "frequency_count": AttributeWords(
            "frequency_count", Label("订单数", "Orders"), "integer", "orders", "attribute"
        ),
    },
)

RULES: list[tuple[dict[str, Any], str, str]] = [
    ({"attribute": "frequency_count", "op": ">=", "value": 2}, "订单数 ≥ 2", "Orders ≥ 2"),
    (
        {"attribute": "rfm_cell", "op": "in", "value": ["111", "000"]},
        "RFM 分组 属于 重要价值客户, 000",
        "RFM cell in Key value, 000",
    ),
    ({"attribute": "frequency_count", "op": "between", "value": [1, 3]}, "订单数 介于 1 – 3", "Orders between 1 – 3"),
    ({"attribute": "rfm_cell", "op": "missing"}, "RFM 分组 没有值", "RFM cell is missing"),
    ({"segment": "often"}, "属于客群“often”", "in segment “often”"),
    (
        {"behaviour": {"fact": "orders", "aggregate": "count", "window": {"last_days": 90}}, "op": ">=", "value": 2},
        "最近 90 天订单的次数 ≥ 2",
        "count of orders in the last 90 days ≥ 2",
    ),
    ({"not": {"list": "vip"}}, "不是（在名单“vip”上）", "not (on list “vip”)"),
    (
        {
            "any": [
                {"segment": "a"},
                {"all": [{"segment": "b"}, {"attribute": "frequency_count", "op": "=", "value": 0}]},
            ]
        },
        "属于客群“a” 或 (属于客群“b” 且 订单数 = 0)",
        "in segment “a” or (in segment “b” and Orders = 0)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "zh", "en"), RULES)
def test_rules_in_words(body: dict[str, Any], zh: str, en: str) -> None:
    rule = parse_rule(body)
    assert rule_words(rule, WORDS, ZH) == zh
    assert rule_words(rule, WORDS, EN) == en


@pytest.mark.parametrize("body", [body for body, _, _ in RULES])
def test_a_rule_goes_through_an_address_and_back(body: dict[str, Any]) -> None:
    rule = parse_rule(body)
    assert rule_in(in_address(rule)) == rule
    assert as_data(rule) == body
    parts = parts_of(rule)
    assert rule_in(put_together(parts)) == rule


def test_addresses_of_a_value_and_of_a_segment() -> None:
    assert rule_in(where_is("spend_decile", 1)) == parse_rule({"attribute": "spend_decile", "op": "=", "value": 1})
    assert rule_in(where_is("stage", None)) == parse_rule({"attribute": "stage", "op": "missing"})
    assert rule_in(where_in("often")) == parse_rule({"segment": "often"})
    assert rule_in("") is None
    assert put_together([]) is None


@pytest.mark.parametrize("where", ["{", "[]", '{"attribute": "x"}', '{"attribute": "x", "op": "=", "value": {}}'])
def test_an_address_that_holds_no_rule_is_told(where: str) -> None:
    with pytest.raises(TierwiseError):
        rule_in(where)


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (None, "–", "–"),
        (True, "是", "yes"),
        (12345, "12,345", "12,345"),
        (Decimal("1234.50"), "1,234.50", "1,234.50"),
        (1234.567, "1,234.57", "1,234.57"),
        (0.12345, "0.1235", "0.1235"),
        (0.5, "0.5000", "0.5000"),
        (0.0, "0.00", "0.00"),
        (0.0000123, "1.2e-05", "1.2e-05"),
        (date(2026, 6, 30), "2026-06-30", "2026-06-30"),
        (datetime(2026, 6, 30, 8, 5, tzinfo=UTC), "2026-06-30 08:05", "2026-06-30 08:05"),
        (["a", 2], "a, 2", "a, 2"),
        ({"x": 1}, "x: 1", "x: 1"),
    ],
)
def test_values(value: object, zh: str, en: str) -> None:
    assert (value_text(value, ZH), value_text(value, EN)) == (zh, en)


def test_instants_are_told_in_the_projects_zone() -> None:
    """Seven in the morning in Shanghai is the day before in UTC."""
    texts = Texts("zh", ZoneInfo("Asia/Shanghai"))
    early = datetime(2026, 6, 29, 23, 5, 9, tzinfo=UTC)
    assert (texts.day(early), texts.at(early)) == ("2026-06-30", "2026-06-30 07:05")
    assert texts.at(early, seconds=True) == "2026-06-30 07:05:09"
    assert value_text(early, texts) == "2026-06-30 07:05"
    assert texts.at(early.replace(tzinfo=None)) == "2026-06-29 23:05", "facts are in the project's zone already"
    assert texts.day(date(2026, 6, 29)) == "2026-06-29"


def test_values_of_attributes_by_what_they_are() -> None:
    assert attribute_text("rfm_cell", "111", WORDS, ZH) == "重要价值客户"
    assert attribute_text("rfm_cell", "999", WORDS, EN) == "999"
    assert attribute_text("discount_share", 0.1234, WORDS, EN) == "12.3%"
    assert attribute_text("rfm_cell", None, WORDS, EN) == "–"


def test_numbers_of_a_column_have_as_many_digits() -> None:
    assert (decimals_of([0.2, None, 12.5]), decimals_of([0.2, 0.05]), decimals_of([])) == (2, 4, 4)


def test_heads_have_the_unit_of_their_numbers() -> None:
    assert with_unit("净消费额", "CNY", ZH) == "净消费额（元）"
    assert with_unit("Net sales", "CNY", EN) == "Net sales (CNY)"
    assert with_unit("Share", "share 0-1", EN) == "Share"


def test_a_tier_has_one_colour_by_its_value() -> None:
    assert tier_colour("rfm_cell", "111", WORDS) == TIERS["111"]
    assert tier_colour("rfm_cell", "999", WORDS) == tier_colour("unknown", "999", WORDS)


def test_every_unit_of_an_attribute_has_its_word() -> None:
    units = {each.unit for each in attributes((30,))} - {"currency", ""}
    assert {unit for unit in units if unit_text(unit, ZH) == unit} == set()
    assert (unit_text("CNY", ZH), unit_text("CNY", EN), unit_text("EUR", ZH)) == ("元", "CNY", "EUR")


def test_every_attribute_stands_at_one_angle() -> None:
    expected = {
        "recency_days": "state",
        "monetary_amount": "value",
        "frequency_count": "orders",
        "mean_interval_days": "orders",
        "visit_count": "interactions",
        "mean_visit_interval_days": "interactions",
        "coupon_share": "responses",
        "refund_amount": "responses",
        "age_years": "base",
    }
    for name, angle in expected.items():
        assert angle_of(AttributeWords(name, Label(name, name), "number", "", "attribute")) == angle, name
    for group, angle in (("trait", "base"), ("tier", "state"), ("tag", "state")):
        assert angle_of(AttributeWords("x", Label("x", "x"), "text", "", group)) == angle  # type: ignore[arg-type]


def test_windows_stand_beside_the_whole_life() -> None:
    names = ["visit_count", "visit_count_30d", "visit_count_365d", "visit_days_count", "other_30d"]
    assert windows_of(names) == {"visit_count": {0: "visit_count", 30: "visit_count_30d", 365: "visit_count_365d"}}


def test_every_operator_has_its_word() -> None:
    from typing import get_args

    from tierwise.console.rule_words import SIGNS
    from tierwise.definitions.rule import Operator

    for operator in get_args(Operator):
        assert operator in SIGNS or f"op_{operator}" in texts_of("zh"), operator


def test_what_the_house_writes_is_told_in_words_and_what_people_write_as_it_is() -> None:
    assert note_text("template dealer", ZH) == "模板 dealer"
    assert (note_text("nine is often", ZH), note_text(None, ZH)) == ("nine is often", "–")
    assert (who_text("local:root", ZH), who_text("person:ann", ZH)) == ("root（本机）", "ann")
    assert (scope_text("phone", ZH), scope_text("card", ZH)) == ("手机号", "card")
    assert (code_text("channel", "aftersales", ZH), code_text("channel", "S001", ZH)) == ("售后", "S001")
