"""Cross-sell: who has this in the basket has that as well (`metrics/association.py`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Row
from tierwise.app.insights.things import ADJUSTED, BY, P_VALUE, id_and_name, item_of, known_by, with_names
from tierwise.metrics.association import JOINER, association_rules
from tierwise.plots.plot import Flow, Link

SURE = 0.05
"""Below so small an adjusted p value a rule is more than chance."""


def pairs(asked: Asked) -> Answer:
    """All rules, most leverage first."""
    found = association_rules(
        asked.frame("bought_lines"),
        item=item_of(asked),
        min_support=asked["min_support"],
        min_confidence=asked["min_confidence"],
        max_left=asked["max_left"],
    )
    return Answer(
        columns=(
            *id_and_name("left", Label("已买", "has")),
            *id_and_name("right", Label("也买", "buys as well")),
            Column("count", Label("同单数", "baskets"), "count"),
            Column("support", Label("支持度", "support"), "rate"),
            Column("confidence", Label("置信度", "confidence"), "rate"),
            Column("lift", Label("提升度", "lift"), "number"),
            P_VALUE,
            ADJUSTED,
            Column("leverage", Label("杠杆", "leverage"), "rate", detail=True),
            Column("conviction", Label("确信度", "conviction"), "number", detail=True),
            Column("left_count", Label("含已买单数", "baskets with left"), "count", detail=True),
            Column("right_count", Label("含也买单数", "baskets with right"), "count", detail=True),
            Column("basket_count", Label("总单数", "all baskets"), "count", detail=True),
        ),
        rows=with_names(found, ("left", "right"), asked, JOINER),
        figures=_figures(found),
        notes=(*known_by(asked), *_notes(found, asked)),
        bar="confidence",
        picture=_picture,
    )


def _figures(found: pa.Table) -> tuple[Figure, ...]:
    sure = int(np.count_nonzero(found.column("adjusted_p_value").to_numpy() < SURE)) if found.num_rows else 0
    baskets: Any = found.column("basket_count")[0].as_py() if found.num_rows else None
    return (
        Figure("baskets", Label("订单数", "baskets"), baskets, "count"),
        Figure("rules", Label("规则数", "rules"), found.num_rows, "count"),
        Figure("sure_rules", Label("显著规则数", "rules beyond chance"), sure, "count"),
    )


def _notes(found: pa.Table, asked: Asked) -> tuple[Label, ...]:
    if not found.num_rows:
        return (
            Label(
                "没有达到门槛的组合：可调低 min_support 或 min_confidence，或改为 by=category",
                "nothing is together so often: lower min_support or min_confidence, or look by=category",
            ),
        )
    return (
        Label(
            "A→B 与 B→A 是两条规则；按“比随机多出的同单数”排序，人人都买的商品不会排在前面",
            "A → B and B → A are two rules; the most baskets beyond chance first, so what everybody buys leads nothing",
        ),
    )


def _picture(rows: list[Row] | Any, language: str) -> Flow:
    title = Label("一起买的商品（同单数）", "Bought together (baskets)").in_language(language)
    return Flow(tuple(Link(row["left_name"], row["right_name"], row["count"]) for row in rows[:15]), title)


INSIGHT = Insight(
    name="pairs",
    title=Label("连带购买", "Bought together"),
    answers=Label("买了这个的人，同一单里还会买什么？", "Who has this in the basket: what else is in it?"),
    needs=("orders", "order_lines"),
    compute=pairs,
    parameters=(
        BY,
        Parameter(
            "min_support", Label("最低支持度", "least share of baskets with both"), "number", 0.002, 0.000_001, 1
        ),
        Parameter(
            "min_confidence", Label("最低置信度", "least share of the left that has the right"), "number", 0.05,
            0.000_001, 1,
        ),
        Parameter("max_left", Label("左边最多几件", "items on the left at most"), "integer", 1, 1, 10),
    ),
    page="basket.md",
)  # fmt: skip
