"""Who stops before a step of a funnel, and what tells them from those who go on (`metrics/funnel_stops.py`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import narwhals as nw
import pyarrow as pa

from tierwise.app.insights.bars import bars
from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Picture, Row
from tierwise.app.insights.steps import (
    EVENTS_NOTE,
    STEPS,
    WITHIN_DAYS,
    events_of,
    kind_of_start,
    nobody_at,
    usual_steps,
)
from tierwise.metrics.attributes import Attribute, attributes
from tierwise.metrics.customer import customer_metrics
from tierwise.metrics.frame import Frame, columns_of
from tierwise.metrics.funnel_stops import NOBODY_STOPPED, FunnelStops, before_start, differing
from tierwise.metrics.funnel_stops import funnel_stops as stops_of
from tierwise.metrics.group_profile import GroupRow, group_profile, holders
from tierwise.metrics.rules import RuleColumn

START = "start."
"""Before the name of what was so when the customer took the first step."""

_SINCE_AS_OF = ("recency_days", "tenure_days", "days_since_")
"""Attributes that tell of the run's day rather than of the start begin so."""

_TOLD_OTHERWISE = ("birth_on", "days_since_registered")
"""The same as another attribute: the age, the day of registration."""

_DAYS = {
    "orders": "ordered_day", "refunds": "refunded_day", "visits": "visited_day", "interactions": "occurred_day",
}  # fmt: skip
_NONE = pa.table({"attribute": pa.array([], pa.string())})


def funnel_stops(asked: Asked) -> Answer:
    """One row per value of an attribute that differs, the largest difference first."""
    steps = list(asked["steps"] or usual_steps(asked))
    found = stops_of(
        events_of(asked, steps),
        steps,
        as_of=asked.as_of,
        at=asked["at"],
        within_days=asked["within_days"],
        keep=asked.keep,
    )
    if found is None or not found.stopped_count + found.went_on_count + found.too_soon:
        return Answer((), _NONE, notes=(nobody_at(steps) if found is not None else _nobody_stops(steps),))
    if found.reason is not None:
        why = _nobody_stopped(found) if found.reason == NOBODY_STOPPED else _nobody_went_on(found)
        return Answer((), _NONE, figures=_figures(found, 0), notes=(why,))
    compared = _compared(asked, steps, found)
    profile = group_profile(
        compared.people, found.stopped, found.went_on, compared.columns, asked.keep, tags=compared.tags
    )
    rows = differing(profile)
    columns = _columns(asked, rows, compared)
    notes = (_waited(found), compared.note(), *(() if rows else (_ALIKE,)), _NO_CAUSE, EVENTS_NOTE)
    return Answer(
        columns=columns,
        rows=pa.Table.from_pylist([_row(asked, row) for row in rows], schema=_SCHEMA),
        figures=_figures(found, len(profile.rows)),
        notes=notes,
        bar="stopped_share",
        picture=_picture(columns[0].values, columns[1].values),
        known_by=("attribute", "value"),
        who=_who(found, compared, {(row.attribute, asked.text(row).en): row for row in rows}),
    )


def _who(
    found: FunnelStops, compared: _Compared, rows: Mapping[tuple[str, str], GroupRow]
) -> dict[str, Callable[[Row], Frame]]:
    """Of both sides those who have a row's value, and those of whom that can be told."""

    def of(side: Frame, place: int, row: Row) -> Frame:
        told = rows[row["attribute"], row["value"]]
        they = holders(told, compared.people, compared.columns, tags=compared.tags)[place]
        return they.join(side, on="customer_key", how="semi")

    return {
        "stopped": partial(of, found.stopped, 0),
        "stopped_of": partial(of, found.stopped, 1),
        "went_on": partial(of, found.went_on, 0),
        "went_on_of": partial(of, found.went_on, 1),
    }


@dataclass(frozen=True)
class _Compared:
    """What both sides are held against. people: one row per customer of both, with `columns`; tags: rows as of the run.
    left_out: what is not compared, since it may come of the outcome."""

    people: Frame
    columns: dict[str, RuleColumn]
    titles: dict[str, Label]
    tags: Frame | None
    left_out: tuple[str, ...]

    def note(self) -> Label:
        listed = ", ".join(self.left_out)
        return Label(
            "行为类属性只计到起点前一天（start.*），否则结果会自己解释自己；无法这样回溯的不参与比较，敏感属性也不参与："
            + (listed or "无"),
            "what counts facts is counted up to the day before the start (start.*), else the outcome would explain "
            f"itself; not compared, since that cannot be told of them or they are sensitive: {listed or 'nothing'}",
        )


