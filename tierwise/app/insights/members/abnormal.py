"""Customers whose spending is not what it looks like (`metrics/abnormal.py`)."""

from __future__ import annotations

import narwhals as nw

from tierwise.app.insights.bars import CUSTOMERS, counted
from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter
from tierwise.metrics.abnormal import DEFAULT, AbnormalThresholds, abnormal_value
from tierwise.metrics.frame import count_where, integer_sum, rows_of

_KINDS = {
    "cash_out": Label("套现", "cash-out"),
    "reseller": Label("转卖", "reseller"),
    "burst": Label("集中下单", "burst"),
    "round_amounts": Label("整额", "round amounts"),
}


def abnormal(asked: Asked) -> Answer:
    """One row per customer with at least so many points, most points first."""
    limits = AbnormalThresholds(
        burst_minutes=asked["burst_minutes"],
        burst_orders=asked["burst_orders"],
        heavy_burst_orders=max(asked["burst_orders"], DEFAULT.heavy_burst_orders),
        round_to_minor=asked["round_to"] * 10**asked.digits,
        bulk_units=asked["bulk_units"],
        cash_categories=tuple(asked["cash_categories"] or ()),
        flag_from=asked["from_score"],
    )
    found = asked.keep(
        "abnormal",
        abnormal_value(
            asked.frame("orders"),
            as_of=asked.as_of,
            lines=asked.frame("order_lines") if asked.has("order_lines") else None,
            products=asked.frame("products") if asked.has("products") else None,
            refunds=asked.frame("refunds") if asked.has("refunds") else None,
            thresholds=limits,
            last_days=asked["last_days"],
        ),
    )
    flagged = nw.col("abnormal").fill_null(False)
    sums = found.select(
        count_where(flagged).alias("many"),
        integer_sum(nw.when(flagged).then(nw.col("net_minor")).otherwise(nw.lit(0))).alias("net"),
        integer_sum(nw.col("net_minor")).alias("all"),
    )
    many, net, everything = rows_of(sums)[0]
    by_kind = dict(rows_of(found.filter(flagged).group_by("abnormal_kind").agg(nw.len()))) if many else {}
    return Answer(
        columns=(
            Column("customer_id", Label("客户", "customer"), "customer"),
            Column("abnormal_score", Label("异常分", "score"), "count"),
            Column("abnormal_kind", Label("类型", "kind"), "text", values=_KINDS),
            Column("abnormal_reason", Label("原因", "reason"), "text"),
            Column("order_count", Label("订单数", "orders"), "count"),
            Column("net", Label("净额", "net"), "money"),
            Column("most_orders_a_day", Label("单日最多订单", "most orders a day"), "count", detail=True),
            Column("round_share", Label("整额占比", "round share"), "rate", detail=True),
            Column("bulk_unit_count", Label("单日单品最多件数", "units of one product a day"), "number", detail=True),
            Column("cash_share", Label("类现金商品占比", "cash goods"), "rate", detail=True),
            Column("quick_refund_share", Label("快速退款占比", "quick refunds"), "rate", detail=True),
        ),
        rows=found.filter(flagged),
        order='"abnormal_score" DESC, "net_minor" DESC, "customer_key"',
        figures=(
            Figure("customers", Label("异常客户", "abnormal customers"), many, "count", lambda: found.filter(flagged)),
            Figure("net", Label("其净额", "their net"), net, "money"),
            Figure(
                "net_share", Label("占全部净额", "of all net"), net / everything if everything > 0 else None, "rate"
            ),
        ),
        notes=(
            Label(
                "分数不是证据：先看原因；要从统计中排除，放入名单由清洗规则读取，之后也可以解除",
                "a score proves nothing: read the reasons; to leave somebody out, put them on a list that a cleaning "
                "rule reads; they can be released again",
            ),
        ),
        bar="abnormal_score",
        picture=counted(
            Label("异常客户，按主要类型", "Abnormal customers by their main sign"),
            CUSTOMERS,
            sorted(((label, by_kind.get(kind, 0)) for kind, label in _KINDS.items()), key=lambda each: -each[1]),
        ),
    )


INSIGHT = Insight(
    name="abnormal",
    title=Label("异常价值", "Abnormal value"),
    answers=Label("谁的高消费不是真实价值，为什么？", "Whose spending is not what it looks like, and why?"),
    needs=("orders",),
    compute=abnormal,
    parameters=(
        Parameter("last_days", Label("最近多少天", "so many last days"), "integer", 365, 1, 36_500),
        Parameter("from_score", Label("多少分起算异常", "points from which it is abnormal"), "integer", 50, 1, 180),
        Parameter("burst_minutes", Label("集中下单：多少分钟内", "a burst: within minutes"), "integer", 180, 1, 1440),
        Parameter("burst_orders", Label("集中下单：多少单", "a burst: so many orders"), "integer", 4, 2, 1000),
        Parameter(
            "round_to", Label("整额：多少元的倍数", "round: multiples of so much money"), "integer", 100, 1, 1_000_000
        ),
        Parameter(
            "bulk_units", Label("单日同品多少件算批量", "bulk: units of a product a day"), "integer", 20, 2, 1_000_000
        ),
        Parameter("cash_categories", Label("类现金品类的开头", "beginnings of cash-like categories"), "names"),
    ),
    page="abnormal.md",
)
