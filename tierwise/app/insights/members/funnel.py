"""A funnel over what customers do, or over the stages of leads (`metrics/funnel.py`)."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import pyarrow as pa

from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Row
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics.frame import Frame, rows_of
from tierwise.metrics.funnel import Funnel, FunnelStep
from tierwise.metrics.funnel import funnel as funnel_of
from tierwise.plots.plot import Bars, Series

EVENTS = {
    "registered": ("people", "registered_on", None),
    "lead": ("leads", "created_day", "source"),
    "interaction": ("interactions", "occurred_day", "channel"),
    "call": ("calls", "called_day", "direction"),
    "order": ("orders", "ordered_day", "channel"),
    "again": ("orders", "ordered_day", "channel"),
    "visit": ("visits", "visited_day", "kind"),
    "survey": ("surveys", "answered_day", "kind"),
}
"""What may be a step: its table, its day, and the column that `NAME:VALUE` narrows it by. `again`: an order on a later
day than the customer's first."""

LEAD_STAGES = ("new", "contacted", "visited", "test_drive", "quoted", "deal", "delivered")
"""The order of stages where no steps are given."""


def funnel(asked: Asked) -> Answer:
    """One row per step."""
    of_leads = asked["of"] == "lead_stages"
    if of_leads and not asked.has("leads"):
        return Answer((), pa.table({"step": pa.array([], pa.string())}), notes=(_NO_LEADS,))
    steps = asked["steps"] or (LEAD_STAGES if of_leads else _usual(asked))
    found = _lead_stages(asked, steps) if of_leads else _events(asked, steps)
    if not found.steps or not found.steps[0].customers:
        return Answer((), pa.table({"step": pa.array([], pa.string())}), notes=(_nobody(steps),))
    rows = [
        {
            "step": step.step,
            "customers": step.customers,
            "share": step.share,
            "share_of_first": step.share_of_first,
            "stopped": step.stopped,
        }
        | dict(zip(_LAGS, step.lag_days or (None, None, None), strict=True))
        for step in found.steps
    ]
    who = Label("线索数", "leads") if of_leads else Label("客户数", "customers")
    return Answer(
        columns=(
            Column("step", Label("步骤", "step"), "text"),
            Column("customers", who, "count"),
            Column("share", Label("较上一步", "of step before"), "rate"),
            Column("share_of_first", Label("较第一步", "of first"), "rate"),
            Column("stopped", Label("流失", "stopped before it"), "count"),
            Column("lag_q1_days", Label("间隔下四分位", "lag q1"), "days", detail=True),
            Column("lag_median_days", Label("间隔中位数", "median days"), "days"),
            Column("lag_q3_days", Label("间隔上四分位", "lag q3"), "days", detail=True),
        ),
        rows=pa.Table.from_pylist(rows, schema=_SCHEMA),
        figures=(Figure("bottleneck", Label("流失最多的一步", "most stop before"), found.bottleneck, "text"),),
        notes=(_STAGES_NOTE if of_leads else _EVENTS_NOTE,),
        bar="customers",
        picture=_picture,
    )


_LAGS = ("lag_q1_days", "lag_median_days", "lag_q3_days")
_SCHEMA = pa.schema(
    [
        ("step", pa.string()), ("customers", pa.int64()), ("share", pa.float64()), ("share_of_first", pa.float64()),
        ("stopped", pa.int64()), *((name, pa.float64()) for name in _LAGS),
    ]
)  # fmt: skip
_EVENTS_NOTE = Label(
    "每一步须在上一步当天或之后；跳过前一步的不算。步骤可写 名称 或 名称:取值，如 visit:service",
    "each step on the day of the one before or later; who skips one is not counted further. "
    "A step is NAME or NAME:VALUE, such as visit:service",
)
_STAGES_NOTE = Label(
    "按线索现在的阶段累计：到过某阶段视为经过之前各阶段；不在列出阶段内的（如战败）只计入第一步；各阶段的日期未保存，间隔为空",
    "by the stage that leads have now: who is at one has passed those before; leads at no listed stage count at the "
    "first step alone; when earlier stages were reached is not kept, so lags are null",
)
_NO_LEADS = Label(
    "还没有线索：请先导入 leads（tierwise import FILE --as leads）", "no leads yet: tierwise import FILE --as leads"
)


