"""Progressive profiling: what one could ask a customer, what the answer is worth, and who may be asked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from tierwise.definitions.answer_value import AnswerType, stored_text
from tierwise.definitions.base import Definition, Name, Part, Text
from tierwise.definitions.classified import Sensitivity, consented
from tierwise.definitions.rule import All, AnyRule, Rule

Bits = Annotated[float, Field(ge=0, le=20, allow_inf_nan=False)]


Precedence = Literal["newest", "answer", "file"]
"""What counts where a file says otherwise than an answer: whichever is newer, always the answer, or always the file."""

FILLED = {"gender": "gender", "birth_on": "birth_on", "age_years": "birth_on"}
"""Attribute -> the column of a customer that an answer fills; of a trait it is the trait's own."""


class Answer(Part):
    """One answer to choose: the value that is stored, and how it is said."""

    value: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    text: Text = Text()


class Reward(Part):
    """What an answer earns: points, or something extra. The basic service is nobody's reward: it is never withheld."""

    points: Annotated[int, Field(ge=1)] | None = None
    benefit: Text | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Reward:
        if (self.points is None) == (self.benefit is None or not self.benefit.in_language("zh")):
            raise ValueError("a reward is points, or a benefit beside the basic service, one of them")
        return self


class Question(Part):
    """One question, and the attribute or trait that its answer fills.

    unknown: values that mean "not known", such as the gender `unknown`. answers: what one may choose from; without
    any, the answer is free. cost_bits: what asking costs, in the unit of its worth: a question that tells less is not
    asked. assumed_bits: its worth as long as fewer than at_least_answers customers have answered; without it such a
    question has no worth and is not asked. An attribute that nobody has yet needs it. who: who may be asked. A
    sensitivity but `ordinary` needs the customer's consent to it, or to the purpose `consent`.

    type: what an answer is, where the attribute is a trait; text where nothing says otherwise. again_days: for so many
    days who did not want to say is not asked again. precedence: what counts where a file says otherwise.
    """

    name: Name
    attribute: Annotated[str, StringConstraints(min_length=1)]
    ask: Text
    answers: tuple[Answer, ...] = ()
    unknown: tuple[str, ...] = ()
    reward: Reward | None = None
    cost_bits: Bits = 0.01
    assumed_bits: Bits | None = None
    who: Rule | None = None
    sensitivity: Sensitivity = "ordinary"
    consent: Annotated[str, StringConstraints(min_length=1)] | None = None
    type: AnswerType | None = None
    again_days: Annotated[int, Field(ge=1, le=3660)] = 90
    precedence: Precedence = "newest"

    @model_validator(mode="after")
    def _can_be_asked(self) -> Question:
        if not self.ask.in_language("zh"):
            raise ValueError(f'question "{self.name}" does not say what is asked')
        values = [answer.value for answer in self.answers]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise ValueError(f"answers listed twice: {', '.join(twice)}")
        if self.type is not None and self.attribute in FILLED:
            raise ValueError(f'what an answer to "{self.attribute}" is, is known: leave `type` out')
        odd = [value for value in values if self.type is not None and stored_text(value, self.type) is None]
        if odd:
            raise ValueError(f"answers that are no {self.type}: {', '.join(odd)}")
        return self

    @property
    def needs_consent(self) -> str | None:
        """The purpose to which a customer must have consented; None where none is needed."""
        return self.consent or (None if self.sensitivity == "ordinary" else self.sensitivity)

    def may_be_asked(self) -> AnyRule | None:
        """Who may be asked, the consent that is needed included: it counts as it was last stated. None: everyone."""
        parts: list[AnyRule] = [] if self.who is None else [self.who]
        if self.needs_consent is not None:
            parts.append(consented(self.needs_consent))
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else All(all=tuple(parts))


class Target(Part):
    """What an answer should sharpen: a tier (a column of the profile) or whether one is in a segment."""

    attribute: Annotated[str, StringConstraints(min_length=1)] | None = None
    segment: Name | None = None
    weight: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] = 1.0

    @model_validator(mode="after")
    def _one_of_both(self) -> Target:
        if (self.attribute is None) == (self.segment is None):
            raise ValueError("a target is an attribute or a segment, one of them")
        return self

    @property
    def label(self) -> str:
        """What it is called: the attribute, or `segment NAME`."""
        return self.attribute or f"segment {self.segment}"


class Profiling(Definition):
    """Questions, and the targets that they are to sharpen.

    Gives two columns: NAME_completeness, the share of the questions whose attribute is known, 0-1, and NAME_next, the
    question to ask next, null where none is worth asking. population: who is profiled; of others both are null.

    at_least_answers: a worth is measured from so many customers on. at_least_per_answer: answers of fewer customers
    are taken together as one. parts: into how many parts numbers and dates are cut.
    """

    kind: Literal["profiling"] = "profiling"
    name: Name = "profiling"
    population: Rule | None = None
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]
    at_least_answers: Annotated[int, Field(ge=10)] = 100
    at_least_per_answer: Annotated[int, Field(ge=2)] = 5
    parts: Annotated[int, Field(ge=2, le=20)] = 5

    @model_validator(mode="after")
    def _unique(self) -> Profiling:
        for what, names in (
            ("questions named", [question.name for question in self.questions]),
            ("attributes asked", [question.attribute for question in self.questions]),
            ("targets listed", [target.label for target in self.targets]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} twice: {', '.join(twice)}")
        return self

    @property
    def not_there_yet(self) -> tuple[str, ...]:
        """Attributes that nobody need have yet: those whose worth is assumed until enough have answered."""
        return tuple(question.attribute for question in self.questions if question.assumed_bits is not None)

    @property
    def completeness(self) -> str:
        """The column of completeness."""
        return f"{self.name}_completeness"

    @property
    def next(self) -> str:
        """The column of the next question."""
        return f"{self.name}_next"
