"""Tasks on a page whose buttons are heard: an outcome by one tap, the way back, and all else in a dialog."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from html import escape
from typing import Any

from nicegui import events, ui

from tierwise.app import task_giving, tasks
from tierwise.app.task_reading import business_day
from tierwise.app.task_views import OUTCOME_TITLES, OUTCOMES, ChangeView, TaskView
from tierwise.console.parts.card import markup, markup_in
from tierwise.console.parts.dialog import dialog
from tierwise.console.parts.notice import refused
from tierwise.console.parts.table import Column, table
from tierwise.console.parts.task_rows import day_text, state_text, tap, who
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, tell
from tierwise.kernel.errors import TierwiseError

Draw = Callable[[], Awaitable[str]]

_HEARD = (
    "(e) => { const b = e.target.closest('button[data-tap]'); "
    "if (b) emit([b.dataset.tap, Number(b.dataset.task), Number(b.dataset.revision)]); }"
)


async def task_area(visit: Visit, draw: Draw) -> None:
    """What `draw` makes, drawn anew after each change. What was done is told above it, with the way back."""
    drawn = await draw()  # what hears is told to the browser together with what it hears of
    said = ui.html("", sanitize=False).props('role="status" tabindex="-1" data-said').classes("tw-said")
    body = ui.html(drawn, sanitize=False)

    async def anew(text: str = "") -> None:
        said.set_content(text)
        body.set_content(await draw())
        if text:  # the button that was pressed is gone
            said.client.run_javascript("document.querySelector('[data-said]')?.focus()")

    async def heard(event: events.GenericEventArguments) -> None:
        name, task_id, revision = event.args
        try:
            if name == "more":
                await _dialog(visit, int(task_id), anew)
                return
            await anew(told(await _done(visit, name, int(task_id), int(revision)), visit.texts))
        except TierwiseError as error:
            await anew(refused(error.problems, visit.texts))

    for element in (said, body):
        element.on("click", heard, js_handler=_HEARD)


def told(view: TaskView, texts: Texts) -> str:
    """What has become of a task, in a line, with the way back where there is one."""
    state = state_text(view, texts) if view.state != "open" else texts("task_is_due", day=day_text(view, texts))
    line = texts("task_now", name=who(view, texts), state=state)
    back = tap(view, "undo", texts("task_undo")) if view.undoable else ""
    return f"<p>{escape(line)} {back}</p>"


async def _done(visit: Visit, name: str, task_id: int, revision: int) -> TaskView:
    if name == "undo":
        return await visit.ask(tasks.undo, visit.ctx, task_id, revision=revision)
    return await visit.ask(tasks.act, visit.ctx, task_id, name, revision=revision)  # type: ignore[arg-type]


async def _dialog(visit: Visit, task_id: int, anew: Callable[[str], Awaitable[None]]) -> None:
    """One task whole: what is known, a note, another day, whose it is, and what was done about it."""
    texts = visit.texts
    view = await visit.ask(tasks.one_task, visit.ctx, task_id)
    changes = await visit.ask(tasks.task_history, visit.ctx, task_id)
    today = await visit.ask(business_day, visit.ctx)
    with dialog(f"{who(view, texts)} · {texts.said(view.title) or texts.label(view.reason)}") as window:
        window.props('data-dialog="task"')
        markup_in("div", _facts(view, texts), "tw-wide-input")
        wrong = ui.column()

        async def tried(case: Any, *given: Any, **named: Any) -> None:
            wrong.clear()
            try:
                done = await visit.ask(case, visit.ctx, *given, **named)
            except TierwiseError as error:
                with wrong:
                    tell(error, texts)
                return
            window.close()
            await anew(told(done, texts) if isinstance(done, TaskView) else f"<p>{escape(texts('task_given'))}</p>")

        if view.state == "open":
            _open_task(texts, view, today, tried)
            if visit.ctx.principal.may("assign"):
                await _whose(visit, view, tried)
        elif view.undoable:
            again = ui.button(texts("task_undo"), on_click=lambda: tried(tasks.undo, task_id, revision=view.revision))
            again.props("outline no-caps dense")
        markup(_history(changes, texts))
        ui.button(texts("close"), on_click=window.close).props("flat no-caps")


def _open_task(texts: Texts, view: TaskView, today: date, tried: Callable[..., Awaitable[None]]) -> None:
    note = ui.textarea(texts("task_note"), value=view.note).props("outlined dense autogrow").classes("tw-wide-input")
    seen = {"revision": view.revision}

    def written() -> str | None:
        return None if note.value == view.note else (note.value or "").strip()

    with ui.row().classes("tw-actions"):
        for each in OUTCOMES:
            button = ui.button(
                texts.label(OUTCOME_TITLES[each]),
                on_click=lambda each=each: tried(tasks.act, view.id, each, note=written(), **seen),
            )
            button.props(f'outline no-caps dense data-outcome="{each}"')
    with ui.row().classes("tw-actions"):
        day = ui.input(texts("task_again_on"), value=(today + timedelta(days=1)).isoformat())
        day.props('outlined dense type="date" stack-label').classes("tw-input")

        async def put_off(outcome: str) -> None:
            await tried(tasks.act, view.id, outcome, note=written(), again_on=_day(day.value), **seen)

        ui.button(texts("task_try_again"), on_click=lambda: put_off("no_answer")).props("outline no-caps dense")
        ui.button(texts("task_put_off"), on_click=lambda: put_off("later")).props("outline no-caps dense")
        drop = ui.button(
            texts("task_drop"), on_click=lambda: tried(tasks.drop, view.id, reason=note.value or "", **seen)
        )
        drop.props("flat no-caps dense").tooltip(texts("task_drop_help"))


async def _whose(visit: Visit, view: TaskView, tried: Callable[..., Awaitable[None]]) -> None:
    texts = visit.texts
    people = await visit.ask(task_giving.assignees, visit.ctx)
    options = {"": texts("task_pool")} | {each.id: f"{each.title} ({each.open})" for each in people}
    now = view.assignee.id if view.assignee is not None else ""
    with ui.row().classes("tw-actions"):
        chosen = ui.select(options, value=now if now in options else None, label=texts("task_whose"), with_input=True)
        chosen.props("outlined dense").classes("tw-input")

        async def given() -> None:
            await tried(task_giving.assign, [view.id], [chosen.value] if chosen.value else [])

        ui.button(texts("task_give"), on_click=given).props("outline no-caps dense")


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise TierwiseError("bad_value", f'"{text}" is no day', place="due_on", remedy="2026-06-30") from error


def _facts(view: TaskView, texts: Texts) -> str:
    lines = [
        ("task_customer", view.customer_id or NONE),
        ("column_phone", view.phone or NONE),
        ("task_reason", texts.label(view.reason)),
        ("task_script", texts.said(view.script)),
        ("task_question", texts.label(view.question)),
        ("task_due_on", texts.day(view.due_on)),
        ("task_whose", view.assignee.title if view.assignee is not None else texts("task_pool")),
        ("task_state", state_text(view, texts)),
    ]
    told = "".join(f"<div><dt>{escape(texts(key))}</dt><dd>{escape(text)}</dd></div>" for key, text in lines if text)
    return f'<dl class="tw-attributes">{told}</dl>'


def _history(changes: tuple[ChangeView, ...], texts: Texts) -> str:
    heads = [Column(texts(key), "text") for key in ("task_when", "by_whom", "task_change")]
    rows = []
    for each in changes:
        said = texts(f"task_did_{each.action}")
        outcome = each.after.get("outcome")
        if each.action == "done" and outcome in OUTCOME_TITLES:
            said = texts.label(OUTCOME_TITLES[outcome])
        if each.after.get("due_on") and each.action in ("snooze", "try"):
            said = f"{said} → {each.after['due_on']}"
        taken_back = f" ({texts('task_taken_back')})" if each.undone else ""
        rows.append((texts.at(each.at), each.author.removeprefix("person:"), said + taken_back))
    return table(heads, rows, name="task-history")
