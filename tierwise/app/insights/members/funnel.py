"""A funnel over what customers do, or over the stages of leads (`metrics/funnel.py`), whole or by value of an attribute
(`metrics/funnel_values.py`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import narwhals as nw
import pyarrow as pa

from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Row
from tierwise.app.insights.known import Known, values_of
from tierwise.app.insights.steps import (
    EVENTS_NOTE,
    STEPS,
    WITHIN_DAYS,
    events_of,
    kind_of_start,
    nobody_at,
    titles_of,
    usual_steps,
)
from tierwise.facts.known_words import codes_of, pattern_of
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics.frame import Frame, columns_of, rows_of
from tierwise.metrics.funnel import Funnel, FunnelStep, funnel_of_counts, passed_stages, walked
from tierwise.metrics.funnel import funnel as funnel_of
from tierwise.metrics.funnel_values import FunnelByValue, funnel_by_value, having, stage_funnel_by_value
from tierwise.plots.plot import Bars, Series

LEAD_STAGES = ("new", "contacted", "visited", "test_drive", "quoted", "deal", "delivered")
"""The order of stages where no steps are given."""

START = "start."
"""Before the name of what tells kinds of the first step: `start.source`."""


def funnel(asked: Asked) -> Answer:
    """One row per step; with `by` one per value and step."""
    of_leads = asked["of"] == "lead_stages"
    if of_leads and not asked.has("leads"):
        return Answer((), pa.table({"step": pa.array([], pa.string())}), notes=(_NO_LEADS,))
    steps = asked["steps"] or (LEAD_STAGES if of_leads else usual_steps(asked))
    if asked["by"]:
        return _by_value(asked, steps, of_leads)
    found = _lead_stages(asked, steps) if of_leads else _events(asked, steps)
    if not found.steps or not found.steps[0].customers:
        return Answer((), pa.table({"step": pa.array([], pa.string())}), notes=(nobody_at(steps),))
    titles = titles_of(steps)
    return Answer(
        columns=_step_columns(of_leads, titles),
        rows=pa.Table.from_pylist([_step_row(step) for step in found.steps], schema=_SCHEMA),
        figures=(_bottleneck(found.bottleneck),),
        notes=(_STAGES_NOTE if of_leads else EVENTS_NOTE,),
        bar="customers",
        picture=partial(_picture, titles),
        known_by=("step",),
        who=_who(asked, [step.step for step in found.steps], of_leads, None),
    )


def _who(
    asked: Asked, steps: Sequence[str], of_leads: bool, named: Sequence[str] | None
) -> dict[str, Callable[[Row], Frame]]:
    """The customers of both numbers of a step; of leads those who have them, whom a lead may not name. named: the
    values that are told one by one, where it is told by value."""
    walk = partial(_led if of_leads else _walked, asked, steps)

    def of_value(people: Frame, row: Row) -> Frame:
        return people if named is None else having(people, row["kind"], row["value"], named)

    def at_first(row: Row) -> Frame:
        first = walk()[0]
        if named is not None and "value" not in columns_of(first):
            first = first.join(_values(asked, steps[0]), on="customer_key", how="left")
        return of_value(first, row).select(*_ids(of_leads))

    def reached(row: Row) -> Frame:
        return walk()[steps.index(row["step"])].join(at_first(row), on=_ids(of_leads), how="semi")

    def stopped(row: Row) -> Frame:
        """Who reached the step before; of the first nobody."""
        place, there = steps.index(row["step"]), walk()
        before = there[max(place - 1, 0)].join(at_first(row), on=_ids(of_leads), how="semi")
        return before.join(there[place], on=_ids(of_leads), how="anti")

    return {"customers": reached, "stopped": stopped}


def _ids(of_leads: bool) -> list[str]:
    return ["lead_id"] if of_leads else ["customer_key"]


def _led(asked: Asked, steps: Sequence[str]) -> list[Frame]:
    """Of each step the leads that passed it (`passed_stages`), with the value where they have one of their own."""
    leads = _leads(asked, steps)
    if asked["by"] == f"{START}source":
        leads = leads.with_columns(nw.col("source").alias("value"))
    return [leads if not place else leads.filter(nw.col("stage").is_in(steps[place:])) for place in range(len(steps))]


def _walked(asked: Asked, steps: Sequence[str]) -> list[Frame]:
    return walked(events_of(asked, steps), steps, as_of=asked.as_of, within_days=asked["within_days"])


def _step_row(step: FunnelStep) -> dict[str, Any]:
    told = {name: getattr(step, name) for name in ("step", "customers", "share", "share_of_first", "stopped")}
    return told | dict(zip(_LAGS, step.lag_days or (None, None, None), strict=True))


def _step_columns(of_leads: bool, titles: Mapping[str, Label]) -> tuple[Column, ...]:
    who = Label("线索数", "leads") if of_leads else Label("客户数", "customers")
    return (
        Column("step", Label("步骤", "step"), "text", values=titles),
        Column("customers", who, "count"),
        Column("share", Label("较上一步", "of step before"), "rate"),
        Column("share_of_first", Label("较第一步", "of first"), "rate"),
        Column("stopped", Label("流失", "stopped before it"), "count"),
        Column("lag_q1_days", Label("间隔下四分位", "lag q1"), "days", detail=True),
        Column("lag_median_days", Label("间隔中位数", "median days"), "days"),
        Column("lag_q3_days", Label("间隔上四分位", "lag q3"), "days", detail=True),
    )


def _bottleneck(step: str | None) -> Figure:
    return Figure("bottleneck", Label("流失最多的一步", "most stop before"), step, "text")


_LAGS = ("lag_q1_days", "lag_median_days", "lag_q3_days")
_SCHEMA = pa.schema(
    [
        ("step", pa.string()), ("customers", pa.int64()), ("share", pa.float64()), ("share_of_first", pa.float64()),
        ("stopped", pa.int64()), *((name, pa.float64()) for name in _LAGS),
    ]
)  # fmt: skip
_SCHEMA_BY = pa.schema(
    [
        ("kind", pa.string()), ("value", pa.string()), ("name", pa.string()), *_SCHEMA,
        *((name, pa.float64()) for name in ("spread", "p_value", "adjusted_p_value")),
    ]
)  # fmt: skip
_OTHERS, _MISSING = "(others 其余)", "(no value 无)"
_BY_NOTE = Label(
    "差距与 p 值是每一步各一个：各取值（不含无值；人数过少的除外）转化率的最大差距，各步一起校正（Holm）。"
    "属性取本次运行的值：由行为算出的属性（如分层）可能是结果而不是原因",
    "spread and p are one for each step: how far the shares of values lie apart (no value, and values of too few, left "
    "out), adjusted over the steps (Holm). Attributes are as of the run: one that counts what customers did, such as a "
    "tier, may come of the outcome",
)
_STAGES_NOTE = Label(
    "按线索现在的阶段累计：到过某阶段视为经过之前各阶段；不在列出阶段内的（如战败）只计入第一步；各阶段的日期未保存，间隔为空",
    "by the stage that leads have now: who is at one has passed those before; leads at no listed stage count at the "
    "first step alone; when earlier stages were reached is not kept, so lags are null",
)
_NO_LEADS = Label(
    "还没有线索：请先导入 leads（tierwise import FILE --as leads）", "no leads yet: tierwise import FILE --as leads"
)


def _events(asked: Asked, steps: Sequence[str]) -> Funnel:
    events = events_of(asked, steps)
    return funnel_of(events, list(steps), as_of=asked.as_of, within_days=asked["within_days"], keep=asked.keep)


def _lead_stages(asked: Asked, steps: Sequence[str]) -> Funnel:
    leads = _leads(asked, steps)
    counts = dict(rows_of(leads.group_by("stage").agg(nw.len().cast(nw.Int64).alias("leads"))))
    there = _known_stages(asked, steps, list(counts))
    return funnel_of_counts(there, passed_stages(counts, there)[: len(there)])


def _leads(asked: Asked, steps: Sequence[str]) -> Frame:
    """The leads up to as_of; a stage that is none of the steps, and by its words is one, is that one."""
    stage = nw.col("stage")
    told = stage
    for code in codes_of("leads.stage"):
        if code in steps:
            says_it = stage.str.contains(pattern_of("leads.stage", code)) & ~stage.is_in(list(steps))
            told = nw.when(says_it).then(nw.lit(code)).otherwise(told)
    leads = asked.frame("leads").filter(nw.col("created_day") <= nw.lit(asked.as_of))
    return leads.with_columns(told.alias("stage"))


def _known_stages(asked: Asked, steps: Sequence[str], stages: Sequence[str | None]) -> list[str]:
    """Those of the steps at which some lead is. Raises `unknown_stage` for one that was asked for and is not."""
    unknown = [step for step in steps if step not in stages and asked["steps"]]
    if unknown:
        there = [stage for stage in stages if stage is not None]
        raise TierwiseError.of([unknown_name("stage", step, there, "steps") for step in unknown])
    return [step for step in steps if step in stages]


def _by_value(asked: Asked, steps: Sequence[str], of_leads: bool) -> Answer:
    found = _leads_by_value(asked, steps) if of_leads else _events_by_value(asked, steps)
    if not found.values:
        return Answer((), pa.table({"step": pa.array([], pa.string())}), notes=(nobody_at(steps),))
    by_step = {each.step: each for each in found.differences}
    rows = []
    for each in found.values:
        told = {"kind": each.kind, "value": each.value}
        told["name"] = _OTHERS if each.kind == "others" else _MISSING if each.kind == "missing" else each.value
        for step in each.funnel.steps:
            worth = by_step.get(step.step)
            test = {} if worth is None else {"spread": worth.spread, "p_value": worth.p}
            adjusted = None if worth is None else worth.p_adjusted
            rows.append(told | _step_row(step) | test | {"adjusted_p_value": adjusted})
    names = _names(asked, [each.value for each in found.values if each.value is not None])
    titles = titles_of(steps)
    sure = [each for each in found.differences if each.p_adjusted is not None and each.p_adjusted <= 0.05]
    widest = max(sure, key=lambda each: each.spread or 0.0, default=None)
    return Answer(
        columns=(
            Column("kind", Label("类别", "kind"), "text", detail=True),
            Column("value", Label("取值编码", "value id"), "text", detail=True),
            Column("name", _title(asked), "text", values=names),
            *_step_columns(of_leads, titles),
            Column("spread", Label("各取值差距", "spread of values"), "rate"),
            Column("p_value", Label("p 值", "p"), "p_value", detail=True),
            Column("adjusted_p_value", Label("校正 p 值", "adjusted p"), "p_value"),
        ),
        rows=pa.Table.from_pylist(rows, schema=_SCHEMA_BY),
        figures=(
            _bottleneck(found.bottleneck),
            Figure(
                "values_differ_most", Label("差距最大的一步", "values differ most at"),
                None if widest is None else widest.step, "text",
            ),
            Figure("spread", Label("其差距", "by"), None if widest is None else widest.spread, "rate"),
        ),
        notes=(_STAGES_NOTE if of_leads else EVENTS_NOTE, _BY_NOTE),
        bar="share_of_first",
        picture=partial(_picture_by_value, names, titles),
        pictured=len(rows),
        known_by=("kind", "value", "step"),
        who=_who(
            asked,
            [each.step for each in found.values[0].funnel.steps],
            of_leads,
            [each.value for each in found.values if each.value is not None],
        ),
    )  # fmt: skip


def _events_by_value(asked: Asked, steps: Sequence[str]) -> FunnelByValue:
    return funnel_by_value(
        events_of(asked, steps),
        list(steps),
        _values(asked, steps[0]),
        as_of=asked.as_of,
        within_days=asked["within_days"],
        keep=asked.keep,
    )


def _leads_by_value(asked: Asked, steps: Sequence[str]) -> FunnelByValue:
    if asked["by"] == f"{START}source":
        leads = _leads(asked, steps).select("stage", nw.col("source").alias("value"))
    else:
        plain = _leads(asked, steps).select("customer_key", "stage")
        leads = plain.join(_values(asked, "lead"), on="customer_key", how="left")
    counts = rows_of(leads.group_by("value", "stage").agg(nw.len().cast(nw.Int64).alias("leads")))
    return stage_funnel_by_value(counts, _known_stages(asked, steps, list({stage for _, stage, _ in counts})))


def _attribute(asked: Asked) -> Known | None:
    """What `by` names; a trait by its plain name too."""
    return asked.attributes.get(asked["by"]) or asked.attributes.get(f"trait.{asked['by']}")


def _values(asked: Asked, first: str) -> Frame:
    """Rows (customer_key, value). Raises `unknown_attribute`, and `bad_value` for what has no values to tell apart."""
    if asked["by"].startswith(START):
        started = kind_of_start(asked, first)
        told_by = [] if started is None else [f"{START}{started[0]}"]
        if started is None or asked["by"] not in told_by:
            raise TierwiseError.of([unknown_name("attribute", asked["by"], [*told_by, *asked.attributes], "by")])
        return started[1]
    known = _attribute(asked)
    if known is None:
        raise TierwiseError.of([unknown_name("attribute", asked["by"], asked.attributes, "by")])
    if known.column.type in ("number", "date") or known.column.digits or known.column.column.endswith("_minor"):
        raise TierwiseError(
            "bad_value", f"{asked['by']} is measured, and has no values to tell apart", place="by",
            remedy="a text, a whole number, yes or no: a tier of it, say",
        )  # fmt: skip
    return values_of(known, asked.frame("profile"), asked.frame("tags"))


def _title(asked: Asked) -> Label:
    if asked["by"].startswith(START):
        name = asked["by"].removeprefix(START)
        return Label(f"起点：{name}", f"start: {name}")
    known = _attribute(asked)
    assert known is not None
    return known.title


def _names(asked: Asked, values: Sequence[str]) -> dict[str, Label]:
    known = _attribute(asked)
    names = {_OTHERS: Label("其余", "others"), _MISSING: Label("无", "no value")}
    if known is None:
        return names
    yes_no = {"true": True, "false": False} if known.column.type == "boolean" else {}
    attribute = asked["by"] if asked["by"] in asked.attributes else f"trait.{asked['by']}"
    for value in values:
        called = asked.called(attribute, yes_no.get(value, value))
        if called != Label(value, value):
            names[value] = called
    return names


def _named(steps: Sequence[str], titles: Mapping[str, Label], language: str) -> tuple[str, ...]:
    return tuple(titles[step].in_language(language) if step in titles else step for step in steps)


def _picture(titles: Mapping[str, Label], rows: Sequence[Row], language: str) -> Bars:
    series = Series(Label("到达", "reached").in_language(language), tuple(row["customers"] for row in rows))
    title = Label("漏斗", "Funnel").in_language(language)
    return Bars(_named([row["step"] for row in rows], titles, language), (series,), title, lying=True)


def _picture_by_value(
    names: Mapping[str, Label], titles: Mapping[str, Label], rows: Sequence[Row], language: str
) -> Bars | None:
    """Of the first rows the values that are there with all steps: their share of the first step, side by side."""
    steps = list(dict.fromkeys(row["step"] for row in rows))
    shares: dict[str, list[float | None]] = {}
    for row in rows:
        called = names.get(row["name"], Label(row["name"], row["name"])).in_language(language)
        shares.setdefault(called, []).append(row["share_of_first"])
    whole = [Series(name, tuple(each)) for name, each in shares.items() if len(each) == len(steps)]
    title = Label("各取值的漏斗", "Funnel by value").in_language(language)
    return Bars(_named(steps, titles, language), tuple(whole[:6]), title, "rate", lying=True) if whole else None


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
        STEPS,
        WITHIN_DAYS,
        Parameter(
            "by",
            Label(
                "按哪个属性或标签分开看；start.source 等为第一步的来源或渠道",
                "an attribute or a tag to tell it by; start.source and the like: what tells kinds of the first step",
            ),
            "text",
        ),
    ),
    page="funnel.md",
)  # fmt: skip
