"""Progressive profiling: what is known of customers, what each missing answer is worth, and whom to ask what next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection

from tierwise.app.context import Context
from tierwise.app.own_customers import require_own
from tierwise.app.reading import label_of
from tierwise.app.rule_world import Ground, ground_of
from tierwise.app.views import Label
from tierwise.definitions.profiling import Profiling, Question
from tierwise.definitions.read import parse_definition
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics.profiling import Profiled, Worth, profiled, profiling_rules, ranked
from tierwise.state import definitions as stored

KEY = "customer_key"


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
    with asked(ctx, name, run_id) as (definition, ground, found):
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
    """What is known of one customer, and which question to ask next. Raises `unknown_customer` and as `profiling`."""
    require_own(ctx, "view_customer", customer_id)
    with asked(ctx, name, run_id) as (definition, ground, found):
        row = ground.connection.execute(
            "SELECT customer_key FROM profile WHERE customer_id = $id", {"id": customer_id}
        ).fetchone()
        if row is None:
            raise TierwiseError(
                "unknown_customer",
                f'no customer "{customer_id}" as of {ground.run.as_of}',
                remedy="look at the id as the business writes it: tierwise show profile",
            )
        told = _of_customer(found, definition, row[0])
        questions: tuple[CustomerQuestion, ...] = ()
        if told is not None:
            order = ranked(definition, found.worths)
            questions = tuple(
                _customer_question(definition, i, found.worths[i], order, told) for i in _places(order, definition)
            )
        return CustomerProfiling(
            customer_id=customer_id,
            name=definition.name,
            run_id=ground.run.id,
            as_of=ground.run.as_of,
            completeness=None if told is None else told[definition.completeness],
            next=None if told is None else told[definition.next],
            questions=questions,
        )


@contextmanager
def asked(ctx: Context, name: str | None, run_id: int | None) -> Iterator[tuple[Profiling, Ground, Profiled]]:
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


def _of_customer(found: Profiled, definition: Profiling, key: int) -> dict[str, Any] | None:
    """Columns and flags of one customer; None outside the population."""
    columns = found.columns.to_native().filter(f"{KEY} = {int(key)}")
    flags = found.flags.to_native().filter(f"{KEY} = {int(key)}")
    row, flag = columns.fetchone(), flags.fetchone()
    if row is None or flag is None:
        return None
    return dict(zip(columns.columns, row, strict=True)) | dict(zip(flags.columns, flag, strict=True))


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


def _customer_question(
    definition: Profiling, i: int, worth: Worth, order: list[int], told: dict[str, Any]
) -> CustomerQuestion:
    question = definition.questions[i]
    state: Literal["next", "open", "known", "not_allowed", "not_worth"] = "open"
    if told[f"known_{i}"]:
        state = "known"
    elif not told[f"ask_{i}"]:
        state = "not_allowed"
    elif i not in order:
        state = "not_worth"
    elif told[definition.next] == question.name:
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
