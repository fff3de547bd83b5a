"""Interactions of each customer (`metrics/interactions.py`)."""

from __future__ import annotations

import narwhals as nw

from tierwise.app.insights.bars import CUSTOMERS, counted
from tierwise.app.insights.insight import Answer, Asked, Column, Insight, Label, Parameter
from tierwise.metrics.frame import rows_of
from tierwise.metrics.interactions import NO_PREFERENCE, TOO_FEW, interaction_summary

_REASONS = {TOO_FEW: Label("互动太少", "too few"), NO_PREFERENCE: Label("无明显偏好", "no preference")}


def interactions(asked: Asked) -> Answer:
    """One row per customer, most interactions first."""
    found = asked.keep(
        "interaction_summary",
        interaction_summary(
            asked.frame("interactions"),
            as_of=asked.as_of,
            last_days=asked["last_days"],
            min_count=asked["min_count"],
            preferred_from=asked["preferred_from"],
        ),
    )
    preferred = found.filter(~nw.col("preferred_hour").is_null())
    by_hour = dict(rows_of(preferred.group_by("preferred_hour").agg(nw.len())))
    return Answer(
        columns=(
            Column("customer_id", Label("客户", "customer"), "customer"),
            Column("interaction_count", Label("互动次数", "interactions"), "count"),
            Column("interaction_days_count", Label("互动天数", "days"), "count"),
            Column("interaction_seconds", Label("互动秒数", "seconds"), "count"),
            Column("mean_interaction_seconds", Label("平均秒数", "mean seconds"), "number", detail=True),
            Column("main_category", Label("主要品类", "main category"), "text"),
            Column("main_category_share", Label("主要品类占比", "its share"), "rate", detail=True),
            Column("main_category_top", Label("主要大类", "main department"), "text", detail=True),
            Column("preferred_channel", Label("偏好渠道", "channel"), "text"),
            Column("channel_share", Label("渠道占比", "channel share"), "rate", detail=True),
            Column("channel_reason", Label("渠道为空原因", "why no channel"), "text", values=_REASONS, detail=True),
            Column("preferred_hour", Label("偏好时段（点）", "hour"), "count"),
            Column("hour_share", Label("时段占比", "hour share"), "rate", detail=True),
            Column("hour_reason", Label("时段为空原因", "why no hour"), "text", values=_REASONS, detail=True),
        ),
        rows=found,
        order='"interaction_count" DESC, "customer_key"',
        notes=(
            Label(
                "偏好时段含前后各一小时；互动太少或没有明显偏好时为空",
                "the hour is meant with its neighbours; null where there are too few or no preference",
            ),
        ),
        bar="interaction_count",
        picture=counted(
            Label("客户偏好的时段（点）", "Customers by the hour that they prefer"),
            CUSTOMERS,
            ((str(hour), by_hour.get(hour, 0)) for hour in range(24)),
            lying=False,
        ),
    )


INSIGHT = Insight(
    name="interactions",
    title=Label("互动分析", "Interactions"),
    answers=Label(
        "每位客户互动多少、看什么品类、偏好什么时段和渠道？",
        "How much does each customer interact, about what, at which hour and by which channel?",
    ),
    needs=("interactions",),
    compute=interactions,
    parameters=(
        Parameter("last_days", Label("最近多少天", "so many last days"), "integer", 365, 1, 36_500),
        Parameter(
            "min_count", Label("偏好至少多少次", "fewest interactions for a preference"), "integer", 5, 1, 10_000
        ),
        Parameter("preferred_from", Label("偏好最低占比", "least share of a preference"), "number", 0.5, 0.01, 1),
    ),
    page="interactions.md",
)
