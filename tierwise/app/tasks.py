"""Tasks of the house's people: seen, done by one tap, put off, taken back, given to others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Connection

from tierwise.app.context import Context
from tierwise.app.known_customers import Customers
from tierwise.app.own_customers import require_own
from tierwise.app.principal import Principal
from tierwise.app.task_people import id_of, may_see, me, owner_of, roster
from tierwise.app.task_reading import business_day, business_zone, shown
from tierwise.app.task_views import ChangeView, MyTasks, TaskPage, TaskView
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, task_changes, tasks
from tierwise.state.tasks import Kind, Origin, Outcome, State, Task, Wanted

SOON_DAYS = 7
"""Open tasks that are due within so many days are shown beside those of today."""

DONE_DAYS = 7
"""Tasks that one closed within so many days are shown with what came of them."""

MOST = 500
MOST_DAYS = 366
LONGEST_NOTE = 2000

Tap = Literal["reached", "appointment", "bought", "no_answer", "refused", "wrong_number", "later"]
"""What one tap says of a task: an outcome, or that it is to come up again."""

Due = Literal["overdue", "today", "soon", "later"]


def my_tasks(ctx: Context, *, questions: bool = True) -> MyTasks:
    """The tasks of one who asks. questions: with the question most worth asking each customer next."""
    ctx.principal.require_of_own("task")
    today, mine, people = business_day(ctx), me(ctx.principal), roster(ctx)
    lately = clock.utc_now() - timedelta(days=DONE_DAYS)
    with ctx.database.connect() as state:
        soon = Wanted(states=("open",), mine=mine, due_until=today + timedelta(days=SOON_DAYS))
        opened = tasks.find(state, soon, limit=MOST)
        later = tasks.count(state, Wanted(states=("open",), mine=mine)) - tasks.count(state, soon)
        closed = tasks.find(state, Wanted(mine=mine, closed_from=lately), limit=MOST, newest_first=True)
    every = shown(ctx, [*opened, *closed], people, today, questions=questions)
    views, done = every[: len(opened)], every[len(opened) :]
    views.sort(key=lambda each: (each.due_on, each.level.rank if each.level else 99, each.priority, each.id))
    return MyTasks(
        today=today,
        whose=id_of(mine),
        overdue=tuple(each for each in views if each.due_on < today),
        due=tuple(each for each in views if each.due_on == today),
        soon=tuple(each for each in views if each.due_on > today),
        later=later,
        done=tuple(done),
    )


def list_tasks(
    ctx: Context,
    *,
    assignee: str | None = None,
    due: Due | None = None,
    kind: Kind | None = None,
    state: State | None = "open",
    outcome: Outcome | None = None,
    origin: Origin | None = None,
    batch_id: int | None = None,
    offset: int = 0,
    limit: int = 50,
) -> TaskPage:
    """Tasks that one who asks may see: an advisor their own, who sees some stores those of these, others all.

    assignee: a staff number or `person:NAME`; empty: nobody's yet. due: of open ones, by the day on which they are due.
    """
    ctx.principal.require_of_own("task")
    today, people = business_day(ctx), roster(ctx)
    wanted = wanted_of(
        ctx.principal, today,
        assignee=assignee, due=due, kind=kind, state=state, outcome=outcome, origin=origin, batch_id=batch_id,
    )  # fmt: skip
    with ctx.database.connect() as connection:
        found = tasks.find(
            connection,
            wanted,
            limit=max(0, min(limit, MOST)),
            offset=max(0, offset),
            newest_first=state in ("done", "dropped"),
        )
        of = tasks.count(connection, wanted)
    return TaskPage(today, tuple(shown(ctx, found, people, today, questions=False)), of, offset)


def wanted_of(
    principal: Principal,
    today: date,
    *,
    assignee: str | None,
    due: Due | None,
    kind: Kind | None,
    state: State | None,
    outcome: Outcome | None,
    origin: Origin | None,
    batch_id: int | None,
) -> Wanted:
    """Which tasks are meant, of those that one who asks may see. Raises `unknown_value`."""
    for given, known in ((kind, Kind), (state, State), (outcome, Outcome), (origin, Origin), (due, Due)):
        if given is not None and given not in get_args(known):
            raise TierwiseError(
                "unknown_value", f'"{given}" is not known', remedy=f"one of {', '.join(get_args(known))}"
            )
    soon = today + timedelta(days=SOON_DAYS)
    spans: dict[Due | None, tuple[date | None, date | None]] = {
        None: (None, None),
        "overdue": (None, today - timedelta(days=1)),
        "today": (today, today),
        "soon": (today + timedelta(days=1), soon),
        "later": (soon + timedelta(days=1), None),
    }
    wanted = Wanted(
        states=(state,) if state is not None else (),
        owner=None if assignee is None else owner_of(assignee),
        kind=kind,
        due_from=spans[due][0],
        due_until=spans[due][1],
        outcome=outcome,
        origin=origin,
        batch_id=batch_id,
    )
    if principal.staff_id is not None:
        return replace(wanted, mine=me(principal))
    return replace(wanted, stores=tuple(principal.stores))


def one_task(ctx: Context, task_id: int) -> TaskView:
    """One task, with the question most worth asking. Raises `no_such_task`, of somebody else's too."""
    ctx.principal.require_of_own("task")
    with ctx.database.connect() as state:
        found = visible(ctx.principal, tasks.get(state, task_id))
    return _view(ctx, found, questions=True)


