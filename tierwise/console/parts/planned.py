"""What a change would do before it is made: who moves, what reads it, what is left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from tierwise.app.among import ANYWHERE, WouldMove, among_address
from tierwise.app.planning import PlanView
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.parts.card import excel_link
from tierwise.console.parts.sentence import sentence
from tierwise.console.parts.table import Cell, Column, table
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit
from tierwise.kernel.wording import problem_in_language

MOVES_SHOWN = 30

SAMPLED_FROM = 300_000
"""From so many customers on a plan looks at a part of them, so that it is there while somebody waits."""


@dataclass(frozen=True, slots=True)
class Called:
    """What things of a plan are called: by the vocabulary, and by titles of what no attribute is (segments)."""

    words: Vocabulary
    titles: dict[str, str]
    visit: Visit

    @property
    def texts(self) -> Texts:
        return self.visit.texts

    def who(self, plan: str | None, name: str, from_: str | None, to: str | None) -> str:
        """The address of those whom a plan would move; none for who may see no customers."""
        if plan is None or not self.visit.may("view_customer"):
            return ""
        return self.visit.link("/customers", among=among_address(WouldMove(plan, name, from_, to)))

    def name(self, name: str) -> str:
        return self.titles.get(name) or self.texts.label(self.words.title(name))

    def value(self, name: str, value: str | None) -> str:
        if value is None:
            return self.texts("plan_nowhere")
        known = self.words.value(name, value)
        if known is not None:
            return self.texts.label(known)
        return {"in": self.texts("plan_inside"), "yes": self.texts("yes")}.get(value, value)


def share_looked_at(customers: int | None) -> float | None:
    """The share of customers that a plan in a page looks at; None for all."""
    return None if customers is None or customers <= SAMPLED_FROM else SAMPLED_FROM / customers


def plan_html(view: PlanView, called: Called) -> str:
    """HTML, everything escaped. In `data-plan` how many moves there are."""
    texts = called.texts
    touched = [*view.added, *view.changed, *view.removed]
    if not touched:
        return f'<p class="tw-plan" data-plan="same">{escape(texts("plan_same"))}</p>'
    moved = sum(move.customers for move in view.moves)
    parts = [f'<p class="lead">{_lead(view, called, touched, moved)}</p>']
    if view.moves:
        parts.append(_moves(view, called))
        if len(view.moves) > MOVES_SHOWN:
            parts.append(f'<p class="foot">{escape(texts("plan_more", count=len(view.moves) - MOVES_SHOWN))}</p>')
    readers = [reader for found in view.readers.values() for reader in found]
    if readers:
        listed = ", ".join(called.name(reader.partition(" ")[2]) for reader in dict.fromkeys(readers))
        parts.append(f'<p class="foot" data-readers>{escape(texts("plan_readers", names=listed))}</p>')
    if view.run_seconds is not None:
        said = texts("plan_seconds", last=f"{view.run_seconds.last:.1f}", expected=f"{view.run_seconds.expected:.1f}")
        parts.append(f'<p class="foot">{escape(said)}</p>')
    warned = "".join(f"<li>{escape(str(problem_in_language(each, texts.language)))}</li>" for each in view.warnings)
    parts.append(f'<ul class="tw-warnings">{warned}</ul>' if warned else "")
    return f'<div class="tw-plan" data-plan="{moved}">{"".join(parts)}</div>'


def _lead(view: PlanView, called: Called, touched: Sequence[str], moved: int) -> str:
    """HTML. Its numbers lead to their customers where one definition is touched and all of them can be listed."""
    texts = called.texts
    if view.run_id is None:
        return escape(texts("plan_no_run"))
    if not moved:
        return escape(texts("plan_nobody"))
    own = {label.partition(" ")[2] for label in touched}
    mine = [move for move in view.moves if move.name in own or move.name.removesuffix("_cell") in own]
    count = sum(move.customers for move in mine)
    came = sum(move.customers for move in mine if move.from_ is None)
    went = sum(move.customers for move in mine if move.to is None)
    names = {move.name for move in mine}
    stay = sum(view.stay.get(name, 0) for name in names)
    links: dict[str, str] = {}
    if len(names) == 1 and all(move.listed == move.customers for move in mine):
        (name,) = names
        ways = {"moved": (ANYWHERE, ANYWHERE), "came": (None, ANYWHERE), "went": (ANYWHERE, None)}
        links = {what: called.who(view.plan, name, *way) for what, way in ways.items()}
    return sentence(
        texts,
        "plan_lead",
        {what: link for what, link in links.items() if {"moved": count, "came": came, "went": went}[what]},
        moved=texts.count(count),
        came=texts.count(came),
        went=texts.count(went),
        stay=texts.count(stay),
    )


def _moves(view: PlanView, called: Called) -> str:
    texts = called.texts
    columns = (
        Column(texts("plan_what"), "text"),
        Column(texts("plan_from"), "text"),
        Column(texts("plan_to"), "text"),
        Column(texts("customers")),
    )
    rows = [
        (
            Cell(called.name(move.name) or NONE),
            called.value(move.name, move.from_),
            called.value(move.name, move.to),
            Cell(
                texts.count(move.customers),
                texts("plan_listed", count=texts.count(move.listed)) if move.listed != move.customers else "",
                link=called.who(view.plan, move.name, move.from_, move.to) if move.listed else "",
            ),
        )
        for move in view.moves[:MOVES_SHOWN]
    ]
    excel = called.visit.excel("plan_moves", plan=view.plan) if view.plan else ""
    link = excel_link(excel, texts("plan_title")) if excel else ""
    return table(columns, rows, name="moves") + link
