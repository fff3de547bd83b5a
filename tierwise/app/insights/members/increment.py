"""More of the same: need or stocking up, per item (`metrics/increment.py`)."""

from __future__ import annotations

import pyarrow as pa

from tierwise.app.insights.bars import bars
from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter
from tierwise.app.insights.things import BY, id_and_name, item_of, known_by, with_names
from tierwise.metrics.increment import increments, item_increments


def increment(asked: Asked) -> Answer:
    """One row per item with a larger purchase, most need first."""
    item = item_of(asked)
    steps = asked.keep("increments", increments(
        asked.frame("bought_lines"), as_of=asked.as_of, item=item, tolerance=asked["tolerance"], keep=asked.keep
    ))  # fmt: skip
    given: pa.Table = item_increments(steps, item=item).collect(backend="pyarrow").to_native()
    rows = given.rename_columns({item: "item"}).to_pylist()
    rows.sort(key=lambda row: (-row["need_count"], -row["increment_count"], row["item"]))
    for row in rows:
        for name in ("need_units", "stocking_up_units"):
            row[name] = row[name] / 1000
    names = ("increment_count", "need_count", "stocking_up_count", "undecided_count")
    titles = (
        Label("增量次数", "larger purchases"), Label("需要或信任", "need"), Label("囤货", "stocking up"),
        Label("未定", "undecided"),
    )  # fmt: skip
    return Answer(
        columns=(
            *id_and_name("item", Label("商品", "item")),
            *(Column(name, title, "count") for name, title in zip(names, titles, strict=True)),
            Column("need_share", Label("需要占比", "share of need"), "rate"),
            Column("need_units", Label("需要增量件数", "more units by need"), "number"),
            Column("stocking_up_units", Label("囤货增量件数", "more units stocked"), "number"),
        ),
        rows=with_names(pa.Table.from_pylist(rows, schema=_SCHEMA), ("item",), asked),
        figures=tuple(
            Figure(name, title, sum(row[name] for row in rows), "count")
            for name, title in zip(names, titles, strict=True)
        ),
        notes=(
            *known_by(asked),
            Label(
                "需要：无优惠且下次不更晚、不更少；囤货：有优惠且下次更晚；其余未定，商品看不出时按未定计",
                "need: no promotion, and the next one neither later nor smaller; stocking up: on promotion, and the "
                "next one later; undecided else",
            ),
        ),
        bar="need_count",
        picture=bars(
            Label("增量购买：需要与囤货", "Larger purchases: need and stocking up"),
            "item_name",
            dict(zip(names[1:], titles[1:], strict=True)),
            "count",
        ),
    )


_SCHEMA = pa.schema(
    [
        ("item", pa.string()), ("increment_count", pa.int64()), ("need_count", pa.int64()),
        ("stocking_up_count", pa.int64()), ("undecided_count", pa.int64()), ("need_units", pa.float64()),
        ("stocking_up_units", pa.float64()), ("need_share", pa.float64()),
    ]
)  # fmt: skip

INSIGHT = Insight(
    name="increment",
    title=Label("增量购买", "More of the same"),
    answers=Label("买得更多的人，是更需要了还是在囤货？", "Do those who buy more need more, or are they stocking up?"),
    needs=("orders", "order_lines"),
    compute=increment,
    parameters=(
        BY,
        Parameter("tolerance", Label("晚多少比例算更晚", "later by so much is later"), "number", 0.25, 0, 1),
    ),
    page="increment.md",
)
