"""Level: customers graded by a scorecard into named levels, the best first (客户分级)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from tierwise.definitions.classified import Classified
from tierwise.definitions.rule import Rule
from tierwise.definitions.scorecard import Grades, Scorecard
from tierwise.kernel.errors import Problem


class Level(Classified):
    """A total ladder over its population: each customer in it has a score and one of the levels.

    population: who is graded, and whom scales and shares are learnt from; others have no level, with the reason
    `not_in_population`. levels: two to nine, the best first, cut by score (`at_least`) or by share.
    """

    kind: Literal["level"] = "level"
    scorecard: Scorecard
    population: Annotated[Rule | None, Field()] = None
    levels: Grades


def level_warnings(definition: Level) -> Iterator[Problem]:
    """What its levels ought to have besides a cut: a strategy and an owner each."""
    for grade in definition.levels:
        given = (("strategy", grade.strategy), ("owner", grade.owner or definition.owner))
        left = [what for what, there in given if not there]
        if left:
            said = f'level "{grade.name}" has no {" and no ".join(left)}'
            yield Problem("left_open", said, f'level "{definition.name}"')
