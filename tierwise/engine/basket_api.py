"""The Python door for baskets: `tierwise.association_rules`. Frames are as in `engine/frame_api.py`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
from narwhals.typing import IntoFrameT

from tierwise.engine.frames import back_as, opened
from tierwise.metrics.association import association_rules as rules_of


def association_rules(
    lines: IntoFrameT,
    *,
    basket: str = "order_id",
    item: str = "product_id",
    min_support: float | Fraction,
    min_confidence: float | Fraction,
    max_left: int | None = 1,
) -> IntoFrameT:
    """One row per rule "who has the left has the right as well": left, right, count, support, confidence, lift,
    p_value, adjusted_p_value, leverage, conviction, left_size, left_count, right_count, basket_count; most leverage
    first.

    lines: one row for each item of a basket; doubled rows count once, rows without a basket or an item not at all.
    A -> B and B -> A are two rules. min_support, min_confidence: shares above 0, up to 1, exact as written; a rule at
    the threshold is in. max_left: items on the left at most, None for any number. left: sorted, joined by " + ". The
    formulas, the tests and the order are told in `metrics/association.py` and docs/basket.md.

    Raises `missing_column`, `bad_value`, and what `opened` raises.

    >>> import polars as pl
    >>> baskets = [("1", "bread"), ("1", "jam"), ("2", "bread"), ("2", "jam"), ("3", "bread"), ("4", "tea")]
    >>> lines = pl.DataFrame(baskets, schema=["order_id", "product_id"], orient="row")
    >>> rules = association_rules(lines, min_support=0.5, min_confidence=0.5)
    >>> rules.select("left", "right", "count", "confidence", "lift").row(0)
    ('jam', 'bread', 2, 1.0, 1.3333333333333333)
    """
    with opened({"lines": lines}, "UTC") as (inside, _, connection):
        found = rules_of(
            inside["lines"],
            basket=basket,
            item=item,
            min_support=min_support,
            min_confidence=min_confidence,
            max_left=max_left,
        )
        if connection is not None:
            eagerly: IntoFrameT = back_as(found, lines)
            return eagerly
    lazily: IntoFrameT = on_engine(found, lines)
    return lazily


def on_engine(table: pa.Table, like: Any) -> Any:
    """A small table on the engine of a frame: a relation of DuckDB's own connection, or a DataFrame of its session."""
    if nw.from_native(like).implementation.is_duckdb():
        return duckdb.from_arrow(table)
    return like.sparkSession.createDataFrame(table)


__all__ = ["association_rules", "on_engine"]
