"""The loyalty ladder: spending and breadth from purchase to purchase, and where people stop
(`metrics/loyalty_ladder.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

import narwhals as nw
import pyarrow as pa

from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Row
from tierwise.metrics.frame import Frame
from tierwise.metrics.loyalty_ladder import LoyaltyLadder, at_purchase, loyalty_ladder
from tierwise.plots.plot import Bars, Series

_SCHEMA = pa.schema(
    [
        ("purchase", pa.int64()), ("customers", pa.int64()), ("followed", pa.int64()), ("stopped", pa.int64()),
        ("stop_share", pa.float64()), ("net_minor", pa.int64()), ("net_so_far_minor", pa.int64()),
        ("categories_so_far", pa.float64()), ("gap_days", pa.float64()),
    ]
)  # fmt: skip


def ladder(asked: Asked) -> Answer:
    """One row per purchase number."""
    with_categories = asked.has("order_lines") and asked.has("products")
    lines = asked.frame("bought_lines").select("customer_key", "ordered_day", nw.col("category"))
    found = loyalty_ladder(
        asked.frame("orders"),
        as_of=asked.as_of,
        within_days=asked["within_days"],
        bought_categories=lines if with_categories else None,
        max_steps=asked["max_steps"],
        min_followed=asked["min_followed"],
        keep=asked.keep,
    )
    return Answer(
        columns=(
            Column("purchase", Label("第几次购买", "purchase"), "count"),
            Column("customers", Label("客户数", "customers"), "count"),
            Column("followed", Label("可观察人数", "followed"), "count"),
            Column("stopped", Label("未再购人数", "stopped"), "count"),
            Column("stop_share", Label("流失占比", "stop"), "rate"),
            Column("net", Label("本次净额", "net"), "money"),
            Column("net_so_far", Label("累计净额", "net so far"), "money"),
            Column("categories_so_far", Label("累计品类数", "categories"), "number"),
            Column("gap_days", Label("距上次天数（中位数）", "days since last"), "days"),
        ),
        rows=pa.Table.from_pylist([asdict(step) for step in found.steps], schema=_SCHEMA),
        figures=(
            Figure("bottleneck", Label("流失人数最多的一次", "most stop after purchase"), found.bottleneck, "count"),
            Figure("steepest", Label("流失比例最高的一次", "largest share stops after"), found.steepest, "count"),
        ),
        notes=_notes(found, asked, with_categories),
        bar="customers",
        picture=_picture,
        known_by=("purchase",),
        who={"followed": partial(_at, asked, False), "stopped": partial(_at, asked, True)},
    )


def _at(asked: Asked, stopped: bool, row: Row) -> Frame:
    within = asked["within_days"]
    orders = asked.frame("orders")
    return at_purchase(orders, int(row["purchase"]), as_of=asked.as_of, within_days=within, stopped=stopped)


def _notes(found: LoyaltyLadder, asked: Asked, with_categories: bool) -> tuple[Label, ...]:
    days = asked["within_days"]
    told = [
        Label(
            f"{days} 天内没有再买算停下；“可观察”指购买距统计日已满 {days} 天的客户",
            f"stopped: no purchase within {days} days; followed: whose purchase lies so long before as_of",
        )
    ]
    if not with_categories:
        told.append(Label("没有商品品类，累计品类数为空", "categories are null: no product has a category"))
    if found.bottleneck is None:
        told.append(Label("没有可观察到停下的客户：调小 within_days", "nobody is seen to stop: take fewer within_days"))
    return tuple(told)


def _picture(rows: Sequence[Row], language: str) -> Bars:
    went_on = tuple(row["customers"] - row["stopped"] for row in rows)
    stopped = tuple(row["stopped"] for row in rows)
    names = Label("继续或尚不可知", "went on or not yet known"), Label("停下", "stopped")
    series = tuple(
        Series(name.in_language(language), values) for name, values in zip(names, (went_on, stopped), strict=True)
    )
    title = Label("第几次购买之后停下", "After which purchase people stop").in_language(language)
    return Bars(tuple(str(row["purchase"]) for row in rows), series, title, stacked=True)


INSIGHT = Insight(
    name="ladder",
    title=Label("忠诚阶梯", "Loyalty ladder"),
    answers=Label(
        "随着购买次数增加，消费和品类怎样增长？大多数人停在第几次？",
        "How do spending and breadth grow with each purchase, and after which one do people stop?",
    ),
    needs=("orders",),
    compute=ladder,
    parameters=(
        Parameter(
            "within_days", Label("多少天没买算停下", "so many days without a purchase are a stop"), "integer", 180,
            1, 3650,
        ),
        Parameter("max_steps", Label("最多看几次", "purchases at most"), "integer", 10, 1, 1000),
        Parameter(
            "min_followed", Label("比较比例时最少人数", "fewest followed for the largest share"), "integer", 30, 1,
            1_000_000,
        ),
    ),
)  # fmt: skip
