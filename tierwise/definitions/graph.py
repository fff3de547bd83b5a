"""What each definition gives and what it reads: who reads whom, in what order they are computed, and where that fails.

One walk serves every kind. A rule reads what its leaves name; besides, a field called `attribute`, `metric`, … names an
attribute, and `segment`, `list` and `fact` name those. A kind that comes later is therefore known here already, unless
it gives more than the one attribute of its name (`gives`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from pydantic import BaseModel

from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.classified import Classified
from tierwise.definitions.cleaning import CLEANING_ATTRIBUTES, Cleaning
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.import_source import ImportSource
from tierwise.definitions.level import Level
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.matrix import Matrix
from tierwise.definitions.price_band import PriceBand
from tierwise.definitions.profiling import Profiling
from tierwise.definitions.read import KINDS, kind_of
from tierwise.definitions.rfm import Rfm
from tierwise.definitions.rule import All, AnyOf, AnyRule, Comparison, InList, InSegment, Leaf, Not, Steps, leaves_of
from tierwise.kernel.errors import Problem

What: TypeAlias = Literal["attribute", "segment", "list", "fact"]
"""The four spaces of names; a tag, a level and a stage are attributes."""

PlaceOf: TypeAlias = Callable[[Definition, Steps], str]
"""Where a part of a definition stands, for people: `file:line`."""

OWN_SILENCE = ("silent_days", "normal_silence_days", "overdue_days")
"""What a lifecycle's rules call its own silence; the profile has them under the lifecycle's name."""

NAMING: dict[str, What] = {
    "attribute": "attribute",
    "attributes": "attribute",
    "metric": "attribute",
    "metrics": "attribute",
    "trait": "attribute",
    "segment": "segment",
    "segments": "segment",
    "list": "list",
    "lists": "list",
    "fact": "fact",
    "facts": "fact",
}
"""Fields that hold names, by their own name."""

OVER_FACTS = {"where": None, "bought": "order_lines"}
"""Fields with a rule over the columns of a fact, not over attributes; the fact where the field itself says it."""

_RULES = (All, AnyOf, Not, *get_args(Leaf))


@dataclass(frozen=True, slots=True)
class Name:
    """A name in its space."""

    what: What
    name: str


@dataclass(frozen=True, slots=True)
class Read:
    """One name that a definition reads, and the way to where it stands."""

    what: What
    name: str
    path: Steps


@dataclass(frozen=True, slots=True)
class Link:
    """`reader` reads `name`, which `giver` gives, at `path` of the reader."""

    reader: Definition
    giver: Definition
    name: str
    path: Steps


def label_of(definition: Definition) -> str:
    """`kind name`, as versions and audit write it."""
    return f"{kind_of(definition)} {definition.name}"


SINCE = "_since"
"""A tier's name with this at its end is the day since when the customer is in it."""


def tiers_of(definition: Definition) -> tuple[str, ...]:
    """The attributes in which it puts every customer into one of several tiers, stages or cells: none or one."""
    if isinstance(definition, Rfm):
        return (f"{definition.name}_cell",)
    of_tiers = isinstance(definition, Activity | Deciles | Level | Lifecycle | Matrix | PriceBand)
    return (definition.name,) if of_tiers else ()


def gives(definition: Definition) -> tuple[Name, ...]:
    """The names that others can read when this definition is in use; its own name first."""
    return (*_given(definition), *(Name("attribute", f"{tier}{SINCE}") for tier in tiers_of(definition)))


def _given(definition: Definition) -> tuple[Name, ...]:
    name = definition.name
    match definition:
        case Rfm():
            prefix = "" if name == "rfm" else f"{name}_"
            columns = [f"{name}_score", f"{name}_cell", f"{name}_reason", *(f"{prefix}{m}_score" for m in "rfm")]
            return tuple(Name("attribute", column) for column in columns)
        case Lifecycle():
            prefix = "" if name == "lifecycle_stage" else f"{name}_"
            columns = [name, f"{name}_reason", *(f"{prefix}{days}" for days in OWN_SILENCE)]
            return tuple(Name("attribute", column) for column in columns)
        case Level():
            lines = [f"{name}_{indicator.line}_points" for indicator in definition.scorecard.indicators]
            columns = [name, f"{name}_score", f"{name}_points_to_next", f"{name}_reason", *lines]
            return tuple(Name("attribute", column) for column in columns)
        case Matrix():
            parts = [f"{name}_{dimension.label}" for dimension in definition.dimensions]
            return tuple(Name("attribute", column) for column in (name, f"{name}_reason", *parts))
        case PriceBand():
            return tuple(Name("attribute", column) for column in (name, f"{name}_share", f"{name}_reason"))
    match kind_of(definition):
        case "project" | "cleaning" | "profiling" | "kpi" | "due_rules" | "identities" | "source":
            return ()
        case "segment":
            return (Name("segment", name),)
    return (Name("attribute", name),)


