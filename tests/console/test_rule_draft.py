"""A rule while it is edited: what is read is written back, and what cannot be edited is kept."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tierwise.console.rule_draft import (
    Compared,
    Done,
    Group,
    Inside,
    Kept,
    day,
    draft_of,
    number,
    rule_of,
    texts_in,
    unfinished,
)
from tierwise.console.rule_query import in_address, rule_in
from tierwise.definitions.read import parse_rule

SPENT = {"attribute": "monetary_amount", "op": ">=", "value": 0.5}
CITY = {"attribute": "trait.city", "op": "in", "value": ["上海", "北京"]}
ORDERED: dict[str, Any] = {
    "behaviour": {
        "fact": "orders",
        "aggregate": "sum",
        "column": "net",
        "where": {"all": [{"attribute": "channel", "op": "=", "value": "web"}, SPENT | {"attribute": "gross"}]},
        "window": {"from": "2026-01-01", "to": "2026-06-30"},
    },
    "op": ">",
    "value": 100,
}
STOPPED = {"stopped": {"fact": "visits", "quiet_days": 90, "before_days": 365}}
PER = {"behaviour": {"fact": "orders", "aggregate": "count", "per": "store_id"}, "op": ">=", "value": 2}


@pytest.mark.parametrize(
    "data",
    [
        SPENT,
        {"all": [SPENT, CITY]},
        {"any": [{"all": [SPENT, {"not": CITY}]}, {"not": {"any": [SPENT, ORDERED]}}, {"not": {"all": [SPENT, CITY]}}]},
        {"all": [{"segment": "often"}, {"list": "vips"}, STOPPED, PER]},
        {"not": {"not": SPENT}},
        {"behaviour": {"fact": "visits", "aggregate": "never", "window": {"last_days": 90}}},
        {"attribute": "birth_on", "op": "between", "value": ["1990-01-01", "1999-12-31"]},
        {"behaviour": {"fact": "orders", "aggregate": "days_since"}, "op": "missing"},
    ],
    ids=str,
)
def test_what_is_read_is_written_back(data: Any) -> None:
    rule = parse_rule(data, "here")
    assert rule_of(draft_of(rule)) == rule
    assert rule_in(in_address(rule)) == rule, "as the address of a page holds it"


def test_what_a_page_cannot_edit_is_kept() -> None:
    parts = draft_of(parse_rule({"all": [STOPPED, PER, ORDERED]}, "here")).parts
    assert [type(part) for part in parts] == [Kept, Kept, Done]
    done = parts[2]
    assert isinstance(done, Done)
    assert (done.since, done.until, done.value) == (date(2026, 1, 1), date(2026, 6, 30), 100)
    assert [(test.attribute, test.value) for test in done.tests] == [("channel", "web"), ("gross", Decimal("0.5"))]


def test_a_draft_is_unfinished_until_every_part_is_told() -> None:
    spent = Compared("monetary_amount", "between", (1, None))
    draft = Group("all", [Compared("city", "missing"), Group("any", []), spent, Inside("list"), Done(aggregate="sum")])
    assert rule_of(draft) is None
    assert [type(part) for part in unfinished(draft)] == [Group, Compared, Inside, Done]
    draft.parts = [draft.parts[0], spent]
    assert list(unfinished(draft)) == [spent]
    spent.value = (1, 2)
    assert rule_of(draft) == parse_rule(
        {
            "all": [
                {"attribute": "city", "op": "missing"},
                {"attribute": "monetary_amount", "op": "between", "value": [1, 2]},
            ]
        },
        "here",
    )


def test_a_group_of_one_is_the_part_alone() -> None:
    draft = Group("all", [Group("any", [Inside("segment", "often")])])
    assert rule_of(draft) == parse_rule({"segment": "often"}, "here")
    draft.how = "not_all"
    assert rule_of(draft) == parse_rule({"not": {"segment": "often"}}, "here")


def test_what_people_type() -> None:
    assert [number(text) for text in ("1,200", " 0.50", "-3", "many", "", None, "nan", "１")] == [
        1200,
        Decimal("0.50"),
        -3,
        None,
        None,
        None,
        None,
        None,
    ]
    assert texts_in("上海，北京\n上海, 广州\t") == ("上海", "北京", "广州")
    assert (day("2026-06-30"), day("2026-06-31"), day(None)) == (date(2026, 6, 30), None, None)
