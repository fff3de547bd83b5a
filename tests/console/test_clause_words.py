"""Explanations name things as people do."""

from __future__ import annotations

from datetime import date

import pytest

from tierwise.app.views import Label
from tierwise.app.vocabulary import AttributeWords, Vocabulary
from tierwise.console.clause_words import clause_words
from tierwise.console.texts import Texts

CLASSES = {"sleeping": Label("沉睡", "Sleeping"), "active_high": Label("高活跃", "Active, high")}

WORDS = Vocabulary(
    1,
    date(2026, 6, 30),
    "CNY",
    {
        "recency_days": AttributeWords(
            "recency_days", Label("最近消费间隔", "Recency"), "integer", "days", "attribute"
        ),
        "r_score": AttributeWords("r_score", Label("R 得分", "R score"), "integer", "", "attribute"),
        "activity": AttributeWords("activity", Label("活跃度", "Activity"), "text", "", "tier", CLASSES),
        "trait.city": AttributeWords("trait.city", Label("城市", "City"), "text", "", "trait"),
    },
)


@pytest.mark.parametrize(
    ("says", "of", "zh", "en"),
    [
        (
            "r_score 1 of 5 by recency_days; low: high is above 3",
            "rfm_cell",
            "按最近消费间隔，R 得分为 1（满分 5）；低：高于 3 为高",
            "R score 1 of 5 by Recency; low: high is above 3",
        ),
        (
            "active_high: at least 4 orders in the last 90 days",
            "activity",
            "高活跃：最近 90 天至少有 4 次订单",
            "Active, high: at least 4 orders in the last 90 days",
        ),
        ("sleeping", "activity", "沉睡", "Sleeping"),
        ("sleeping", "lifecycle_stage", "sleeping", "sleeping"),
        ("trait.city is present", "rfm_cell", "城市有值", "City is present"),
        (
            "rank 1 of 9 by activity; part 2 is ranks 1 to 2",
            "x",
            "按活跃度在 9 位中排第 1；第 2 等份为第 1 到第 2 名",
            None,
        ),
        ("product_name contains x_unknown", "x", "商品名称包含 x_unknown", None),
    ],
)
def test_names_become_titles(says: str, of: str, zh: str, en: str | None) -> None:
    assert clause_words(says, of, Texts("zh"), WORDS) == zh
    assert clause_words(says, of, Texts("en"), WORDS) == (en or says)