def reads(definition: Definition) -> Iterator[Read]:
    """Every name that it reads, in order of appearance, repeats included.

    What a lifecycle calls its own silence, what only cleaning knows, and what a question may be the first to learn is
    its own and not read from anywhere. What is sensitive reads the consents.
    """
    if isinstance(definition, ImportSource):  # its rules are over a file's columns
        return
    own = own_names(definition)
    if isinstance(definition, Classified) and definition.needs_consent is not None:
        yield Read("fact", "consents", ("sensitivity",))
    for found in _of_part(definition, ()):
        if not (found.what == "attribute" and found.name in own):
            yield found


def own_names(definition: Definition) -> Collection[str]:
    """Attributes that only its own rules have."""
    match definition:
        case Lifecycle():
            return OWN_SILENCE
        case Cleaning():
            return CLEANING_ATTRIBUTES
        case Profiling():
            return definition.not_there_yet
    return ()


def rules_in(definition: Definition) -> Iterator[tuple[Steps, AnyRule]]:
    """Every rule over customers that stands in it, the topmost ones, with the way to each. Those of a source are over
    a file's columns."""
    return iter(()) if isinstance(definition, ImportSource) else _rules_in(definition, ())


def _rules_in(part: BaseModel, path: Steps) -> Iterator[tuple[Steps, AnyRule]]:
    for key, at, value in _fields(part, path):
        if isinstance(value, _RULES):
            if key not in OVER_FACTS:
                yield at, value
        elif isinstance(value, BaseModel):
            yield from _rules_in(value, at)


def _of_part(part: BaseModel, path: Steps) -> Iterator[Read]:
    for key, at, value in _fields(part, path):
        if isinstance(value, _RULES):
            if key not in OVER_FACTS:
                yield from _of_rule(value, at)
            elif (fact := OVER_FACTS[key]) is not None:
                yield Read("fact", fact, at)
        elif isinstance(value, BaseModel):
            yield from _of_part(value, at)
        elif isinstance(value, str) and key in NAMING:
            yield Read(NAMING[key], f"trait.{value}" if key == "trait" else value, at)


def _of_rule(rule: AnyRule, path: Steps) -> Iterator[Read]:
    for at, leaf in leaves_of(rule, path):
        match leaf:
            case Comparison():
                yield Read("attribute", leaf.attribute, (*at, "attribute"))
            case InSegment():
                yield Read("segment", leaf.segment, (*at, "segment"))
            case InList():
                yield Read("list", leaf.list, (*at, "list"))
            case _:
                yield from _of_part(leaf, at)


def _fields(part: BaseModel, path: Steps) -> Iterator[tuple[str, Steps, object]]:
    """Its values one by one, those of lists and mappings too: under what key, on what way, and the value."""
    for name, field in type(part).model_fields.items():
        key = field.alias or name
        yield from _values(key, (*path, key), getattr(part, name))


def _values(key: str, path: Steps, value: object) -> Iterator[tuple[str, Steps, object]]:
    if isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _values(key, (*path, i), item)
    elif isinstance(value, Mapping):
        for inner, item in value.items():
            yield from _values(str(inner), (*path, inner), item)
    else:
        yield key, path, value


def links(definitions: Sequence[Definition]) -> list[Link]:
    """Who reads whom, once for each place where it does; what no definition gives is left out.

    Nor does a tag wait for what its hypothesis reads: that is looked at when it is tested, and by no run.
    """
    givers = {given: definition for definition in definitions for given in gives(definition)}
    found = []
    for reader in definitions:
        for read in reads(reader):
            giver = givers.get(Name(read.what, read.name))
            if giver is not None and read.path[:1] != ("hypothesis",):
                found.append(Link(reader, giver, read.name, read.path))
    return found


def readers_of(definition: Definition, definitions: Sequence[Definition]) -> list[Definition]:
    """The definitions that read something of it directly, each once, in their order; itself left out."""
    wanted = set(gives(definition))
    return [
        other
        for other in definitions
        if other != definition and any(Name(read.what, read.name) in wanted for read in reads(other))
    ]


