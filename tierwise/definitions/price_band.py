"""Price band: what is dear, middling and cheap within a category, and to which a customer leans (价格带)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tierwise.definitions.base import Definition, Name
from tierwise.definitions.rule import Days

PRICE_BANDS = ("high", "mid", "low")

Quantile = Annotated[Decimal, Field(gt=0, lt=1, decimal_places=6)]


class PriceBand(Definition):
    """Bands per category by quantiles of the unit price, and each customer's leaning: the band of most of what they
    bought.

    low_up_to, high_above: quantiles; a price is low up to the first (included), high strictly above the second.
    each: what counts once in a category: every `line` sold, or every `price` at which a product was sold, however
    often. count: by what the leaning is counted. category_depth: so many steps of the category's path; all where left
    out. at_least_prices: a category with fewer different prices has no bands. last_days: what the leaning looks at; the
    bands look at everything up to as_of.
    """

    kind: Literal["price_band"] = "price_band"
    name: Name = "price_band"
    low_up_to: Quantile = Decimal("0.333333")
    high_above: Quantile = Decimal("0.666667")
    each: Literal["line", "price"] = "line"
    count: Literal["units", "lines"] = "units"
    category_depth: Annotated[int, Field(ge=1, le=9)] | None = None
    at_least_prices: Annotated[int, Field(ge=2, le=1000)] = 3
    last_days: Days | None = None

    @model_validator(mode="after")
    def _in_order(self) -> PriceBand:
        if self.low_up_to >= self.high_above:
            raise ValueError("low_up_to must be below high_above")
        return self
