"""First purchases: what brings customers in, and who comes again (`metrics/first_purchase.py`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import narwhals as nw
import pyarrow as pa

from tierwise.app.insights.bars import bars
from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Row
from tierwise.app.insights.things import ADJUSTED, ITEM, LAGS, P_VALUE, named
from tierwise.app.known_codes import KNOWN_CODES, code_label
from tierwise.metrics.first_purchase import first_purchases as firsts_of
from tierwise.metrics.first_purchase import who_began, whose_first
from tierwise.metrics.frame import Frame

_OF_ORDERS = {"channel": "channel", "store": "store_id", "promotion": "promoted"}
_PROMOTION = {"true": "on promotion 促销", "false": "full price 原价"}


def first_purchases(asked: Asked) -> Answer:
    """One row per value, most customers first."""
    by = asked["by"]
    found = firsts_of(
        _purchases(asked, by),
        by="value__",
        as_of=asked.as_of,
        within_days=asked["within_days"],
        min_customers=asked["min_customers"],
        keep=asked.keep,
    )
    texts = found.column("value").to_pylist()
    titles = _PROMOTION if by == "promotion" else asked.titles(by) if by in ("product", "store") else {}
    names = [name or "(unknown 未知)" for name in named(texts, titles, "\0")]
    days = asked["within_days"]
    first = found.slice(0, 1).to_pylist()
    return Answer(
        columns=(
            Column("value", Label("编码", "id"), "text", detail=True),
            Column("name", Label("首购内容", "first purchase"), "text", values=KNOWN_CODES if by == "channel" else {}),
            Column("customers", Label("客户数", "customers"), "count"),
            Column("share", Label("占比", "share"), "rate"),
            Column("again_count", Label("再购人数", "came again"), "count", detail=True),
            Column("again_share", Label("再购率", "came again"), "rate"),
            Column("others_again_share", Label("其他客户再购率", "others"), "rate"),
            P_VALUE,
            ADJUSTED,
            *LAGS,
            Column("later_days_per_customer", Label("人均后续购买天数", "later days a head"), "number"),
        ),
        rows=found.append_column("name", pa.array(names, pa.string())),
        figures=_figures(first[0], partial(_followed, asked)) if first else (),
        notes=(_note(days),) if found.num_rows else (_none(days),),
        bar="again_share",
        picture=_PICTURE_OF_CHANNELS if by == "channel" else _PICTURE,
        known_by=("value",),
        who={"customers": partial(_whose, asked, False), "again_count": partial(_whose, asked, True)},
    )


def _whose(asked: Asked, again: bool, row: Row) -> Frame:
    purchases, within = _purchases(asked, asked["by"]), asked["within_days"]
    value = row["value"]
    return whose_first(purchases, value, by="value__", as_of=asked.as_of, within_days=within, again=again)


def _followed(asked: Asked) -> Frame:
    return who_began(_purchases(asked, asked["by"]), as_of=asked.as_of, within_days=asked["within_days"])


def _purchases(asked: Asked, by: str) -> Any:
    """Lines or orders, with what they are looked at by as `value__`."""
    if by in ITEM:
        return asked.frame("bought_lines").with_columns(nw.col(ITEM[by]).alias("value__"))
    orders = asked.frame("orders")
    if by == "promotion":
        promoted = (nw.col("discount_minor") > 0) | (nw.col("coupon_minor") > 0)
        return orders.with_columns(nw.when(promoted).then(nw.lit("true")).otherwise(nw.lit("false")).alias("value__"))
    return orders.with_columns(nw.col(_OF_ORDERS[by]).alias("value__"))


def _figures(row: dict[str, Any], who: Callable[[], Frame]) -> tuple[Figure, ...]:
    many = row["customer_count"]
    again = row["again_count"] + round((row["others_again_share"] or 0) * (many - row["customers"]))
    return (
        Figure("customers", Label("可观察的新客", "new customers followed"), many, "count", who),
        Figure("again_share", Label("再购率", "came again"), again / many, "rate"),
    )


def _note(days: int) -> Label:
    return Label(
        f"再购：首购之后 {days} 天内又来买；只看首购已满 {days} 天的客户。再购率高不等于原因，可能只是吸引了不同的人",
        f"came again: on another day within {days} days; only customers whose first day lies {days} days back. "
        "A higher share need not be the cause: it may draw other people",
    )


def _none(days: int) -> Label:
    return Label(
        f"没有足够的首购：首购须满 {days} 天", f"too few first purchases that lie {days} days back: lower min_customers"
    )


_TITLE = Label("首购买什么的人更会再来", "Who comes again, by first purchase")
_DRAWN = {"again_share": Label("再购率", "came again"), "others_again_share": Label("其他客户", "others")}
_PICTURE = bars(_TITLE, "name", _DRAWN, "rate")
_PICTURE_OF_CHANNELS = bars(_TITLE, lambda row, language: code_label(row["name"]).in_language(language), _DRAWN, "rate")

INSIGHT = Insight(
    name="first_purchases",
    title=Label("首购分析", "First purchases"),
    answers=Label(
        "客户第一次买什么？买什么的人更会再来？", "What do customers buy first, and after which do they come again?"
    ),
    needs=("orders",),
    compute=first_purchases,
    parameters=(
        Parameter(
            "by",
            Label("按什么看", "by what"),
            "choice",
            "channel",
            choices=("product", "category", "brand", "channel", "store", "promotion"),
        ),
        Parameter("within_days", Label("多少天内再来", "so many days to come again"), "integer", 90, 1, 3650),
        Parameter("min_customers", Label("最少客户数", "fewest customers"), "integer", 10, 1, 1_000_000_000),
    ),
    page="paths.md",
)
