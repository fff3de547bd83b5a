"""What customers say when asked: stored, taken back, shown, and counted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from tierwise.api import examples
from tierwise.api.context import Asked
from tierwise.api.problems import problem_responses
from tierwise.app import answer_numbers, answering, answers
from tierwise.app.answer_numbers import AnswerNumbers, AskedRow
from tierwise.app.answering import AnswerAct, AnswerUndone, How
from tierwise.app.answers import HOW_TITLES, CustomerWords, WordView
from tierwise.app.views import Label

router = APIRouter(tags=["answers"])

_CUSTOMER = Field(min_length=1, max_length=500, description="as the business writes it", examples=["C000042"])
_QUESTION = Field(min_length=1, max_length=63, examples=["mattress"])
_NAME = Field(None, max_length=63, description="the definition, where several have such a question")


class AnswerRequest(BaseModel):
    """What a customer said; without a value: they were asked and did not want to say."""

    model_config = ConfigDict(extra="forbid")

    customer_id: str = _CUSTOMER
    question: str = _QUESTION
    value: str | None = Field(None, max_length=500, description="a choice by its value or text; null: declined")
    how: How = Field("visit", description="on what occasion")
    name: str | None = _NAME


class AnswerRemovalRequest(BaseModel):
    """Whose newest word on what, and why."""

    model_config = ConfigDict(extra="forbid")

    customer_id: str = _CUSTOMER
    question: str = _QUESTION
    reason: str = Field(max_length=2000)
    name: str | None = _NAME


_ASK = Label("您喜欢软一点还是硬一点的床垫？", "Soft or firm mattress?")
ACT = AnswerAct("C000042", "mattress", "answered", "soft", "visit", "person:li", True, None)
UNDONE = AnswerUndone("C000042", "mattress", "answered", None)
WORDS = CustomerWords(
    customer_id="C000042",
    words=(
        WordView(
            question="mattress",
            profiling="profiling",
            ask=_ASK,
            attribute="trait.mattress",
            outcome="answered",
            value="soft",
            text=Label("软", "Soft"),
            how="visit",
            how_title=HOW_TITLES["visit"],
            author="person:li",
            at=datetime(2026, 7, 1, 2, 30, tzinfo=UTC),
            standing="counts",
            again_on=None,
            undone_at=None,
            undone_by=None,
            undo_reason=None,
        ),
    ),
    now={"trait.mattress": "soft"},
)
NUMBERS = AnswerNumbers(
    from_day=date(2026, 6, 2),
    to_day=date(2026, 7, 1),
    own=False,
    questions=(AskedRow("profiling mattress", _ASK, 120, 104, 16, 2, 104 / 120),),
    people=(AskedRow("person:li", Label("小李", "小李"), 120, 104, 16, 2, 104 / 120),),
)


@router.post(
    "/answers",
    operation_id="answer",
    status_code=201,
    responses=examples.ok(ACT, 201) | problem_responses(403, 404),
)
def answer(ctx: Asked, body: AnswerRequest) -> AnswerAct:
    """Store what a customer said to a question, or that they did not want to say. The same word again on one day
    changes nothing. No reward is granted by it."""
    if body.value is None:
        return answering.decline(ctx, body.customer_id, body.question, how=body.how, name=body.name)
    return answering.answer(ctx, body.customer_id, body.question, body.value, how=body.how, name=body.name)


@router.post(
    "/answers/removals", operation_id="take_answer_back", responses=examples.ok(UNDONE) | problem_responses(403, 404)
)
def take_back(ctx: Asked, body: AnswerRemovalRequest) -> AnswerUndone:
    """Take a customer's newest word on a question back; it stays on record, and the one before it counts again."""
    return answering.take_back(ctx, body.customer_id, body.question, reason=body.reason, name=body.name)


@router.get("/answers/numbers", operation_id="answer_numbers", responses=examples.ok(NUMBERS) | problem_responses(403))
def numbers(
    ctx: Asked,
    from_day: Annotated[date | None, Query(alias="from", description="29 days before `to` where left out")] = None,
    to_day: Annotated[date | None, Query(alias="to", description="today where left out")] = None,
) -> AnswerNumbers:
    """How many customers were asked, answered and did not want to say, by question and by who asked."""
    return answer_numbers.answer_numbers(ctx, from_day, to_day)


@router.get(
    "/answers/customers/{customer_id:path}",
    operation_id="customer_answers",
    responses=examples.ok(WORDS) | problem_responses(403, 404),
)
def of_customer(ctx: Asked, customer_id: Annotated[str, Path(max_length=500, examples=["C000042"])]) -> CustomerWords:
    """Everything that one customer said when asked, and what counts now."""
    return answers.customer_words(ctx, customer_id)
