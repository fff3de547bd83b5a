"""Make tasks: for whom, what is to be done, by whom; counted before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import Any, cast
from uuid import uuid4

from nicegui import ui

from tierwise.app import task_giving, task_making
from tierwise.app.task_views import KIND_TITLES, KINDS, Assignee, Share, TaskCounts, TaskGroups, TaskOrder, To
from tierwise.app.vocabulary import vocabulary
from tierwise.console.pages._data import attempt
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.table import Cell, Column, table
from tierwise.console.rule_query import rule_in
from tierwise.console.rule_words import rule_words
from tierwise.console.texts import Texts
from tierwise.console.visit import Visit, page
from tierwise.definitions.rule import AnyRule, InList, InSegment
from tierwise.kernel.errors import TierwiseError

_SEGMENT, _LIST, _INSIGHT = "segment:", "list:", "insight:"
_RULE = "rule"

_OURS = frozenset({"segment", "list", "insight", "where", "lang"})


@page("/tasks/new", "title_tasks_new")
async def new_tasks(visit: Visit) -> None:
    """In the address: segment, list, insight, or where, the rule of whom they are for; the insight's own settings."""
    texts = visit.texts
    groups = await visit.ask(task_making.task_groups, visit.ctx)
    people = await visit.ask(task_giving.assignees, visit.ctx)
    rule = rule_in(visit.asked.get("where"))
    said = rule_words(rule, await visit.ask(vocabulary, visit.ctx), texts) if rule is not None else ""
    form = _Form(visit, groups, people, rule, said)
    with card(texts("title_tasks_new"), name="new-tasks", lead=texts("task_new_lead")):
        form.draw()


class _Form:
    """What is asked for, and what it would come to. key: of this form, so that a second press makes nothing twice."""

    def __init__(
        self, visit: Visit, groups: TaskGroups, people: Sequence[Assignee], rule: AnyRule | None, said: str
    ) -> None:
        self._visit = visit
        self._rule = rule
        self._said = said
        self._people = people
        self._whom = _whom(groups, visit.texts, said if rule is not None else "")
        self._key = uuid4().hex
        self._settings = {name: value for name, value in visit.asked.items() if name not in _OURS and value}

    def draw(self) -> None:
        texts = self._visit.texts
        self._for = ui.select(self._whom, label=texts("task_for_whom"), value=self._first(), with_input=True)
        self._title = ui.input(texts("task_title"))
        self._script = ui.textarea(texts("task_script")).props("autogrow")
        for each in (self._for, self._title, self._script):
            each.props("outlined dense").classes("tw-wide-input")
        with ui.row().classes("tw-actions"):
            kinds = {each: texts.label(KIND_TITLES[each]) for each in KINDS}
            self._kind = ui.select(kinds, value="call", label=texts("task_kind"))
            self._due = ui.input(texts("task_due_on"), placeholder=texts("task_due_default"))
            self._due.props('type="date" stack-label')
            priorities = {1: texts("task_priority_1"), 2: texts("task_priority_2"), 3: texts("task_priority_3")}
            self._priority = ui.select(priorities, value=2, label=texts("task_priority"))
            whose = {each: texts(f"task_to_{each}") for each in ("advisor", "people", "pool")}
            self._to = ui.select(whose, value="advisor", label=texts("task_whose"))
            named = {each.id: f"{each.title} ({each.open})" for each in self._people}
            self._named = ui.select(named, multiple=True, label=texts("task_people"), value=[]).props("use-chips")
            for each in (self._kind, self._due, self._priority, self._to, self._named):
                each.props("outlined dense").classes("tw-input")
            self._named.bind_visibility_from(self._to, "value", lambda value: value != "pool")
        markup(f'<p class="foot">{escape(texts("task_people_help"))}</p>')
        if self._settings and self._visit.asked.get("insight"):
            settings = ", ".join(f"{name}={value}" for name, value in self._settings.items())
            markup(f'<p class="foot">{escape(texts("task_settings", settings=settings))}</p>')
        self._told = ui.column().props('role="status" data-preview').classes("tw-wide-input")
        with ui.row().classes("tw-actions"):
            preview, make = (attempt(self._visit, self._told, each) for each in (self._preview, self._make))
            ui.button(texts("task_preview"), on_click=preview).props("outline no-caps data-do=preview")
            ui.button(texts("task_make"), on_click=make).props("unelevated no-caps data-do=make")

    def _first(self) -> str | None:
        asked = self._visit.asked
        if self._rule is not None:
            return _RULE
        for name, beginning in (("segment", _SEGMENT), ("list", _LIST), ("insight", _INSIGHT)):
            if f"{beginning}{asked.get(name)}" in self._whom:
                return f"{beginning}{asked[name]}"
        return None

    def _order(self) -> TaskOrder:
        chosen = str(self._for.value or "")
        if not chosen:
            raise TierwiseError("missing_value", "for whom?", remedy="choose a segment, a list, or who is due")
        rule: AnyRule | None = self._rule if chosen == _RULE else None
        if chosen.startswith(_SEGMENT):
            rule = InSegment(segment=chosen.removeprefix(_SEGMENT))
        elif chosen.startswith(_LIST):
            rule = InList(list=chosen.removeprefix(_LIST))
        insight: Any = chosen.removeprefix(_INSIGHT) if chosen.startswith(_INSIGHT) else None
        return TaskOrder(
            rule=rule,
            insight=insight,
            parameters=self._settings if insight is not None and insight == self._visit.asked.get("insight") else {},
            kind=self._kind.value or "call",
            title=self._title.value or "",
            script=self._script.value or "",
            about=self._said[:300] if chosen == _RULE else "",
            due_on=_day(self._due.value),
            priority=int(self._priority.value or 2),
            to=cast(To, self._to.value),
            people=tuple(self._named.value or ()) if self._to.value != "pool" else (),
        )

    async def _preview(self) -> None:
        seen = await self._visit.ask(task_making.preview_tasks, self._visit.ctx, self._order())
        with self._told:
            markup(preview_html(seen.counts, seen.shares, self._visit.texts))

    async def _make(self) -> None:
        made = await self._visit.ask(task_making.make_tasks, self._visit.ctx, self._order(), key=self._key)
        if made.counts.made:
            self._visit.go("/tasks", tab="all", batch=str(made.batch_id), state="all")
            return
        with self._told:
            markup(preview_html(made.counts, made.shares, self._visit.texts))


