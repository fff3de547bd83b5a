"""RFM: how recent, how often, how much; three scores, and eight named cells."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tierwise.definitions.base import Definition, Name, Part, Text

CELL_NAMES: dict[str, Text] = {
    "111": Text(zh="重要价值客户", en="Key value"),
    "101": Text(zh="重要发展客户", en="Key to develop"),
    "011": Text(zh="重要保持客户", en="Key to keep"),
    "001": Text(zh="重要挽留客户", en="Key to win back"),
    "110": Text(zh="一般价值客户", en="Ordinary value"),
    "100": Text(zh="一般发展客户", en="Ordinary to develop"),
    "010": Text(zh="一般保持客户", en="Ordinary to keep"),
    "000": Text(zh="一般挽留客户", en="Ordinary to win back"),
}
"""The eight cells in the order of R, F, M; 1 is high."""


class Scale(Part):
    """How values become scores 1..bins, higher value, higher score (recency is turned round afterwards).

    quantile: type-7 quantile cuts at 1/bins, 2/bins, …; breakpoints: the given cuts, ascending, bins = cuts + 1;
    jenks: natural breaks, exact. Score = 1 + number of cuts strictly below the value, so ties share a score.
    """

    method: Literal["quantile", "breakpoints", "jenks"] = "quantile"
    bins: Annotated[int, Field(ge=2, le=9)] = 5
    cuts: tuple[Decimal, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _bins_from_cuts(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("method") == "breakpoints" and "bins" not in data and data.get("cuts"):
            return {**data, "bins": len(data["cuts"]) + 1}
        return data

    @model_validator(mode="after")
    def _cuts_fit(self) -> Scale:
        if self.method == "breakpoints":
            if len(self.cuts) != self.bins - 1:
                raise ValueError(f"breakpoints for {self.bins} bins need {self.bins - 1} cuts, not {len(self.cuts)}")
            if any(a >= b for a, b in pairwise(self.cuts)):
                raise ValueError("cuts must ascend, each larger than the one before")
        elif self.cuts:
            raise ValueError(f'cuts belong to method "breakpoints", not "{self.method}"')
        return self


class High(Part):
    """When a score counts as high: strictly above the mean or the median score of the population, or a threshold."""

    against: Literal["mean", "median", "threshold"] = "mean"
    threshold: Decimal | None = None

    @model_validator(mode="after")
    def _threshold_fits(self) -> High:
        if (self.against == "threshold") != (self.threshold is not None):
            raise ValueError("a threshold belongs to against: threshold, and only to it")
        return self


class Rfm(Definition):
    """RFM of those who have an order in the window; others are unscored, with the reason `no_orders`.

    last_days: the window's length in days, null for the whole life. money: net (after discount, coupon and
    refunds), gross, or profit (net - cost; null where a cost is not known).
    """

    kind: Literal["rfm"] = "rfm"
    name: Name = "rfm"
    last_days: Annotated[int, Field(ge=1, le=36_600)] | None = None
    money: Literal["net", "gross", "profit"] = "net"
    recency: Scale = Scale()
    frequency: Scale = Scale()
    monetary: Scale = Scale()
    high_recency: High = High()
    high_frequency: High = High()
    high_monetary: High = High()
    cell_names: dict[str, Text] = Field(default_factory=lambda: dict(CELL_NAMES))
    strategies: dict[str, Text] = Field(default_factory=dict)
    """What is done for the customers of a cell, by its code; a cell without one is flagged."""
