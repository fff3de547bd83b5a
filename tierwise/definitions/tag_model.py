"""Model: a value that comes of a score, which something learns on demand and the runs after it read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from tierwise.definitions.base import Name, Part, Text
from tierwise.definitions.rule import Days
from tierwise.definitions.tag_text import TagText, refuse_twice

TopShare = Annotated[float, Field(gt=0, le=1)]
"""The top so many of all who were scored: 0.1 is the top tenth."""


class ModelBand(Part):
    """A value, and down to which share of all, from the top, it is given."""

    value: TagText
    title: Text = Text()
    top_share: TopShare


class Model(Part):
    """A value that a model gives. Without `learns` and `segment` it is a slot: kept, shown, and computed by nothing.

    learns: top_tenth (to be among the tenth of all who spend most) or buys (at all), within within_days; segment: how
    alike a customer is to that group, in place of both. top_share: of a yes tag, how many of all have it; bands: of a
    tag with values, the highest scores first. `tierwise tag score NAME` learns and scores.
    """

    claim: str | None = None
    learns: Literal["top_tenth", "buys"] | None = None
    within_days: Days | None = None
    segment: Name | None = None
    by: Literal["boosting", "logistic"] = "boosting"
    top_share: TopShare | None = None
    bands: tuple[ModelBand, ...] = ()

    @field_validator("bands")
    @classmethod
    def _widen(cls, bands: tuple[ModelBand, ...]) -> tuple[ModelBand, ...]:
        refuse_twice(each.value for each in bands)
        shares = [each.top_share for each in bands]
        if shares != sorted(set(shares)):
            raise ValueError("top_share must grow from band to band: the highest scores come first")
        return bands

    @model_validator(mode="after")
    def _can_be_learnt(self) -> Model:
        if not self.learnt:
            if self.within_days is not None or self.bands or self.top_share is not None:
                raise ValueError("say what it learns: learns, or segment")
            return self
        if self.learns is not None and self.segment is not None:
            raise ValueError("it learns an outcome, or likeness to a segment, not both")
        if (self.learns is None) != (self.within_days is None):
            raise ValueError("within_days belongs to learns, and to nothing else")
        if (self.top_share is None) == (not self.bands):
            raise ValueError("who has it? say top_share, or bands with a value each, one of them")
        return self

    @property
    def learnt(self) -> bool:
        """Whether it says what there is to learn."""
        return self.learns is not None or self.segment is not None
