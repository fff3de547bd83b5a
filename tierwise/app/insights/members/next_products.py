"""What the very next purchase holds, against what any next purchase holds (`metrics/paths.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import pyarrow as pa

from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Row
from tierwise.app.insights.things import ADJUSTED, BY, LAGS, P_VALUE, id_and_name, item_of, known_by, with_names
from tierwise.metrics.paths import next_products as next_of
from tierwise.plots.plot import Flow, Link


def next_products(asked: Asked) -> Answer:
    """The best next ones of each that are more than chance, what is bought most often first."""
    found = next_of(
        asked.frame("bought_lines"),
        as_of=asked.as_of,
        item=item_of(asked),
        min_count=asked["min_count"],
        from_first=asked["from_first"],
        keep=asked.keep,
    )
    table = _best(found, asked["best"], asked["after"], asked["with_chance"])
    transitions = found.column("transition_count")[0].as_py() if found.num_rows else None
    return Answer(
        columns=(
            *id_and_name("first", Label("这次买", "bought")),
            *id_and_name("next", Label("下次买", "next")),
            Column("first_count", Label("有下次的次数", "next purchases"), "count"),
            Column("count", Label("下次买它的次数", "of them with it"), "count"),
            Column("share", Label("占比", "share"), "rate"),
            Column("base_share", Label("基准占比", "base share"), "rate"),
            Column("lift", Label("提升度", "lift"), "number"),
            P_VALUE,
            ADJUSTED,
            *LAGS,
            Column("next_count", Label("任何商品之后买它的次数", "after anything"), "count", detail=True),
        ),
        rows=with_names(table, ("first", "next"), asked),
        figures=(Figure("transitions", Label("“下一次购买”总数", "next purchases in all"), transitions, "count"),),
        notes=(*known_by(asked), *_notes(table)),
        bar="share",
        picture=_picture,
    )


SURE = 0.05
"""Below so small an adjusted p value a next product is more than chance."""


def _best(found: pa.Table, best: int, after: str | None, with_chance: bool) -> pa.Table:
    """`best` rows of each first item, in their order, the commonest first item first."""
    if not with_chance:
        sure = (found.column("adjusted_p_value").to_numpy() < SURE) & (found.column("lift").to_numpy() > 1)
        found = found.filter(pa.array(sure))
    firsts, counts = found.column("first").to_pylist(), found.column("first_count").to_pylist()
    kept: list[int] = []
    for name, places in groupby(range(len(firsts)), key=firsts.__getitem__):
        if after is None or name == after:
            kept += list(places)[:best]
    kept.sort(key=lambda place: -counts[place])
    return found.take(pa.array(kept, pa.int64()))


def _notes(table: pa.Table) -> tuple[Label, ...]:
    if not table.num_rows:
        none = Label(
            "没有显著的下一个商品：可调低 min_count，或设 with_chance=yes",
            "nothing follows more often than by chance: lower min_count, look by=category, or set with_chance=yes",
        )
        return (none,)
    return (
        Label(
            "基准占比：任何一次“下一次购买”里含它的比例；占比高于基准才是真的“接着买”",
            "base share: of all next purchases, those with it; it is more than habit only where the share is higher",
        ),
    )


def _picture(rows: Sequence[Row], language: str) -> Flow:
    title = Label("下一次买什么（次数）", "What the next purchase holds").in_language(language)
    return Flow(tuple(Link(row["first_name"], row["next_name"], row["count"]) for row in rows[:15]), title)


INSIGHT = Insight(
    name="next_products",
    title=Label("下一个商品", "Next product"),
    answers=Label(
        "买了这个之后，下一次最可能买什么？", "After this, what does the next purchase hold more than others do?"
    ),
    needs=("orders", "order_lines"),
    compute=next_products,
    parameters=(
        BY,
        Parameter("after", Label("只看这个之后（编码）", "only what follows this (id)"), "text"),
        Parameter("best", Label("每个商品列几个", "so many of each"), "integer", 3, 1, 1000),
        Parameter("min_count", Label("最少次数", "fewest times"), "integer", 10, 1, 1_000_000_000),
        Parameter("with_chance", Label("也列出可能是偶然的", "what may be chance as well"), "yes_no", False),
        Parameter("from_first", Label("只看首次购买之后", "only after first purchases"), "yes_no", False),
    ),
    page="paths.md",
)
