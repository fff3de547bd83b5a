"""Which column of a customer an answer fills, what it may be, and whether what was said is such a thing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from tierwise.definitions.answer_value import MOST_LETTERS, AnswerType, stored_text
from tierwise.definitions.profiling import FILLED, Profiling, Question
from tierwise.definitions.sensitivity import TRAIT
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.kernel.ids import column_name
from tierwise.metrics.attributes import attributes
from tierwise.state.traits import Trait

Kind = Literal["choice", "text", "integer", "number", "date", "boolean"]

_GENDERS = {"female": "female", "male": "male", "女": "female", "男": "male", "女士": "female", "先生": "male"}

_FIRST_BIRTHDAY = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class Field:
    """Where an answer goes. trait: its name, None of a column that every customer has; known: whether it is recorded.

    type: of the answer.
    """

    column: str
    type: AnswerType
    trait: str | None = None
    known: bool = True


def field_of(question: Question, traits: Sequence[Trait]) -> Field | None:
    """None where nothing that a customer says can fill the attribute, such as one that is counted from orders."""
    if question.attribute in FILLED:
        column = FILLED[question.attribute]
        return Field(column, "date" if column == "birth_on" else "text")
    name = question.attribute.removeprefix(TRAIT)
    found = next((each for each in traits if each.name == name), None)
    if found is not None:
        by_type = question.type or ("text" if question.answers else found.type)
        return Field(found.column_name, by_type, name)
    if not question.attribute.startswith(TRAIT) and name in {each.name for each in attributes(())}:
        return None
    taken = {each.column_name for each in traits}
    new = question.attribute.startswith(TRAIT)
    return Field(column_name("trait_", name, taken), question.type or "text", name, known=False) if new else None


def kind_of(question: Question, traits: Sequence[Trait]) -> Kind | None:
    """How the question is answered; None where an answer cannot be stored."""
    field = field_of(question, traits)
    if field is None:
        return None
    return "choice" if question.answers or field.column == "gender" else field.type


def require_field(question: Question, traits: Sequence[Trait]) -> Field:
    """As `field_of`. Raises `not_answerable`."""
    field = field_of(question, traits)
    if field is None:
        raise TierwiseError(
            "not_answerable",
            f'no answer to "{question.name}" can be stored: "{question.attribute}" comes of no word of the customer',
            remedy="ask for gender, birth_on, age_years or a trait, as `trait.NAME`",
        )
    return field


def value_of(question: Question, field: Field, given: str, today: date) -> str:
    """What is stored. A choice by its value or its text in either language.

    Raises `missing_value`, `unknown_value`, `bad_value`, `not_an_answer`.
    """
    text = given.strip()
    if not text:
        raise TierwiseError(
            "missing_value", f'what was the answer to "{question.name}"?', remedy=_may_be(question, field)
        )
    value = _chosen(question, field, text)
    if value is None:
        value = stored_text(text, field.type)
    if value is None or (field.column == "birth_on" and not _FIRST_BIRTHDAY <= date.fromisoformat(value) <= today):
        raise TierwiseError(
            "bad_value", f'"{text[:60]}" is no answer to "{question.name}"', remedy=_may_be(question, field)
        )
    if value in question.unknown:
        raise TierwiseError(
            "not_an_answer",
            f'"{value}" means that "{question.attribute}" is not known',
            remedy="store that the customer did not want to say",
        )
    return value


def question_named(profilings: Sequence[Profiling], name: str, of: str | None) -> tuple[Profiling, Question]:
    """The question and its definition. of: the definition's name, needed where several have such a question.

    Raises `no_profiling`, `unknown_profiling`, `unknown_question`, `ambiguous_profiling`.
    """
    if not profilings:
        raise TierwiseError(
            "no_profiling",
            "no questions are defined",
            remedy="apply a definition of kind profiling (docs/profiling.md)",
        )
    if of is not None and of not in {each.name for each in profilings}:
        raise TierwiseError.of([unknown_name("profiling", of, [each.name for each in profilings])])
    among = [each for each in profilings if of in (None, each.name)]
    found = [(each, question) for each in among for question in each.questions if question.name == name]
    if not found:
        known = {question.name for each in among for question in each.questions}
        raise TierwiseError.of([unknown_name("question", name, known)])
    if len(found) > 1:
        listed = ", ".join(sorted(each.name for each, _ in found))
        raise TierwiseError("ambiguous_profiling", "which one? there are several", remedy=f"name one of {listed}")
    return found[0]


def precedences(profilings: Iterable[Profiling]) -> dict[str, str]:
    """`PROFILING QUESTION` -> what counts where a file says otherwise, where that is not the newest."""
    return {
        f"{each.name} {question.name}": question.precedence
        for each in profilings
        for question in each.questions
        if question.precedence != "newest"
    }


def _chosen(question: Question, field: Field, text: str) -> str | None:
    """The choice that is meant; None where the question has none. Raises `unknown_value`."""
    if not question.answers:
        if field.column != "gender":
            return None
        if text.lower() not in _GENDERS:
            raise TierwiseError.of([unknown_name("value", text[:60], ["female", "male"], question.name)])
        return _GENDERS[text.lower()]
    values = [each.value for each in question.answers]
    named = [each.value for each in question.answers if text in (each.value, each.text.zh, each.text.en)]
    if text in values or len(named) == 1:
        return text if text in values else named[0]
    raise TierwiseError.of([unknown_name("value", text[:60], values, question.name)])


def _may_be(question: Question, field: Field) -> str:
    if question.answers:
        return f"one of {', '.join(each.value for each in question.answers)}"
    if field.column == "gender":
        return "one of female, male"
    if field.column == "birth_on":
        return "the day of birth as 1990-06-30, not one to come"
    match field.type:
        case "integer":
            return "a whole number"
        case "number":
            return "a number, with a point where it has decimals"
        case "date":
            return "a day as 2026-06-30"
        case "boolean":
            return "yes or no"
    return f"a text of 1 to {MOST_LETTERS} letters"
