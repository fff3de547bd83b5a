"""What can only be checked with all definitions side by side: names that a definition reads, and what is left open."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TypeAlias

from tierwise.definitions.base import Definition
from tierwise.definitions.graph import ring_problems, taken_names
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.read import Placed, kind_of
from tierwise.definitions.rfm import CELL_NAMES, Rfm
from tierwise.definitions.rule import AnyRule, Comparison, Steps, leaves_of
from tierwise.definitions.segment import Segment, lacking
from tierwise.definitions.source import Document
from tierwise.definitions.tag import Tag, tag_problems, tag_warnings
from tierwise.definitions.unknown_names import unknown_names
from tierwise.kernel.errors import Problem

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


def check(
    definitions: Sequence[Definition],
    attributes: Collection[str],
    place_of: Place = by_name,
    *,
    lists: Collection[str] | None = None,
    facts: Collection[str] | None = None,
    unread: Sequence[Document] = (),
) -> list[Problem]:
    """All problems between definitions: names taken twice, names that nothing gives, and rings.

    attributes: the profile's own, traits included. lists, facts: those that are there; not looked at where None.
    unread: definitions that are not well formed.
    """
    return [
        *taken_names(definitions, attributes, place_of),
        *unknown_names(definitions, place_of, attributes=attributes, lists=lists, facts=facts, unread=unread),
        *ring_problems(definitions, place_of),
        *tag_problems([each for each in definitions if isinstance(each, Tag)]),
    ]


def left_open(definitions: Sequence[Definition]) -> list[Problem]:
    """Warnings: stages, cells, tags and segments that lack a strategy, an owner or a purpose."""
    return [problem for definition in definitions for problem in _left_open(definition)]


def _left_open(definition: Definition) -> Iterator[Problem]:
    place = by_name(definition, ())
    if isinstance(definition, Lifecycle):
        for stage in definition.stages:
            open_ = [
                what
                for what, given in (("strategy", stage.strategy), ("owner", stage.owner or definition.owner))
                if not given
            ]
            if open_:
                yield Problem("left_open", f'stage "{stage.name}" has no {" and no ".join(open_)}', place)
    if isinstance(definition, Segment):
        yield from lacking(definition)
    if isinstance(definition, Tag):
        yield from tag_warnings(definition)
    if isinstance(definition, Rfm):
        for code in CELL_NAMES:
            if code not in definition.strategies:
                yield Problem("left_open", f"cell {code} has no strategy", place)
        if not definition.owner:
            yield Problem("left_open", "has no owner", place)


def rules_of(definition: Lifecycle) -> Iterator[tuple[Steps, Comparison]]:
    """Every comparison of its rules, with the way to it."""
    for i, stage in enumerate(definition.stages):
        if stage.when is not None:
            yield from _comparisons(stage.when, ("stages", i, "when"))
    if definition.population is not None:
        yield from _comparisons(definition.population, ("population",))


def _comparisons(rule: AnyRule, path: Steps) -> Iterator[tuple[Steps, Comparison]]:
    return ((at, leaf) for at, leaf in leaves_of(rule, path) if isinstance(leaf, Comparison))
