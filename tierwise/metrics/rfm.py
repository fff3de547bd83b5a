"""RFM: how recent, how often, how much, as three scores and one of eight cells.

The population is who has an order in the window and whose money is known; everyone else is null, with a reason.
First the scales are learnt from the population (`rfm_scales.py`: cuts and what counts as high, exact), then each
customer is scored against them (`rfm_scores`: comparisons with whole numbers). So the cuts can be shown, kept and
compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

import narwhals as nw

from tierwise.definitions.base import Text
from tierwise.definitions.rfm import CELL_NAMES, Rfm
from tierwise.kernel.windows import Window
from tierwise.metrics.frame import Frame, integer_sum, rows_of

_MONEY = {"net": "monetary_amount", "gross": "monetary_amount_gross", "profit": "profit_amount"}

NO_ORDERS, UNKNOWN_COST = "no_orders", "unknown_cost"


@dataclass(frozen=True, slots=True)
class Measure:
    """How one of R, F, M is scored.

    cuts: ascending, in the column's own unit (days, orders, minor units). score = 1 + cuts strictly below the value;
    `turned` scores (recency) are bins + 1 minus that. high_above: a score is high where strictly above it; null
    where nobody was there to learn from.
    """

    column: str
    bins: int
    cuts: tuple[Fraction, ...]
    turned: bool
    high_above: Fraction | None
    customers_by_score: tuple[int, ...]

    def score(self, value: int) -> int:
        """The score of one value, 1..bins."""
        below = sum(cut < value for cut in self.cuts)
        return self.bins - below if self.turned else 1 + below

    def is_high(self, score: int) -> bool:
        return self.high_above is not None and score > self.high_above


@dataclass(frozen=True, slots=True)
class RfmScales:
    """The three measures as learnt from `customers` scored customers."""

    recency: Measure
    frequency: Measure
    monetary: Measure
    customers: int


@dataclass(frozen=True, slots=True)
class RfmCell:
    """One of the eight cells. share: of the scored customers; monetary_share: of their money; null where there is
    none to take a share of. Money in minor units; per_head is rounded half away from zero."""

    code: str
    name: Text
    customers: int
    share: float | None
    monetary_minor: int
    monetary_share: float | None
    per_head_minor: int | None
    strategy: Text | None


@dataclass(frozen=True, slots=True)
class RfmSummary:
    """The eight cells, always all, from 111 on; and how many were not scored, by reason."""

    cells: tuple[RfmCell, ...]
    scored: int
    unscored: int
    reasons: dict[str, int]


def rfm_columns(definition: Rfm) -> dict[str, str]:
    """The names of the columns that `rfm_scores` adds. Beside the one named `rfm`, names carry the definition's."""
    name = definition.name
    prefix = "" if name == "rfm" else f"{name}_"
    return {
        "r": f"{prefix}r_score", "f": f"{prefix}f_score", "m": f"{prefix}m_score",
        "score": f"{name}_score", "cell": f"{name}_cell", "reason": f"{name}_reason",
    }  # fmt: skip


def rfm_windows(definition: Rfm) -> tuple[int, ...]:
    """The windows that `customer_metrics` must count for this definition."""
    return () if definition.last_days is None else (definition.last_days,)


def rfm_inputs(definition: Rfm) -> tuple[str, str, str]:
    """The inside columns that are scored: recency, frequency, money."""
    at = Window(definition.last_days).suffix
    return "recency_days", f"frequency_count{at}", f"{_MONEY[definition.money]}{at}_minor"


def is_scored(frequency: str, money: str) -> nw.Expr:
    """Whether the customer is in the population."""
    return (nw.col(frequency).fill_null(0) > 0) & ~nw.col(money).is_null()


def rfm_scores(metrics: Frame, definition: Rfm, scales: RfmScales) -> Frame:
    """The frame with six more columns (`rfm_columns`): three scores, "111" to "555", "000" to "111", and the reason.

    Who is not in the population has nulls, and a reason: `no_orders` in the window, or `unknown_cost`.
    """
    names = rfm_columns(definition)
    _, frequency, money = rfm_inputs(definition)
    scored = is_scored(frequency, money)
    reason = (
        nw.when(nw.col(frequency).fill_null(0) <= 0)
        .then(nw.lit(NO_ORDERS))
        .otherwise(nw.when(nw.col(money).is_null()).then(nw.lit(UNKNOWN_COST)))
    )
    measures = ((names["r"], scales.recency), (names["f"], scales.frequency), (names["m"], scales.monetary))
    with_scores = metrics.with_columns(
        *(nw.when(scored).then(_score(measure)).alias(name) for name, measure in measures),
        reason.alias(names["reason"]),
    )
    digits = [nw.col(name).cast(nw.String) for name, _ in measures]
    highs = [_high(name, measure) for name, measure in measures]
    return with_scores.with_columns(
        nw.concat_str(digits).alias(names["score"]), nw.concat_str(highs).alias(names["cell"])
    )


def _score(measure: Measure) -> nw.Expr:
    score = nw.lit(measure.bins if measure.turned else 1)
    for cut in measure.cuts:
        # Values are whole numbers: strictly above the cut is strictly above its floor.
        above = nw.when(nw.col(measure.column) > nw.lit(floor(cut))).then(nw.lit(1)).otherwise(nw.lit(0))
        score = score - above if measure.turned else score + above
    return score.cast(nw.Int64)


def _high(name: str, measure: Measure) -> nw.Expr:
    highest = measure.bins if measure.high_above is None else floor(measure.high_above)
    high = nw.when(nw.col(name) > nw.lit(highest)).then(nw.lit("1")).otherwise(nw.lit("0"))
    return nw.when(~nw.col(name).is_null()).then(high)


def rfm_summary(scored: Frame, definition: Rfm) -> RfmSummary:
    """The cells of a frame that `rfm_scores` gave; executes one grouping of it."""
    names = rfm_columns(definition)
    money = rfm_inputs(definition)[2]
    rows = rows_of(
        scored.group_by(names["cell"], names["reason"]).agg(
            nw.len().cast(nw.Int64).alias("customers"), integer_sum(nw.col(money).fill_null(0)).alias("money")
        )
    )
    found = {cell: (customers, amount) for cell, _, customers, amount in rows if cell is not None}
    reasons: dict[str, int] = {}
    for cell, reason, customers, _ in rows:
        if cell is None:
            reasons[reason] = reasons.get(reason, 0) + customers
    people = sum(customers for customers, _ in found.values())
    total = sum(amount for _, amount in found.values())
    cells = []
    for code in CELL_NAMES:
        customers, amount = found.get(code, (0, 0))
        cells.append(
            RfmCell(
                code=code,
                name=definition.cell_names.get(code) or CELL_NAMES[code],
                customers=customers,
                share=customers / people if people else None,
                monetary_minor=amount,
                monetary_share=amount / total if total > 0 else None,
                per_head_minor=per_head(amount, customers),
                strategy=definition.strategies.get(code),
            )
        )
    return RfmSummary(tuple(cells), people, sum(reasons.values()), dict(sorted(reasons.items())))


def per_head(total: int, customers: int) -> int | None:
    """total / customers rounded half away from zero; null over nobody.

    >>> per_head(5, 2), per_head(-5, 2), per_head(0, 0)
    (3, -3, None)
    """
    if customers == 0:
        return None
    size = (2 * abs(total) + customers) // (2 * customers)
    return -size if total < 0 else size
