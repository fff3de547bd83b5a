"""What each definition gives to those that come after it: columns of the profile, as rules read them."""

from __future__ import annotations

from collections.abc import Iterable

from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.graph import SINCE, tiers_of
from tierwise.definitions.level import Level
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.matrix import Matrix
from tierwise.definitions.price_band import PriceBand
from tierwise.definitions.rfm import Rfm
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.engine.history import Kind
from tierwise.metrics.attributes import attributes
from tierwise.metrics.level import level_columns
from tierwise.metrics.lifecycle import lifecycle_columns
from tierwise.metrics.matrix import matrix_columns
from tierwise.metrics.price_band import price_band_columns
from tierwise.metrics.rfm import rfm_columns
from tierwise.metrics.rules import RuleColumn, RuleType


def columns_given(definition: Definition) -> dict[str, RuleColumn]:
    """The columns of the profile that a definition gives; a tag is read as if it were one, though it gives rows; none
    for segments. Since when a customer is in a tier is there where a definition of the run reads it."""
    since = {f"{tier}{SINCE}": RuleColumn(f"{tier}{SINCE}", "date") for tier in tiers_of(definition)}
    return _columns_of(definition) | since


def _columns_of(definition: Definition) -> dict[str, RuleColumn]:
    match definition:
        case Rfm():
            names = rfm_columns(definition)
            scores = {names[part]: RuleColumn(names[part], "integer") for part in "rfm"}
            return scores | {names[part]: RuleColumn(names[part], "text") for part in ("score", "cell", "reason")}
        case Deciles():
            return {definition.name: RuleColumn(definition.name, "integer")}
        case Activity():
            return {definition.name: RuleColumn(definition.name, "text")}
        case Lifecycle():
            names = lifecycle_columns(definition)
            days = {names[part]: RuleColumn(names[part], "integer") for part in ("silent", "normal", "overdue")}
            return days | {definition.name: RuleColumn(definition.name, "text")}
        case Level():
            names = level_columns(definition)
            return {
                column: RuleColumn(column, "text" if part in ("grade", "reason") else "number")
                for part, column in names.items()
            }
        case Matrix():
            return {column: RuleColumn(column, "text") for column in matrix_columns(definition).values()}
        case PriceBand():
            names = price_band_columns(definition)
            return {
                column: RuleColumn(column, "number" if part == "share" else "text") for part, column in names.items()
            }
        case Tag():
            return {definition.name: RuleColumn(definition.name, tag_type(definition))}
    return {}


def tag_type(tag: Tag) -> RuleType:
    """How a rule reads a tag: one that customers have or have not as true or false, any other by its text."""
    yes = tag.when is not None or (tag.manual is not None and not tag.manual.values)
    return "boolean" if yes else "source_text"


def remembered(definition: Definition) -> dict[str, Kind]:
    """The columns of the profile that history keeps of a definition, and what they are: tiers and stages."""
    return {tier: "stage" if isinstance(definition, Lifecycle) else "tier" for tier in tiers_of(definition)}


def live_names(definitions: Iterable[Definition]) -> tuple[dict[str, Kind], list[str]]:
    """Whose entries and exits are told: columns of stages, and live segments."""
    ladders: dict[str, Kind] = {}
    segments = []
    for each in definitions:
        if isinstance(each, Lifecycle):
            ladders |= remembered(each)
        elif isinstance(each, Segment) and each.members == "live":
            segments.append(each.name)
    return ladders, segments


def profile_schema(windows: Iterable[int], digits: int) -> dict[str, RuleColumn]:
    """The attributes of facts, money in currency units of so many digits, and the gender."""
    found = {"gender": RuleColumn("gender", "text")}
    for attribute in attributes(windows):
        kind: RuleType = "integer" if attribute.type == "money" else attribute.type
        found[attribute.name] = RuleColumn(attribute.column, kind, digits if attribute.type == "money" else 0)
    return found
