"""One's own tasks: due, overdue, soon, done; what came of each by a tap, put off, taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from starlette.responses import Response

from tierwise.app import task_making
from tierwise.app import tasks as use_cases
from tierwise.app.task_reading import business_day
from tierwise.app.task_views import KIND_TITLES, KINDS, OUTCOME_TITLES, MyTasks, TaskView
from tierwise.console.charts.colours import colour_of
from tierwise.console.phone.customers import dialled
from tierwise.console.phone.look import dot, shown
from tierwise.console.phone.visit import PhoneVisit
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name

PAGE = 10

SHOWN = ("overdue", "due", "soon", "done")

AT_HAND = ("reached", "appointment")
"""Outcomes that are said by one tap; the others are unfolded."""


def tasks(visit: PhoneVisit) -> Response:
    """Asked: show, one of `SHOWN`, else the first of them that has any; from; said and task: what was just done."""
    return _list(visit)


def task(visit: PhoneVisit) -> Response:
    """One of them. Asked: id."""
    found = use_cases.one_task(visit.ctx, _number(visit.asked.get("id", ""), "id"))
    return shown(
        visit,
        "task.html",
        title=visit.texts.said(found.title) or visit.texts.label(found.reason),
        task=found,
        **of_cards(visit),
    )


def act(visit: PhoneVisit) -> Response:
    """Given: id, revision, do: an outcome, `try`, `later` or `drop`; note, on: the day on which it comes up again."""
    given = visit.given
    try:
        number, revision = _number(given.get("id", ""), "id"), _number(given.get("revision", ""), "revision")
        note = given.get("note", "").strip() or None
        match given.get("do", ""):
            case "drop":
                use_cases.drop(visit.ctx, number, reason=note or "", revision=revision)
            case "try":
                again = _day(given.get("on", ""))
                use_cases.act(visit.ctx, number, "no_answer", note=note, again_on=again, revision=revision)
            case "later":
                again = _day(given.get("on", ""))
                use_cases.act(visit.ctx, number, "later", note=note, again_on=again, revision=revision)
            case outcome:
                if outcome not in OUTCOME_TITLES:
                    raise TierwiseError.of([unknown_name("outcome", outcome, list(OUTCOME_TITLES))])
                use_cases.act(visit.ctx, number, outcome, note=note, revision=revision)
    except TierwiseError as error:
        return _list(visit, error)
    return _back(visit, given.get("do", ""), number)


def undo(visit: PhoneVisit) -> Response:
    """Take the newest change back. Given: id, revision."""
    try:
        number = _number(visit.given.get("id", ""), "id")
        use_cases.undo(visit.ctx, number, revision=_number(visit.given.get("revision", ""), "revision"))
    except TierwiseError as error:
        return _list(visit, error)
    return _back(visit, "undone", number)


def make(visit: PhoneVisit) -> Response:
    """A task for one customer. Given: id, of the customer; title, kind, on."""
    given = visit.given
    kind = next((each for each in KINDS if each == given.get("kind")), KINDS[0])
    who = given.get("id", "")
    task_making.make_task(visit.ctx, who, kind=kind, title=given.get("title", ""), due_on=_day(given.get("on", "")))
    return visit.go("/customer", id=who, said="task_made")


def _back(visit: PhoneVisit, done: str, number: int) -> Response:
    """To the page that the form stands on, which offers to take it back."""
    who = visit.given.get("customer", "")
    if who:
        return visit.go("/customer", id=who, said=done, task=str(number))
    return visit.go("/tasks", show=visit.given.get("show"), said=done, task=str(number))


def _list(visit: PhoneVisit, error: TierwiseError | None = None) -> Response:
    texts = visit.texts
    mine = use_cases.my_tasks(visit.ctx)
    found = {"overdue": mine.overdue, "due": mine.due, "soon": mine.soon, "done": mine.done}
    wanted = visit.asked.get("show") or visit.given.get("show") or ""
    show = wanted if wanted in SHOWN else next((name for name in SHOWN[:3] if found[name]), "due")
    rows = found[show][visit.whole : visit.whole + PAGE]
    last = visit.whole + len(rows)
    here = replace(visit, path="/tasks")
    return shown(
        here,
        "tasks.html",
        title=texts("phone_my_tasks"),
        status=200 if error is None else visit.status_of(error.problems[0].code),
        problems=error.problems if error is not None else (),
        show=show,
        tabs=[
            (name, texts(f"phone_tasks_{name}"), len(found[name]), visit.link("/tasks", show=name)) for name in SHOWN
        ],
        rows=rows,
        nothing=_nothing(here, mine, show),
        later=mine.later,
        just_done=just_done(visit),
        before=here.here(**{"from": str(visit.whole - PAGE) if visit.whole > PAGE else None}) if visit.whole else "",
        after=here.here(**{"from": str(last)}) if last < len(found[show]) else "",
        **of_cards(visit),
    )


def _nothing(visit: PhoneVisit, mine: MyTasks, show: str) -> str:
    if mine.whose is None:
        return visit.texts("phone_tasks_nobodys")
    return visit.texts("phone_tasks_none_done" if show == "done" else "phone_tasks_none")


def just_done(visit: PhoneVisit) -> tuple[TaskView, str] | None:
    """The task of which something was just said, and what; None where it was nothing or is not there."""
    said, number = visit.asked.get("said", ""), visit.asked.get("task", "")
    if not said or not number.isascii() or not number.isdigit():
        return None
    try:
        found = use_cases.one_task(visit.ctx, int(number[:18]))
    except TierwiseError:
        return None
    return found, told(visit, found, said)


def told(visit: PhoneVisit, found: TaskView, said: str) -> str:
    """What was done about a task, in words."""
    texts = visit.texts
    if said == "undone":
        return texts("phone_task_undone")
    if found.state == "open":
        return texts("phone_task_put_off", day=texts.day(found.due_on))
    if found.state == "dropped":
        return texts("phone_task_dropped")
    return texts("phone_task_done", outcome=texts.label(OUTCOME_TITLES[found.outcome]) if found.outcome else "")


def of_cards(visit: PhoneVisit) -> dict[str, Any]:
    """What every card of a task needs."""
    today = business_day(visit.ctx)
    return {
        "kinds": KIND_TITLES,
        "outcomes": OUTCOME_TITLES,
        "at_hand": AT_HAND,
        "tomorrow": (today + timedelta(days=1)).isoformat(),
        "today": today.isoformat(),
        "dialled": dialled,
        "dot": lambda tier: dot(colour_of(tier.value, tier.rank)),
    }


def open_first(found: Sequence[TaskView]) -> list[TaskView]:
    """Open ones, and the three that were closed last."""
    return [each for each in found if each.state == "open"] + [each for each in found if each.state != "open"][:3]


def _number(text: str, place: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise TierwiseError.of([Problem("bad_value", f'"{text}" is no whole number', place, "open the page again")])
    return int(text)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise TierwiseError("bad_date", f'"{text}" is no day', place="on", remedy="as 2026-06-30") from error
