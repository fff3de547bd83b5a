"""What can only be checked with all definitions side by side: names that a definition reads, and what is left open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.read import Placed, kind_of
from tierwise.definitions.rfm import CELL_NAMES, Rfm
from tierwise.definitions.rule import AnyRule, Comparison, Steps, leaves_of
from tierwise.kernel.errors import Problem, unknown_name

SILENCE_ATTRIBUTES = ("silent_days", "normal_silence_days", "overdue_days")
"""What a lifecycle's own rules may read besides the profile."""

RFM_COLUMNS = ("r_score", "f_score", "m_score", "rfm_score", "rfm_cell")


Place: TypeAlias = Callable[[Definition, Steps], str]
"""Where a part of a definition stands, for people."""


def by_name(definition: Definition, path: Steps) -> str:
    """The place of what was read from no file: `lifecycle "name"`."""
    return f'{kind_of(definition)} "{definition.name}"'


def by_line(placed: Iterable[Placed]) -> Place:
    """file:line of what was read from these; the name of any other."""
    documents = {(kind_of(each.definition), each.definition.name): each.document for each in placed}

    def place(definition: Definition, path: Steps) -> str:
        document = documents.get((kind_of(definition), definition.name))
        return by_name(definition, path) if document is None else document.place(path)

    return place


def check(definitions: Sequence[Definition], attributes: Iterable[str], place_of: Place = by_name) -> list[Problem]:
    """All problems between definitions. `attributes`: the names of the profile's columns, traits included."""
    known = set(attributes)
    problems: list[Problem] = []
    columns: dict[str, str] = {}
    for definition in definitions:
        if not isinstance(definition, Rfm) and kind_of(definition) != "project":
            place = place_of(definition, ("name",))
            folded = definition.name.casefold()
            if folded in columns or folded in {name.casefold() for name in known}:
                other = columns.get(folded, "an attribute of the profile")
                problems.append(Problem("name_taken", f'the name "{definition.name}" is taken by {other}', place))
            columns[folded] = by_name(definition, ())
        readable = known | _tiers(definitions) if isinstance(definition, Lifecycle) else known
        for path, attribute in _reads(definition):
            if attribute not in readable:
                problems.append(unknown_name("attribute", attribute, readable, place_of(definition, path)))
    return problems


def _tiers(definitions: Sequence[Definition]) -> set[str]:
    """The columns that RFM, deciles and activity add: a lifecycle comes after them and may read them."""
    named = {d.name for d in definitions if isinstance(d, Deciles | Activity)}
    return named | set(RFM_COLUMNS)


def left_open(definitions: Sequence[Definition]) -> list[Problem]:
    """Warnings: stages and cells without a strategy or an owner."""
    return [problem for definition in definitions for problem in _left_open(definition)]


def _left_open(definition: Definition) -> Iterator[Problem]:
    place = by_name(definition, ())
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


def _reads(definition: Definition) -> Iterator[tuple[Steps, str]]:
    if isinstance(definition, Deciles):
        yield ("metric",), definition.metric
    if isinstance(definition, Lifecycle):
        for path, leaf in rules_of(definition):
            if leaf.attribute not in SILENCE_ATTRIBUTES:
                yield (*path, "attribute"), leaf.attribute


def rules_of(definition: Lifecycle) -> Iterator[tuple[Steps, Comparison]]:
    """Every comparison of its rules, with the way to it."""
    for i, stage in enumerate(definition.stages):
        if stage.when is not None:
            yield from _comparisons(stage.when, ("stages", i, "when"))
    if definition.population is not None:
        yield from _comparisons(definition.population, ("population",))


def _comparisons(rule: AnyRule, path: Steps) -> Iterator[tuple[Steps, Comparison]]:
    return ((at, leaf) for at, leaf in leaves_of(rule, path) if isinstance(leaf, Comparison))
