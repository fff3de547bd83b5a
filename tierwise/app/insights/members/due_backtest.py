"""What came of the due lists of past days (`metrics/due_backtest.py`)."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa

from tierwise.app.insights.bars import bars
from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter
from tierwise.app.insights.members.due import BASES
from tierwise.app.insights.members.replenishment import MIN_CUSTOMERS, MIN_INTERVALS
from tierwise.app.insights.things import BY, item_of, known_by
from tierwise.metrics.due_backtest import due_backtest


def backtest(asked: Asked) -> Answer:
    """One row per past day and basis."""
    item = item_of(asked)
    cuts = [asked.as_of - timedelta(days=asked["days_apart"] * n) for n in range(1, asked["cuts"] + 1)]
    found: pa.Table = due_backtest(
        asked.frame("bought_lines"), cuts=cuts, as_of=asked.as_of, item=item, horizon_days=asked["horizon_days"],
        min_intervals=asked["min_intervals"],
        products=asked.frame("products") if item == "product_id" and asked.has("products") else None,
        min_customers=asked["min_customers"], keep=asked.keep,
    )  # fmt: skip
    dates, hits = (sum(found.column(name).to_pylist()) for name in ("due_count", "hit_count"))
    return Answer(
        columns=(
            Column("cut_on", Label("名单日", "list of"), "day"),
            Column("basis", Label("依据", "by"), "text", values=BASES),
            Column("due_count", Label("到期人次", "dates"), "count"),
            Column("hit_share", Label("如期购买", "bought in time"), "rate"),
            Column("chance_share", Label("随机如期", "by chance"), "rate"),
            Column("lift", Label("提升", "lift"), "number"),
            Column("median_error_days", Label("偏差中位数", "median error"), "days"),
            Column("median_absolute_error_days", Label("偏差大小中位数", "median size of error"), "days"),
            Column("mean_confidence", Label("名单所称把握", "confidence told"), "rate"),
            Column("hit_count", Label("如期人次", "hits"), "count", detail=True),
            Column("bought_count", Label("后来再买人次", "bought later at all"), "count", detail=True),
        ),
        rows=found,
        figures=(
            Figure("dates", Label("到期人次", "dates"), dates, "count"),
            Figure("hit_share", Label("如期购买", "bought in time"), hits / dates if dates else None, "rate"),
        ),
        notes=(
            *known_by(asked),
            Label(
                "如期：应购日前后四分之一个间隔内购买；随机：同一商品名单上的其他人在同一窗口内购买的占比",
                "in time: within a quarter of the interval around the date; by chance: of the others on the list for "
                "the item, who bought in the same window",
            ),
        ),
        bar="hit_share",
        picture=bars(
            Label("名单如期购买与随机", "Bought in time, and by chance"),
            lambda row, language: f"{row['cut_on']} {BASES[row['basis']].in_language(language)}",
            {"hit_share": Label("如期购买", "bought in time"), "chance_share": Label("随机如期", "by chance")},
            "rate",
        ),
    )


INSIGHT = Insight(
    name="due_backtest",
    title=Label("到期名单回测", "Back-test of due dates"),
    answers=Label("过去的到期名单准不准？", "How good were the due lists of past days?"),
    needs=("orders", "order_lines"),
    compute=backtest,
    parameters=(
        BY,
        Parameter("cuts", Label("回测几次", "so many past days"), "integer", 3, 1, 12),
        Parameter("days_apart", Label("相隔天数", "days between them"), "integer", 91, 7, 365),
        Parameter("horizon_days", Label("看之后多少天到期", "dates so many days ahead"), "integer", 60, 1, 365),
        MIN_INTERVALS,
        MIN_CUSTOMERS,
    ),
    page="replenishment.md",
)
