"""KPIs against their targets and against what others have published (`metrics/kpi.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import pyarrow as pa

from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Picture, Row
from tierwise.app.insights.things import of_another_day
from tierwise.app.reading import label_of
from tierwise.definitions.kpi import Benchmark, Kpi
from tierwise.definitions.rule import AnyRule
from tierwise.facts.contract import OF_RUNS
from tierwise.metrics.kpi import KpiValue, ahead, changes, in_unit, kpi_values
from tierwise.metrics.kpi_table import NUMBER, benchmarks_for, kpi_row, outside
from tierwise.plots.plot import Bars, Series

_REASONS = {
    "no_facts": Label("缺少数据", "facts were never imported"),
    "not_in_run": Label("该次运行没有此属性", "the run has no such attribute"),
    "nobody": Label("分母为 0", "the denominator is 0"),
    "no_value": Label("无人有此属性值", "nobody of them has the attribute"),
}
_UNITS = {
    "count": Label("人数／次数", "count"),
    "rate": Label("比率", "rate"),
    "money": Label("金额", "money"),
    "days": Label("天", "days"),
    "number": Label("数", "number"),
}
_STANDINGS = {
    "better": Label("优于", "better"),
    "worse": Label("差于", "worse"),
    "within": Label("在区间内", "within"),
    "equal": Label("持平", "equal"),
}


def kpis(asked: Asked) -> Answer:
    """One row per KPI; with `show=benchmarks` one per KPI and company stage."""
    defined = asked.kpis()
    if asked.as_of != asked.of_run:
        return Answer((), pa.table({"kpi": pa.array([], pa.string())}), notes=(of_another_day(asked),))
    if not defined:
        return Answer((), pa.table({"kpi": pa.array([], pa.string())}), notes=(_NONE,))
    values = _values(asked, defined, before=False)
    if values is None or not any(each.value is not None for each in values.values()):
        return Answer((), pa.table({"kpi": pa.array([], pa.string())}), notes=_lacking(values or {}, _NOTHING))
    earlier = changes(values, _values(asked, defined, before=True) or {})
    titles = {kpi.name: label_of(kpi.title, kpi.name) for kpi in defined}
    rows: list[dict[str, Any]] = []
    for kpi in defined:
        chosen = benchmarks_for(kpi, asked.as_of, asked["stage"])
        shown: list[Benchmark | None] = [*(chosen if asked["show"] == "benchmarks" else chosen[:1])]
        rows += [_row(asked, kpi, values[kpi.name], earlier[kpi.name], each) for each in shown or [None]]
    reached = [row["reached"] for row in rows if row["reached"] is not None] if asked["show"] == "kpis" else []
    return Answer(
        columns=(
            Column("kpi", Label("指标", "KPI"), "text", values=titles),
            *_COLUMNS,
        ),
        rows=pa.Table.from_pylist(rows, schema=_SCHEMA),
        figures=(
            Figure("kpis", Label("指标数", "KPIs"), len(defined), "count"),
            Figure("with_target", Label("有目标且可计算", "told and with a target"), len(reached), "count"),
            Figure("reached", Label("达标", "reached"), sum(reached), "count"),
        ),
        notes=(*_NOTES, *_lacking(values)),
        picture=_picture_of(titles),
    )


_COLUMNS = (
    Column("said", Label("当前值", "value"), "text"),
    Column("said_target", Label("目标", "target"), "text"),
    Column("reached", Label("达标", "reached"), "yes_no"),
    Column("said_ahead", Label("距目标（正为超过）", "ahead of target"), "text"),
    Column("said_change", Label("较上次运行", "since the run before"), "text"),
    Column("said_benchmark", Label("同行基准", "benchmark"), "text"),
    Column("standing", Label("与基准比", "against it"), "text", values=_STANDINGS),
    Column("benchmark_stage", Label("适用阶段", "company stage"), "text"),
    Column("benchmark_date", Label("基准时间", "of"), "text"),
    Column("benchmark_source", Label("基准来源", "source"), "text"),
    Column("reason", Label("为空原因", "why null"), "text", values=_REASONS),
    Column("unit", Label("单位", "unit"), "text", values=_UNITS, detail=True),
    Column("value", Label("值", "value"), "number", detail=True),
    Column("part", Label("分子", "part"), "count", detail=True),
    Column("of", Label("分母", "of"), "count", detail=True),
    Column("target", Label("目标值", "target"), "number", detail=True),
    Column("target_by", Label("目标日期", "by"), "day", detail=True),
    Column("ahead", Label("距目标", "ahead"), "number", detail=True),
    Column("change", Label("变化", "change"), "number", detail=True),
    Column("benchmark_low", Label("基准低", "benchmark from"), "number", detail=True),
    Column("benchmark_high", Label("基准高", "benchmark to"), "number", detail=True),
)
_TYPES: dict[str, pa.DataType] = {
    "reached": pa.bool_(), "part": pa.int64(), "of": pa.int64(), "target_by": pa.date32(),
    **dict.fromkeys(("value", "target", "ahead", "change", "benchmark_low", "benchmark_high"), NUMBER),
}  # fmt: skip
_SCHEMA = pa.schema(
    [("kpi", pa.string()), *((column.name, _TYPES.get(column.name, pa.string())) for column in _COLUMNS)]
)
_NONE = Label(
    "还没有指标：在定义里加入 kind: kpi",
    "no KPIs yet: add definitions with kind: kpi",
)
_NOTHING = Label("没有可计算的指标", "no KPI can be told")
_NOTES = (
    Label(
        "基准取日期最近者，只有写明来源与日期的才收；口径未必相同，先看来源再比较",
        "the benchmark is the one nearest in date, each with its source; others may count otherwise: read the source "
        "before comparing",
    ),
)


def _lacking(values: Mapping[str, KpiValue], *more: Label) -> tuple[Label, ...]:
    tables = sorted({table for each in values.values() for table in each.lacking})
    if not tables:
        return more
    said = ", ".join(tables)
    return (*more, Label(f"缺少 {said}：先导入再运行", f"no rows of {said}: import them, then tierwise run"))


def _values(asked: Asked, defined: Sequence[Kpi], *, before: bool) -> dict[str, KpiValue] | None:
    """As of the run, or of the one of an earlier day; None where that is not there."""
    rules: list[AnyRule] = [rule for kpi in defined for rule in kpi.rules().values()]
    metrics = {kpi.of.metric for kpi in defined if kpi.of.metric is not None}
    there = {name for name in OF_RUNS if asked.has(name)}
    with asked.rules(rules, metrics, before=before) as ground:
        return None if ground is None else kpi_values(defined, ground.world, ground.keep, there, asked.definitions)


def _row(
    asked: Asked, kpi: Kpi, found: KpiValue, change: Fraction | None, benchmark: Benchmark | None
) -> dict[str, Any]:
    digits, value = asked.digits, found.value
    target = None if kpi.target is None else in_unit(kpi, kpi.target.value, digits)
    lead = None if value is None or target is None else ahead(value, target, kpi.better)
    said = {
        "said": _said(kpi, value, digits),
        "said_target": _said(kpi, target, digits),
        "said_ahead": _said(kpi, lead, digits, signed=True),
        "said_change": _said(kpi, change, digits, signed=True),
        "said_benchmark": None if benchmark is None else _range(kpi, benchmark, digits),
    }
    return kpi_row(kpi, found, benchmark, digits) | said | {"change": outside(kpi, change, digits)}


def _range(kpi: Kpi, benchmark: Benchmark, digits: int) -> str:
    if benchmark.value is not None:
        return str(_said(kpi, in_unit(kpi, benchmark.value, digits), digits))
    low, high = (
        None if number is None else _said(kpi, in_unit(kpi, number, digits), digits)
        for number in (benchmark.low, benchmark.high)
    )
    return f"≥ {low}" if high is None else f"≤ {high}" if low is None else f"{low} – {high}"


def _said(kpi: Kpi, number: Fraction | None, digits: int, *, signed: bool = False) -> str | None:
    """For people: 42.4%, 1,234.50, 31.0."""
    told = outside(kpi, number, digits)
    if told is None:
        return None
    sign = "+" if signed else ""
    match kpi.unit:
        case "rate":
            return f"{told * 100:{sign}.1f}%" if not signed else f"{told * 100:{sign}.1f} pp"
        case "money":
            return f"{told:{sign},.{digits}f}"
        case "count":
            return f"{told:{sign},.0f}"
        case "days":
            return f"{told:{sign},.1f}"
    return f"{told:{sign},.2f}"


def _picture_of(titles: Mapping[str, Label]) -> Picture:
    """Rates beside their targets, where there are any; other units have no common axis."""

    def picture(rows: Sequence[Row], language: str) -> Bars | None:
        rates = {row["kpi"]: row for row in rows if row["unit"] == "rate" and row["value"] is not None}
        if not rates:
            return None
        series = []
        for name, told in (("value", Label("当前值", "value")), ("target", Label("目标", "target"))):
            values = tuple(None if row[name] is None else float(row[name]) for row in rates.values())
            if any(value is not None for value in values):
                series.append(Series(told.in_language(language), values))
        labels = tuple(titles[name].in_language(language) for name in rates)
        title = Label("比率类指标与目标", "Rates and their targets").in_language(language)
        return Bars(labels, tuple(series), title, "rate", lying=True)

    return picture


INSIGHT = Insight(
    name="kpis",
    title=Label("关键指标", "KPIs"),
    answers=Label(
        "各项指标离目标还有多远？与同行公布的数字相比如何？",
        "How far is each KPI from its target, and how does it stand to what others have published?",
    ),
    needs=(),
    compute=kpis,
    parameters=(
        Parameter(
            "show", Label("每个指标一行，或每个企业阶段的基准一行", "a row per KPI, or per stage of its benchmarks"),
            "choice", "kpis", choices=("kpis", "benchmarks"),
        ),
        Parameter(
            "stage", Label("企业阶段：取该阶段或未注明的基准", "company stage: benchmarks of it, or of none"), "text"
        ),
    ),
    page="panorama.md",
)  # fmt: skip
