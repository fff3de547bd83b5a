"""Tag: one named thing said of some customers, yes or a value, with where it comes from and how long it holds.

A tag has exactly one source: a rule (`when`, or `values` with a rule each), `manual`, `imported`, `composite`,
`implied`, or `model`. A customer has at most one value of a tag, and a yes tag has none at all: it is there or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from tierwise.definitions.base import Definition, Name, Part, Text
from tierwise.definitions.classified import Classified
from tierwise.definitions.rule import (
    AnyRule,
    Days,
    PlainRule,
    Rule,
    Steps,
)
from tierwise.definitions.scorecard import Points, Scorecard
from tierwise.definitions.tag_claim import Hypothesis
from tierwise.definitions.tag_model import Model
from tierwise.definitions.tag_text import TagText, refuse_twice
from tierwise.kernel.errors import Problem

TagClass = Literal["static", "consumption", "behaviour", "tier"]
"""静态, 消费, 行为, 层级."""

Origin: TypeAlias = Literal["rule", "manual", "import", "composite", "implied", "model"]
"""Where a tag's values come from, as the column `source` of the snapshot says it."""


class TagValue(Part):
    """A value, and the rule by which a customer has it."""

    value: TagText
    title: Text = Text()
    when: Rule


class RubricValue(Part):
    """A value that staff may give, and the written rubric that says when."""

    value: TagText
    title: Text = Text()
    rubric: str | None = None


class Manual(Part):
    """Given by staff. Without values it is a yes tag; with values each rater gives one of them.

    rubric: when to give it; of values each has its own. ordered: the values stand from low to high, so that raters
    who differ by one step agree more than those who differ by two.
    """

    values: tuple[RubricValue, ...] = ()
    rubric: str | None = None
    ordered: bool = False

    @field_validator("values")
    @classmethod
    def _unique(cls, values: tuple[RubricValue, ...]) -> tuple[RubricValue, ...]:
        refuse_twice(each.value for each in values)
        return values

    @model_validator(mode="after")
    def _has_an_order(self) -> Manual:
        if self.ordered and len(self.values) < 2:
            raise ValueError("only two or more values can be ordered: list them from low to high")
        return self


class Imported(Part):
    """Read from a customers column that the contract does not know: the trait's name, in any language.

    A trait that is yes or no gives a yes tag; of any other the text is the value, and an empty one is no value.
    """

    trait: Annotated[str, StringConstraints(min_length=1)]


class Cut(Part):
    """A value, and the lowest score that has it; the last may have none and takes every lower score."""

    value: TagText
    title: Text = Text()
    at_least: Points | None = None


class Composite(Part):
    """Several dimensions in one: a scorecard's score, cut into values, the highest first.

    at_least_known: of so many indicators a customer must have a value, else nothing is said; the scorecard's scales are
    learnt from those who have. Where the last cut has an at_least, who scores less has no value.
    """

    scorecard: Scorecard
    cuts: Annotated[tuple[Cut, ...], Field(min_length=1)]
    at_least_known: Annotated[int, Field(ge=1)] = 1

    @field_validator("cuts")
    @classmethod
    def _fall(cls, cuts: tuple[Cut, ...]) -> tuple[Cut, ...]:
        refuse_twice(each.value for each in cuts)
        for cut in cuts[:-1]:
            if cut.at_least is None:
                raise ValueError(f'"{cut.value}" has no at_least, so no value after it could be reached')
        scores = [cut.at_least for cut in cuts if cut.at_least is not None]
        if scores != sorted(set(scores), reverse=True):
            raise ValueError("at_least must fall from cut to cut: the highest comes first")
        return cuts

    @model_validator(mode="after")
    def _can_be_known(self) -> Composite:
        if self.at_least_known > len(self.scorecard.indicators):
            raise ValueError("at_least_known is more than there are indicators: nobody would have a value")
        return self


class ImpliedStage(Part):
    """What the purchase says until so many days after it (both ends counted); the last stage may have no end."""

    value: TagText
    title: Text = Text()
    until_days: Annotated[int, Field(ge=0, le=36_600)] | None = None


class Implication(Part):
    """What buying such a product says: `value`, for as long as the tag lives, or `stages` that follow each other.

    bought: a rule over the columns of the order's line, of its order and of its product.
    """

    bought: PlainRule
    value: TagText | None = None
    title: Text = Text()
    stages: tuple[ImpliedStage, ...] = ()

    @field_validator("stages")
    @classmethod
    def _ascend(cls, stages: tuple[ImpliedStage, ...]) -> tuple[ImpliedStage, ...]:
        for stage in stages[:-1]:
            if stage.until_days is None:
                raise ValueError(f'stage "{stage.value}" has no until_days, so no stage after it could be reached')
        days = [stage.until_days for stage in stages if stage.until_days is not None]
        if days != sorted(set(days)):
            raise ValueError("until_days must ascend from stage to stage")
        return stages

    @model_validator(mode="after")
    def _one_way(self) -> Implication:
        if (self.value is None) == (not self.stages):
            raise ValueError("say value, or stages that follow each other, one of them")
        return self


SOURCES = ("when", "values", "manual", "imported", "composite", "implied", "model")
"""The keys of which a tag has exactly one."""