def tasks_of_customer(ctx: Context, customer_id: str, *, limit: int = 50) -> tuple[TaskView, ...]:
    """The tasks of one customer that one who asks may see: open ones by due day, then closed ones, the newest first.

    Raises `unknown_customer`.
    """
    require_own(ctx, "task", customer_id)
    with Customers(ctx) as customers:
        _, customer_key = customers.one(customer_id)
        keys = tuple(customers.keys(customer_key))
    with ctx.database.connect() as state:
        opened = tasks.find(state, Wanted(states=("open",), source_keys=keys), limit=limit)
        closed = tasks.find(state, Wanted(states=("done", "dropped"), source_keys=keys), limit=limit, newest_first=True)
    found = [each for each in (*opened, *closed) if may_see(ctx.principal, each)]
    return tuple(shown(ctx, found[:limit], roster(ctx), business_day(ctx), questions=False))


def act(
    ctx: Context,
    task_id: int,
    outcome: Tap,
    *,
    note: str | None = None,
    again_on: date | None = None,
    revision: int | None = None,
) -> TaskView:
    """Say what came of a task; it is done then. Audited, without the note.

    `no_answer` with again_on is a try in vain: the task stays open and is due on that day; `later` puts it off, to
    tomorrow where no day is given. note: None leaves the one that is there. revision: of the task as it was seen; the
    same tap twice is one. Raises `no_such_task`, `unknown_value`, `task_closed`, `changed_meanwhile`, `bad_date`,
    `too_long`.
    """
    ctx.principal.require_of_own("task")
    if outcome not in get_args(Tap):
        raise TierwiseError(
            "unknown_value", f'"{outcome}" is no outcome', place="outcome", remedy=f"one of {', '.join(get_args(Tap))}"
        )
    today = business_day(ctx)
    if outcome == "later":
        again_on = again_on or today + timedelta(days=1)
    elif again_on is not None and outcome != "no_answer":
        raise TierwiseError(
            "bad_value", f'with "{outcome}" the task is done: it takes no further day', place="again_on",
            remedy="make another task, or say no_answer or later",
        )  # fmt: skip
    values: dict[str, Any] = {} if note is None else {"note": _text(note, "note", LONGEST_NOTE)}
    action: task_changes.Action = "done"
    if again_on is not None:
        values["due_on"] = _due(again_on, today)
        action = "snooze" if outcome == "later" else "try"
    else:
        values |= {"state": "done", "outcome": outcome}
    return _changed(ctx, task_id, action, values, revision, {"outcome": outcome})


def snooze(
    ctx: Context, task_id: int, until: date, *, note: str | None = None, revision: int | None = None
) -> TaskView:
    """Put a task off to another day. Raises as `act`."""
    return act(ctx, task_id, "later", note=note, again_on=until, revision=revision)


def drop(ctx: Context, task_id: int, *, reason: str, revision: int | None = None) -> TaskView:
    """Close a task that is not to be done, with a reason, which becomes its note. Audited, without the reason.

    Raises `missing_reason` and as `act`.
    """
    ctx.principal.require_of_own("task")
    text = _text(reason, "reason", LONGEST_NOTE)
    if not text:
        raise TierwiseError("missing_reason", "a task that is dropped needs a reason", remedy="say why it is not done")
    return _changed(ctx, task_id, "drop", {"state": "dropped", "note": text}, revision, {})


