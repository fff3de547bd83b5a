"""Small tables about a caller's frames, as plain Python values: deciles, Pareto, RFM cells, moves between stages.

Frames are as in `engine/frame_api.py`. Amounts of decimals come back as decimals of the same digits, whole numbers as
integers, floats as floats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeVar

import narwhals as nw

from tierwise.definitions.base import Text
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.rfm import Rfm
from tierwise.engine.canonical import KEY, to_inside
from tierwise.engine.frame_api import definition_from, require_numbers
from tierwise.engine.frames import ask
from tierwise.kernel.money import exponent, from_minor
from tierwise.metrics.customer import Keep
from tierwise.metrics.deciles import (
    Amount,
    GroupRow,
    PartRow,
    PartTable,
    TopShare,
    concentration_curve,
    decile_parts,
    top_share,
)
from tierwise.metrics.deciles import decile_table as table_of
from tierwise.metrics.distribution import Distribution, distribution_of
from tierwise.metrics.frame import Frame, require_columns
from tierwise.metrics.lifecycle import Transition
from tierwise.metrics.lifecycle import transitions as moves_of
from tierwise.metrics.rfm import RfmSummary, rfm_columns, rfm_inputs, rfm_summary

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CellRow:
    """One of the eight cells, money in currency units; shares are null where there is nothing to take a share of."""

    code: str
    name: Text
    customers: int
    share: float | None
    monetary_amount: Decimal
    monetary_share: float | None
    per_head: Decimal | None


@dataclass(frozen=True, slots=True)
class CellTable:
    """All eight cells, from 111 on, and how many customers were not scored, by reason."""

    cells: tuple[CellRow, ...]
    scored: int
    unscored: int
    reasons: dict[str, int]


def decile_table(
    frame: Any,
    *,
    metric: str = "monetary_amount",
    parts: int = 10,
    groups: Mapping[str, Any] | None = None,
    customer_id: str = KEY,
) -> PartTable:
    """What each part brings, from the top: customers, total, share, cumulative share, per head, lowest, highest.

    frame: one row per customer. groups: `{"by_hand": [1, 3, 10]}` or `{"largest_gaps": 3}`. Customers without the
    metric are in no part and counted as `unranked`. Shares are null where the total is not positive, with the `reason`.
    Raises as `deciles`.
    """
    asked = definition_from(Deciles, None, {"metric": metric, "parts": parts, "groups": groups, "name": "part__"})

    def question(whole: Frame, digits: int | None) -> PartTable:
        table = table_of(decile_parts(whole, asked, tie_by=customer_id), asked)
        if digits is None:
            return table
        return replace(
            table,
            total=_amount(table.total, digits),
            parts=tuple(_outside(row, digits) for row in table.parts),
            groups=tuple(_group_outside(row, digits) for row in table.groups),
            is_money=True,
        )

    return _about(frame, metric, question, customer_id)


def pareto(frame: Any, *, metric: str = "monetary_amount", top: float = 0.2) -> TopShare:
    """What the top fraction of customers brings, their number rounded half up, at least one.

    Raises `missing_column`, `not_a_number`, `bad_fraction`.

    >>> import polars as pl
    >>> pareto(pl.DataFrame({"spend": [60.0, 20.0, 10.0, 10.0]}), metric="spend", top=0.25).share
    0.6
    """

    def question(whole: Frame, digits: int | None) -> TopShare:
        return _top_outside(top_share(distribution_of(whole, metric), top), digits)

    return _about(frame, metric, question)


def pareto_curve(frame: Any, *, metric: str = "monetary_amount", points: int = 100) -> tuple[TopShare, ...]:
    """The curve "the top x % bring y %", at 1/points, 2/points, … 1, from the top; empty over nobody."""

    def question(whole: Frame, digits: int | None) -> tuple[TopShare, ...]:
        found: Distribution = distribution_of(whole, metric)
        return tuple(_top_outside(point, digits) for point in concentration_curve(found, points))

    return _about(frame, metric, question)


def rfm_cells(scored: Any, *, definition: Rfm | None = None, currency: str = "CNY", **fields: Any) -> CellTable:
    """The eight cells of what `rfm` gave, with the same definition or the same fields; always all eight.

    Raises `bad_definition`, `missing_column`.
    """
    asked, digits = definition_from(Rfm, definition, fields), exponent(currency)
    names, money = rfm_columns(asked), rfm_inputs(asked)[2].removesuffix("_minor")

    def question(given: Mapping[str, Frame], _: Keep) -> RfmSummary:
        require_columns(given["scored"], (money, names["cell"], names["reason"]), "what `rfm` gave")
        return rfm_summary(to_inside(given["scored"], digits), asked)

    summary = ask({"scored": scored}, question)
    cells = tuple(
        CellRow(
            cell.code,
            cell.name,
            cell.customers,
            cell.share,
            from_minor(cell.monetary_minor, currency),
            cell.monetary_share,
            None if cell.per_head_minor is None else from_minor(cell.per_head_minor, currency),
        )
        for cell in summary.cells
    )
    return CellTable(cells, summary.scored, summary.unscored, summary.reasons)


def transitions(
    before: Any, after: Any, *, column: str = "lifecycle_stage", customer_id: str = KEY
) -> tuple[Transition, ...]:
    """How customers moved between two dates, most first; null for those who are in one of the frames only.

    before, after: one row per customer. `transition_matrix` makes a square of it. Raises `missing_column`.
    """
    return ask(
        {"before": before, "after": after},
        lambda given, _: moves_of(given["before"], given["after"], column, key=customer_id),
    )


def _about(frame: Any, metric: str, question: Callable[[Frame, int | None], T], *others: str) -> T:
    """Ask about a frame whose metric is whole numbers where it was decimals, of so many digits."""

    def whole(given: Mapping[str, Frame]) -> tuple[Frame, int | None]:
        require_numbers(given["frame"], metric, *others)
        dtype = given["frame"].collect_schema()[metric]
        if not isinstance(dtype, nw.Decimal):
            return given["frame"], None
        units = (nw.col(metric) * 10**dtype.scale).cast(nw.Int64)
        return given["frame"].with_columns(units.alias(metric)), dtype.scale

    return ask({"frame": frame}, lambda given, _: question(*whole(given)))


def _amount(value: Amount, digits: int | None) -> Any:
    """Units as a decimal of so many digits; the value itself where it was none."""
    return value if digits is None else Decimal(int(value)).scaleb(-digits)


def _head(total: Amount, customers: int, digits: int) -> Any:
    """Per head, rounded half away from zero to the digits."""
    exact = Decimal(int(total)).scaleb(-digits) / customers
    return exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _outside(row: PartRow, digits: int) -> PartRow:
    return replace(
        row,
        total=_amount(row.total, digits),
        per_head=_head(row.total, row.customers, digits),
        lowest=_amount(row.lowest, digits),
        highest=_amount(row.highest, digits),
    )


def _group_outside(row: GroupRow, digits: int) -> GroupRow:
    return replace(row, total=_amount(row.total, digits), per_head=_head(row.total, row.customers, digits))


def _top_outside(found: TopShare, digits: int | None) -> TopShare:
    return replace(found, total=_amount(found.total, digits))


__all__: Sequence[str] = ("CellRow", "CellTable", "decile_table", "pareto", "pareto_curve", "rfm_cells", "transitions")
