"""Tasks made: for a segment, a list, a filter, or those who are due for something; seen before they are stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.app.own_customers import require_own
from tierwise.app.reading import label_of
from tierwise.app.task_customers import Candidate, candidates
from tierwise.app.task_giving import shares_of
from tierwise.app.task_people import Roster, me, owner_of, roster
from tierwise.app.task_reading import business_day, shown
from tierwise.app.task_views import KINDS, Share, TaskCounts, TaskGroups, TaskOrder, TaskPreview, TasksMade, TaskView
from tierwise.app.tasks import MOST_DAYS
from tierwise.app.views import Label
from tierwise.definitions.rule import Comparison, InList, InSegment
from tierwise.definitions.segment import Segment
from tierwise.definitions.write import data_of
from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.state import audit, lists, tasks
from tierwise.state.tasks import NOBODY, Batch, Kind, NewTask, Origin, Owner

MOST_TASKS = 10_000
"""So many at once are made at most: nobody can do more, and a rule that is too wide is found out."""

SHOWN_DUE = 3
"""So many of the things that a customer is due for are told in a task."""

_LONGEST = {"title": 200, "script": 2000, "about": 300}


@dataclass(frozen=True, slots=True)
class _Planned:
    """What an order comes to."""

    new: tuple[NewTask, ...]
    counts: TaskCounts
    shares: tuple[Share, ...]
    run_id: int
    as_of: date
    origin: Origin
    about: str


def preview_tasks(ctx: Context, order: TaskOrder) -> TaskPreview:
    """How many tasks an order would make, for whom, and who is left out; nothing is stored. Raises as `make_tasks`."""
    ctx.principal.require_of_own("assign")
    planned = _planned(ctx, order)
    return TaskPreview(planned.counts, planned.shares, planned.run_id, planned.as_of)


def make_tasks(ctx: Context, order: TaskOrder, *, key: str | None = None) -> TasksMade:
    """Make the tasks of an order, one for each customer whom one who asks may see. Audited.

    Left out are closed accounts, and who has an open task about the same. key: asking again with it makes nothing
    twice. Raises `bad_value`, `bad_date`, `too_long`, `too_many_tasks`, `unknown_assignee`, `already_used_key`,
    `no_run`, and what is wrong with the rule or the insight's parameters.
    """
    ctx.principal.require_of_own("assign")
    digest = sha256(json.dumps(_body(order), sort_keys=True, default=str).encode()).hexdigest()
    key = (key or "").strip() or None
    origin, about = _origin(order)
    people = roster(ctx)
    if key is not None:
        with ctx.database.begin() as state:
            there = tasks.batch_of_key(state, key)
        if there is not None and there.digest == digest:
            return _told(there, people, repeated=True)
    planned = _planned(ctx, order)
    with ctx.database.begin() as state:
        batch, repeated = tasks.begin_batch(
            state, key, digest, origin=origin, about=about, title=order.title.strip(), author=ctx.principal.name
        )
        if not repeated:
            made = tasks.make(state, planned.new, author=ctx.principal.name, batch_id=batch.id)
            met = len(planned.new) - len(made)  # made by somebody else since they were counted
            counts = replace(planned.counts, made=len(made), already=planned.counts.already + met)
            given = [(each.assignee.id if each.assignee is not None else "", each.tasks) for each in planned.shares]
            batch = tasks.end_batch(state, batch, {**asdict(counts), "shares": given})
            detail = {"batch": batch.id, "made": counts.made, "already": counts.already, "closed": counts.closed}
            audit.write(state, ctx.principal.name, "task.make", f"{origin} {about}".strip(), detail)
    return _told(batch, people, repeated=repeated)


def task_groups(ctx: Context) -> TaskGroups:
    """The segments and lists for which tasks can be made, by name; their titles, and nothing of who is in them."""
    ctx.principal.require_of_own("assign")
    with ctx.database.connect() as state:
        found = current_definitions(state).of(Segment)
        listed = lists.all_lists(state)
    return TaskGroups(
        {each.name: label_of(each.title, each.name) for each in sorted(found, key=lambda each: each.name)},
        {each.name: Label(each.title or each.name, each.title or each.name) for each in listed},
    )


def make_task(
    ctx: Context,
    customer_id: str,
    *,
    kind: Kind = "call",
    title: str,
    script: str = "",
    due_on: date | None = None,
    priority: int = 2,
    assignee: str | None = None,
) -> TaskView:
    """Make one task for one customer. Audited, without its texts.

    assignee: who may assign says whose it is, empty for the pool; where it is None, the customer's own advisor. Others
    make tasks for themselves. Raises `unknown_customer`, `missing_title`, `already_open`, `not_allowed`, and as
    `make_tasks`.
    """
    require_own(ctx, "task", customer_id)
    if not title.strip():
        raise TierwiseError("missing_title", "a task needs a title", place="title", remedy="say what is to be done")
    one = Comparison(attribute="customer_id", op="=", value=customer_id)
    order = TaskOrder(rule=one, kind=kind, title=title, script=script, due_on=due_on, priority=priority)
    _check(order, today := business_day(ctx))
    people = roster(ctx)
    told = candidates(ctx, order)
    if not told.customers:
        raise TierwiseError("unknown_customer", f'no customer "{customer_id}" as of {told.as_of}')
    who = told.customers[0]
    mine = me(ctx.principal)
    owner = Owner(mine.staff_id, None if mine.staff_id else mine.person)
    if ctx.principal.may("assign"):
        own = Owner(staff_id=who.advisor) if who.advisor in people.known else NOBODY
        owner = own if assignee is None else people.named(assignee, ctx.principal) if assignee else NOBODY
    elif assignee is not None and people.named(assignee, ctx.principal) != owner:
        raise TierwiseError("not_allowed", f"{ctx.principal.name} makes tasks for themselves alone", place="assignee")
    new = NewTask(
        who.key, _matter(kind, "manual", "", title), kind, title.strip(), script.strip(), "manual", "", due_on or today,
        owner=owner, store=who.store, priority=priority,
    )  # fmt: skip
    with ctx.database.begin() as state:
        made = tasks.make(state, [new], author=ctx.principal.name)
        if not made:
            raise TierwiseError(
                "already_open",
                "the customer has another open task about the same",
                remedy="do that one, or drop it first",
            )
        task = tasks.get(state, made[0])
        audit.write(state, ctx.principal.name, "task.make", "manual", {"task": task.id, "customer_key": who.key})
    (view,) = shown(ctx, [task], people, today, questions=False)
    return view


def _told(batch: Batch, people: Roster, *, repeated: bool) -> TasksMade:
    counts = dict(batch.counts)
    given = {owner_of(called): number for called, number in counts.pop("shares")}
    return TasksMade(batch.id, batch.key, TaskCounts(**counts), shares_of(people, given), repeated)


def _planned(ctx: Context, order: TaskOrder) -> _Planned:
    today = business_day(ctx)
    _check(order, today)
    people = roster(ctx)
    chosen = [people.named(each, ctx.principal) for each in order.people]
    origin, about = _origin(order)
    matter = _matter(order.kind, origin, about or _digest(order), order.title)
    with ctx.database.connect() as state:
        open_already = tasks.open_matters(state, matter)
    told = candidates(ctx, order, open_already)
    found = told.customers
    closed = [each for each in found if each.closed]
    already = [each for each in found if not each.closed and each.key in told.busy]
    wanted = [each for each in found if not each.closed and each.key not in told.busy]
    if len(wanted) > MOST_TASKS:
        raise TierwiseError(
            "too_many_tasks", f"{len(wanted)} tasks at once", remedy=f"narrow them: at most {MOST_TASKS} at once"
        )
    owners = list(_owners(order, wanted, chosen, people))
    given: dict[Owner, int] = {}
    for owner in owners:
        given[owner] = given.get(owner, 0) + 1
    counts = TaskCounts(
        found=len(found) + told.left_out,
        left_out=told.left_out,
        closed=len(closed),
        already=len(already),
        made=len(wanted),
        nobodys=given.get(NOBODY, 0),
        without_phone=sum(not each.phone for each in wanted),
    )
    new = tuple(
        NewTask(
            source_key=each.key,
            matter=matter,
            kind=order.kind,
            title=order.title.strip(),
            script=order.script.strip(),
            origin=origin,
            about=about,
            due_on=order.due_on or _first_due(each, today),
            detail=_detail(each),
            owner=owner,
            store=each.store,
            priority=order.priority,
        )
        for each, owner in zip(wanted, owners, strict=True)
    )
    return _Planned(new, counts, shares_of(people, given), told.run_id, told.as_of, origin, about)


def _owners(order: TaskOrder, wanted: Sequence[Candidate], chosen: Sequence[Owner], people: Roster) -> Iterator[Owner]:
    """Whose each task is, in the customers' order, which deals the best ones evenly."""
    turn = 0
    for each in wanted:
        if order.to == "advisor" and each.advisor is not None and each.advisor in people.known:
            yield Owner(staff_id=each.advisor)
        elif order.to != "pool" and chosen:
            yield chosen[turn % len(chosen)]
            turn += 1
        else:
            yield NOBODY


