"""The paths of several steps that many customers go (`metrics/paths.py`)."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import pyarrow as pa

from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Row
from tierwise.app.insights.things import BY_CATEGORY, LAGS, id_and_name, item_of, known_by, with_names
from tierwise.metrics.frame import Frame
from tierwise.metrics.paths import ARROW, went_along
from tierwise.metrics.paths import common_paths as paths_of
from tierwise.plots.plot import Bars, Series


def common_paths(asked: Asked) -> Answer:
    """Paths of at least `min_steps` steps, most customers first."""
    found = paths_of(
        asked.frame("bought_lines"),
        as_of=asked.as_of,
        item=item_of(asked),
        max_steps=asked["max_steps"],
        min_customers=asked["min_customers"],
        keep=asked.keep,
    ).filter(nw.col("step_count") >= asked["min_steps"])
    told = found.sort("count", "step_count", "path", descending=[True, False, False])
    table: pa.Table = told.collect(backend="pyarrow").to_native()
    none = Label("没有足够客户走过的路径", "no path has so many customers: lower min_customers or min_steps")
    return Answer(
        columns=(
            *id_and_name("path", Label("路径", "path")),
            Column("step_count", Label("步数", "steps"), "count"),
            Column("count", Label("客户数", "customers"), "count"),
            Column("share", Label("占买过的客户", "of buyers"), "rate"),
            Column("continued_share", Label("由上一步继续", "went on"), "rate"),
            *LAGS,
        ),
        rows=with_names(table, ("path",), asked, ARROW),
        figures=(Figure("paths", Label("路径数", "paths"), table.num_rows, "count"),),
        notes=(*known_by(asked), *(() if table.num_rows else (none,))),
        bar="count",
        picture=_picture,
        known_by=("path",),
        who={"count": lambda row: _went(asked, row["path"].split(ARROW))},
    )


def _went(asked: Asked, path: Sequence[str]) -> Frame:
    return went_along(asked.frame("bought_lines"), path, as_of=asked.as_of, item=item_of(asked))


def _picture(rows: Sequence[Row], language: str) -> Bars:
    title = Label("常见路径（客户数）", "Common paths (customers)")
    shown = rows[:15]
    series = Series(Label("客户数", "customers").in_language(language), tuple(row["count"] for row in shown))
    return Bars(tuple(row["path_name"] for row in shown), (series,), title.in_language(language), lying=True)


INSIGHT = Insight(
    name="common_paths",
    title=Label("常见路径", "Common paths"),
    answers=Label(
        "客户先后买哪些东西？最常见的顺序是什么？", "In which order do customers buy, one day after another?"
    ),
    needs=("orders", "order_lines"),
    compute=common_paths,
    parameters=(
        BY_CATEGORY,
        Parameter("min_steps", Label("最少步数", "steps at least"), "integer", 2, 1, 10),
        Parameter("max_steps", Label("最多步数", "steps at most"), "integer", 3, 1, 10),
        Parameter("min_customers", Label("最少客户数", "fewest customers"), "integer", 20, 1, 1_000_000_000),
    ),
    page="paths.md",
)
