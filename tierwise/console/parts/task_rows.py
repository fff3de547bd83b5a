"""Tasks as HTML: one with all that is needed to do it, its buttons; and many as a table to choose from.

A button's `data-tap` says what it does; the page hears of it (`pages/_task_area.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from urllib.parse import quote

from tierwise.app.task_views import KIND_TITLES, OUTCOME_TITLES, OUTCOMES, STATE_TITLES, TaskView, Tier
from tierwise.console.charts.colours import colour_of
from tierwise.console.texts import NONE, Texts

Link = Callable[[str], str]
"""The address of a page of the console."""


def task_list(views: Sequence[TaskView], texts: Texts, link: Link, *, name: str, whose: bool = False) -> str:
    """Tasks to be done, or done, one below the other. whose: with whose they are."""
    listed = "".join(_task(each, texts, link, whose=whose) for each in views)
    return f'<ul class="tw-tasks" data-tasks="{escape(name)}">{listed}</ul>'


def task_table(views: Sequence[TaskView], texts: Texts, link: Link, *, pick: bool) -> str:
    """One row a task. pick: with boxes to choose some."""
    heads = [texts("task_customer"), texts("task_what"), texts("task_due_on"), texts("task_whose"), texts("task_state")]
    titles = "".join(f'<th scope="col" class="text">{escape(each)}</th>' for each in heads)
    boxes = f'<th scope="col"><span class="tw-hidden">{escape(texts("task_pick"))}</span></th>' if pick else ""
    rows = "".join(_row(each, texts, link, pick=pick) for each in views)
    last = f'<th scope="col"><span class="tw-hidden">{escape(texts("task_open_it"))}</span></th>'
    return (
        f'<table class="tw-table" data-table="tasks"><thead><tr>{boxes}{titles}{last}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def tap(view: TaskView, name: str, text: str, label: str = "") -> str:
    """A button that does something about a task."""
    said = f' aria-label="{escape(label)}"' if label else ""
    return (
        f'<button type="button" class="tw-tap" data-tap="{escape(name)}" data-task="{view.id}" '
        f'data-revision="{view.revision}"{said}>{escape(text)}</button>'
    )


def who(view: TaskView, texts: Texts) -> str:
    """What the customer is called, as far as one who looks may know."""
    return view.name or view.customer_id or texts("task_nobody_known")


def day_text(view: TaskView, texts: Texts) -> str:
    """When it is due, or how long it has been."""
    if view.overdue_days:
        return texts("task_overdue_days", days=view.overdue_days)
    return texts.day(view.due_on)


def state_text(view: TaskView, texts: Texts) -> str:
    """What came of it, else how far it is."""
    return texts.label(STATE_TITLES[view.state] if view.outcome is None else OUTCOME_TITLES[view.outcome])


def _customer(view: TaskView, texts: Texts, link: Link) -> str:
    name = escape(who(view, texts))
    if not view.own or view.customer_id is None:
        return name
    address = link(f"/customers/{quote(view.customer_id, safe='')}")
    return f'<a href="{escape(address)}">{name}</a>'


def _task(view: TaskView, texts: Texts, link: Link, *, whose: bool) -> str:
    phone = ""
    if view.phone:
        number = "".join(each for each in view.phone if each.isdigit() or each == "+")
        phone = f' <a class="tw-phone-number" href="tel:{escape(number)}">{escape(view.phone)}</a>'
    tiers = "".join(_tier(each, texts) for each in (view.level, view.stage) if each is not None)
    what = " · ".join(each for each in (texts.label(KIND_TITLES[view.kind]), texts.said(view.title)) if each)
    lines = [
        ("task_reason", texts.label(view.reason)),
        ("task_script", texts.said(view.script)),
        ("task_question", texts.label(view.question)),
        ("task_note", view.note),
        ("task_whose", view.assignee.title if whose and view.assignee is not None else ""),
        ("task_tries", texts.count(view.tries) if view.tries else ""),
    ]
    told = "".join(f"<div><dt>{escape(texts(key))}</dt><dd>{escape(text)}</dd></div>" for key, text in lines if text)
    warn = " warn" if view.overdue_days else ""
    state = state_text(view, texts) if view.state != "open" else day_text(view, texts)
    return (
        f'<li class="tw-task" data-task-row="{view.id}"><div class="tw-task-head"><b>{_customer(view, texts, link)}</b>'
        f'{phone}<span class="tw-task-tiers">{tiers}</span><span class="tw-task-day{warn}">{escape(state)}</span></div>'
        f'<p class="tw-task-what">{escape(what)}</p><dl>{told}</dl><div class="tw-taps">{_taps(view, texts)}</div></li>'
    )


def _taps(view: TaskView, texts: Texts) -> str:
    more = tap(view, "more", texts("task_more"), texts("task_more_about", name=who(view, texts)))
    if view.state != "open":
        return (tap(view, "undo", texts("task_undo")) if view.undoable else "") + more
    outcomes = "".join(
        tap(view, each, texts.label(OUTCOME_TITLES[each]), f"{texts.label(OUTCOME_TITLES[each])}: {who(view, texts)}")
        for each in OUTCOMES
    )
    return outcomes + tap(view, "later", texts("task_tomorrow")) + more


def _tier(tier: Tier, texts: Texts) -> str:
    dot = f'<i class="dot" style="background:{escape(colour_of(tier.value, tier.rank))}"></i>'
    return f'<span title="{escape(texts.label(tier.title))}">{dot}{escape(texts.label(tier.value_title))}</span>'


def _row(view: TaskView, texts: Texts, link: Link, *, pick: bool) -> str:
    label = escape(texts("task_pick_of", name=who(view, texts)))
    box = f'<td><input type="checkbox" data-pick value="{view.id}" aria-label="{label}"></td>' if pick else ""
    tiers = " · ".join(texts.label(each.value_title) for each in (view.level, view.stage) if each is not None)
    title = texts.said(view.title) or texts.label(KIND_TITLES[view.kind])
    why = texts.label(view.reason) if view.title else texts.label(view.reason) or NONE
    late = f'<small class="warn">{escape(day_text(view, texts))}</small>' if view.overdue_days else ""
    note = f"<small>{escape(view.note)}</small>" if view.note else ""
    whose = view.assignee.title if view.assignee is not None else texts("task_pool")
    more = tap(view, "more", texts("task_open_it"), texts("task_more_about", name=who(view, texts)))
    return (
        f'<tr data-task-row="{view.id}">{box}'
        f'<td class="text">{_customer(view, texts, link)}<small>{escape(tiers)}</small></td>'
        f'<td class="text">{escape(title)}<small>{escape(why)}</small></td>'
        f'<td class="text">{escape(texts.day(view.due_on))}{late}</td><td class="text">{escape(whose)}</td>'
        f'<td class="text">{escape(state_text(view, texts))}{note}</td><td class="number">{more}</td></tr>'
    )
