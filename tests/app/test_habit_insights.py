"""Sources, idle members, wallets, abnormal value and habits by name: what the facts of a retailer say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tierwise.app.context import Context
from tierwise.app.insights.asking import insight
from tierwise.kernel.errors import TierwiseError
from tierwise.testing import make_retail

MADE = make_retail(customers=400, seed=3)
"""As the retailer's files have it."""


def rows(house: Context, name: str, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    view = insight(house, name, parameters, limit=10_000)
    names = [column.name for column in view.columns]
    return [dict(zip(names, row, strict=True)) for row in view.rows]


def test_a_source_is_told_by_the_trait_of_customers(retailer: Context) -> None:
    found = {row["source"]: row for row in rows(retailer, "sources", {"last_days": 3650})}
    given = MADE.tables["customers"].column("source").to_pylist()
    assert set(found) == set(given)
    assert found["giveaway"]["registered_count"] == given.count("giveaway") > 0
    assert found["giveaway"]["first_order_count"] == 0
    assert found["giveaway"]["retained_share"] is None
    assert 0 < found["store"]["retained_share"] < 1
    assert isinstance(found["store"]["net"], Decimal)
    with pytest.raises(TierwiseError, match='unknown attribute "sourc"'):
        rows(retailer, "sources", {"source": "sourc"})


def test_what_idle_members_of_each_level_cost(retailer: Context) -> None:
    found = {row["level"]: row for row in rows(retailer, "idle", {"costs": "金卡:300,银卡:50"})}
    assert set(found) == {"普通", "银卡", "金卡", "钻石"}
    gold = found["金卡"]
    assert gold["benefit_cost_a_year"] == 300
    assert gold["idle_cost_a_year"] == 300 * gold["idle_count"]
    assert (found["钻石"]["idle_cost"], found["普通"]["cost_reason"]) == (None, "no_benefit_cost")
    assert sum(row["members"] for row in found.values()) == 400
    with pytest.raises(TierwiseError, match='"gold" is no cost'):
        rows(retailer, "idle", {"costs": "gold"})


def test_peers_are_told_by_attributes(retailer: Context) -> None:
    found = rows(retailer, "wallet", {"peers": "城市", "min_peers": 20})
    told = [row for row in found if row["need"] is not None]
    assert len(told) > 100
    assert all(row["gap"] == row["need"] - max(row["net"], 0) for row in told)
    assert {row["reason"] for row in found if row["need"] is None} <= {
        "too_few_peers",
        "peer_attribute_missing",
        "no_need",
    }
    assert [row["gap"] for row in told] == sorted((row["gap"] for row in told), reverse=True)


def test_the_planted_resellers_are_abnormal(retailer: Context) -> None:
    found = {row["customer_id"]: row for row in rows(retailer, "abnormal", {"last_days": 3650})}
    planted = [row["customer_id"] for row in MADE.truths["resellers"].to_pylist() if row["orders"]]
    assert set(planted) <= set(found)
    assert all("burst" in found[one]["abnormal_reason"] for one in planted)
    assert len(found) <= len(planted) + 4


def test_hours_are_those_of_the_business_and_few_have_habits(retailer: Context) -> None:
    hours = {row["preferred_hour"] for row in rows(retailer, "interactions", {"min_count": 3})} - {None}
    assert hours
    view = insight(retailer, "habits", limit=5)
    figures = {figure.name: figure.value for figure in view.figures}
    assert figures["customers"] <= figures["looked_at"] < 400
