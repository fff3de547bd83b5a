"""Words by which codes are known: what they mean in Python and in DuckDB, and what they do not."""

from __future__ import annotations

import re

import duckdb
import pytest

from tierwise.facts.known_words import codes_of, pattern_of

MEANT = {
    "visits.kind": {
        "service": [
            "service",
            "Service",
            "Scheduled maintenance",
            "保养",
            "首保",
            "二保",
            "免费保养",
            "无忧保养",
            "5000公里保养",
        ],
        "rework": ["rework", "返修"],
        "claim": ["claim", "warranty_claim", "索赔", "三包索赔"],
        None: ["维修", "事故", "repair", "customer service", "非保养", "未保养", "保修", "warranty", "保险", ""],
    },
    "orders.channel": {
        "sales": ["sales", "Sales", "new_car_sales", "销售", "整车销售", "新车"],
        None: ["aftersales", "after-sales", "售后", "精品销售", "配件销售", "counter", "柜台"],
    },
    "leads.stage": {
        "new": ["new", "新线索", "未跟进", "待联系"],
        "contacted": ["contacted", "已联系", "跟进中"],
        "visited": ["visited", "到店", "已到店", "首次到店"],
        "test_drive": ["test_drive", "Test Drive", "试驾", "已试驾", "试乘试驾"],
        "quoted": ["quoted", "报价", "已报价", "洽谈中"],
        "deal": ["deal", "成交", "已订车", "已订未交"],
        "delivered": ["delivered", "交车", "已交车", "已提车"],
        "defeated": ["defeated", "lost", "战败", "已战败", "退订", "canceled"],
        None: ["未到店", "未试驾", "未成交", "待交车", "未交车", "未报价", "newsletter", "其他"],
    },
    "surveys.kind": {"nps": ["nps", "NPS", "净推荐值", "NPS问卷"], None: ["csi", "csat", "满意度"]},
    "calls.direction": {"outbound": ["outbound", "呼出", "外呼"], None: ["inbound", "呼入", "来电"]},
}
"""Column -> code -> words that say it; under None words that say none."""


@pytest.mark.parametrize("column", MEANT)
def test_a_word_says_one_code_or_none_and_the_same_in_both_engines(column: str) -> None:
    assert set(MEANT[column]) == {*codes_of(column), None}
    for meant, words in MEANT[column].items():
        for word in words:
            said = [code for code in codes_of(column) if re.search(pattern_of(column, code), word)]
            by_duckdb = [
                code
                for code in codes_of(column)
                if duckdb.execute("SELECT regexp_matches(?, ?)", [word, pattern_of(column, code)]).fetchall()[0][0]
            ]
            assert said == by_duckdb == ([meant] if meant else []), word


def test_several_codes_are_one_pattern_and_of_other_columns_nothing_is_known() -> None:
    either = pattern_of("leads.stage", "test_drive", "quoted")
    assert [word for word in ("试驾", "报价", "成交") if re.search(either, word)] == ["试驾", "报价"]
    assert codes_of("customers.name") == ()
