"""Purchase paths: A, and on a later day B (`metrics/paths.py`)."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import numpy as np
import pyarrow as pa

from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Row
from tierwise.app.insights.things import BY, LAGS, id_and_name, item_of, known_by, with_names
from tierwise.metrics.frame import Frame
from tierwise.metrics.paths import later_purchases, went_along
from tierwise.plots.plot import Flow, Link


def paths(asked: Asked) -> Answer:
    """All pairs, the surest beyond the base rate first."""
    found = later_purchases(
        asked.frame("bought_lines"),
        as_of=asked.as_of,
        item=item_of(asked),
        within_days=asked["within_days"],
        min_customers=asked["min_customers"],
        keep=asked.keep,
    )
    if not asked["with_repeats"]:
        found = found.filter(nw.col("first") != nw.col("next"))
    table = _surest_first(found.sort("first", "next").collect(backend="pyarrow").to_native())
    return Answer(
        columns=(
            *id_and_name("first", Label("先买", "first")),
            *id_and_name("next", Label("后来买", "later")),
            Column("first_count", Label("先买人数", "bought first"), "count"),
            Column("count", Label("后来也买人数", "bought later"), "count"),
            Column("share", Label("占比", "share"), "rate"),
            Column("base_share", Label("基准占比", "base share"), "rate"),
            Column("lift", Label("提升度", "lift"), "number"),
            Column("beyond", Label("比基准多出人数", "beyond base"), "number", detail=True),
            *LAGS,
        ),
        rows=with_names(table, ("first", "next"), asked),
        figures=(Figure("paths", Label("路径数", "paths"), table.num_rows, "count"),),
        notes=(*known_by(asked), *_notes(table, asked)),
        bar="share",
        picture=_picture,
        known_by=("first", "next"),
        who={
            "first_count": lambda row: _went(asked, [row["first"]]),
            "count": lambda row: _went(asked, [row["first"], row["next"]]),
        },
    )


def _went(asked: Asked, path: Sequence[str]) -> Frame:
    lines, within = asked.frame("bought_lines"), asked["within_days"]
    return went_along(lines, path, as_of=asked.as_of, item=item_of(asked), within_days=within)


def _surest_first(pairs: pa.Table) -> pa.Table:
    """With `beyond` and `lift`; by how many standard deviations of the base rate's count lie below the count, so that
    neither what everybody buys anyway nor what a handful did comes first."""
    many, both, base = (pairs.column(name).to_numpy() for name in ("first_count", "count", "base_share"))
    beyond = both - many * base
    spread = np.sqrt(many * base * (1 - base))
    surer = np.divide(beyond, spread, out=np.zeros(len(both)), where=spread > 0)
    lift = np.divide(both, many * base, out=np.full(len(both), np.nan), where=base > 0)
    told = pairs.append_column("beyond", pa.array(beyond)).append_column("lift", pa.array(lift))
    return told.take(pa.array(np.argsort(-surer, kind="stable")))


def _notes(table: pa.Table, asked: Asked) -> tuple[Label, ...]:
    days = asked["within_days"]
    if not table.num_rows:
        return (
            Label("没有足够客户走过的路径", "no path has so many customers: lower min_customers, or look by=category"),
        )
    base = Label(
        f"基准占比：任何客户在首次购买后 {days} 天内买它的比例；只统计能观察满 {days} 天的客户",
        f"base share: of all customers, those who buy it within {days} days after their first purchase; "
        f"only who could be followed for {days} days counts",
    )
    return (base,)


def _picture(rows: Sequence[Row], language: str) -> Flow:
    title = Label("先买什么，后来买什么（人数）", "What is bought after what (customers)").in_language(language)
    return Flow(tuple(Link(row["first_name"], row["next_name"], row["count"]) for row in rows[:15]), title)


INSIGHT = Insight(
    name="paths",
    title=Label("购买路径", "Purchase paths"),
    answers=Label(
        "买了这个的人，之后还会买什么？隔多久？", "Who bought this: what do they buy later, and how long after?"
    ),
    needs=("orders", "order_lines"),
    compute=paths,
    parameters=(
        BY,
        Parameter("within_days", Label("多少天之内", "so many days later at most"), "integer", 180, 1, 3650),
        Parameter("min_customers", Label("最少客户数", "fewest customers"), "integer", 10, 1, 1_000_000_000),
        Parameter("with_repeats", Label("包含再买同一个", "with the same thing again"), "yes_no", False),
    ),
    page="paths.md",
)
