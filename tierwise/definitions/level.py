"""Level: customers graded by a scorecard into named levels, the best first (客户分级)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tierwise.definitions.base import Definition
from tierwise.definitions.rule import Rule
from tierwise.definitions.scorecard import Grades, Scorecard


class Level(Definition):
    """A total ladder over its population: each customer in it has a score and one of the levels.

    population: who is graded, and whom scales and shares are learnt from; others have no level, with the reason
    `not_in_population`. levels: two to nine, the best first, cut by score (`at_least`) or by share.
    """

    kind: Literal["level"] = "level"
    scorecard: Scorecard
    population: Annotated[Rule | None, Field()] = None
    levels: Grades
