"""What a rule may be made of besides attributes: tags, facts and their columns, segments and lists, with titles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.app.headings import column_label
from tierwise.app.reading import label_of
from tierwise.app.views import Label
from tierwise.app.vocabulary import AttributeWords, Vocabulary, vocabulary
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.engine.given import tag_type
from tierwise.kernel.money import exponent
from tierwise.metrics.fact_columns import fact_schemas
from tierwise.metrics.rules import RuleColumn, RuleType
from tierwise.state import lists


@dataclass(frozen=True, slots=True)
class ColumnWords:
    """A column of a fact. money: whether its values are amounts of the currency."""

    name: str
    title: Label
    type: RuleType
    money: bool


@dataclass(frozen=True, slots=True)
class RuleWords:
    """words: the attributes of the run, with the tags that the profile has not. facts: fact -> its columns by name.

    segments, lists: name -> title.
    """

    words: Vocabulary
    facts: Mapping[str, Mapping[str, ColumnWords]]
    segments: Mapping[str, Label]
    lists: Mapping[str, Label]


def rule_words(ctx: Context) -> RuleWords:
    """For whoever writes a rule; it tells nothing of anybody. Raises `no_run`, `not_allowed`."""
    ctx.principal.require("view")
    words = vocabulary(ctx)
    with ctx.database.connect() as state:
        definitions = current_definitions(state)
        known = lists.all_lists(state)
    attributes = dict(words.attributes)
    for tag in definitions.of(Tag):
        if tag.name not in attributes:
            attributes[tag.name] = _tag(tag)
    facts = {
        fact: {name: _column(fact, name, where) for name, where in schema.items()}
        for fact, schema in fact_schemas(exponent(words.currency)).items()
    }
    return RuleWords(
        Vocabulary(words.run_id, words.as_of, words.currency, attributes),
        facts,
        {each.name: label_of(each.title, each.name) for each in definitions.of(Segment)},
        {each.name: Label(each.title or each.name, each.title or each.name) for each in known},
    )


def _tag(tag: Tag) -> AttributeWords:
    values = {value: label_of(title, value) for value, title in tag.possible_values}
    return AttributeWords(tag.name, label_of(tag.title, tag.name), tag_type(tag), "", "tag", values)


def _column(fact: str, name: str, where: RuleType | RuleColumn) -> ColumnWords:
    column = where if isinstance(where, RuleColumn) else RuleColumn(name, where)
    return ColumnWords(name, column_label(fact, name), column.type, column.column.endswith("_minor"))