def _nobody(steps: Sequence[str]) -> Label:
    tables = ", ".join(dict.fromkeys(EVENTS[name][0] for step in steps if (name := step.partition(":")[0]) in EVENTS))
    return Label(
        f"没有客户到过第一步 {steps[0]}：导入所需数据（{tables}），或用 steps 换步骤",
        f"nobody was at the first step, {steps[0]}: import what the steps need ({tables}), or give other steps",
    )


def _usual(asked: Asked) -> tuple[str, ...]:
    """The steps where none are given: those of which there are facts."""
    if asked.has("leads"):
        return ("lead", "order", *(("visit",) if asked.has("visits") else ()))
    first = ("registered",) if rows_of(asked.frame("people").filter(~nw.col("registered_on").is_null()).head(1)) else ()
    return (*first, *(("interaction",) if asked.has("interactions") else ()), "order", "again")


def _events(asked: Asked, steps: Sequence[str]) -> Funnel:
    wrong = [name for step in steps if (name := step.partition(":")[0]) not in EVENTS]
    if wrong:
        raise TierwiseError.of([unknown_name("step", name, EVENTS, "steps") for name in wrong])
    events = nw.concat([_of_step(asked, step) for step in dict.fromkeys(steps)])
    return funnel_of(events, list(steps), as_of=asked.as_of, within_days=asked["within_days"], keep=asked.keep)


def _of_step(asked: Asked, step: str) -> Frame:
    name, _, value = step.partition(":")
    table, day, narrowed_by = EVENTS[name]
    rows = asked.frame(table)
    if name == "again":
        first = nw.col(day).min().over("customer_key")
        rows = rows.filter(~nw.col("customer_key").is_null()).with_columns(first.alias("first__"))
        rows = rows.filter(nw.col(day) > nw.col("first__"))
    if value:
        if narrowed_by is None:
            raise TierwiseError("bad_value", f"{name} has no kinds", place="steps", remedy=name)
        rows = rows.filter(nw.col(narrowed_by) == value)
    known = rows.filter(~nw.col(day).is_null())
    return known.select("customer_key", nw.lit(step).alias("step"), nw.col(day).alias("occurred_day"))


def _lead_stages(asked: Asked, steps: Sequence[str]) -> Funnel:
    leads = asked.frame("leads").filter(nw.col("created_day") <= nw.lit(asked.as_of))
    counts = dict(rows_of(leads.group_by("stage").agg(nw.len().cast(nw.Int64).alias("leads"))))
    unknown = [step for step in steps if step not in counts and asked["steps"]]
    if unknown:
        there = [stage for stage in counts if stage is not None]
        raise TierwiseError.of([unknown_name("stage", step, there, "steps") for step in unknown])
    there = [step for step in steps if step in counts]
    everybody = sum(counts.values())
    passed = [everybody] + [sum(counts[later] for later in there[place:]) for place in range(1, len(there))]
    told = []
    for place, (step, here) in enumerate(zip(there, passed, strict=False)):
        before = passed[place - 1] if place else here
        share = here / before if place and before else None
        told.append(FunnelStep(step, here, share, here / everybody if everybody else None, before - here, None))
    most = max(told, key=lambda one: one.stopped, default=None)
    return Funnel(tuple(told), most.step if most is not None and most.stopped else None)


def _picture(rows: Sequence[Row], language: str) -> Bars:
    series = Series(Label("到达", "reached").in_language(language), tuple(row["customers"] for row in rows))
    title = Label("漏斗", "Funnel").in_language(language)
    return Bars(tuple(row["step"] for row in rows), (series,), title, lying=True)


INSIGHT = Insight(
    name="funnel",
    title=Label("漏斗", "Funnel"),
    answers=Label(
        "客户走到了哪一步？在哪里流失？每步要多久？",
        "How far do customers get, where do they stop, and how long does each step take?",
    ),
    needs=(),
    compute=funnel,
    parameters=(
        Parameter(
            "of", Label("看客户行为，或线索阶段", "what customers do, or the stages of leads"), "choice", "events",
            choices=("events", "lead_stages"),
        ),
        Parameter(
            "steps",
            Label(f"按顺序的步骤：{', '.join(EVENTS)}，或阶段名", f"in order: {', '.join(EVENTS)}; or stages"),
            "names",
        ),
        Parameter(
            "within_days", Label("第一步到最后一步最多几天", "days from first to last"), "integer", None, 0, 3650
        ),
    ),
    page="paths.md",
)  # fmt: skip
