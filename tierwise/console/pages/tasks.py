"""Tasks: one's own to be done by a tap; all of them, narrowed and given out; and the numbers of each advisor."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nicegui import ui

from tierwise.app import task_giving, tasks
from tierwise.app.task_views import KIND_TITLES, KINDS, OUTCOME_TITLES, STATE_TITLES, STATES, Assignee, TaskView
from tierwise.console.pages._task_area import task_area
from tierwise.console.pages._task_numbers import numbers
from tierwise.console.parts.card import excel_link, markup
from tierwise.console.parts.tabs import tabs
from tierwise.console.parts.task_rows import task_list, task_table
from tierwise.console.visit import Visit, page, tell
from tierwise.kernel.errors import TierwiseError

PAGE = 50

SHOWN = 100
"""So many of one's own are shown in a card."""

_DUE = ("overdue", "today", "soon", "later")

_FILTERS = ("of", "due", "kind", "state", "outcome", "batch")


@page("/tasks", "title_tasks", wide=True)
async def tasks_page(visit: Visit) -> None:
    """In the address: tab; of, due, kind, state, outcome, batch, from of the list of all."""
    may = visit.ctx.principal.may
    known = ["mine", "all"] if may("task") else []
    if not may("assign"):
        known = known[:1]
    tab = visit.asked.get("tab", "")
    first = "advisors" if not known else "all" if may("assign") else "mine"
    known.append("advisors")
    tab = tab if tab in known else first
    links = [
        (each, visit.texts(f"task_tab_{each}"), visit.link("/tasks", tab=each if each != first else None))
        for each in known
    ]
    markup(tabs(links, tab, visit.texts("title_tasks")))
    match tab:
        case "mine":
            await _mine(visit)
        case "all":
            await _all(visit)
        case _:
            await numbers(visit)


async def _mine(visit: Visit) -> None:
    texts = visit.texts

    async def draw() -> str:
        found = await visit.ask(tasks.my_tasks, visit.ctx)
        parts = [
            _card(visit, name, views)
            for name, views in (("overdue", found.overdue), ("today", found.due), ("soon", found.soon))
            if views
        ]
        if not parts:
            said = texts("task_none_mine") if found.whose is not None else texts("task_nobodys")
            parts.append(f'<section class="tw-notice" data-notice="no-tasks"><p>{escape(said)}</p></section>')
        if found.later:
            parts.append(f'<p class="foot">{escape(texts("task_later_count", count=texts.count(found.later)))}</p>')
        if found.done:
            parts.append(_card(visit, "done", found.done))
        return "".join(parts)

    await task_area(visit, draw)


def _card(visit: Visit, name: str, views: Sequence[TaskView]) -> str:
    texts = visit.texts
    title = texts(f"task_{name}")
    more = len(views) - SHOWN
    foot = f'<p class="foot">{escape(texts("task_more_count", count=texts.count(more)))}</p>' if more > 0 else ""
    listed = task_list(views[:SHOWN], texts, visit.link, name=name)
    return (
        f'<section class="tw-card" data-card="tasks-{name}"><header><h2>{escape(title)}</h2>'
        f"<small>{texts.count(len(views))}</small></header>{listed}{foot}</section>"
    )


async def _all(visit: Visit) -> None:
    texts, asked = visit.texts, visit.asked
    people = await visit.ask(task_giving.assignees, visit.ctx)
    markup(_filters(visit, people))
    with ui.row().classes("tw-bar"):
        markup(f'<a href="{escape(visit.link("/tasks/new"))}" class="tw-button">{escape(texts("task_make"))}</a>')
        _give(visit, people)
        markup(excel_link(link, texts("title_tasks")) if (link := _excel(visit)) else "")
    if asked.get("batch"):
        every = visit.link("/tasks", **_asked(visit, batch=None))
        said = escape(texts("task_of_batch", number=asked["batch"]))
        label = escape(texts("leave_out", what=texts("task_of_batch", number=asked["batch"])))
        markup(f'<ul class="tw-chips"><li>{said} <a href="{escape(every)}" aria-label="{label}">×</a></li></ul>')
    start = _whole(asked.get("from"))

    async def draw() -> str:
        state = asked.get("state") or "open"
        found = await visit.ask(
            tasks.list_tasks,
            visit.ctx,
            assignee=None if "of" not in asked or asked["of"] == "*" else asked["of"].removeprefix("-"),
            due=asked.get("due") or None,  # type: ignore[arg-type]
            kind=asked.get("kind") or None,  # type: ignore[arg-type]
            state=None if state == "all" else state,  # type: ignore[arg-type]
            outcome=asked.get("outcome") or None,  # type: ignore[arg-type]
            batch_id=_whole(asked.get("batch")) or None,
            offset=start,
            limit=PAGE,
        )
        if not found.rows:
            said = texts("task_none_such") if any(asked.get(name) for name in _FILTERS) else texts("task_none_yet")
            return f'<section class="tw-notice" data-notice="no-tasks"><p>{escape(said)}</p></section>'
        said = texts("task_found", count=texts.count(found.of))
        rows = task_table(found.rows, texts, visit.link, pick=True)
        return (
            f'<p class="tw-under" data-found="{found.of}"><span>{escape(said)}</span></p>'
            f'<div class="tw-sheet tw-scroll">{rows}</div>{_pager(visit, start, len(found.rows), found.of)}'
        )

    await task_area(visit, draw)


