"""What a frame is here, and the few expressions for which DuckDB and Spark need the same words.

Counts and money are 64-bit integers: every sum is cast to Int64, so two runs and two engines agree exactly.
Quotients are taken last, of integers, so they agree as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, TypeAlias

import narwhals as nw

from tierwise.kernel.errors import Problem, TierwiseError, did_you_mean

Frame: TypeAlias = nw.LazyFrame[Any]
"""A lazy frame on whatever engine it came from: `narwhals.from_native(relation)`."""


def rows_of(frame: Frame) -> list[tuple[Any, ...]]:
    """Executes the frame and gives its rows; DuckDB's own way where it is one, which need not load Arrow."""
    native = nw.to_native(frame)
    if frame.implementation.is_duckdb():
        found: list[tuple[Any, ...]] = native.fetchall()
        return found
    return frame.collect(backend="pyarrow").rows()


def columns_of(frame: Frame) -> tuple[str, ...]:
    """The names of its columns; nothing is executed."""
    return tuple(frame.collect_schema().names())


def require_columns(frame: Frame, needed: Iterable[str], what: str) -> None:
    """Raises `missing_column` for all that are missing at once, each with the nearest name that is there."""
    there = columns_of(frame)
    problems = [
        Problem(
            "missing_column",
            f'{what} have no column "{name}"',
            name,
            did_you_mean(name, there) or f"there are: {', '.join(there)}",
        )
        for name in needed
        if name not in there
    ]
    if problems:
        raise TierwiseError.of(problems)


def distinct(frame: Frame) -> Frame:
    """Each row once, nulls being equal. (`unique()` numbers the rows of each group on DuckDB: far slower.)"""
    return frame.group_by(*columns_of(frame)).agg()


def integer_sum(expression: nw.Expr) -> nw.Expr:
    """A sum as Int64; over no rows 0."""
    return expression.sum().cast(nw.Int64)


def count_where(condition: nw.Expr) -> nw.Expr:
    """In how many rows the condition is true, as Int64 (Spark cannot sum booleans, and counting is cheaper)."""
    return nw.when(condition).then(nw.lit(1)).count().cast(nw.Int64)


def days_between(earlier: nw.Expr, later: nw.Expr) -> nw.Expr:
    """Whole days from one date to another, Int64 (Spark lacks `dt.total_*`; a cast of its day interval serves)."""
    return (later - earlier).cast(nw.Int64)


def days_until(day: nw.Expr, as_of: date) -> nw.Expr:
    """as_of - day, in days; 0 on as_of itself; null where there is no day."""
    return days_between(day, nw.lit(as_of))


def quotient(above: nw.Expr, below: nw.Expr) -> nw.Expr:
    """above / below as a float, null where below is not positive: a share of nothing cannot be told."""
    safe = nw.when(below > 0).then(below)
    return above.cast(nw.Float64) / safe.cast(nw.Float64)


def rounded_quotient(above: nw.Expr, below: nw.Expr) -> nw.Expr:
    """above / below rounded to a whole Int64, half away from zero, exactly; null where below is not positive."""
    safe = nw.when(below > 0).then(below)
    doubled = above.abs() * 2 + safe
    # An exact multiple is divided, so the float quotient is exact below 2^53.
    whole = ((doubled - doubled % (safe * 2)) / (safe * 2)).cast(nw.Int64)
    return nw.when(above < 0).then(-whole).otherwise(whole)


def missing(dtype: Any) -> nw.Expr:
    """A null of that type."""
    return nw.lit(None).cast(dtype)


def full_join(left: Frame, right: Frame, key: str) -> Frame:
    """Rows of both, one per key; each side must have one row per key, and share no other column."""
    twin = f"{key}__right"
    joined = left.join(right.rename({key: twin}), left_on=key, right_on=twin, how="full")
    kept = [name for name in (*columns_of(left), *columns_of(right)) if name != key]
    return joined.select(nw.coalesce(nw.col(key), nw.col(twin)).alias(key), *kept)


def left_join_all(left: Frame, others: Sequence[Frame], key: str) -> Frame:
    """Rows of the first, with the columns of the others; each has at most one row per key."""
    for other in others:
        left = left.join(other, on=key, how="left")
    return left
