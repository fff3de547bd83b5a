"""Each advisor's numbers, each of which leads to its tasks; and handing on the tasks of one who leaves."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nicegui import ui

from tierwise.app import task_giving, task_numbers
from tierwise.app.among import OfAdvisor, among_address
from tierwise.app.task_numbers import AdvisorRow, AdvisorsView, OfWhom
from tierwise.app.task_people import PERSON
from tierwise.app.task_views import OUTCOME_TITLES, OUTCOMES
from tierwise.console.pages._answer_numbers import asked_numbers
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.table import Cell, Column, Item, table
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, tell
from tierwise.kernel.errors import TierwiseError


async def numbers(visit: Visit) -> None:
    """The table of advisors."""
    texts = visit.texts
    view = await visit.ask(task_numbers.advisors, visit.ctx)
    lead = texts("task_advisors_lead", days=view.days)
    with card(texts("task_tab_advisors"), name="advisors", lead=lead, excel=visit.excel("advisors")):
        if not view.rows:
            markup(f"<p>{escape(texts('task_no_advisors'))}</p>")
        else:
            markup(f'<div class="tw-scroll">{_table(visit, view)}</div>')
            markup(f'<p class="foot">{escape(texts("task_ordered_note", days=view.order_days))}</p>')
    await asked_numbers(visit)
    if view.rows and visit.ctx.principal.may("assign"):
        await _hand_over(visit, view)


def _table(visit: Visit, view: AdvisorsView) -> str:
    texts = visit.texts
    heads = [Column(texts("task_advisor"), "text")]
    heads += [Column(texts(key)) for key in ("task_open_now", "task_overdue", "task_today", "task_done_in_days")]
    heads += [Column(texts.label(OUTCOME_TITLES[each])) for each in OUTCOMES]
    heads += [
        Column(texts(key))
        for key in ("task_answered_rate", "task_first_act", "task_ordered", "task_leads", "task_lead_hours")
    ]
    return table(heads, [_row(visit, each) for each in view.rows], name="advisors")


def _row(visit: Visit, row: AdvisorRow) -> Sequence[Item]:
    texts = visit.texts
    of = row.assignee.id if row.assignee is not None else "-"
    opens = visit.ctx.principal.may("assign")

    def cell(count: int, *, warn: bool = False, **asked: str) -> Cell:
        link = visit.link("/tasks", of=of, **asked) if opens and count else ""
        return Cell(texts.count(count), link=link, warn=warn)

    name = row.assignee.title if row.assignee is not None else texts("task_pool")
    number = "" if row.assignee is None or row.assignee.id == name else row.assignee.id.removeprefix(PERSON)
    cells: list[Item] = [Cell(name, small=number)]
    cells += [
        cell(row.open),
        cell(row.overdue, due="overdue"),
        cell(row.due_today, due="today"),
        cell(row.done, state="done"),
    ]
    cells += [cell(row.outcomes.get(each, 0), state="done", outcome=each) for each in OUTCOMES]
    assignee = row.assignee.id if row.assignee is not None else None

    def share(part: OfWhom, count: int | None, whole: OfWhom, of: int | None) -> Cell:
        """So many, and beneath of how many; each leads to its customers."""
        ways = ["", ""]
        if visit.may("view_customer"):
            address = [among_address(OfAdvisor(each, assignee)) for each in (part, whole)]
            ways = [visit.link("/customers", among=each) for each in address]
        said = texts("task_of_count", count=texts.count(of))
        return Cell(texts.count(count), said, link=ways[0] if count else "", small_link=ways[1])

    ordered = share("ordered", row.ordered, "ordered_of", row.ordered_of) if row.ordered_of else NONE
    leads = share("leads_contacted", row.leads_contacted, "leads", row.leads) if row.leads else NONE
    return [*cells, texts.percent(row.answered_rate), hours(row.first_act_hours, texts), ordered, leads,
            hours(row.lead_hours, texts)]  # fmt: skip


def hours(value: float | None, texts: Texts) -> str:
    """Hours with their unit; minutes where they are few, days where they are many."""
    if value is None:
        return NONE
    if value < 1:
        return texts("task_minutes", number=f"{value * 60:.0f}")
    if value >= 72:
        return texts("task_days", number=f"{value / 24:.1f}")
    return texts("task_hours", number=f"{value:.1f}")


async def _hand_over(visit: Visit, view: AdvisorsView) -> None:
    texts = visit.texts
    people = await visit.ask(task_giving.assignees, visit.ctx)
    known = {each.assignee.id: each.assignee.title for each in view.rows if each.assignee is not None and each.open}
    with card(texts("task_hand_over"), name="hand-over", lead=texts("task_hand_over_lead")):
        wrong = ui.column()
        with ui.row().classes("tw-actions"):
            left = ui.select(known, label=texts("task_from"), with_input=True)
            to = ui.select({each.id: each.title for each in people}, label=texts("task_to"), multiple=True)
            for each in (left, to):
                each.props("outlined dense").classes("tw-input")
            to.props("use-chips")

            async def given() -> None:
                wrong.clear()
                try:
                    if not left.value:
                        raise TierwiseError("missing_value", "whose tasks?", remedy="choose who leaves")
                    await visit.ask(task_giving.hand_over, visit.ctx, left.value, to.value or ())
                except TierwiseError as error:
                    with wrong:
                        tell(error, texts)
                    return
                ui.navigate.reload()

            ui.button(texts("task_hand_over"), on_click=given).props("outline dense no-caps")