def _compared(asked: Asked, steps: Sequence[str], found: FunnelStops) -> _Compared:
    both = asked.keep("both_sides", nw.concat([found.stopped, found.went_on]))
    known = asked.attributes
    later = {step.partition(":")[0] for step in steps[steps.index(found.at) :]}
    told_after = {"closed_on", *_TOLD_OTHERWISE, *(["registered_on"] if "registered" in later else [])}
    own = {
        name: each
        for name, each in known.items()
        if not (each.counted or each.sensitive or each.tag or name in told_after)
    }
    tags = [name for name, each in known.items() if each.tag and not each.counted and not each.sensitive]
    columns = {name: each.column for name, each in own.items()}
    titles = {name: each.title for name, each in known.items()}
    profile = asked.frame("profile").select("customer_key", *dict.fromkeys(each.column for each in columns.values()))
    people = both.join(profile, on="customer_key", how="left")
    before, at_start = _before(asked, both)
    for each in at_start:
        inside = f"{START}{each.column}".replace(".", "__")
        kind = "integer" if each.type == "money" else each.type
        columns[f"{START}{each.name}"] = RuleColumn(inside, kind, asked.digits if each.type == "money" else 0)
        titles[f"{START}{each.name}"] = Label(f"起点前：{each.title.zh}", f"{each.title.en} before the start")
    people = people.join(before, on="customer_key", how="left").with_columns(
        nw.col(columns[f"{START}{each.name}"].column).fill_null(0)
        for each in at_start
        if each.null == "" and each.type in ("integer", "money")
    )
    started = kind_of_start(asked, steps[0])
    if started is not None:
        name = f"{START}{started[0]}"
        columns[name] = RuleColumn("start_kind__", "text")
        titles[name] = Label(f"起点：{started[0]}", f"start: {started[0]}")
        people = people.join(started[1].rename({"value": "start_kind__"}), on="customer_key", how="left")
    asked_for = {each.name for each in at_start}
    return _Compared(
        people=asked.keep("compared_people", people),
        columns=columns,
        titles=titles,
        tags=asked.frame("tags").filter(nw.col("tag").is_in(tags)) if tags else None,
        left_out=_left_out(asked, {*own, *tags, *_TOLD_OTHERWISE}, asked_for),
    )


def _before(asked: Asked, both: Frame) -> tuple[Frame, list[Attribute]]:
    """What each customer had done before the first step, under `start__COLUMN`, and which attributes those are."""
    facts = {name: before_start(asked.frame(name), both, day=day) for name, day in _DAYS.items() if asked.has(name)}
    if "orders" not in facts:
        facts["orders"] = before_start(asked.frame("orders"), both, day=_DAYS["orders"])
    known = {name: asked.keep(f"{name}_before", frame) for name, frame in facts.items()}
    counted = customer_metrics(
        known["orders"],
        as_of=asked.as_of,
        refunds=known.get("refunds"),
        visits=known.get("visits"),
        interactions=known.get("interactions"),
        windows=(),
        keep=asked.keep,
    )
    there = columns_of(counted)
    told = [each for each in attributes(()) if each.column in there and not each.name.startswith(_SINCE_AS_OF)]
    named = {each.column: f"{START}{each.column}".replace(".", "__") for each in told}
    return counted.select("customer_key", *(nw.col(column).alias(name) for column, name in named.items())), told


def _left_out(asked: Asked, compared: set[str], at_start: set[str]) -> tuple[str, ...]:
    """What is compared in no way; of windows (…_90d) the attribute alone, and not where it is told as of the start."""
    found = []
    for name in asked.attributes:
        base, _, window = name.rpartition("_")
        plain = base if window[:-1].isdigit() and window.endswith("d") else name
        if not {name, plain} & (compared | at_start):
            found.append(plain)
    return tuple(dict.fromkeys(found))


_SCHEMA = pa.schema(
    [
        ("attribute", pa.string()), ("value", pa.string()), ("stopped", pa.int64()), ("stopped_of", pa.int64()),
        ("went_on", pa.int64()), ("went_on_of", pa.int64()), ("stopped_share", pa.float64()),
        ("went_on_share", pa.float64()), ("index", pa.float64()), ("p_value", pa.float64()),
        ("adjusted_p_value", pa.float64()),
    ]
)  # fmt: skip


def _row(asked: Asked, row: GroupRow) -> dict[str, object]:
    return {
        "attribute": row.attribute,
        "value": asked.text(row).en,
        "stopped": row.group,
        "stopped_of": row.group_of,
        "went_on": row.reference,
        "went_on_of": row.reference_of,
        "stopped_share": row.share,
        "went_on_share": row.reference_share,
        "index": row.index,
        "p_value": row.p,
        "adjusted_p_value": row.p_adjusted,
    }


