"""What vehicles are due for: service, insurance, warranty, inspection, loan (`metrics/vehicle_due.py`)."""

from __future__ import annotations

from dataclasses import replace

import narwhals as nw

from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter
from tierwise.app.insights.members.due import STATES
from tierwise.metrics.due import DUE, LAPSED, UPCOMING
from tierwise.metrics.frame import count_where, rows_of
from tierwise.metrics.vehicle_due import DEFAULT_RULES, KINDS, DueRule
from tierwise.metrics.vehicle_due import vehicle_due as due_of_vehicles

KIND_LABELS = {
    "first_service": Label("首保", "first service"),
    "service": Label("保养", "service"),
    "insurance": Label("保险", "insurance"),
    "warranty": Label("质保", "warranty"),
    "inspection": Label("年检", "inspection"),
    "loan_end": Label("贷款到期", "loan end"),
}
_BY = {
    "time": Label("时间", "time"), "mileage": Label("里程", "mileage"), "known_date": Label("已知日期", "known date"),
}  # fmt: skip
_PACES = {"own": Label("本车", "own readings"), "model": Label("同车型", "its model's")}


def vehicle_due(asked: Asked) -> Answer:
    """One row per vehicle and thing that is due or will be soon, the longest due first."""
    dates = due_of_vehicles(
        asked.frame("vehicles"), asked.frame("visits"), as_of=asked.as_of, rules=_rules(asked), keep=asked.keep
    )
    dates = asked.keep("vehicle_due", dates)
    soon = nw.col("overdue_days") >= -asked["within_days"]
    wanted = nw.col("state").is_in([UPCOMING, DUE, LAPSED] if asked["lapsed"] else [UPCOMING, DUE])
    listed = dates.filter(soon, wanted)
    if asked["kind"] != "all":
        listed = listed.filter(nw.col("kind") == asked["kind"])
    over = nw.col("overdue_days") >= 0
    counts = rows_of(listed.select(count_where(over).alias("due"), count_where(~over).alias("soon")))[0]
    return Answer(
        columns=(
            Column("customer_key", Label("客户", "customer"), "customer"),
            Column("vin", Label("车架号", "vin"), "text"),
            Column("model", Label("车型", "model"), "text"),
            Column("kind", Label("事项", "due for"), "text", values=KIND_LABELS),
            Column("due_on", Label("应到日", "due on"), "day"),
            Column("overdue_days", Label("已过天数", "days overdue"), "days"),
            Column("state", Label("状态", "state"), "text", values=STATES),
            Column("due_by", Label("依据", "by"), "text", values=_BY),
            Column("since_on", Label("起算日", "since"), "day", detail=True),
            Column("interval_days", Label("间隔天数", "interval"), "days", detail=True),
            Column("metres_per_day", Label("日均米数", "metres a day"), "count", detail=True),
            Column("pace_basis", Label("里程来源", "pace of"), "text", values=_PACES, detail=True),
        ),
        rows=listed,
        order='"due_on", "vin", "kind"',
        figures=(
            Figure("due", Label("已到期", "due"), int(counts[0]), "count", lambda: listed.filter(over)),
            Figure("due_soon", Label("即将到期", "due soon"), int(counts[1]), "count", lambda: listed.filter(~over)),
        ),
        notes=(
            Label(
                "间隔为可改的默认值，并非厂家标准：请按车型定义（kind: due_rules）",
                "intervals are editable defaults, no maker's: define them per model (kind: due_rules)",
            ),
        )
        if asked.due_rules() is None
        else (),
    )


def _rules(asked: Asked) -> tuple[DueRule, ...]:
    """As they are defined, or else the default; of services of all models, what the parameters say instead."""
    defined = asked.due_rules()
    rules: tuple[DueRule, ...] = DEFAULT_RULES
    if defined is not None:
        rules = tuple(DueRule(each.kind, each.days, each.km, each.model, each.source or "") for each in defined.rules)
    return tuple(
        replace(rule, days=asked[f"{rule.kind}_days"] or rule.days, km=asked[f"{rule.kind}_km"] or rule.km)
        if rule.kind in ("first_service", "service") and rule.model is None
        else rule
        for rule in rules
    )


INSIGHT = Insight(
    name="vehicle_due",
    title=Label("车辆到期名单", "Vehicles due"),
    answers=Label(
        "哪些车该保养、续保、年检了？", "Which vehicles are due for service, insurance, warranty or inspection?"
    ),
    needs=("vehicles",),
    compute=vehicle_due,
    parameters=(
        Parameter("kind", Label("事项", "due for"), "choice", "all", choices=("all", *KINDS)),
        Parameter("within_days", Label("提前多少天", "so many days ahead"), "integer", 30, 0, 365),
        Parameter("lapsed", Label("含久未到店者", "the lapsed too"), "yes_no", False),
        # 0: as the rules say.
        Parameter("first_service_days", Label("首保天数", "days to the first service"), "integer", 0, 0, 3650),
        Parameter("first_service_km", Label("首保里程", "km to the first service"), "integer", 0, 0, 200_000),
        Parameter("service_days", Label("保养间隔天数", "days between services"), "integer", 0, 0, 3650),
        Parameter("service_km", Label("保养间隔里程", "km between services"), "integer", 0, 0, 200_000),
    ),
    page="replenishment.md",
)
