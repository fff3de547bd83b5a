"""Deciles: rank by a metric, ten parts, and groups of parts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tierwise.definitions.base import Definition, Name, Part


class Groups(Part):
    """Parts merged into groups G1..Gn, from the top.

    by_hand: the last part of each group, ascending, ending with the last part: [1, 3, 10] is G1 = 1, G2 = 2-3,
    G3 = 4-10. largest_gaps: so many groups, cut where the per-head amount falls most from one part to the next.
    """

    by_hand: tuple[int, ...] = ()
    largest_gaps: Annotated[int, Field(ge=2, le=10)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Groups:
        if bool(self.by_hand) == (self.largest_gaps is not None):
            raise ValueError("give by_hand or largest_gaps, one of them")
        if list(self.by_hand) != sorted(set(self.by_hand)):
            raise ValueError("by_hand must ascend")
        return self


class Deciles(Definition):
    """Parts by a metric of the profile: SQL NTILE, 1 = top, ties by customer_id; null metrics get no part."""

    kind: Literal["deciles"] = "deciles"
    name: Name = "spend_decile"
    metric: str = "monetary_amount"
    parts: Annotated[int, Field(ge=2, le=100)] = 10
    groups: Groups | None = None

    @model_validator(mode="after")
    def _groups_fit(self) -> Deciles:
        if (
            self.groups
            and self.groups.by_hand
            and (self.groups.by_hand[0] < 1 or self.groups.by_hand[-1] != self.parts)
        ):
            raise ValueError(f"the last group must end with part {self.parts}")
        if self.groups and self.groups.largest_gaps and self.groups.largest_gaps > self.parts:
            raise ValueError("more groups than parts")
        return self
