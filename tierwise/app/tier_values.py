"""What the values of tiers are called, and the order in which their definitions have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tierwise.app.ladder_views import ACTIVITY_TITLES
from tierwise.app.reading import label_of
from tierwise.app.views import Label
from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.graph import tiers_of
from tierwise.definitions.level import Level
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.matrix import Matrix
from tierwise.definitions.price_band import PriceBand
from tierwise.definitions.rfm import CELL_NAMES, Rfm
from tierwise.definitions.tag import Tag
from tierwise.engine.history_names import in_order

_BANDS = {"high": Label("高", "high"), "mid": Label("中", "mid"), "low": Label("低", "low")}


def tier_named(definitions: Iterable[Definition], attribute: str) -> Definition | None:
    """The definition that puts customers into tiers under that name; None where it is no tier."""
    return next((each for each in definitions if attribute in tiers_of(each)), None)


def part_titles(definitions: Iterable[Definition], attribute: str) -> dict[str, Label]:
    """What the parts of a matrix's dimension are called, whose column that is; empty where it is none's."""
    for each in definitions:
        if isinstance(each, Matrix):
            for dimension in each.dimensions:
                if f"{each.name}_{dimension.label}" == attribute:
                    return {part.name: label_of(part.title, part.name) for part in dimension.parts}
    return {}


def tag_titles(tags: Iterable[Tag], name: str, value: str | None) -> Label | None:
    """What a tag's value is called; None where it speaks for itself."""
    for each in tags:
        if each.name == name:
            return next((label_of(title, known) for known, title in each.possible_values if known == value), None)
    return None


def values_in_order(definition: Definition | None, values: Sequence[str]) -> tuple[str, ...]:
    """Values in their definition's order: stages as life goes, the best level first; unknown ones last."""
    return in_order(definition, values)


def value_titles(definition: Definition | None) -> dict[str, Label]:
    """What a tier's values are called, where its definition says more than the value itself."""
    match definition:
        case Lifecycle():
            return {stage.name: label_of(stage.title, stage.name) for stage in definition.stages}
        case Level():
            return {grade.name: label_of(grade.title, grade.name) for grade in definition.levels}
        case Matrix():
            titles = {cell.name: label_of(cell.title, cell.name) for cell in definition.cells}
            rest = definition.otherwise
            return titles if rest is None else titles | {rest.name: label_of(rest.title, rest.name)}
        case Rfm():
            names = definition.cell_names
            return {code: label_of(names.get(code) or title, code) for code, title in CELL_NAMES.items()}
        case Activity():
            return dict(ACTIVITY_TITLES)
        case PriceBand():
            return dict(_BANDS)
    return {}


def titles_of(definitions: Iterable[Definition], attribute: str) -> dict[str, Label]:
    """What the values of a tier, or the parts of a matrix's dimension, are called; empty where it is neither."""
    known = tuple(definitions)
    return value_titles(tier_named(known, attribute)) or part_titles(known, attribute)
