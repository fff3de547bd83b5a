"""What the use cases of progressive profiling answer with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from tierwise.app.answer_fields import Kind
from tierwise.app.views import Label

QuestionState = Literal["next", "open", "known", "not_allowed", "not_worth", "declined"]


@dataclass(frozen=True, slots=True)
class RewardView:
    """What an answer earns: points, or a benefit beside the basic service."""

    points: int | None
    benefit: Label | None


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """One question. bits: the worth of an answer, null where it cannot be told; basis: measured, assumed or null;
    by_target: its measured bits by target, before the weights. cost_bits: what asking costs; worth_asking: whether
    bits are more than that.

    answers: customers of whom the attribute is known; missing: the others; askable: of these, who may be asked;
    asked_next: of these, for whom it is the next question.
    """

    question: str
    attribute: str
    ask: Label
    bits: float | None
    basis: Literal["measured", "assumed"] | None
    by_target: dict[str, float]
    cost_bits: float
    worth_asking: bool
    answers: int
    missing: int
    askable: int
    asked_next: int
    reward: RewardView | None
    sensitivity: str
    needs_consent: str | None


@dataclass(frozen=True, slots=True)
class ProfilingView:
    """Questions in the order in which they are worth asking. customers: of the population; mean_completeness: 0-1, null
    where there is nobody; complete: of whom all is known; nothing_to_ask: who has gaps, and no question to be asked.
    """

    name: str
    title: Label
    run_id: int
    as_of: date
    customers: int
    mean_completeness: float | None
    complete: int
    nothing_to_ask: int
    targets: tuple[str, ...]
    questions: tuple[QuestionRow, ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One answer to choose."""

    value: str
    text: Label


@dataclass(frozen=True, slots=True)
class CustomerQuestion:
    """One question to one customer. state: next (ask this one), open (may be asked later), known, not_allowed (the rule
    or a missing consent says no), not_worth (tells less than asking costs, or nobody can tell), declined (did not want
    to say, and is not asked again before again_on).

    kind: how it is answered, choice or the type of a free answer; null where no answer can be stored. The reward is
    what may be promised: nothing is granted by storing an answer.
    """

    question: str
    attribute: str
    state: QuestionState
    ask: Label
    answers: tuple[AnswerView, ...]
    reward: RewardView | None
    bits: float | None
    sensitivity: str
    needs_consent: str | None
    kind: Kind | None = None
    again_on: date | None = None


@dataclass(frozen=True, slots=True)
class CustomerProfiling:
    """What is known of one customer and what to ask next, as of the run with what was said since.

    completeness: 0-1; it and `next` are null, and there are no questions, of who is not in the population.
    """

    customer_id: str
    name: str
    run_id: int
    as_of: date
    completeness: float | None
    next: str | None
    questions: tuple[CustomerQuestion, ...]
