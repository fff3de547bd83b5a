"""Activity: new, active (high, mid, low), sleeping, inactive, by how often a customer came lately."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tierwise.definitions.base import Definition, Name

ACTIVITY_CLASSES = ("new", "active_high", "active_mid", "active_low", "sleeping", "inactive")

Days = Annotated[int, Field(ge=1, le=36_600)]


class Activity(Definition):
    """A total ladder over all customers, first that fits:

    new: the first contact is less than new_within_days ago; active_high, active_mid, active_low: at least
    high_at_least, mid_at_least, 1 contacts in the last active_last_days; sleeping: the last contact is less than
    sleeping_within_days ago; inactive: everyone else, those never seen included.
    """

    kind: Literal["activity"] = "activity"
    name: Name = "activity"
    count: Literal["orders", "visits", "interactions"] = "orders"
    new_within_days: Days = 30
    active_last_days: Days = 90
    high_at_least: Annotated[int, Field(ge=2)] = 4
    mid_at_least: Annotated[int, Field(ge=2)] = 2
    sleeping_within_days: Days = 365

    @model_validator(mode="after")
    def _ladder_descends(self) -> Activity:
        if self.mid_at_least >= self.high_at_least:
            raise ValueError("mid_at_least must be smaller than high_at_least")
        if self.sleeping_within_days <= self.active_last_days:
            raise ValueError("sleeping_within_days must be longer than active_last_days")
        return self
