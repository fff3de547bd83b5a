"""Cohorts month by month (`metrics/cohorts.py`)."""

from __future__ import annotations

from collections.abc import Sequence

from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Row
from tierwise.metrics.cohorts import COHORT_INCOMPLETE, MONTH_INCOMPLETE, cohort_retention, retention_curve
from tierwise.plots.plot import Heat

_REASONS = {
    MONTH_INCOMPLETE: Label("当月未完", "the month is not over"),
    COHORT_INCOMPLETE: Label("同期群当月未完", "the cohort's own month is not over"),
}

DRAWN = 24
"""So many of the latest cohorts a picture has room for."""


def cohorts(asked: Asked) -> Answer:
    """One row per cohort and month, the latest cohorts of `months`."""
    found = cohort_retention(
        asked.frame("orders"),
        as_of=asked.as_of,
        starts=asked.frame("people") if asked["by"] == "registration" else None,
        refunds=asked.frame("refunds"),
    )
    known = sorted(set(found.column("cohort_month").to_pylist()))[-asked["months"] :]
    rows = found.filter([month in known for month in found.column("cohort_month").to_pylist()])
    curve = {row["month_number"]: row["retained_share"] for row in retention_curve(rows).to_pylist()}
    return Answer(
        columns=(
            Column("cohort_month", Label("同期群（月）", "cohort"), "day"),
            Column("month_number", Label("第几个月", "month"), "count"),
            Column("month", Label("月份", "in"), "day", detail=True),
            Column("customers", Label("客户数", "customers"), "count"),
            Column("retained", Label("当月购买人数", "bought"), "count"),
            Column("retained_share", Label("留存率", "retained"), "rate"),
            Column("order_count", Label("订单数", "orders"), "count", detail=True),
            Column("net", Label("净额", "net"), "money"),
            Column("net_so_far", Label("累计净额", "net so far"), "money", detail=True),
            Column("net_so_far_per_customer", Label("人均累计净额", "net so far per customer"), "money"),
            Column("reason", Label("为空原因", "why null"), "text", values=_REASONS),
        ),
        rows=rows,
        figures=tuple(
            Figure(
                f"month_{number}",
                Label(f"第 {number} 个月留存率", f"retained in month {number}"),
                curve.get(number),
                "rate",
            )
            for number in (1, 3, 6, 12)
        ),
        notes=(
            Label(
                "当月有订单即留存；未完的月份为空，不是零",
                "retained: an order in the month; a month that is not over is null, not nothing",
            ),
        ),
        bar="retained_share",
        picture=_picture,
        pictured=rows.num_rows,
    )


def _picture(rows: Sequence[Row], language: str) -> Heat | None:
    """Without the month in which everybody bought: its colour would leave the others hardly any."""
    months = sorted({row["cohort_month"] for row in rows})[-DRAWN:]
    later = range(1, 1 + max(row["month_number"] for row in rows if row["cohort_month"] in months))
    cells = {(row["cohort_month"], row["month_number"]): row["retained_share"] for row in rows}
    if not later:
        return None
    return Heat(
        tuple(f"{month:%Y-%m}" for month in months),
        tuple(str(number) for number in later),
        tuple(tuple(cells.get((month, number)) for number in later) for month in months),
        Label("同期群在之后第几个月的留存率", "Retained share by cohort and month after it").in_language(language),
        "rate",
    )


INSIGHT = Insight(
    name="cohorts",
    title=Label("同期群留存", "Cohorts and retention"),
    answers=Label(
        "每个月新来的客户，之后各月还有多少人购买？",
        "Of those who began in a month, how many buy in each month after?",
    ),
    needs=("orders",),
    compute=cohorts,
    parameters=(
        Parameter(
            "by", Label("按首单月或注册月", "by the month of the first order or of registration"), "choice",
            "first_order", choices=("first_order", "registration"),
        ),
        Parameter("months", Label("最近多少个同期群", "so many of the latest cohorts"), "integer", 12, 1, 600),
    ),
    page="cohorts.md",
)  # fmt: skip
