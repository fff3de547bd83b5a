"""The names in history as definitions know them: which one gives a name, and in which order its values come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tierwise.definitions.activity import ACTIVITY_CLASSES, Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.level import Level
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.matrix import Matrix
from tierwise.definitions.price_band import PriceBand
from tierwise.definitions.rfm import CELL_NAMES, Rfm
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.engine.given import remembered


def giver(definitions: Iterable[Definition], kind: str, name: str) -> Definition | None:
    """The definition that gives a name of history; None where there is none any more."""
    for definition in definitions:
        if remembered(definition).get(name) == kind:
            return definition
        of_kind = {"tag": Tag, "segment": Segment}.get(kind)
        if of_kind is not None and isinstance(definition, of_kind) and definition.name == name:
            return definition
    return None


def in_order(definition: Definition | None, values: Iterable[str]) -> tuple[str, ...]:
    """Values in the definition's order: stages as life goes, the best level and the best cell first. What it does not
    name comes last: numbers by size, then texts."""
    known = list(_named(definition)) if definition is not None else []
    places = {value: place for place, value in enumerate(known)}

    def place(value: str) -> tuple[int, int, str]:
        number = int(value) if value.isdecimal() and len(value) < 10 else 10**10
        return (places.get(value, len(known)), number, value)

    return tuple(sorted(values, key=place))


def _named(definition: Definition) -> Sequence[str]:
    match definition:
        case Lifecycle():
            return [stage.name for stage in reversed(definition.stages)]
        case Activity():
            return ACTIVITY_CLASSES
        case Rfm():
            return list(CELL_NAMES)
        case Level():
            return [grade.name for grade in definition.levels]
        case Matrix():
            return [cell.name for cell in definition.cells]
        case PriceBand():
            return ("high", "mid", "low")
        case Tag():
            return [value.value for value in definition.values]
    return ()
