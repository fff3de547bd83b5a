"""Lifecycle: an ordered ladder of stages, each with the rule by which it is recognised."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tierwise.definitions.base import Definition, Name, Part, Text
from tierwise.definitions.rule import Rule

Days = Annotated[int, Field(ge=1, le=36_600)]


class Silence(Part):
    """How long a silence is still normal, per customer; beyond it the customer is overdue.

    since: what the silence is counted from. normal: `fixed` (fixed_days for everyone), `own` (times x the customer's
    own mean interval, where at_least_intervals are known), or `category` (own, else times x the typical interval of
    the category the customer buys most); where neither is known, fixed_days. The result is kept between
    at_least_days and at_most_days.

    Gives three attributes: silent_days (null where never seen), normal_silence_days, and
    overdue_days = silent_days - normal_silence_days (negative while not yet due).
    """

    since: Literal["last_order", "last_visit", "last_interaction", "last_contact"] = "last_order"
    normal: Literal["fixed", "own", "category"] = "fixed"
    fixed_days: Days = 180
    times: Annotated[float, Field(gt=0, le=20)] = 2.0
    at_least_intervals: Annotated[int, Field(ge=1, le=100)] = 2
    at_least_days: Days = 30
    at_most_days: Days = 730

    @model_validator(mode="after")
    def _bounds_fit(self) -> Silence:
        if self.at_least_days > self.at_most_days:
            raise ValueError("at_least_days is larger than at_most_days")
        return self


class Stage(Part):
    """One stage; `when` is left out in the last one only, which takes everyone who is left."""

    name: Name
    title: Text = Text()
    when: Rule | None = None
    strategy: Text | None = None
    owner: str | None = None


class Lifecycle(Definition):
    """Stages in order: a customer is in the first whose rule is true. The last has no rule, so the ladder is total.

    Rules read the profile's attributes, what customers did, tags, segments, and silent_days, normal_silence_days,
    overdue_days. population: who is on
    the ladder; others have no stage, with the reason `not_in_population`.
    """

    kind: Literal["lifecycle"] = "lifecycle"
    name: Name = "lifecycle_stage"
    silence: Silence = Silence()
    population: Rule | None = None
    stages: Annotated[tuple[Stage, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _total_and_unique(self) -> Lifecycle:
        names = [stage.name for stage in self.stages]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"stages named twice: {', '.join(twice)}")
        for stage in self.stages[:-1]:
            if stage.when is None:
                raise ValueError(f'stage "{stage.name}" has no rule, so no stage after it could be reached')
        if self.stages[-1].when is not None:
            raise ValueError(
                f'the last stage "{self.stages[-1].name}" must have no rule: it takes everyone who is left'
            )
        return self
