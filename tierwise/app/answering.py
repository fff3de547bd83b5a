"""Storing what a customer said when asked, or that they did not want to say, and taking it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import get_args

from sqlalchemy import Connection

from tierwise.app.answer_fields import Field, question_named, require_field, value_of
from tierwise.app.asked_before import again_on, house_of
from tierwise.app.context import Context
from tierwise.app.defining import Definitions
from tierwise.app.known_customers import Customers
from tierwise.app.own_customers import require_own
from tierwise.definitions.profiling import Profiling, Question
from tierwise.definitions.sensitivity import TRAIT
from tierwise.definitions.tag import Tag
from tierwise.engine.answered import filed_of
from tierwise.ingest.trait_types import widened
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.state import answers, audit, traits
from tierwise.state.answers import How as How
from tierwise.state.answers import Outcome, Said

HOWS: tuple[How, ...] = get_args(How)


@dataclass(frozen=True, slots=True)
class AnswerAct:
    """What storing came to. stored: false where the customer's word of today was the same already.

    again_on: of who did not want to say, the first day on which they may be asked again.
    """

    customer_id: str
    question: str
    outcome: Outcome
    value: str | None
    how: How
    author: str
    stored: bool
    again_on: date | None


@dataclass(frozen=True, slots=True)
class AnswerUndone:
    """What was taken back. again: what counts of this customer's words since, null where none stands."""

    customer_id: str
    question: str
    outcome: Outcome
    again: str | None


def answer(
    ctx: Context, customer_id: str, question: str, value: str, *, how: str = "visit", name: str | None = None
) -> AnswerAct:
    """Store what a customer said to a question. It counts at once, and in rules from the next telling or run on.

    value: of a choice its value or its text in either language; else a text, number or day, as the field's type is.
    how: on what occasion. name: the definition, where several have such a question. Whoever is not asked by `who` may
    say it all the same. Audited, without the value. Raises `unknown_customer`, `unknown_question`, `not_answerable`,
    `missing_value`, `unknown_value`, `bad_value`, `not_an_answer`, `no_consent`, `no_profiling`.
    """
    require_own(ctx, "answer", customer_id)
    return _store(ctx, customer_id, question, value, how, name)


def decline(ctx: Context, customer_id: str, question: str, *, how: str = "visit", name: str | None = None) -> AnswerAct:
    """Store that a customer was asked and did not want to say: they are not asked again for `again_days` of the
    question. What they said before still counts. Raises as `answer`."""
    require_own(ctx, "answer", customer_id)
    return _store(ctx, customer_id, question, None, how, name)


def take_back(ctx: Context, customer_id: str, question: str, *, reason: str, name: str | None = None) -> AnswerUndone:
    """Take back a customer's newest word on a question; the one before it counts again. It stays on record. Audited.

    Raises `unknown_customer`, `nothing_said`, `missing_reason`.
    """
    require_own(ctx, "answer", customer_id)
    with Customers(ctx) as customers:
        _, customer_key = customers.one(customer_id)
        keys = customers.keys(customer_key)
    with ctx.database.begin() as connection:
        # A question whose definition has gone may still have to be taken back.
        standing = answers.of_keys(connection, keys)
        last = next((e for e in standing if e.question == question and name in (None, e.profiling)), None)
        if last is None:
            raise TierwiseError(
                "nothing_said",
                f'nothing that this customer said to "{question}" stands',
                remedy="`tierwise answer list CUSTOMER` shows what was said, and what was taken back",
            )
        answers.undo(connection, [last.id], by=ctx.principal.name, reason=reason)
        detail = {"answer": last.id, "source_key": last.source_key, "outcome": last.outcome}
        audit.write(connection, ctx.principal.name, "answer.remove", question, detail)
    others = (each for each in standing if each.id != last.id)
    again = next((each.value for each in others if each.outcome == "answered" and each.field == last.field), None)
    return AnswerUndone(customer_id, question, last.outcome, again)


def _store(ctx: Context, customer_id: str, question: str, value: str | None, how: str, name: str | None) -> AnswerAct:
    occasion = next((each for each in HOWS if each == how), None)
    if occasion is None:
        raise TierwiseError.of([unknown_name("occasion", how, HOWS)])
    house = house_of(ctx)
    definition, asked = question_named(house.definitions.of(Profiling), question, name)
    field = require_field(asked, house.traits)
    given = None if value is None else value_of(asked, field, value, house.today)
    with Customers(ctx) as customers:
        source_key, customer_key = customers.one(customer_id)
        keys = customers.keys(customer_key)
        purposes = sorted(set(_purposes(asked, house.definitions)))
        consented = customers.consented(purposes, house.today)
        for purpose in purposes:
            if (customer_key, purpose) not in consented:
                raise _no_consent(asked, purpose)
        filed = filed_of(customers.connection, ctx.lake, house.versions.get("customers"), keys, [field.column])
    found = next((row[field.column] for key in keys if (row := filed.get(key, {})).get(field.column) is not None), None)
    outcome: Outcome = "declined" if given is None else "answered"
    said = Said(source_key, definition.name, asked.name, field.column, outcome, given, found, occasion)
    with ctx.database.begin() as connection:
        if given is not None and field.trait is not None:
            said = _with_trait(connection, said, field)
        since = datetime.combine(house.today, time(), house.zone)
        stored = answers.add(connection, said, author=ctx.principal.name, keys=keys, since=since)
        if stored is not None:
            detail = {"answer": stored, "source_key": source_key, "outcome": outcome, "how": how}
            audit.write(connection, ctx.principal.name, "answer.add", asked.name, detail)
    again = again_on(asked, clock.utc_now(), house.zone) if given is None else None
    return AnswerAct(customer_id, asked.name, outcome, given, occasion, ctx.principal.name, stored is not None, again)


def _with_trait(connection: Connection, said: Said, field: Field) -> Said:
    """Record the trait where nobody had it yet, and give it a type that holds the answer as well."""
    assert field.trait is not None
    known = next((each for each in traits.list_traits(connection) if each.name == field.trait), None)
    if known is None:
        traits.add(connection, field.trait, field.column, field.type)
        return said
    if (wider := widened(known.type, field.type)) != known.type:
        traits.widen(connection, field.trait, wider)
    return replace(said, field=known.column_name)


def _purposes(asked: Question, definitions: Definitions) -> Iterator[str]:
    """What the customer must have consented to: as the question says, and as tags that read the same column do."""
    if asked.needs_consent is not None:
        yield asked.needs_consent
    for tag in definitions.of(Tag):
        read = tag.imported.trait.removeprefix(TRAIT) if tag.imported is not None else None
        if read is not None and read == asked.attribute.removeprefix(TRAIT) and tag.needs_consent is not None:
            yield tag.needs_consent


def _no_consent(asked: Question, purpose: str) -> TierwiseError:
    return TierwiseError(
        "no_consent",
        f'to ask "{asked.name}" takes a consent to "{purpose}", and none stands for this customer',
        remedy="ask the customer first, and import the consent",
    )
