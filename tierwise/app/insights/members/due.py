"""Who is due to buy what again (`metrics/due.py`)."""

from __future__ import annotations

from functools import partial

import narwhals as nw

from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter
from tierwise.app.insights.members.replenishment import MIN_CUSTOMERS, MIN_INTERVALS
from tierwise.app.insights.things import BY, item_of, known_by
from tierwise.metrics.due import DUE, LAPSED, NO_INTERVALS_YET, UPCOMING, due_list
from tierwise.metrics.frame import Frame, count_where, missing, rows_of

BASES = {
    "customer": Label("本人周期", "own cycle"),
    "item": Label("商品周期", "item's cycle"),
    "pack_size": Label("包装用量", "pack size"),
}
STATES = {
    UPCOMING: Label("将到期", "upcoming"), DUE: Label("到期", "due"), LAPSED: Label("久未再买", "lapsed"),
}  # fmt: skip


def due(asked: Asked) -> Answer:
    """One row per customer and item that is due or will be soon, the longest due first."""
    item = item_of(asked)
    goods = asked.frame("products") if item == "product_id" and asked.has("products") else None
    dates = asked.keep("due_list", due_list(
        asked.frame("bought_lines"), as_of=asked.as_of, products=goods, item=item,
        min_intervals=asked["min_intervals"], min_customers=asked["min_customers"], keep=asked.keep,
    ))  # fmt: skip
    soon = nw.col("overdue_days") >= -asked["within_days"]
    wanted = nw.col("state").is_in([UPCOMING, DUE, LAPSED] if asked["lapsed"] else [UPCOMING, DUE])
    listed = dates.filter(soon, wanted).with_columns(nw.col(item).alias("item"))
    counted = {
        "due": nw.col("state") == DUE,
        "due_soon": (nw.col("state") == UPCOMING) & soon,
        "lapsed": nw.col("state") == LAPSED,
        "without_a_date": nw.col("due_on").is_null(),
    }
    counts = rows_of(dates.select(*(count_where(which).alias(name) for name, which in counted.items())))[0]
    titles = (
        Label("已到期", "due"), Label("即将到期", "due soon"), Label("久未再买", "lapsed"),
        Label("无法预计", "without a date"),
    )  # fmt: skip
    return Answer(
        columns=(
            Column("customer_key", Label("客户", "customer"), "customer"),
            Column("item", Label("商品编码", "item id"), "text", detail=True),
            Column("item_name", Label("商品", "item"), "text"),
            Column("due_on", Label("应购日", "due on"), "day"),
            Column("overdue_days", Label("已过天数", "days overdue"), "days"),
            Column("state", Label("状态", "state"), "text", values=STATES),
            Column("confidence", Label("把握", "confidence"), "rate"),
            Column("basis", Label("依据", "by"), "text", values=BASES),
            Column("last_bought_on", Label("上次购买", "last bought"), "day"),
            Column("interval_days", Label("间隔天数", "interval"), "days"),
            Column("reason", Label("无把握原因", "why no confidence"), "text", detail=True,
                   values={NO_INTERVALS_YET: Label("尚无间隔", "no intervals yet")}),
        ),
        rows=_with_names(listed, asked),
        order='"due_on", "customer_key", "item"',
        figures=tuple(
            Figure(name, title, int(count), "count", partial(dates.filter, which))
            for (name, which), title, count in zip(counted.items(), titles, counts, strict=True)
        ),
        notes=(
            *known_by(asked),
            Label(
                "无法预计：商品没有周期或数据太少，见“复购周期”；准不准，见“到期名单回测”",
                'without a date: items without a cycle or with too few data, see "Replenishment cycles"; how good such '
                'dates were, see "Back-test of due dates"',
            ),
        ),
    )  # fmt: skip


def _with_names(listed: Frame, asked: Asked) -> Frame:
    if asked["by"] != "product":
        return listed.with_columns(nw.col("item").alias("item_name"))
    names = asked.frame("products").select(
        nw.col("product_id").alias("item"), nw.col("product_name").alias("known_name")
    )  # fmt: skip
    told = nw.coalesce(nw.col("known_name"), nw.col("item"), missing(nw.String))
    return listed.join(names, on="item", how="left").with_columns(told.alias("item_name"))


INSIGHT = Insight(
    name="due",
    title=Label("复购到期名单", "Due list"),
    answers=Label("谁该再买什么了？", "Who is due to buy what again?"),
    needs=("orders", "order_lines"),
    compute=due,
    parameters=(
        BY,
        Parameter("within_days", Label("提前多少天", "so many days ahead"), "integer", 7, 0, 365),
        Parameter("lapsed", Label("含久未再买者", "the lapsed too"), "yes_no", False),
        MIN_INTERVALS,
        MIN_CUSTOMERS,
    ),
    page="replenishment.md",
)