def _columns(asked: Asked, rows: Sequence[GroupRow], compared: _Compared) -> tuple[Column, ...]:
    titles = {row.attribute: compared.titles[row.attribute] for row in rows}
    texts = {text.en: text for row in rows if (text := asked.text(row)).en != text.zh}
    return (
        Column("attribute", Label("属性", "attribute"), "text", values=titles),
        Column("value", Label("取值", "value"), "text", values=texts),
        Column("stopped", Label("止步者", "of those who stopped"), "count", detail=True),
        Column("stopped_of", Label("有值的止步者", "of so many"), "count", detail=True),
        Column("went_on", Label("继续者", "of those who went on"), "count", detail=True),
        Column("went_on_of", Label("有值的继续者", "of so many who went on"), "count", detail=True),
        Column("stopped_share", Label("止步者占比", "of who stopped"), "rate"),
        Column("went_on_share", Label("继续者占比", "of who went on"), "rate"),
        Column("index", Label("TGI", "TGI"), "number"),
        Column("p_value", Label("p 值", "p"), "p_value", detail=True),
        Column("adjusted_p_value", Label("校正 p 值", "adjusted p"), "p_value"),
    )


def _figures(found: FunnelStops, tested: int) -> tuple[Figure, ...]:
    return (
        Figure("at", Label("没有到达的一步", "step not reached"), found.at, "text"),
        Figure("before", Label("上一步", "step before"), found.before, "text"),
        Figure("stopped", Label("止步者", "stopped"), found.stopped_count, "count", lambda: found.stopped),
        Figure("went_on", Label("继续者", "went on"), found.went_on_count, "count", lambda: found.went_on),
        Figure("wait_days", Label("上一步至少在多少天前", "at the step before at least"), found.wait_days, "days"),
        Figure(
            "too_soon", Label("时间未到，不算止步", "too soon to say they stopped"), found.too_soon, "count",
            lambda: found.late,
        ),
        Figure(
            "too_soon_went_on", Label("同期已继续，也不计", "as late, but went on; left out too"),
            found.too_soon_went_on, "count", lambda: found.late_went_on,
        ),
        Figure("tested", Label("比较的取值数", "values tested"), tested, "count"),
    )  # fmt: skip


def _waited(found: FunnelStops) -> Label:
    return Label(
        f"继续者中四分之三在 {found.wait_days} 天内走到 {found.at}（第三四分位数，第 7 类）；"
        f"到达 {found.before} 不足这些天的双方都不计",
        f"of those who went on three in four were at {found.at} within {found.wait_days} days (third quartile, type "
        f"7); who was at {found.before} later than so long ago is left out, on both sides",
    )


def _nobody_went_on(found: FunnelStops) -> Label:
    return Label(
        f"没有人在足够早的时候从 {found.before} 走到 {found.at}，无从比较",
        f"nobody who was at {found.before} long enough ago went on to {found.at}: nothing to compare with",
    )


def _nobody_stopped(found: FunnelStops) -> Label:
    return Label(
        f"到过 {found.before} 且时间已够的人都走到了 {found.at}",
        f"everybody who was at {found.before} long enough ago went on to {found.at}",
    )


def _nobody_stops(steps: Sequence[str]) -> Label:
    stops = Label(f"{'→'.join(steps)} 没有人止步", f"nobody stops on the way {' → '.join(steps)}")
    nobody = nobody_at(steps)
    return Label(f"{stops.zh}；或{nobody.zh}", f"{stops.en}; or {nobody.en}")


_ALIKE = Label("没有可靠的差异", "nothing tells those who stop from those who go on for certain")
_NO_CAUSE = Label(
    "差异说明是谁，不说明为什么：字段取最近导入的值，会员等级之类可能就是结果。"
    "只列校正后 p ≤ 0.05 的（Benjamini–Hochberg），差距大者在前",
    "a difference says who, not why: columns of customers are as last imported, and a member level, say, may come of "
    "the outcome. Rows with adjusted p at most .05 (Benjamini and Hochberg), the largest difference of shares first",
)


def _picture(titles: Mapping[str, Label], texts: Mapping[str, Label]) -> Picture:
    def label(row: Row, language: str) -> str:
        value = texts.get(row["value"], Label(row["value"], row["value"])).in_language(language)
        return f"{titles[row['attribute']].in_language(language)}: {value}"

    sides = {"stopped_share": Label("止步者", "stopped"), "went_on_share": Label("继续者", "went on")}
    return bars(Label("止步者与继续者", "Who stops and who goes on"), label, sides, "rate")


INSIGHT = Insight(
    name="funnel_stops",
    title=Label("谁在漏斗中止步", "Who stops in the funnel"),
    answers=Label(
        "在漏斗某一步止步的人，与走下去的人有什么不同？",
        "What tells those who stop before a step from those who go on?",
    ),
    needs=(),
    compute=funnel_stops,
    parameters=(
        STEPS,
        WITHIN_DAYS,
        Parameter("at", Label("没有到达的一步；默认流失最多的", "the step not reached; else the bottleneck"), "text"),
    ),
    page="funnel.md",
)  # fmt: skip
