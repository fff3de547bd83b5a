"""Composite tags: several dimensions in one value, and nothing said where too little is known."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tierwise.definitions.tag import Tag
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.composite_tags import composite_tags
from tierwise.metrics.rules import rule_schema
from tierwise.metrics.tags import TAG_COLUMNS

AS_OF = date(2026, 6, 30)

BANDS = [{"points": 0}, {"from": 10, "points": "30.5"}, {"from": 20, "points": 50}]
DEBT = [{"points": 0}, {"from": 1, "points": -40}]


def wealth(**body: Any) -> Tag:
    """Income and home, less debt."""
    indicators = [
        {"attribute": "income", "normalise": "bands", "bands": BANDS},
        {"attribute": "home", "normalise": "bands", "bands": BANDS},
        {"attribute": "debt", "normalise": "bands", "bands": DEBT},
    ]
    cuts = [{"value": "rich", "at_least": 100}, {"value": "well", "at_least": "60.01"}, {"value": "plain"}]
    composite = {"scorecard": {"indicators": indicators}, "cuts": cuts, **body}
    return Tag.model_validate({"name": "wealth", "class": "static", "composite": composite})


PEOPLE: dict[str, list[int | None]] = {
    "customer_key": [1, 2, 3, 4, 5, 6],
    "income": [20, 10, 20, 20, None, None],
    "home": [20, 10, 20, None, None, None],
    "debt": [0, 0, 5, 0, None, 0],
}


def test_the_score_is_cut_into_values(frame: MakeFrame) -> None:
    people = frame(**PEOPLE)
    (found,) = composite_tags(people, [wealth()], rule_schema(people), as_of=AS_OF)
    assert tuple(found.collect_schema().names()) == TAG_COLUMNS
    rows = by_key(found)
    # 100; 61; 100 - 40; 50; nothing known; 0 of debt alone
    assert {who: row["value"] for who, row in rows.items()} == {
        1: "rich",
        2: "well",
        3: "plain",
        4: "plain",
        6: "plain",
    }
    assert {(row["source"], row["confirmed_on"]) for row in rows.values()} == {("composite", AS_OF)}


def test_too_little_known_says_nothing(frame: MakeFrame) -> None:
    people = frame(**PEOPLE)
    (found,) = composite_tags(people, [wealth(at_least_known=3)], rule_schema(people), as_of=AS_OF)
    assert sorted(by_key(found)) == [1, 2, 3]


def test_below_the_last_cut_there_is_no_value(frame: MakeFrame) -> None:
    people = frame(**PEOPLE)
    tag = wealth(cuts=[{"value": "rich", "at_least": 100}])
    (found,) = composite_tags(people, [tag], rule_schema(people), as_of=AS_OF)
    assert sorted(by_key(found)) == [1]


def test_all_that_does_not_fit_is_told(frame: MakeFrame) -> None:
    people = frame(customer_key=[1])
    with pytest.raises(TierwiseError) as caught:
        composite_tags(people, [wealth()], rule_schema(people), as_of=AS_OF)
    assert [problem.code for problem in caught.value.problems] == ["unknown_attribute"] * 3
