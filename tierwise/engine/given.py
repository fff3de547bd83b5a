"""What each definition gives to those that come after it: columns of the profile, with their types, as rules read them."""

from __future__ import annotations

from collections.abc import Iterable

from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.rfm import Rfm
from tierwise.definitions.tag import Tag
from tierwise.metrics.attributes import attributes
from tierwise.metrics.lifecycle import lifecycle_columns
from tierwise.metrics.rfm import rfm_columns
from tierwise.metrics.rules import RuleColumn, RuleType


def columns_given(definition: Definition) -> dict[str, RuleColumn]:
    """The columns of the profile that a definition gives; a tag is read as if it
    were one, though it gives rows; none for segments."""
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
        case Tag():
            return {definition.name: RuleColumn(definition.name, tag_type(definition))}
    return {}


def tag_type(tag: Tag) -> RuleType:
    """How a rule reads a tag: one that customers have or have not as true or false, any other by its text."""
    yes = tag.when is not None or (tag.manual is not None and not tag.manual.values)
    return "boolean" if yes else "source_text"


def profile_schema(windows: Iterable[int], digits: int) -> dict[str, RuleColumn]:
    """The attributes of facts, money in currency units of so many digits, and the gender."""
    found = {"gender": RuleColumn("gender", "text")}
    for attribute in attributes(windows):
        kind: RuleType = "integer" if attribute.type == "money" else attribute.type
        found[attribute.name] = RuleColumn(attribute.column, kind, digits if attribute.type == "money" else 0)
    return found
