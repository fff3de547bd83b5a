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
from tierwise.definitions.profiling import Profiling
from tierwise.definitions.sensitivity import TRAIT
from tierwise.definitions.tag import Tag
from tierwise.metrics.rules import RuleType, rule_schema

Group = Literal["tier", "tag", "attribute", "trait", "reason"]


@dataclass(frozen=True, slots=True)
class AttributeWords:
    """An attribute of the profile. type: as rules see it. unit: empty where it has none. group: where to look for it.

    values: those that its definition knows, in their order, with their titles; empty where any may come. told: how
    values are said that customers may choose when they are asked, of an attribute of which any may come.
    """

    name: str
    title: Label
    type: RuleType
    unit: str
    group: Group
    values: Mapping[str, Label] = field(default_factory=dict)
    told: Mapping[str, Label] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Of a run: its attributes by name, in the profile's order."""

    run_id: int
    as_of: date
    currency: str
    attributes: Mapping[str, AttributeWords]

    def title(self, name: str) -> Label:
        found = self.attributes.get(name)
        plain = name.removeprefix(TRAIT)
        return found.title if found is not None else Label(plain, plain)

    def value(self, name: str, value: object) -> Label | None:
        """A value by its title: a tier's, an answer's, a trait's known code; None where the value speaks for itself."""
        found = self.attributes.get(name)
        if found is None or value is None:
            return None
        text = str(value)
        known = KNOWN_CODES.get(text) if found.group == "trait" else None
        return found.values.get(text) or found.told.get(text) or known


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
    label = attribute_label(reader, "profile", name)
    return AttributeWords(name, label, kind, reader.unit(name), group, values, {} if values else _told(reader, name))


def _told(reader: Reader, name: str) -> dict[str, Label]:
    asked = (question for each in reader.definitions.of(Profiling) for question in each.questions)
    return {
        answer.value: label_of(answer.text, answer.value)
        for question in asked
        if question.attribute in (name, name.removeprefix(TRAIT))
        for answer in question.answers
    }
