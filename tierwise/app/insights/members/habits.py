"""Habits of time and price (`metrics/habits.py`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import narwhals as nw
import pyarrow.compute as pc

from tierwise.app.insights.bars import CUSTOMERS, counted
from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter
from tierwise.app.insights.things import ADJUSTED, P_VALUE
from tierwise.metrics.calendar_days import calendar_days
from tierwise.metrics.frame import Frame, rows_of
from tierwise.metrics.habits import TOO_FEW_DAYS, with_own_habits
from tierwise.metrics.habits import habits as habits_of

_TITLES = {
    "weekday": Label("星期", "weekday"),
    "day_off": Label("休息日", "day off"),
    "pay_day": Label("发薪日", "pay-day"),
    "holiday": Label("法定节假日", "holiday"),
    "lunar": Label("农历", "lunar date"),
    "hour_band": Label("时段", "hours"),
    "price_level": Label("价位", "price level"),
    "promotion": Label("促销", "promotion"),
}
_VALUES = {
    "monday": Label("周一", "Monday"),
    "tuesday": Label("周二", "Tuesday"),
    "wednesday": Label("周三", "Wednesday"),
    "thursday": Label("周四", "Thursday"),
    "friday": Label("周五", "Friday"),
    "saturday": Label("周六", "Saturday"),
    "sunday": Label("周日", "Sunday"),
    "day_off": Label("休息日", "day off"),
    "workday": Label("工作日", "workday"),
    "new_years_day": Label("元旦", "New Year's Day"),
    "spring_festival": Label("春节", "Spring Festival"),
    "tomb_sweeping_day": Label("清明节", "Tomb-sweeping Day"),
    "labour_day": Label("劳动节", "Labour Day"),
    "dragon_boat_festival": Label("端午节", "Dragon Boat Festival"),
    "national_day": Label("国庆节", "National Day"),
    "mid_autumn_festival": Label("中秋节", "Mid-autumn Festival"),
    "first_day": Label("初一", "first day"),
    "fifteenth_day": Label("十五", "fifteenth day"),
    "first_month": Label("正月", "first month"),
    "twelfth_month": Label("腊月", "twelfth month"),
    "lantern_festival": Label("元宵节", "Lantern Festival"),
    "qixi": Label("七夕", "Qixi"),
    "zhongyuan": Label("中元节", "Zhongyuan"),
    "double_ninth": Label("重阳节", "Double Ninth"),
    "laba": Label("腊八", "Laba"),
    "low": Label("低", "low"),
    "mid": Label("中", "mid"),
    "high": Label("高", "high"),
    "on_promotion": Label("促销时", "on promotion"),
    "full_price": Label("原价时", "at full price"),
}
_OWN = ("hour_band", "price_level", "promotion")


def habits(asked: Asked) -> Answer:
    """One row per customer and habit that is claimed, the surest first."""
    orders = with_own_habits(asked.frame("orders"))
    first = rows_of(orders.filter(nw.col("ordered_day") <= nw.lit(asked.as_of)).select(nw.col("ordered_day").min()))
    begins = first[0][0] or asked.as_of
    calendar = calendar_days(
        max(begins, date(1901, 1, 1)), asked.as_of, pay_days=[int(day) for day in asked["pay_days"] if day.isdigit()]
    )
    told = habits_of(
        orders, asked.given("calendar", calendar), as_of=asked.as_of, own=_OWN, min_days=asked["min_days"],
        level=asked["level"], keep=asked.keep,
    )  # fmt: skip
    known = told.column("value").is_valid()
    looked = pc.fill_null(pc.not_equal(told.column("reason"), TOO_FEW_DAYS), True)
    people = {
        name: pc.count_distinct(told.column("customer_key").filter(rows)).as_py()
        for name, rows in (("with_habit", known), ("looked_at", looked))
    }

    def who(rows: Any) -> Callable[[], Frame]:
        return lambda: asked.given("they", told.filter(rows).select(["customer_key"]))

    claimed = Counter(told.column("habit").filter(known).to_pylist())
    order = [("adjusted_p_value", "ascending"), ("customer_key", "ascending"), ("habit", "ascending")]
    return Answer(
        columns=(
            Column("customer_id", Label("客户", "customer"), "customer"),
            Column("habit", Label("习惯", "habit"), "text", values=_TITLES),
            Column("value", Label("取值", "value"), "text", values=_VALUES),
            Column("day_count", Label("消费天数", "days with an order"), "count"),
            Column("habit_count", Label("其中符合", "of them with it"), "count"),
            Column("share", Label("占比", "share"), "rate"),
            Column("base_share", Label("所有人占比", "everybody's"), "rate"),
            P_VALUE,
            ADJUSTED,
        ),
        rows=told.filter(known).sort_by(order),
        figures=(
            Figure(
                "customers", Label("有习惯的客户", "customers with a habit"), people["with_habit"], "count", who(known)
            ),
            Figure(
                "looked_at", Label("可判断的客户", "customers of whom it can be told"), people["looked_at"], "count",
                who(looked),
            ),
        ),
        notes=(
            Label(
                f"只列出偶然难以解释的习惯；消费不足 {asked['min_days']} 天的客户不判断。大多数客户没有习惯",
                f"only what chance would hardly bring; customers with under {asked['min_days']} days are not judged. "
                "Most customers have no habit, and that is the answer",
            ),
        ),
        bar="share",
        picture=counted(
            Label("有习惯的客户，按习惯", "Customers with a habit, by habit"),
            CUSTOMERS,
            ((_TITLES[habit], number) for habit, number in claimed.most_common()),
        ),
    )  # fmt: skip


INSIGHT = Insight(
    name="habits",
    title=Label("时间与价格习惯", "Habits of time and price"),
    answers=Label(
        "谁总在周末、发薪日、节假日、农历初一或某个价位购买，而不是碰巧？",
        "Who buys on Saturdays, after pay-day, around holidays or on one price level, and not by chance?",
    ),
    needs=("orders",),
    compute=habits,
    parameters=(
        Parameter("pay_days", Label("发薪日（每月几号）", "pay-days, days of the month"), "names", ("10", "15", "25")),
        Parameter("min_days", Label("至少多少个消费日", "fewest days with an order"), "integer", 6, 2, 1000),
        Parameter("level", Label("显著性水平", "level of significance"), "number", 0.05, 0.0001, 0.5),
    ),
    page="habits.md",
)
