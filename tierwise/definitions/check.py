"""What can only be checked with all definitions side by side: names that a definition reads, and what is left open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.read import kind_of
from tierwise.definitions.rfm import CELL_NAMES, Rfm
from tierwise.definitions.rule import attributes_of
from tierwise.kernel.errors import Problem, unknown_name

SILENCE_ATTRIBUTES = ("silent_days", "normal_silence_days", "overdue_days")
"""What a lifecycle's own rules may read besides the profile."""

RFM_COLUMNS = ("r_score", "f_score", "m_score", "rfm_score", "rfm_cell")


def check(definitions: Sequence[Definition], attributes: Iterable[str]) -> list[Problem]:
    """All problems between definitions. `attributes`: the names of the profile's columns, traits included."""
    known = set(attributes)
    problems: list[Problem] = []
    columns: dict[str, str] = {}
    for definition in definitions:
        place = f'{kind_of(definition)} "{definition.name}"'
        if not isinstance(definition, Rfm) and kind_of(definition) != "project":
            folded = definition.name.casefold()
            if folded in columns or folded in {name.casefold() for name in known}:
                other = columns.get(folded, "an attribute of the profile")
                problems.append(Problem("name_taken", f'the name "{definition.name}" is taken by {other}', place))
            columns[folded] = place
        readable = known | _tiers(definitions) if isinstance(definition, Lifecycle) else known
        for attribute in _reads(definition):
            if attribute not in readable:
                problems.append(unknown_name("attribute", attribute, readable, place))
    return problems


def _tiers(definitions: Sequence[Definition]) -> set[str]:
    """The columns that RFM, deciles and activity add: a lifecycle comes after them and may read them."""
    named = {d.name for d in definitions if isinstance(d, Deciles | Activity)}
    return named | set(RFM_COLUMNS)


def left_open(definitions: Sequence[Definition]) -> list[Problem]:
    """Warnings: stages and cells without a strategy or an owner."""
    return [problem for definition in definitions for problem in _left_open(definition)]


def _left_open(definition: Definition) -> Iterator[Problem]:
    place = f'{kind_of(definition)} "{definition.name}"'
    if isinstance(definition, Lifecycle):
        for stage in definition.stages:
            lacking = [
                what
                for what, given in (("strategy", stage.strategy), ("owner", stage.owner or definition.owner))
                if not given
            ]
            if lacking:
                yield Problem("left_open", f'stage "{stage.name}" has no {" and no ".join(lacking)}', place)
    if isinstance(definition, Rfm):
        for code in CELL_NAMES:
            if code not in definition.strategies:
                yield Problem("left_open", f"cell {code} has no strategy", place)
        if not definition.owner:
            yield Problem("left_open", "has no owner", place)


def _reads(definition: Definition) -> Iterator[str]:
    if isinstance(definition, Deciles):
        yield definition.metric
    if isinstance(definition, Lifecycle):
        rules = [stage.when for stage in definition.stages] + [definition.population]
        for rule in rules:
            if rule is not None:
                yield from (name for name in attributes_of(rule) if name not in SILENCE_ATTRIBUTES)
