"""Cleaning: rules that find junk accounts, which are flagged with the reason and left out of every number."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tierwise.definitions.base import Definition, Name, Part, Text
from tierwise.definitions.rule import Rule

Days = Annotated[int, Field(ge=0, le=36_600)]

CLEANING_ATTRIBUTES: dict[str, Literal["text", "integer", "number"]] = {
    "name": "text",
    "email": "text",
    "registered_hour": "integer",
    "registered_same_day_count": "integer",
    "registered_same_day_idle_share": "number",
}
"""What cleaning rules may read besides the profile; `metrics/cleaning.py` has what each means."""


class CleaningRule(Part):
    """One kind of junk. `reason` is what people read on a flagged account; without one, the title.

    retention_days: how long a flagged account is kept, counted from its last sign of life.
    """

    name: Name
    title: Text = Text()
    when: Rule
    reason: Text = Text()
    retention_days: Days = 365

    @model_validator(mode="after")
    def _says_why(self) -> CleaningRule:
        if not self.reason_in("zh"):
            raise ValueError(f'rule "{self.name}" has neither a reason nor a title: nobody could tell why')
        return self

    def reason_in(self, language: str) -> str:
        """Why, in that language where there is one."""
        return self.reason.in_language(language) or self.title.in_language(language)


class Cleaning(Definition):
    """Rules in order. An account is junk where at least one is true and nobody has released it from it; what several
    rules find is counted under the first.

    Rules read the profile's attributes before any tier (no RFM, deciles, ladders, levels, tags or segments: those are
    computed on who remains), CLEANING_ATTRIBUTES, and what customers did.
    """

    kind: Literal["cleaning"] = "cleaning"
    name: Name = "cleaning"
    rules: Annotated[tuple[CleaningRule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _unique(self) -> Cleaning:
        names = [rule.name for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rules named twice: {', '.join(twice)}")
        return self
