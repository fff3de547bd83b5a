"""Due rules: after how many days or kilometres a vehicle is due for what, model by model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from tierwise.definitions.base import Definition, Part

DueKind = Literal["first_service", "service", "insurance", "warranty", "inspection", "loan_end"]

BY_MILEAGE: tuple[DueKind, ...] = ("first_service", "service", "warranty")
"""What may be due by kilometres; all else is due by time alone."""


class DueInterval(Part):
    """A vehicle is due after so many days or kilometres, whichever comes first.

    model: as the vehicles' file has it; left out, for all models without a rule of their own. source: who says so.
    """

    kind: DueKind
    model: Annotated[str, StringConstraints(min_length=1)] | None = None
    days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    km: Annotated[int, Field(ge=1, le=2_000_000)] | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _of_days_or_km(self) -> DueInterval:
        if self.days is None and self.km is None:
            raise ValueError("days, km or both: after what else would it be due")
        if self.km is not None and self.kind not in BY_MILEAGE:
            raise ValueError(f"{self.kind} is not due by km: give days alone")
        return self


class DueRules(Definition):
    """The intervals by which `tierwise insight vehicle_due` dates vehicles; the profile reads nothing of them.

    There is one such definition; what it does not name has no rule. A date that a vehicle carries itself comes before.
    """

    kind: Literal["due_rules"] = "due_rules"
    name: Literal["vehicle_due"] = "vehicle_due"
    rules: Annotated[tuple[DueInterval, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> DueRules:
        named = [(rule.kind, rule.model) for rule in self.rules]
        twice = sorted(
            {f"{kind} of {model or 'all models'}" for kind, model in named if named.count((kind, model)) > 1}
        )
        if twice:
            raise ValueError(f"given twice: {', '.join(twice)}")
        return self
