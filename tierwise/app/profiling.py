"""Progressive profiling: what is known of customers, what each missing answer is worth, and whom to ask what next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import narwhals as nw
from sqlalchemy import Connection

from tierwise.app.context import Context
from tierwise.app.one_customer import Subject, subject_of
from tierwise.app.own_customers import require_own
from tierwise.app.reading import label_of, reading
from tierwise.app.remembered import told_once
from tierwise.app.rule_world import Ground, ground_of
from tierwise.app.views import Label
from tierwise.definitions.profiling import Profiling, Question
from tierwise.definitions.read import parse_definition
from tierwise.definitions.rule import AnyRule
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics.frame import rows_of
from tierwise.metrics.profiling import POPULATION, Profiled, Worth, is_known, next_of, profiled, profiling_rules, ranked
from tierwise.state import definitions as stored

KEY = "customer_key"

_NOTHING_TO_ASK = frozenset({"no_profiling", "ambiguous_profiling", "unknown_attribute", "no_run"})


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
    or a missing consent says no), not_worth (tells less than asking costs, or nobody can tell)."""

    question: str
    attribute: str
    state: Literal["next", "open", "known", "not_allowed", "not_worth"]
    ask: Label
    answers: tuple[AnswerView, ...]
    reward: RewardView | None
    bits: float | None
    sensitivity: str
    needs_consent: str | None


@dataclass(frozen=True, slots=True)
class CustomerProfiling:
    """What is known of one customer and what to ask next. completeness: 0-1; it and `next` are null, and there are no
    questions, of who is not in the population."""

    customer_id: str
    name: str
    run_id: int
    as_of: date
    completeness: float | None
    next: str | None
    questions: tuple[CustomerQuestion, ...]


def profiling(ctx: Context, name: str | None = None, *, run_id: int | None = None) -> ProfilingView:
    """The questions of a definition as it is now, over a run. name: None takes the only one.

    Raises `no_profiling`, `unknown_profiling`, `ambiguous_profiling`, and what `ground_of` raises.
    """
    ctx.principal.require("view")
    with _asked(ctx, name, run_id) as (definition, ground, found):
        rows = {row["question"]: row for row in _rows(found.questions)}
        customers, known, complete, silent = _totals(found, definition)
        order = ranked(definition, found.worths)
        return ProfilingView(
            name=definition.name,
            title=label_of(definition.title, definition.name),
            run_id=ground.run.id,
            as_of=ground.run.as_of,
            customers=customers,
            mean_completeness=known / (customers * len(definition.questions)) if customers else None,
            complete=complete,
            nothing_to_ask=silent,
            targets=tuple(target.label for target in definition.targets),
            questions=tuple(
                _question_row(definition.questions[i], found.worths[i], i in order, rows)
                for i in _places(order, definition)
            ),
        )


def next_question(
    ctx: Context, customer_id: str, name: str | None = None, *, run_id: int | None = None
) -> CustomerProfiling:
    """What is known of one customer, and which question to ask next.

    Raises `unknown_customer`, `left_out` and as `profiling`.
    """
    require_own(ctx, "view_customer", customer_id)
    definition, worths = _worths(ctx, name, run_id)
    with reading(ctx, run_id) as reader:
        subject = subject_of(reader, customer_id, [definition])
        one = _one(subject, definition, ranked(definition, worths))
        return CustomerProfiling(
            customer_id=customer_id,
            name=definition.name,
            run_id=reader.run.id,
            as_of=reader.run.as_of,
            completeness=None if one is None else len(one.known) / len(definition.questions),
            next=None if one is None or one.next is None else definition.questions[one.next].name,
            questions=()
            if one is None
            else tuple(_customer_question(definition, i, worths[i], one) for i in _places(list(one.order), definition)),
        )


def worths(ctx: Context, name: str | None = None, *, run_id: int | None = None) -> tuple[Worth, ...]:
    """What an answer to each question is worth, over all customers. Raises as `profiling`."""
    ctx.principal.require("view")
    return _worths(ctx, name, run_id)[1]


def next_of_many(ctx: Context, customer_keys: Sequence[int]) -> dict[int, Label]:
    """What to ask each of these customers next; those without a question to ask are not there, nor is anybody where
    none or several definitions say what to ask, or one of them asks for what no run has.

    The caller has asked whether one may see these customers.
    """
    try:
        definition, worths = _worths(ctx, None, None)
        rules = profiling_rules(definition)
        columns = [question.attribute for question in definition.questions]
        with ground_of(ctx, list(rules.values()), columns) as ground:
            people = ground.world.people.filter(nw.col(KEY).is_in([int(key) for key in customer_keys]))
            few = replace(ground, world=replace(ground.world, people=people))
            sets = few.members_of_many(rules) if rules else {}
            told = rows_of(next_of(people, definition, ground.schema, sets, worths).select(KEY, definition.next))
    except TierwiseError as nothing:
        if nothing.code in _NOTHING_TO_ASK:
            return {}
        raise
    texts = {question.name: label_of(question.ask, question.name) for question in definition.questions}
    return {int(key): texts[name] for key, name in told if name is not None}


@told_once
def _worths(ctx: Context, name: str | None, run_id: int | None) -> tuple[Profiling, tuple[Worth, ...]]:
    with _asked(ctx, name, run_id) as (definition, _, found):
        return definition, found.worths


