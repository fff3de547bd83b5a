"""The tasks of one customer on their page, done by a tap; and a new one."""

from __future__ import annotations

from datetime import date
from html import escape

from nicegui import ui

from tierwise.app import task_making, tasks
from tierwise.app.task_views import KIND_TITLES, KINDS
from tierwise.console.pages._task_area import task_area
from tierwise.console.parts.card import card
from tierwise.console.parts.dialog import dialog
from tierwise.console.parts.task_rows import task_list
from tierwise.console.visit import Visit, tell
from tierwise.kernel.errors import TierwiseError

SHOWN = 10


async def customer_tasks(visit: Visit, who: str) -> None:
    """A card; for who has to do with tasks."""
    if not visit.ctx.principal.may("task"):
        return
    texts = visit.texts

    async def draw() -> str:
        found = await visit.ask(tasks.tasks_of_customer, visit.ctx, who, limit=SHOWN)
        if not found:
            return f"<p>{escape(texts('task_none_here'))}</p>"
        return task_list(found, texts, visit.link, name="customer", whose=True)

    with card(texts("title_tasks"), name="tasks"):
        await task_area(visit, draw)
        button = ui.button(texts("task_add"), on_click=lambda: _add(visit, who))
        button.props("outline dense no-caps data-do=add-task")


def _add(visit: Visit, who: str) -> None:
    texts = visit.texts
    with dialog(texts("task_add")) as window:
        title = ui.input(texts("task_title"))
        script = ui.textarea(texts("task_script")).props("autogrow")
        kind = ui.select(
            {each: texts.label(KIND_TITLES[each]) for each in KINDS}, value="call", label=texts("task_kind")
        )
        day = ui.input(texts("task_due_on")).props('type="date" stack-label')
        for each in (title, script, kind, day):
            each.props("outlined dense").classes("tw-wide-input")
        wrong = ui.column()

        async def done() -> None:
            wrong.clear()
            try:
                await visit.ask(
                    task_making.make_task,
                    visit.ctx,
                    who,
                    kind=kind.value,
                    title=title.value or "",
                    script=script.value or "",
                    due_on=date.fromisoformat(day.value) if day.value else None,
                )
            except TierwiseError as error:
                with wrong:
                    tell(error, texts)
                return
            ui.navigate.reload()

        with ui.row().classes("tw-actions"):
            ui.button(texts("take"), on_click=done).props("unelevated no-caps")
            ui.button(texts("cancel"), on_click=window.close).props("flat no-caps")
