"""Who was asked what, answered, or did not want to say: each number opens its customers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tierwise.app import answer_numbers
from tierwise.app.among import among_address
from tierwise.app.answer_numbers import AnswerNumbers, Asked, AskedRow, Counted
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.table import Cell, Column, Item, table
from tierwise.console.visit import Visit


async def asked_numbers(visit: Visit) -> None:
    """A table by question and one by who asked, of the last days; for who may store answers or see numbers."""
    principal = visit.ctx.principal
    if not principal.may("answer") and not principal.may("view"):
        return
    texts = visit.texts
    view: AnswerNumbers = await visit.ask(answer_numbers.answer_numbers, visit.ctx)
    lead = texts("asked_lead", from_day=texts.day(view.from_day), to_day=texts.day(view.to_day))
    with card(texts("asked_title"), name="asked", lead=lead, excel=visit.excel("asked")):
        if not view.questions:
            markup(f"<p>{escape(texts('asked_nobody'))}</p>")
            return
        for name, rows in (("question", view.questions), ("person", view.people)):
            heads = [Column(texts(f"asked_by_{name}"), "text")]
            heads += [Column(texts(f"asked_{key}")) for key in ("asked", "answered", "rate", "declined", "undone")]
            cells = [_row(visit, view, each, name) for each in rows]
            markup(f'<div class="tw-scroll tw-apart">{table(heads, cells, name=f"asked-{name}")}</div>')


def _row(visit: Visit, view: AnswerNumbers, row: AskedRow, of: str) -> Sequence[Item]:
    texts = visit.texts
    opens = visit.ctx.principal.may("view_customer")

    def cell(count: int, counted: Counted) -> Cell:
        question, author = (row.name, None) if of == "question" else (None, row.name)
        who = Asked(view.from_day, view.to_day, counted, question, author)
        link = visit.link("/customers", among=among_address(who)) if opens and count else ""
        return Cell(texts.count(count), link=link)

    small = row.name.rpartition(" ")[2].removeprefix("person:")
    title = texts.label(row.title) if row.title.zh != row.name else small
    return [
        Cell(title, small="" if small == title else small),
        cell(row.asked, "asked"),
        cell(row.answered, "answered"),
        texts.percent(row.answered_rate),
        cell(row.declined, "declined"),
        cell(row.undone, "undone"),
    ]