@dataclass(frozen=True, slots=True)
class _One:
    """Of one customer of the population: the places of the questions whose attribute is known, of those that may be
    asked, of those worth asking in their order, and of the next one."""

    known: frozenset[int]
    may: frozenset[int]
    order: tuple[int, ...]
    next: int | None


def _one(subject: Subject, definition: Profiling, order: list[int]) -> _One | None:
    """None outside the population. `metrics/profiling.py` tells the same of all customers at once."""
    rules = profiling_rules(definition)

    def holds(rule: AnyRule | None) -> bool:
        return rule is None or subject.clause(rule).verdict is True

    if not holds(rules.get(POPULATION)):
        return None
    questions = list(enumerate(definition.questions))
    there = frozenset(i for i, each in questions if each.attribute in subject.world.schema and holds(is_known(each)))
    may = frozenset(i for i, each in questions if holds(rules.get(f"ask {each.name}")))
    return _One(there, may, tuple(order), next((i for i in order if i in may and i not in there), None))


@contextmanager
def _asked(ctx: Context, name: str | None, run_id: int | None) -> Iterator[tuple[Profiling, Ground, Profiled]]:
    with ctx.database.connect() as state:
        definition = _definition(state, name)
    rules = profiling_rules(definition)
    columns = [question.attribute for question in definition.questions]
    columns += [target.attribute for target in definition.targets if target.attribute is not None]
    with ground_of(ctx, list(rules.values()), ["customer_id", *columns], run_id) as ground:
        sets = ground.members_of_many(rules) if rules else {}
        for target in definition.targets:
            if target.attribute is not None:
                ground.column(target.attribute)
        yield definition, ground, profiled(ground.world.people, definition, ground.schema, sets, ground.keep)


def _definition(state: Connection, name: str | None) -> Profiling:
    found = {}
    for each in stored.current(state, "profiling"):
        parsed = parse_definition(each.body or {}, f"profiling {each.name}") if each.body is not None else None
        if isinstance(parsed, Profiling):
            found[parsed.name] = parsed
    if not found:
        raise TierwiseError(
            "no_profiling",
            "no questions are defined",
            remedy="apply a definition of kind profiling (docs/profiling.md)",
        )
    if name is None and len(found) > 1:
        raise TierwiseError(
            "ambiguous_profiling", "which one? there are several", remedy=f"name one of {', '.join(sorted(found))}"
        )
    wanted = name or next(iter(found))
    if wanted not in found:
        raise TierwiseError.of([unknown_name("profiling", wanted, found)])
    return found[wanted]


def _rows(frame: Any) -> list[dict[str, Any]]:
    native = frame.to_native()
    return [dict(zip(native.columns, row, strict=True)) for row in native.fetchall()]


def _totals(found: Profiled, definition: Profiling) -> tuple[int, int, int, int]:
    """Customers, attributes known of them, customers of whom all is known, and those with gaps and nothing to ask."""
    total = len(definition.questions)
    native = found.columns.to_native()
    share = f'round("{definition.completeness}" * {total})::BIGINT'
    row = native.aggregate(
        f"count(*), COALESCE(sum({share}), 0)::BIGINT, count(*) FILTER ({share} = {total}), "
        f'count(*) FILTER ({share} < {total} AND "{definition.next}" IS NULL)'
    ).fetchone()
    return row[0], row[1], row[2], row[3]


def _places(order: list[int], definition: Profiling) -> list[int]:
    """Those worth asking, the most worth first, then the others as they are defined."""
    return [*order, *(i for i in range(len(definition.questions)) if i not in order)]


def _question_row(
    question: Question, worth: Worth, worth_asking: bool, rows: Mapping[str, dict[str, Any]]
) -> QuestionRow:
    row = rows[question.name]
    return QuestionRow(
        question=question.name,
        attribute=question.attribute,
        ask=label_of(question.ask),
        bits=worth.bits,
        basis=worth.basis,
        by_target=dict(worth.by_target),
        cost_bits=question.cost_bits,
        worth_asking=worth_asking,
        answers=row["answers"],
        missing=row["missing"],
        askable=row["askable"],
        asked_next=row["asked_next"],
        reward=_reward(question),
        sensitivity=question.sensitivity,
        needs_consent=question.needs_consent,
    )


def _customer_question(definition: Profiling, i: int, worth: Worth, one: _One) -> CustomerQuestion:
    question = definition.questions[i]
    state: Literal["next", "open", "known", "not_allowed", "not_worth"] = "open"
    if i in one.known:
        state = "known"
    elif i not in one.may:
        state = "not_allowed"
    elif i not in one.order:
        state = "not_worth"
    elif i == one.next:
        state = "next"
    return CustomerQuestion(
        question=question.name,
        attribute=question.attribute,
        state=state,
        ask=label_of(question.ask),
        answers=tuple(AnswerView(answer.value, label_of(answer.text, answer.value)) for answer in question.answers),
        reward=_reward(question),
        bits=worth.bits,
        sensitivity=question.sensitivity,
        needs_consent=question.needs_consent,
    )


def _reward(question: Question) -> RewardView | None:
    if question.reward is None:
        return None
    benefit = question.reward.benefit
    return RewardView(question.reward.points, None if benefit is None else label_of(benefit))