def preview_html(counts: TaskCounts, shares: Sequence[Share], texts: Texts) -> str:
    """How many tasks for whom, who is left out and why, and whose they would be."""
    lead = texts("task_would_make", made=texts.count(counts.made), found=texts.count(counts.found))
    lines = {
        "task_already": counts.already,
        "task_closed_accounts": counts.closed,
        "task_left_out": counts.left_out,
        "task_nobodys_yet": counts.nobodys,
        "task_without_phone": counts.without_phone,
    }
    listed = "".join(
        f"<li>{escape(texts(key, count=texts.count(count)))}</li>" for key, count in lines.items() if count
    )
    rows = [
        (Cell(each.assignee.title if each.assignee is not None else texts("task_pool")), texts.count(each.tasks))
        for each in shares
    ]
    given = table([Column(texts("task_whose"), "text"), Column(texts("task_count"))], rows, name="shares")
    return f'<p class="lead" data-made="{counts.made}">{escape(lead)}</p><ul>{listed}</ul>{given if rows else ""}'


def _whom(groups: TaskGroups, texts: Texts, rule: str) -> dict[str, str]:
    found = {_RULE: texts("task_for_rule", rule=rule)} if rule else {}
    found |= {f"{_INSIGHT}{name}": texts(f"task_for_{name}") for name in ("due", "vehicle_due")}
    found |= {
        f"{_SEGMENT}{name}": texts("task_for_segment", title=texts.label(title))
        for name, title in groups.segments.items()
    }
    return found | {
        f"{_LIST}{name}": texts("task_for_list", title=texts.label(title)) for name, title in groups.lists.items()
    }


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise TierwiseError("bad_value", f'"{text}" is no day', place="due_on", remedy="2026-06-30") from error
