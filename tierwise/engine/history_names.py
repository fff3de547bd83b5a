"""What history keeps of each kind of definition, and the order of its values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tierwise.definitions.activity import ACTIVITY_CLASSES, Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.level import Level
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.matrix import Matrix
from tierwise.definitions.rfm import CELL_NAMES, Rfm
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.engine.history import Kind
from tierwise.metrics.level import level_columns
from tierwise.metrics.matrix import matrix_columns
from tierwise.metrics.rfm import rfm_columns


@dataclass(frozen=True, slots=True)
class Kept:
    """What `states` is to take: columns of the profile with their kind, and the names of tags and segments."""

    ladders: dict[str, Kind] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()


def kept(definitions: Iterable[Definition]) -> Kept:
    """The stages of lifecycles; of RFM the cell; deciles, activity, levels and cells of matrices; the tags and segments
    that are chosen for history."""
    found = list(definitions)
    ladders: dict[str, Kind] = {}
    for definition in found:
        column = column_of(definition)
        if column is not None:
            ladders[column] = "stage" if isinstance(definition, Lifecycle) else "tier"
    return Kept(
        ladders,
        tuple(sorted(each.name for each in found if isinstance(each, Tag) and each.history)),
        tuple(sorted(each.name for each in found if isinstance(each, Segment) and each.history)),
    )


def column_of(definition: Definition) -> str | None:
    """The column of the profile that says where a customer is on this ladder; None where it is none."""
    match definition:
        case Rfm():
            return rfm_columns(definition)["cell"]
        case Level():
            return level_columns(definition)["grade"]
        case Matrix():
            return matrix_columns(definition)["cell"]
        case Deciles() | Activity() | Lifecycle():
            return definition.name
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
        case Tag():
            return [value.value for value in definition.values]
    return ()