def undo(ctx: Context, task_id: int, *, revision: int | None = None) -> TaskView:
    """Take the newest change of a task back: one's own, and anybody's where one may assign. Audited.

    revision: of the task as it was seen. Raises `no_such_task`, `nothing_to_undo`, `changed_meanwhile`, `not_allowed`,
    and `already_open` where the customer was given the same anew since.
    """
    ctx.principal.require_of_own("task")
    with ctx.database.begin() as state:
        found = visible(ctx.principal, tasks.get(state, task_id, lock=True))
        newest = task_changes.last(state, task_id)
        if newest is None:
            raise TierwiseError(
                "nothing_to_undo", "nothing was done about this task that could be taken back", place=f"task {task_id}"
            )
        if revision is not None and revision != found.revision:
            raise _meanwhile(found)
        if newest.author != ctx.principal.name and not ctx.principal.may("assign"):
            raise TierwiseError(
                "not_allowed",
                f"the newest change is {newest.author}'s, not yours",
                place=f"task {task_id}",
                remedy="ask who gives out the tasks",
            )
        back = task_changes.undo(state, found, newest, author=ctx.principal.name)
        audit.write(state, ctx.principal.name, "task.undo", str(task_id), {"undone": newest.action})
    return _view(ctx, back)


def task_history(ctx: Context, task_id: int) -> tuple[ChangeView, ...]:
    """Every change of a task, the newest first, by the business's clock. Raises `no_such_task`."""
    ctx.principal.require_of_own("task")
    with ctx.database.connect() as state:
        visible(ctx.principal, tasks.get(state, task_id))
        told = task_changes.changes(state, [task_id])
    undone, zone = {each.undoes for each in told}, business_zone(ctx)
    return tuple(
        ChangeView(
            each.revision,
            each.action,
            each.author,
            each.at.astimezone(zone),
            each.before,
            each.after,
            each.id in undone,
        )
        for each in reversed(told)
    )


def _changed(
    ctx: Context,
    task_id: int,
    action: task_changes.Action,
    values: dict[str, Any],
    revision: int | None,
    detail: dict[str, Any],
) -> TaskView:
    """One change of an open task, unless it is the one that was made last."""
    with ctx.database.begin() as state:
        found = visible(ctx.principal, tasks.get(state, task_id, lock=True))
        if action == "try":
            values["tries"] = found.tries + 1
        repeated = _repeats(state, found, action, values, ctx.principal.name, revision)
        if not repeated:
            if revision is not None and revision != found.revision:
                raise _meanwhile(found)
            if found.state != "open":
                said = f"the task is closed already, by {found.closed_by}"
                raise TierwiseError("task_closed", said, place=f"task {task_id}", remedy="take that back first")
            if values.get("state") is not None:
                values |= {"closed_at": clock.utc_now(), "closed_by": ctx.principal.name}
            found = task_changes.change(state, found, action, author=ctx.principal.name, **values)
            audit.write(state, ctx.principal.name, f"task.{action}", str(task_id), detail)
    return _view(ctx, found)


def _repeats(
    state: Connection,
    found: Task,
    action: task_changes.Action,
    values: dict[str, Any],
    author: str,
    revision: int | None,
) -> bool:
    """Whether the task has these values by the same person's newest change: of a closed one in any case, of an open one
    where it was seen before that change."""
    newest = task_changes.last(state, found.id)
    if newest is None or newest.author != author or newest.action != action or newest.revision != found.revision:
        return False
    told = {name: value for name, value in values.items() if name != "tries"}
    same = all(getattr(found, name) == value for name, value in told.items())
    return same and (found.state != "open" or (revision is not None and revision == found.revision - 1))


def visible(principal: Principal, found: Task) -> Task:
    """The task, where one who asks may see it; somebody else's is told as one that is not there."""
    if not may_see(principal, found):
        raise tasks.no_such_task(found.id)
    return found


def _view(ctx: Context, found: Task, *, questions: bool = False) -> TaskView:
    (view,) = shown(ctx, [found], roster(ctx), business_day(ctx), questions=questions)
    return view


def _meanwhile(found: Task) -> TierwiseError:
    return TierwiseError(
        "changed_meanwhile", "the task was changed since you saw it", place=f"task {found.id}", remedy="look at it anew"
    )


def _due(day: date, today: date) -> date:
    if not today <= day <= today + timedelta(days=MOST_DAYS):
        raise TierwiseError(
            "bad_date", f"{day} is over, or too far off", place="due_on", remedy="a day from today on, within a year"
        )
    return day


def _text(text: str, place: str, longest: int) -> str:
    if len(text) > longest:
        raise TierwiseError("too_long", f"{len(text)} letters", place=place, remedy=f"at most {longest}")
    return text.strip()