def readers_of_name(what: What, name: str, definitions: Iterable[Definition]) -> list[Definition]:
    """The definitions that read that name: a tag's users, say."""
    return [each for each in definitions if any((read.what, read.name) == (what, name) for read in reads(each))]


def in_order(definitions: Sequence[Definition]) -> list[Definition]:
    """Each after all that it reads. Where that leaves a choice: by kind, in the order of `KINDS`, then by name.

    Definitions in a ring (`rings`) come last, in that order.
    """
    rank = {kind: i for i, kind in enumerate(KINDS)}
    order = {label_of(each): (rank[kind_of(each)], each.name) for each in definitions}
    by_label = {label_of(each): each for each in definitions}
    waits_for: dict[str, set[str]] = {label: set() for label in by_label}
    for link in links(definitions):
        waits_for[label_of(link.reader)].add(label_of(link.giver))
    waited_by: dict[str, list[str]] = {label: [] for label in by_label}
    for label, needed in waits_for.items():
        for other in needed:
            waited_by[other].append(label)
    ready = [(order[label], label) for label, needed in waits_for.items() if not needed]
    heapq.heapify(ready)
    found = []
    while ready:
        _, label = heapq.heappop(ready)
        found.append(label)
        for other in waited_by[label]:
            waits_for[other].discard(label)
            if not waits_for[other]:
                heapq.heappush(ready, (order[other], other))
    ringed = sorted(by_label.keys() - set(found), key=lambda label: order[label])
    return [by_label[label] for label in (*found, *ringed)]


def rings(definitions: Sequence[Definition]) -> list[list[Link]]:
    """Definitions that read each other in a circle: for each knot of them its shortest ring, as links in order."""
    out: dict[str, list[Link]] = {label_of(each): [] for each in definitions}
    for link in links(definitions):
        out[label_of(link.reader)].append(link)
    found = []
    seen: set[str] = set()
    for label in out:
        if label in seen:
            continue
        ring = _ring_through(label, out)
        if ring:
            found.append(ring)
            seen |= _knot(label, out)
    return found


def _reached(start: str, out: Mapping[str, Sequence[Link]]) -> dict[str, Link]:
    """All that can be reached from there, each with the link by which it was reached first (the start by a ring)."""
    by: dict[str, Link] = {}
    waiting = [start]
    for label in waiting:
        for link in out[label]:
            giver = label_of(link.giver)
            if giver not in by:
                by[giver] = link
                waiting.append(giver)
    return by


def _ring_through(start: str, out: Mapping[str, Sequence[Link]]) -> list[Link]:
    by = _reached(start, out)
    if start not in by:
        return []
    ring = [by[start]]
    while label_of(ring[0].reader) != start:
        ring.insert(0, by[label_of(ring[0].reader)])
    return ring


def _knot(start: str, out: Mapping[str, Sequence[Link]]) -> set[str]:
    """Those that reach the start and are reached from it."""
    return {label for label in _reached(start, out) if start in _reached(label, out)}


def ring_problems(definitions: Sequence[Definition], place_of: PlaceOf) -> list[Problem]:
    """Each ring as one problem that names all of it, with the place of every reading."""
    problems = []
    for ring in rings(definitions):
        said = " → ".join([*(label_of(link.reader) for link in ring), label_of(ring[0].reader)])
        places = [place_of(link.reader, link.path) for link in ring]
        others = f" (and at {', '.join(places[1:])})" if len(places) > 1 else ""
        remedy = f"let one of them not read the next{others}"
        problems.append(Problem("ring", f"definitions read each other in a ring: {said}", places[0], remedy))
    return problems


def taken_names(definitions: Sequence[Definition], attributes: Collection[str], place_of: PlaceOf) -> list[Problem]:
    """Attributes that two definitions give, or that one gives and the profile has; letter case does not tell apart."""
    givers: dict[str, str] = {name.casefold(): "an attribute of the profile" for name in attributes}
    problems = []
    for definition in definitions:
        for given in gives(definition):
            if given.what != "attribute":
                continue
            other = givers.setdefault(given.name.casefold(), label_of(definition))
            if other != label_of(definition):
                said = f'the name "{given.name}" is taken by {other}'
                problems.append(Problem("name_taken", said, place_of(definition, ("name",))))
    return problems
