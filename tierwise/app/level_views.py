"""What is shown of levels and matrices: plain frozen values for every door.

Points have two decimals; money and other amounts are in the attribute's own unit; shares are 0..1, null where they
cannot be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from tierwise.app.views import Label, Number

Shown = Number | str | bool
"""A value as people see it."""


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """One line of a scorecard. weight: as it was used, derived or set. highest: the most points the line can give."""

    name: str
    title: Label
    attribute: str
    unit: str
    normalise: str
    direction: str
    weight: float
    highest: float


@dataclass(frozen=True, slots=True)
class NeedView:
    """What one indicator alone could do for a level, all others held: customers it could lift to the next, and how much
    it would have to change for them on average; null where that is no number."""

    indicator: str
    customers: int
    mean_change: float | None


@dataclass(frozen=True, slots=True)
class LevelRowView:
    """One level, the best first. at_least: the lowest score that belongs to it, null for the last and where nobody was
    there to learn it from. mean_points_to_next, near (lack at most `within` points), beyond (no indicator alone would
    do) and needs are null, 0 and empty for the best."""

    name: str
    title: Label
    customers: int
    share: float | None
    monetary_amount: Decimal
    monetary_share: float | None
    at_least: float | None
    mean_score: float | None
    mean_points_to_next: float | None
    near: int
    beyond: int
    needs: tuple[NeedView, ...]
    strategy: Label | None
    owner: str | None
    benefits: Label | None


@dataclass(frozen=True, slots=True)
class LevelView:
    """A ladder of levels with its scorecard. weights: how they came about; consistency_ratio: of AHP judgements, null
    for other weights. cut: by `score` or by `share`. outside: customers without a level."""

    run_id: int
    as_of: date
    name: str
    title: Label
    currency: str
    weights: Literal["set", "entropy", "ahp"]
    consistency_ratio: float | None
    cut: Literal["score", "share"]
    within: Decimal
    indicators: tuple[IndicatorView, ...]
    rows: tuple[LevelRowView, ...]
    customers: int
    outside: int


@dataclass(frozen=True, slots=True)
class ClosingView:
    """What one indicator alone would have to become for the next level. how: `at_least` or `at_most` the needed value,
    or `one_of` (needed is then a list); both null where no value would do."""

    indicator: str
    unit: str
    now: Shown | None
    points: float
    points_needed: float
    how: Literal["at_least", "at_most", "one_of"] | None
    needed: Shown | tuple[Shown, ...] | None


@dataclass(frozen=True, slots=True)
class NearMissRow:
    """One customer who lacks little, and what would close it."""

    customer_id: str
    level: str
    next_level: str
    score: float
    points_to_next: float
    closings: tuple[ClosingView, ...]


@dataclass(frozen=True, slots=True)
class NearMissesView:
    """Those who lack at most `within` points to the next level, the nearest first. of: how many there are in all."""

    run_id: int
    as_of: date
    name: str
    title: Label
    within: Decimal
    of: int
    rows: tuple[NearMissRow, ...]


@dataclass(frozen=True, slots=True)
class PartView:
    """One part of a dimension. at_least: the lowest value that belongs to it, as learnt or given, null for the last and
    for listed values."""

    name: str
    title: Label
    at_least: Number | None
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DimensionView:
    """One dimension, the highest part first."""

    name: str
    title: Label
    attribute: str
    unit: str
    parts: tuple[PartView, ...]


@dataclass(frozen=True, slots=True)
class MatrixCellView:
    """One named cell over all its combinations."""

    name: str
    title: Label
    customers: int
    share: float | None
    monetary_amount: Decimal
    monetary_share: float | None
    strategy: Label | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class CombinationView:
    """One combination of parts, in the order of the dimensions, and its cell."""

    parts: tuple[str, ...]
    cell: str
    customers: int
    share: float | None
    monetary_amount: Decimal
    monetary_share: float | None


@dataclass(frozen=True, slots=True)
class MatrixView:
    """A matrix: cells and combinations, empty ones too. outside: customers in no cell, by reason."""

    run_id: int
    as_of: date
    name: str
    title: Label
    currency: str
    dimensions: tuple[DimensionView, ...]
    cells: tuple[MatrixCellView, ...]
    rows: tuple[CombinationView, ...]
    customers: int
    outside: dict[str, int]
