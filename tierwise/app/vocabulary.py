"""What attributes and their values are called: for pages that show them and let people choose among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import narwhals as nw

from tierwise.app.context import Context
from tierwise.app.exporting import attribute_label
from tierwise.app.known_codes import KNOWN_CODES
from tierwise.app.reading import Reader, label_of, reading
from tierwise.app.tier_values import part_titles, tier_named, value_titles
from tierwise.app.views import Label
from tierwise.definitions.tag import Tag
from tierwise.metrics.rules import RuleType, rule_schema

Group = Literal["tier", "tag", "attribute", "trait", "reason"]


@dataclass(frozen=True, slots=True)
class AttributeWords:
    """An attribute of the profile. type: as rules see it. unit: empty where it has none. group: where to look for it.

    values: those that its definition knows, in their order, with their titles; empty where any may come.
    """

    name: str
    title: Label
    type: RuleType
    unit: str
    group: Group
    values: Mapping[str, Label] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Of a run: its attributes by name, in the profile's order."""

    run_id: int
    as_of: date
    currency: str
    attributes: Mapping[str, AttributeWords]

    def title(self, name: str) -> Label:
        found = self.attributes.get(name)
        return found.title if found is not None else Label(name, name)

    def value(self, name: str, value: object) -> Label | None:
        """A tier's value by its title, a trait's known code by its words; None where the value speaks for itself."""
        found = self.attributes.get(name)
        if found is None or value is None:
            return None
        return found.values.get(str(value)) or (KNOWN_CODES.get(str(value)) if found.group == "trait" else None)


def vocabulary(ctx: Context, run_id: int | None = None) -> Vocabulary:
    """For whoever may see numbers or single customers; it tells nothing of anybody. Raises `no_run`, `not_allowed`."""
    if not ctx.principal.may("view"):
        ctx.principal.require_of_own("view_customer")
    with reading(ctx, run_id) as reader:
        schema = rule_schema(nw.from_native(reader.connection.view("profile")))
        types = {column.column: column.type for column in schema.values()}
        tags = {each.name: each for each in reader.definitions.of(Tag)}
        found = {
            name: _words(reader, name, types.get(column, "text"), tags.get(name))
            for name, column in reader.columns.items()
            if name != "customer_id"
        }
        return Vocabulary(reader.run.id, reader.run.as_of, reader.currency, found)


def _words(reader: Reader, name: str, kind: RuleType, tag: Tag | None) -> AttributeWords:
    tier = tier_named(reader.definitions.all, name)
    group: Group = "attribute"
    if tier is not None:
        group = "tier"
    elif tag is not None:
        group = "tag"
    elif name.startswith("trait."):
        group = "trait"
    elif name.endswith("_reason"):
        group = "reason"
    values = value_titles(tier) or part_titles(reader.definitions.all, name)
    if tag is not None:
        values = {value: label_of(title, value) for value, title in tag.possible_values}
    return AttributeWords(name, attribute_label(reader, "profile", name), kind, reader.unit(name), group, values)
