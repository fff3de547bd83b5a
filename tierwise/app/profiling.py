"""Progressive profiling: what is known of customers, what each missing answer is worth, and whom to ask what next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import pyarrow as pa
from sqlalchemy import Connection

from tierwise.app.answer_fields import kind_of
from tierwise.app.asked_before import Asking, House, asked_before, asking_of, declined_by, house_of
from tierwise.app.context import Context
from tierwise.app.one_customer import Subject, subject_of
from tierwise.app.own_customers import require_own
from tierwise.app.profiling_views import (
    AnswerView,
    CustomerProfiling,
    CustomerQuestion,
    ProfilingView,
    QuestionRow,
    QuestionState,
    RewardView,
)
from tierwise.app.reading import label_of, reading
from tierwise.app.remembered import told_once
from tierwise.app.rule_world import Ground, ground_of
from tierwise.app.views import Label
from tierwise.definitions.profiling import Profiling, Question
from tierwise.definitions.read import parse_definition
from tierwise.definitions.rule import AnyRule
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics.frame import rows_of
from tierwise.metrics.profiling import (
    POPULATION,
    Profiled,
    Worth,
    answered,
    declined,
    is_known,
    next_of,
    profiled,
    profiling_rules,
    ranked,
    unanswered,
)
from tierwise.state import definitions as stored

KEY = "customer_key"

_NOTHING_TO_ASK = frozenset({"no_profiling", "ambiguous_profiling", "unknown_attribute", "no_run"})


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
        house = house_of(ctx)
        said = asked_before(ctx, house, [subject.key]) if run_id is None else {}
        asking = asking_of(house, definition, said[subject.key]) if subject.key in said else _NOTHING_SAID
        one = _one(subject, definition, ranked(definition, worths), asking)
        return CustomerProfiling(
            customer_id=customer_id,
            name=definition.name,
            run_id=reader.run.id,
            as_of=reader.run.as_of,
            completeness=None if one is None else len(one.known) / len(definition.questions),
            next=None if one is None or one.next is None else definition.questions[one.next].name,
            questions=()
            if one is None
            else tuple(
                _customer_question(definition, i, worths[i], one, house, asking)
                for i in _places(list(one.order), definition)
            ),
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
            sets |= _said_sets(ctx, definition, few, customer_keys)
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


_NOTHING_SAID = Asking({}, {})


def _one(subject: Subject, definition: Profiling, order: list[int], asking: Asking) -> _One | None:
    """None outside the population. `metrics/profiling.py` tells the same of all customers at once."""
    rules = profiling_rules(definition)

    def holds(rule: AnyRule | None) -> bool:
        return rule is None or subject.clause(rule).verdict is True

    if not holds(rules.get(POPULATION)):
        return None
    questions = list(enumerate(definition.questions))

    def known(each: Question) -> bool:
        there = asking.known.get(each.name)
        return each.attribute in subject.world.schema and holds(is_known(each)) if there is None else there

    there = frozenset(i for i, each in questions if known(each))
    may = frozenset(
        i for i, each in questions if each.name not in asking.declined and holds(rules.get(f"ask {each.name}"))
    )
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
        house = house_of(ctx)
        day = max(ground.run.as_of, house.today) if ground.run.current else ground.run.as_of
        for question, keys in declined_by(ctx, definition, house, day).items():
            sets[declined(question)] = ground.of_run(pa.table({KEY: pa.array(keys, pa.int64())}))
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


def _said_sets(ctx: Context, definition: Profiling, ground: Ground, customer_keys: Sequence[int]) -> dict[str, Any]:
    """What these customers said since the run, as the sets that `next_of` heeds."""
    house = house_of(ctx)
    found: dict[str, list[int]] = {}
    for key, before in asked_before(ctx, house, [int(key) for key in customer_keys]).items():
        asking = asking_of(house, definition, before)
        for question, is_there in asking.known.items():
            found.setdefault(answered(question) if is_there else unanswered(question), []).append(key)
        for question in asking.declined:
            found.setdefault(declined(question), []).append(key)
    return {name: ground.of_run(pa.table({KEY: pa.array(keys, pa.int64())})) for name, keys in found.items()}


def _customer_question(
    definition: Profiling, i: int, worth: Worth, one: _One, house: House, asking: Asking
) -> CustomerQuestion:
    question = definition.questions[i]
    state: QuestionState = "open"
    if i in one.known:
        state = "known"
    elif question.name in asking.declined:
        state = "declined"
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
        answers=tuple(AnswerView(answer.value, label_of(answer.text, answer.value)) for answer in question.answers)
        or _CHOICES.get(kind_of(question, house.traits) or "", ()),
        reward=_reward(question),
        bits=worth.bits,
        sensitivity=question.sensitivity,
        needs_consent=question.needs_consent,
        kind=kind_of(question, house.traits),
        again_on=asking.declined.get(question.name) if state == "declined" else None,
    )


_CHOICES: dict[str, tuple[AnswerView, ...]] = {
    "choice": (AnswerView("female", Label("女士", "Female")), AnswerView("male", Label("先生", "Male"))),
    "boolean": (AnswerView("true", Label("是", "Yes")), AnswerView("false", Label("否", "No"))),
}
"""Where the question lists none."""


def _reward(question: Question) -> RewardView | None:
    if question.reward is None:
        return None
    benefit = question.reward.benefit
    return RewardView(question.reward.points, None if benefit is None else label_of(benefit))