class Tag(Classified):
    """One tag of the catalogue.

    ttl_days: a value counts for so many days, the one on which it was last confirmed included. A rule, an imported
    column and a composite confirm at each run that finds the value; a rater confirms on the day of the verdict, a
    purchase on its own day. when_empty: what becomes of a value that is found no more: cleared at once, or kept until
    ttl_days are over (for ever without ttl_days).

    sensitivity: a class but `ordinary` is computed only for customers whose consent to that stands. consent: the
    purpose that the consent must name, where it is not the class itself. refresh: a note on how often it moves.
    concept and scene: a concept may have a tag per scene; who reads it names the tag.

    hypothesis: what the tag claims of those who have it, to be tested on past days.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    kind: Literal["tag"] = "tag"
    class_: Annotated[TagClass, Field(alias="class")]
    when: Rule | None = None
    values: tuple[TagValue, ...] = ()
    manual: Manual | None = None
    imported: Imported | None = None
    composite: Composite | None = None
    implied: tuple[Implication, ...] = ()
    model: Model | None = None
    ttl_days: Days | None = None
    when_empty: Literal["clear", "keep_last"] = "clear"
    history: bool = False
    refresh: str | None = None
    concept: Name | None = None
    scene: str | None = None
    hypothesis: Hypothesis | None = None

    @field_validator("values")
    @classmethod
    def _unique(cls, values: tuple[TagValue, ...]) -> tuple[TagValue, ...]:
        refuse_twice(each.value for each in values)
        return values

    @model_validator(mode="after")
    def _one_source(self) -> Tag:
        given = [name for name in SOURCES if getattr(self, name) not in (None, ())]
        if not given:
            raise ValueError(f"where does it come from? give one of {', '.join(SOURCES)}")
        if len(given) > 1:
            raise ValueError(f"a tag has one source, not {' and '.join(given)}: leave one, or make two tags")
        if self.scene is not None and self.concept is None:
            raise ValueError("a scene needs the concept that it is a version of")
        if self.model is not None and self.when_empty == "keep_last":
            raise ValueError("a model's slot has no values to keep: leave out when_empty")
        return self

    @model_validator(mode="after")
    def _claims_of_values_that_it_has(self) -> Tag:
        claimed = self.hypothesis.values if self.hypothesis is not None else ()
        titles = dict(self.possible_values)
        unknown = [value for value in claimed if titles and value not in titles]
        if unknown:
            raise ValueError(f"the hypothesis speaks of values that the tag has not: {', '.join(unknown)}")
        return self

    @property
    def origin(self) -> Origin:
        """Where its values come from."""
        if self.manual is not None:
            return "manual"
        if self.imported is not None:
            return "import"
        if self.composite is not None:
            return "composite"
        if self.implied:
            return "implied"
        return "model" if self.model is not None else "rule"

    @property
    def possible_values(self) -> tuple[tuple[str, Text], ...]:
        """Its values with their titles, in the order of the definition; empty for a yes tag and for free text."""
        found: dict[str, Text] = {}
        if self.manual is not None:
            found = {each.value: each.title for each in self.manual.values}
        elif self.composite is not None:
            found = {each.value: each.title for each in self.composite.cuts}
        elif self.model is not None:
            found = {each.value: each.title for each in self.model.bands}
        elif self.implied:
            for implication in self.implied:
                if implication.value is not None:
                    found.setdefault(implication.value, implication.title)
                for stage in implication.stages:
                    found.setdefault(stage.value, stage.title)
        else:
            found = {each.value: each.title for each in self.values}
        return tuple(found.items())


def without_claim(definition: Definition) -> Definition:
    """As a run computes it: what a tag claims changes nobody's value."""
    if isinstance(definition, Tag) and definition.hypothesis is not None:
        return definition.model_copy(update={"hypothesis": None})
    return definition


def rules_of_tag(tag: Tag) -> Iterator[tuple[Steps, AnyRule]]:
    """The rules that decide over a customer, each with its place in the definition; those over lines are left out."""
    if tag.when is not None:
        yield ("when",), tag.when
    for i, each in enumerate(tag.values):
        yield ("values", i, "when"), each.when


def line_rules_of_tag(tag: Tag) -> Iterator[tuple[Steps, AnyRule]]:
    """The rules over bought lines, each with its place in the definition."""
    for i, implication in enumerate(tag.implied):
        yield ("implied", i, "bought"), implication.bought


def tag_warnings(tag: Tag) -> list[Problem]:
    """What a tag in use should have and lacks: an owner, a purpose, a rubric, an end of what is kept."""
    place = f'tag "{tag.name}"'
    found = []
    for what, given in (("owner", tag.owner), ("purpose", tag.purpose)):
        if not given:
            found.append(Problem("left_open", f"has no {what}", place, f"say `{what}`"))
    if tag.manual is not None:
        lacking = [each.value for each in tag.manual.values if not each.rubric]
        if lacking and not tag.manual.rubric:
            said = f"no rubric says when to give {', '.join(lacking)}"
            found.append(Problem("left_open", said, place, "write a `rubric`, so that raters agree"))
        elif not tag.manual.values and not tag.manual.rubric:
            found.append(Problem("left_open", "no rubric says when to give it", place, "write a `rubric`"))
    if tag.when_empty == "keep_last" and tag.ttl_days is None:
        found.append(Problem("left_open", "the last value is kept for ever", place, "say ttl_days"))
    if tag.model is not None and not tag.model.learnt:
        found.append(Problem("left_open", "is a slot for a model, and computed by nothing yet", place))
    return found


def tag_problems(tags: Sequence[Tag]) -> list[Problem]:
    """What can only be seen of all tags side by side: two versions of a concept for one scene."""
    seen: dict[tuple[str, str], str] = {}
    problems = []
    for tag in tags:
        if tag.concept is None:
            continue
        other = seen.setdefault((tag.concept, tag.scene or ""), tag.name)
        if other != tag.name:
            scene = f'scene "{tag.scene}"' if tag.scene else "no scene"
            said = f'the concept "{tag.concept}" has a version with {scene} already, "{other}"'
            problems.append(Problem("defined_twice", said, f'tag "{tag.name}"', "say which `scene` this one is for"))
    return problems
