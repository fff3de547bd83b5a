"""What several insights say in the same way: by what lines are looked at, and how products are told to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from tierwise.app.insights.insight import Asked, Column, Label, Parameter
from tierwise.kernel.errors import TierwiseError

ITEM = {"product": "product_id", "category": "category", "brand": "brand"}
"""What lines may be looked at by, and its column of `bought_lines`."""

BY = Parameter(
    "by", Label("按商品、品类或品牌", "by product, category or brand"), "choice", "product", choices=tuple(ITEM)
)

BY_CATEGORY = Parameter("by", BY.meaning, "choice", "category", choices=tuple(ITEM))
"""As `BY`, where products are too many to be read."""

P_VALUE = Column("p_value", Label("p 值", "p"), "p_value", detail=True)
ADJUSTED = Column("adjusted_p_value", Label("校正 p 值", "adjusted p"), "p_value")

LAGS = (
    Column("lag_q1_days", Label("间隔下四分位", "lag q1"), "days", detail=True),
    Column("lag_median_days", Label("间隔中位数", "median lag"), "days"),
    Column("lag_q3_days", Label("间隔上四分位", "lag q3"), "days", detail=True),
)


def item_of(asked: Asked) -> str:
    """The column of `bought_lines` that `by` means."""
    return ITEM[asked["by"]]


def known_by(asked: Asked) -> tuple[Label, ...]:
    """A note where lines lack what they are looked at by, since products were not imported."""
    if asked["by"] == "product" or asked.has("products"):
        return ()
    by = asked["by"]
    return (Label(f"没有商品资料，无法按 {by} 看：请导入 products", f"no {by} is known: import products"),)


def named(texts: Sequence[str | None], titles: Mapping[str, str], joiner: str) -> list[str | None]:
    """Each text with the ids in it told by name; what has no name stays its id."""
    return [
        None if text is None else joiner.join(titles.get(part, part) for part in text.split(joiner)) for text in texts
    ]


def with_names(table: pa.Table, columns: Sequence[str], asked: Asked, joiner: str = "\0") -> pa.Table:
    """The table with `COLUMN_name` beside each column of products; the same text where they are no products."""
    titles = asked.titles("product") if asked["by"] == "product" else {}
    for name in columns:
        texts = named(table.column(name).to_pylist(), titles, joiner)
        table = table.append_column(f"{name}_name", pa.array(texts, pa.string()))
    return table


def id_and_name(name: str, title: Label) -> tuple[Column, Column]:
    """The two columns that `with_names` gives: the id for programs, the name for people."""
    code = Label(f"{title.zh}编码", f"{title.en} id")
    return Column(name, code, "text", detail=True), Column(f"{name}_name", title, "text")


def first_known(asked: Asked, named: str | None, usual: Sequence[str]) -> str | None:
    """The inside column of the attribute that was named, else of the first usual one that the profile has; None where
    it has none. Raises `unknown_attribute` for a name that it has not."""
    if named is not None:
        return asked.column(named)
    for name in usual:
        try:
            return asked.column(name)
        except TierwiseError:
            continue
    return None


def of_another_day(asked: Asked) -> Label:
    """A note of an insight over the profile, which is of the run's day alone."""
    return Label(
        f"画像是 {asked.of_run} 的：请看 {asked.as_of} 当天的跑批；没有就先跑一次",
        f"the profile is of {asked.of_run}: ask a run of {asked.as_of}, or run as of that day first",
    )
