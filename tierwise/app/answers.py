"""What a customer said when asked: every word with who heard it, when, on what occasion, and whether it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import duckdb

from tierwise.app.answer_fields import field_of
from tierwise.app.asked_before import AskedBefore, House, again_on, anybody_asked, asked_before, house_of
from tierwise.app.context import Context
from tierwise.app.known_customers import Customers
from tierwise.app.own_customers import require_own
from tierwise.app.reading import label_of
from tierwise.app.views import Label
from tierwise.definitions.answer_value import value_of
from tierwise.definitions.profiling import Profiling, Question
from tierwise.definitions.sensitivity import TRAIT
from tierwise.state.answers import How, Outcome, StoredAnswer

HOW_TITLES: dict[How, Label] = {
    "visit": Label("到店当面", "In the store"),
    "call": Label("电话", "By phone"),
    "message": Label("聊天消息", "By message"),
    "form": Label("表单问卷", "By a form"),
    "other": Label("其他", "Otherwise"),
}

Standing = Literal["counts", "overtaken", "declined", "undone"]
"""counts: the value is this answer's; overtaken: a newer word or file says otherwise, or files take precedence."""


@dataclass(frozen=True, slots=True)
class WordView:
    """One word of a customer. value, text: what was said, null of who did not want to say. author: who heard it; how:
    on what occasion. again_on: of who did not want to say, the first day on which they may be asked again."""

    question: str
    profiling: str
    ask: Label
    attribute: str
    outcome: Outcome
    value: str | None
    text: Label | None
    how: How
    how_title: Label
    author: str
    at: datetime
    standing: Standing
    again_on: date | None
    undone_at: datetime | None
    undone_by: str | None
    undo_reason: str | None


@dataclass(frozen=True, slots=True)
class CustomerWords:
    """Everything that a customer said when asked, the newest first. now: attribute -> what counts as of this moment,
    of what they were ever asked for; null where nothing does."""

    customer_id: str
    words: tuple[WordView, ...]
    now: dict[str, str | None]


def customer_words(ctx: Context, customer_id: str) -> CustomerWords:
    """What one customer said when asked. Raises `unknown_customer`."""
    require_own(ctx, "view_customer", customer_id)
    house = house_of(ctx)
    with Customers(ctx) as customers:
        _, customer_key = customers.one(customer_id)
    before = asked_before(ctx, house, [customer_key]).get(customer_key)
    if before is None:
        return CustomerWords(customer_id, (), {})
    words = tuple(_word(each, before, house) for each in before.said)
    fields = {each.field: word.attribute for each, word in zip(before.said, words, strict=True)}
    return CustomerWords(customer_id, words, {fields[field]: value for field, value in before.now.items()})


def said_since(ctx: Context, customer_key: int, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Column -> its value as of this moment, of the columns for which the customer was ever asked, of the column's
    type. The caller has asked whether one may see them. connection: to look by."""
    if not anybody_asked(ctx):
        return {}
    house = house_of(ctx)
    before = asked_before(ctx, house, [customer_key], connection).get(customer_key)
    if before is None:
        return {}
    types = {each.column_name: each.type for each in house.traits} | {"birth_on": "date"}
    labels = {each.column_name: f"{TRAIT}{each.name}" for each in house.traits}
    return {
        labels.get(column, column): None if value is None else value_of(value, types.get(column, "text"))
        for column, value in before.now.items()
    }


def _word(each: StoredAnswer, before: AskedBefore, house: House) -> WordView:
    question = _question(house.definitions.of(Profiling), each)
    chosen = next((a for a in question.answers if a.value == each.value), None) if question is not None else None
    text = (
        None if each.value is None else label_of(chosen.text, each.value) if chosen else Label(each.value, each.value)
    )
    declined = each.outcome == "declined" and question is not None
    return WordView(
        question=each.question,
        profiling=each.profiling,
        ask=Label(each.question, each.question) if question is None else label_of(question.ask, each.question),
        attribute=_attribute(question, each, house),
        outcome=each.outcome,
        value=each.value,
        text=text,
        how=each.how,
        how_title=HOW_TITLES[each.how],
        author=each.author,
        at=each.at.astimezone(house.zone),
        standing=_standing(each, before),
        again_on=again_on(question, each.at, house.zone) if declined and question is not None else None,
        undone_at=each.undone_at,
        undone_by=each.undone_by,
        undo_reason=each.undo_reason,
    )


def _standing(each: StoredAnswer, before: AskedBefore) -> Standing:
    if each.undone_at is not None:
        return "undone"
    if each.outcome == "declined":
        newest = before.newest(each.profiling, each.question)
        return "declined" if newest is not None and newest.id == each.id else "overtaken"
    counting = before.counting(each.field)
    mine = counting is not None and counting.id == each.id
    return "counts" if mine and before.now[each.field] == each.value else "overtaken"


def _question(profilings: Sequence[Profiling], each: StoredAnswer) -> Question | None:
    found = (q for p in profilings if p.name == each.profiling for q in p.questions)
    return next((question for question in found if question.name == each.question), None)


def _attribute(question: Question | None, each: StoredAnswer, house: House) -> str:
    field = None if question is None else field_of(question, house.traits)
    if question is not None and field is not None and field.column == each.field:
        return question.attribute
    named = next((trait.name for trait in house.traits if trait.column_name == each.field), None)
    return f"{TRAIT}{named}" if named is not None else each.field