def _first_due(each: Candidate, today: date) -> date:
    return max(today, min(thing["due_on"] for thing in each.due)) if each.due else today


def _detail(each: Candidate) -> dict[str, Any]:
    if not each.due:
        return {}
    items = [thing | {"due_on": thing["due_on"].isoformat()} for thing in each.due[:SHOWN_DUE]]
    return {"items": items, "more": len(each.due) - len(items)}


def _check(order: TaskOrder, today: date) -> None:
    problems = [
        Problem("too_long", f"{len(getattr(order, name))} letters", name, f"at most {longest}")
        for name, longest in _LONGEST.items()
        if len(getattr(order, name)) > longest
    ]
    if (order.rule is None) == (order.insight is None):
        problems.append(Problem("bad_value", "tasks are for whom a rule is true of, or who is due", "rule"))
    if order.kind not in KINDS:
        problems.append(Problem("unknown_value", f'"{order.kind}" is not known', "kind", f"one of {', '.join(KINDS)}"))
    if order.insight not in (None, "due", "vehicle_due"):
        problems.append(Problem("unknown_value", f'"{order.insight}" is not known', "insight", "due or vehicle_due"))
    if order.to not in ("advisor", "people", "pool"):
        problems.append(Problem("unknown_value", f'"{order.to}" is not known', "to", "advisor, people or pool"))
    if order.to == "people" and not order.people:
        problems.append(Problem("missing_value", "who is to do it?", "people", "name one or more"))
    if not 1 <= order.priority <= 3:
        problems.append(Problem("bad_value", "1 is first, 3 is last", "priority"))
    if order.due_on is not None and not today <= order.due_on <= today + timedelta(days=MOST_DAYS):
        said = f"{order.due_on} is over, or too far off"
        problems.append(Problem("bad_date", said, "due_on", "a day from today on, within a year"))
    if problems:
        raise TierwiseError.of(problems)


def _origin(order: TaskOrder) -> tuple[Origin, str]:
    match order.rule:
        case InSegment():
            return "segment", order.rule.segment
        case InList():
            return "list", order.rule.list
        case None:
            return order.insight or "due", ""
    return "rule", order.about.strip()


def _matter(kind: Kind, origin: Origin, about: str, title: str) -> str:
    """What a task is about, in one spelling: a customer has one open task of each."""
    return "|".join((kind, origin, " ".join(about.split()).casefold(), " ".join(title.split()).casefold()))


def _body(order: TaskOrder) -> dict[str, Any]:
    told = {name: getattr(order, name) for name in TaskOrder.__slots__ if name != "rule"}
    return told | {"parameters": dict(order.parameters), "rule": None if order.rule is None else data_of(order.rule)}


def _digest(order: TaskOrder) -> str:
    """Tells rules without a name apart."""
    if order.rule is None:
        return ""
    return sha256(json.dumps(data_of(order.rule), sort_keys=True, default=str).encode()).hexdigest()[:16]