def _asked(visit: Visit, **other: str | None) -> dict[str, str | None]:
    return {name: visit.asked.get(name) for name in ("tab", *_FILTERS)} | other


def _excel(visit: Visit) -> str:
    of = visit.asked.get("of")
    given = {
        "assignee": None if of in (None, "*") else of.removeprefix("-") if of else None,
        "state": visit.asked.get("state"),
    }
    return visit.excel("tasks", **given, **{name: visit.asked.get(name) or None for name in ("due", "kind", "outcome")})


def _filters(visit: Visit, people: Sequence[Assignee]) -> str:
    """Choices that the address tells, in a form that leads to another."""
    texts, asked = visit.texts, visit.asked
    given = {
        "of": {"*": texts("task_everybody"), "-": texts("task_pool")} | {each.id: each.title for each in people},
        "due": {"": texts("task_any_day")} | {each: texts(f"task_{each}") for each in _DUE},
        "kind": {"": texts("task_any_kind")} | {each: texts.label(KIND_TITLES[each]) for each in KINDS},
        "state": {each: texts.label(STATE_TITLES[each]) for each in STATES} | {"all": texts("task_any_state")},
    }
    labels = {"of": "task_whose", "due": "task_due_on", "kind": "task_kind", "state": "task_state"}
    if asked.get("outcome"):
        given["outcome"] = {"": texts("task_any_outcome")} | {
            each: texts.label(title) for each, title in OUTCOME_TITLES.items()
        }
        labels["outcome"] = "task_outcome"
    selects = "".join(
        f"<label>{escape(texts(labels[name]))}"
        f'<select name="{name}">{_options(options, asked.get(name))}</select></label>'
        for name, options in given.items()
    )
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{escape(asked[name])}">'
        for name in ("tab", "batch", "lang")
        if asked.get(name)
    )
    return (
        f'<form class="tw-filters" method="get" action="/console/tasks">{kept}{selects}'
        f"<button>{escape(texts('phone_show'))}</button></form>"
    )


def _options(options: dict[str, str], now: str | None) -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == (now or "") else ""}>{escape(title)}</option>'
        for value, title in options.items()
    )


def _give(visit: Visit, people: Sequence[Assignee]) -> None:
    """Give the chosen ones to somebody."""
    texts = visit.texts
    options = {"": texts("task_pool")} | {each.id: f"{each.title} ({each.open})" for each in people}
    chosen = ui.select(options, label=texts("task_give_chosen"), with_input=True)
    chosen.props("outlined dense").classes("tw-input")
    wrong = ui.column()

    async def given() -> None:
        picked = await ui.run_javascript(
            "[...document.querySelectorAll('input[data-pick]:checked')].map(box => Number(box.value))"
        )
        wrong.clear()
        try:
            if not picked:
                raise TierwiseError("missing_value", "no task is chosen", remedy="tick some in the list")
            if chosen.value is None:
                raise TierwiseError("missing_value", "who is to do it?", remedy="name one or more")
            await visit.ask(task_giving.assign, visit.ctx, picked, [chosen.value] if chosen.value else [])
        except TierwiseError as error:
            with wrong:
                tell(error, texts)
            return
        ui.navigate.reload()

    ui.button(texts("task_give"), on_click=given).props("outline dense no-caps")


def _pager(visit: Visit, start: int, shown: int, of: int) -> str:
    texts = visit.texts
    before = visit.link("/tasks", **_asked(visit, **{"from": str(start - PAGE) if start > PAGE else None}))
    after = visit.link("/tasks", **_asked(visit, **{"from": str(start + PAGE)}))
    links = f'<a href="{escape(before)}" rel="prev">{escape(texts("page_before"))}</a>' if start else ""
    links += f'<a href="{escape(after)}" rel="next">{escape(texts("page_after"))}</a>' if start + shown < of else ""
    said = texts("tasks_shown", first=texts.count(start + 1), last=texts.count(start + shown), of=texts.count(of))
    return f'<nav class="tw-pager" aria-label="{escape(texts("pages"))}"><span>{escape(said)}</span>{links}</nav>'


def _whole(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else 0
