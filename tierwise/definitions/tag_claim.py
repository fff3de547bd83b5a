"""Hypothesis: what a tag claims of those who have it, to be held against past days."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from tierwise.definitions.base import Part
from tierwise.definitions.rule import AnyRule, Behaviour, Rule, Span, in_terms_of, leaves_of
from tierwise.definitions.tag_text import TagText, refuse_twice


class Hypothesis(Part):
    """What a tag claims: of `who`, those who have it do `outcome` within so many days more often than those who have
    not.

    who: a rule over customers as of the day the tag is told; everybody of the profile where it is left out. outcome: a
    rule of what customers do (`behaviour` leaves without a window of their own), over the days after that day up to
    within_days later. values: of a tag with values, those of which it is claimed; any value where none is listed.
    at_least_lift: how many times as often as all of `who`, for the claim to be worth acting on.
    """

    who: Rule | None = None
    outcome: Rule
    within_days: Annotated[int, Field(ge=1, le=1100)]
    values: tuple[TagText, ...] = ()
    at_least_lift: Annotated[float, Field(gt=1, le=1000)] = 1.2

    @field_validator("outcome")
    @classmethod
    def _of_deeds(cls, outcome: AnyRule) -> AnyRule:
        for _, leaf in leaves_of(outcome):
            if not isinstance(leaf, Behaviour):
                raise ValueError(
                    "an outcome is what customers do afterwards: only `behaviour`, and all, any, not of it"
                )
            if leaf.behaviour.window != Span():
                raise ValueError("an outcome has no window of its own: within_days says how long")
        return outcome

    @field_validator("values")
    @classmethod
    def _unique(cls, values: tuple[TagText, ...]) -> tuple[TagText, ...]:
        refuse_twice(values)
        return values

    @property
    def outcome_as_of_its_end(self) -> AnyRule:
        """The outcome as a rule as of the last of the days: each leaf looks at the last within_days."""
        span = Span(last_days=self.within_days)
        terms: dict[AnyRule, AnyRule] = {
            leaf: leaf.model_copy(update={"behaviour": leaf.behaviour.model_copy(update={"window": span})})
            for _, leaf in leaves_of(self.outcome)
            if isinstance(leaf, Behaviour)
        }
        return terms[self.outcome] if self.outcome in terms else in_terms_of(self.outcome, terms)
