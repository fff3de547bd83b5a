"""Names that a definition reads and nothing gives, also of definitions that are not well formed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from tierwise.definitions.base import Definition
from tierwise.definitions.cleaning import CLEANING_ATTRIBUTES, Cleaning
from tierwise.definitions.graph import NAMING, OVER_FACTS, OWN_SILENCE, PlaceOf, Read, What, gives, own_names, reads
from tierwise.definitions.rule import Steps
from tierwise.definitions.source import Document
from tierwise.kernel.errors import Problem, unknown_name


def unknown_names(
    definitions: Sequence[Definition],
    place_of: PlaceOf,
    *,
    attributes: Collection[str],
    lists: Collection[str] | None = None,
    facts: Collection[str] | None = None,
    unread: Sequence[Document] = (),
) -> list[Problem]:
    """Each name read that neither the house has nor a definition gives, with the nearest one that is there.

    attributes: of the profile, traits included. lists, facts: those that are there; not looked at where None. unread:
    definitions that are not well formed: what they read is looked at as far as it can be told, and what they would give
    is not known, so that nobody is refused for reading it.
    """
    given = [name for definition in definitions for name in gives(definition)]
    known: dict[What, Collection[str] | None] = {
        "attribute": {*attributes, *(name.name for name in given if name.what == "attribute")},
        "segment": {name.name for name in given if name.what == "segment"},
        "list": lists,
        "fact": facts,
    }
    may_be_given = [str(document.value["name"]) for document in unread]

    def unknown(found: Iterable[Read], own: Collection[str], cleans: bool, place: Callable[[Steps], str]) -> None:
        for read in found:
            # Who is junk is decided before anyone is ranked or tagged.
            early = cleans and read.what in ("attribute", "segment")
            names = (attributes if read.what == "attribute" else ()) if early else known[read.what]
            if names is None or read.name in names or _may_give(may_be_given, read.name):
                continue
            if early and read.name in (known[read.what] or ()):
                said = f'cleaning cannot read the {read.what} "{read.name}": who is junk is decided before all others'
                remedy = "ask for what facts and the customers file tell"
                problems.append(Problem(f"unknown_{read.what}", said, place(read.path), remedy))
            else:
                nearest = {*names, *own} if read.what == "attribute" else names
                problems.append(unknown_name(read.what, read.name, nearest, place(read.path)))

    problems: list[Problem] = []
    for each in definitions:
        unknown(reads(each), own_names(each), isinstance(each, Cleaning), partial(place_of, each))
    for document in unread:
        kind = document.value["kind"]
        unknown(_reads_of_body(document.value), _OWN_OF_KIND.get(kind, ()), kind == "cleaning", document.place)
    return problems


_OWN_OF_KIND: dict[str, Collection[str]] = {"lifecycle": OWN_SILENCE, "cleaning": CLEANING_ATTRIBUTES}


def _reads_of_body(body: Mapping[str, Any]) -> Iterator[Read]:
    """As `reads`, of a definition that is not well formed. What a question may be the first to learn is left out."""
    own = {*_OWN_OF_KIND.get(body["kind"], ()), *_asked_first(body)}
    for key, path, value in _values_within("", (), body):
        if isinstance(value, str) and key in NAMING:
            name = f"trait.{value}" if key == "trait" else value
            if not (NAMING[key] == "attribute" and name in own):
                yield Read(NAMING[key], name, path)


def _asked_first(body: Mapping[str, Any]) -> Iterator[str]:
    questions = body.get("questions")
    for each in questions if isinstance(questions, list) else ():
        if isinstance(each, dict) and "assumed_bits" in each:
            yield str(each.get("attribute"))


def _values_within(key: str, path: Steps, value: object) -> Iterator[tuple[str, Steps, object]]:
    """The values of a body one by one, but for rules over facts."""
    if isinstance(value, dict):
        for inner, item in value.items():
            if inner not in OVER_FACTS:
                yield from _values_within(str(inner), (*path, inner), item)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _values_within(key, (*path, i), item)
    else:
        yield key, path, value


def _may_give(names: Iterable[str], name: str) -> bool:
    """Whether a definition of one of these names may give that one: its own, or one that begins with it."""
    return any(name == other or name.startswith(f"{other}_") for other in names)
