"""Progressive profiling: what is known, what an answer is worth, and what to ask a customer next."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from tierwise.api import examples
from tierwise.api.context import Asked, RunQuery
from tierwise.api.problems import problem_responses
from tierwise.app import profiling as cases
from tierwise.app.profiling_views import (
    AnswerView,
    CustomerProfiling,
    CustomerQuestion,
    ProfilingView,
    QuestionRow,
    RewardView,
)
from tierwise.app.views import Label

router = APIRouter(tags=["profiling"])

Name = Annotated[
    str | None, Query(max_length=63, description="a definition of kind profiling; the only one where left out")
]

_ASK = Label("您家里养宠物吗？", "Do you keep a pet?")
_REWARD = RewardView(20, None)
PROFILING = ProfilingView(
    name="profiling",
    title=Label("渐进式资料", "Progressive profiling"),
    run_id=7,
    as_of=date(2026, 6, 30),
    customers=4_765,
    mean_completeness=0.41,
    complete=12,
    nothing_to_ask=310,
    targets=("rfm_cell",),
    questions=(
        QuestionRow(
            question="pets",
            attribute="trait.pets",
            ask=_ASK,
            bits=0.05,
            basis="assumed",
            by_target={},
            cost_bits=0.01,
            worth_asking=True,
            answers=0,
            missing=4_765,
            askable=3_900,
            asked_next=3_900,
            reward=_REWARD,
            sensitivity="ordinary",
            needs_consent=None,
        ),
    ),
)
CUSTOMER = CustomerProfiling(
    customer_id="U0000042",
    name="profiling",
    run_id=7,
    as_of=date(2026, 6, 30),
    completeness=0.5,
    next="pets",
    questions=(
        CustomerQuestion(
            question="pets",
            attribute="trait.pets",
            state="next",
            ask=_ASK,
            answers=(AnswerView("cat", Label("猫", "A cat")), AnswerView("none", Label("不养", "None"))),
            reward=_REWARD,
            bits=0.05,
            sensitivity="ordinary",
            needs_consent=None,
        ),
    ),
)


@router.get("/profiling", operation_id="profiling", responses=examples.ok(PROFILING) | problem_responses(404))
def profiling(ctx: Asked, name: Name = None, run_id: RunQuery = None) -> ProfilingView:
    """The questions, the most worth first: bits, cost, how many are known, missing, and asked next."""
    return cases.profiling(ctx, name, run_id=run_id)


@router.get(
    "/profiling/customers/{customer_id:path}",
    operation_id="next_question",
    responses=examples.ok(CUSTOMER) | problem_responses(403, 404),
)
def next_question(
    ctx: Asked,
    customer_id: Annotated[str, Path(max_length=500, examples=["U0000042"])],
    name: Name = None,
    run_id: RunQuery = None,
) -> CustomerProfiling:
    """What is known of one customer, and which question to ask next, with its answers and reward."""
    return cases.next_question(ctx, customer_id, name, run_id=run_id)
