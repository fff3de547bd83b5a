"""Replenishment cycles of products and categories (`metrics/replenishment.py`)."""

from __future__ import annotations

from functools import partial

import pyarrow as pa

from tierwise.app.insights.bars import bars
from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Row
from tierwise.app.insights.things import BY, id_and_name, item_of, known_by, with_names
from tierwise.metrics.frame import Frame
from tierwise.metrics.replenishment import (
    NOT_REGULAR,
    TOO_FEW_CUSTOMERS,
    TOO_FEW_INTERVALS,
    item_cycles,
    who_came_again,
)

REASONS = {
    TOO_FEW_INTERVALS: Label("间隔太少", "too few intervals"),
    TOO_FEW_CUSTOMERS: Label("回购客户太少", "too few customers who came twice"),
    NOT_REGULAR: Label("不规律", "not regular"),
}


def replenishment(asked: Asked) -> Answer:
    """One row per item, those with a cycle first, then most intervals first."""
    item = item_of(asked)
    cycles = item_cycles(
        asked.frame("bought_lines"), as_of=asked.as_of, item=item, min_intervals=asked["min_intervals"],
        min_customers=asked["min_customers"], keep=asked.keep,
    )  # fmt: skip
    found: pa.Table = cycles.collect(backend="pyarrow").to_native().rename_columns({item: "item"})
    rows = found.to_pylist()
    order = sorted(range(len(rows)), key=lambda at: _rank(rows[at]))
    claimed = sum(row["cycle_days"] is not None for row in rows)
    refused = sum(row["reason"] == NOT_REGULAR for row in rows)
    return Answer(
        columns=(
            *id_and_name("item", Label("商品", "item")),
            Column("cycle_days", Label("周期（天）", "cycle"), "days"),
            Column("reason", Label("无周期原因", "why none"), "text", values=REASONS),
            Column("interval_median_days", Label("间隔中位数", "median interval"), "days"),
            Column("interval_q1_days", Label("间隔下四分位", "interval q1"), "days"),
            Column("interval_q3_days", Label("间隔上四分位", "interval q3"), "days"),
            Column("interval_count", Label("间隔数", "intervals"), "count"),
            Column("customer_count", Label("客户数", "customers"), "count"),
            Column("irregularity", Label("不规律度", "irregularity"), "number"),
            Column("left_out_count", Label("囤货间隔（不计）", "stocked up, left out"), "count", detail=True),
            Column("tested_customer_count", Label("受检客户数", "customers tested"), "count", detail=True),
            Column("regularity_z", Label("规律性 z", "regularity z"), "number", detail=True),
        ),
        rows=with_names(found.take(pa.array(order, pa.int64())), ("item",), asked),
        figures=(
            Figure("with_cycle", Label("有周期", "with a cycle"), claimed, "count"),
            Figure("not_regular", Label("查过无周期", "tested, without one"), refused, "count"),
            Figure("too_few", Label("数据太少", "too few data"), len(rows) - claimed - refused, "count"),
        ),
        notes=(
            *known_by(asked),
            Label(
                "不规律度：0 像钟表，1 像随机；不超过 0.25 且显著才算有周期",
                "irregularity: 0 is clockwork, 1 is chance; a cycle takes 0.25 at most, and significance",
            ),
        ),
        bar="cycle_days",
        known_by=("item",),
        who={"customer_count": partial(_again, asked, 1), "tested_customer_count": partial(_again, asked, 2)},
        picture=bars(
            Label("复购周期（天）", "Replenishment cycles (days)"),
            "item_name",
            {"cycle_days": Label("周期（天）", "cycle")},
            "days",
        ),
    )


def _again(asked: Asked, least: int, row: Row) -> Frame:
    """Who has so many intervals that count."""
    return who_came_again(
        asked.frame("bought_lines"), row["item"], least=least, as_of=asked.as_of, item=item_of(asked), keep=asked.keep
    )


def _rank(row: dict[str, object]) -> tuple[bool, int, str]:
    intervals = row["interval_count"]
    assert isinstance(intervals, int)
    return row["cycle_days"] is None, -intervals, str(row["item"])


MIN_INTERVALS = Parameter("min_intervals", Label("最少间隔数", "fewest intervals"), "integer", 30, 1, 1_000_000)
MIN_CUSTOMERS = Parameter(
    "min_customers", Label("最少回购客户数", "fewest customers with two intervals"), "integer", 10, 1, 1_000_000
)

INSIGHT = Insight(
    name="replenishment",
    title=Label("复购周期", "Replenishment cycles"),
    answers=Label("哪些商品用完会再买？隔多少天？", "What is bought again when it runs out, and after how many days?"),
    needs=("orders", "order_lines"),
    compute=replenishment,
    parameters=(BY, MIN_INTERVALS, MIN_CUSTOMERS),
    page="replenishment.md",
)
