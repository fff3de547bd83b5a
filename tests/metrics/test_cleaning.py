from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key, rows_of
from tierwise.definitions.cleaning import Cleaning
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.cleaning import cleaning_schema, junk, those_who_remain, with_cleaning_attributes
from tierwise.metrics.frame import Frame
from tierwise.metrics.rules import rule_expr, rule_schema

DEFINITION = Cleaning.model_validate(
    {
        "rules": [
            {
                "name": "test_account",
                "reason": {"zh": "测试账号", "en": "Test account"},
                "when": {"attribute": "name", "op": "contains", "value": "测试"},
                "retention_days": 30,
            },
            {
                "name": "giveaway",
                "title": {"en": "Came for the giveaway"},
                "when": {
                    "all": [
                        {"attribute": "frequency_count", "op": "=", "value": 0},
                        {"attribute": "registered_same_day_idle_share", "op": ">=", "value": "0.6"},
                    ]
                },
                "retention_days": 365,
            },
        ]
    }
)


@pytest.fixture
def people(frame: MakeFrame) -> Frame:
    """1 and 2 registered with 3, who bought, on the day of a giveaway; 4 is a tester who bought; 5 is unknown."""
    day, other = date(2026, 3, 1), date(2026, 2, 1)
    return frame(
        pa.table(
            {
                "customer_key": pa.array([1, 2, 3, 4, 5], pa.int64()),
                "customer_id": ["a", "b", "c", "d", "e"],
                "registered_on": pa.array([day, day, day, other, None], pa.date32()),
                "last_ordered_on": pa.array([None, None, date(2026, 5, 1), date(2026, 4, 1), None], pa.date32()),
                "last_interacted_on": pa.array([None, date(2026, 6, 1), None, None, None], pa.date32()),
                "frequency_count": pa.array([0, 0, 2, 7, 0], pa.int64()),
                "monetary_amount_minor": pa.array([0, 0, 500, 900, 0], pa.int64()),
            }
        )
    )


@pytest.fixture
def accounts(frame: MakeFrame) -> Frame:
    return frame(
        pa.table(
            {
                "customer_key": pa.array([1, 4], pa.int64()),
                "name": ["测试一号", "系统测试"],
                "email": pa.array([None, "qa@example.com"], pa.string()),
                "registered_hour": pa.array([3, None], pa.int64()),
            }
        )
    )


@pytest.fixture
def sets(people: Frame, accounts: Frame) -> dict[str, Frame]:
    seen = with_cleaning_attributes(people, accounts)
    schema = cleaning_schema(rule_schema(people))
    return {rule.name: seen.filter(rule_expr(rule.when, schema)).select("customer_key") for rule in DEFINITION.rules}


def pairs(found: Frame) -> list[tuple[Any, Any]]:
    return [(row["customer_key"], row["rule"]) for row in rows_of(found, "customer_key", "rule")]


def test_registrations_of_a_day_are_counted_with_the_share_that_did_nothing(people: Frame, accounts: Frame) -> None:
    rows = by_key(with_cleaning_attributes(people, accounts))
    assert [rows[key]["registered_same_day_count"] for key in (1, 2, 3, 4, 5)] == [3, 3, 3, 1, None]
    assert rows[1]["registered_same_day_idle_share"] == rows[3]["registered_same_day_idle_share"] == 2 / 3
    assert (rows[4]["registered_same_day_idle_share"], rows[5]["registered_same_day_idle_share"]) == (0.0, None)
    assert (rows[1]["registered_hour"], rows[1]["name"], rows[2]["name"]) == (3, "测试一号", None)


def test_without_accounts_nobody_has_a_name(people: Frame) -> None:
    rows = by_key(with_cleaning_attributes(people))
    assert {(row["name"], row["email"], row["registered_hour"]) for row in rows.values()} == {(None, None, None)}


def test_each_rule_that_finds_an_account_says_why_and_until_when_it_is_kept(
    people: Frame, sets: dict[str, Frame]
) -> None:
    found = junk(people, DEFINITION, sets)
    assert pairs(found) == [(1, "giveaway"), (1, "test_account"), (2, "giveaway"), (4, "test_account")]
    by_rule = {(row["customer_key"], row["rule"]): row for row in rows_of(found, "customer_key")}
    assert by_rule[1, "test_account"]["reason"] == "测试账号"
    assert by_rule[1, "giveaway"]["reason"] == "Came for the giveaway"
    assert by_rule[1, "test_account"]["kept_until"] == date(2026, 3, 31)
    assert by_rule[1, "giveaway"]["kept_until"] == date(2027, 3, 1)
    assert by_rule[2, "giveaway"]["kept_until"] == date(2027, 6, 1)  # from the interaction, not from the registration
    assert by_rule[4, "test_account"]["monetary_amount_minor"] == 900
    assert by_rule[4, "test_account"]["customer_id"] == "d"
    assert "name" not in by_rule[4, "test_account"]
    english = {row["reason"] for row in rows_of(junk(people, DEFINITION, sets, language="en"), "customer_key")}
    assert english == {"Test account", "Came for the giveaway"}


def test_a_release_of_one_rule_leaves_the_others_and_one_of_all_leaves_none(
    people: Frame, sets: dict[str, Frame], frame: MakeFrame
) -> None:
    releases = frame(
        pa.table(
            {
                "customer_key": pa.array([1, 2, 2, 4, 3], pa.int64()),
                "rule": pa.array(["giveaway", None, "giveaway", "a_rule_of_old", None], pa.string()),
            }
        )
    )
    found = junk(people, DEFINITION, sets, releases)
    assert pairs(found) == [(1, "test_account"), (4, "test_account")]
    left = those_who_remain(people, found)
    assert [row["customer_key"] for row in rows_of(left, "customer_key")] == [2, 3, 5]


def test_rows_of_nobody_are_nobodys_junk(people: Frame, sets: dict[str, Frame], frame: MakeFrame) -> None:
    orders = frame(pa.table({"customer_key": pa.array([4, None, 3], pa.int64()), "order_id": ["x", "y", "z"]}))
    left = those_who_remain(orders, junk(people, DEFINITION, sets))
    assert [row["order_id"] for row in rows_of(left, "order_id")] == ["y", "z"]


def test_people_without_a_registration_are_refused(frame: MakeFrame) -> None:
    with pytest.raises(TierwiseError) as caught:
        with_cleaning_attributes(frame(customer_key=[1]))
    assert caught.value.code == "missing_column"
