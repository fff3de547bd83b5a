"""Whose tasks are: given to somebody, to several in turn, back to the pool; all of one's to others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from tierwise.app.context import Context
from tierwise.app.task_people import Roster, id_of, may_give_to, owner_of, roster
from tierwise.app.task_views import Assignee, Reassigned, Share
from tierwise.app.tasks import MOST, visible
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, task_changes, tasks
from tierwise.state.tasks import NOBODY, Owner, Task, Wanted


def assign(ctx: Context, task_ids: Sequence[int], assignees: Sequence[str]) -> Reassigned:
    """Give open tasks to somebody, to several in turn, or, where there is none, back to the pool. Audited.

    Raises `no_such_task`, `unknown_assignee`, `too_many_tasks`.
    """
    ctx.principal.require_of_own("assign")
    people = roster(ctx)
    owners = [people.named(each, ctx.principal) for each in assignees] or [NOBODY]
    if len(task_ids) > MOST:
        raise TierwiseError("too_many_tasks", f"{len(task_ids)} tasks at once", remedy=f"at most {MOST}")
    with ctx.database.begin() as state:
        found = [visible(ctx.principal, tasks.get(state, each, lock=True)) for each in sorted(set(task_ids))]
        return _give(ctx, state, found, owners, people, {"tasks": len(found)})


def hand_over(ctx: Context, from_: str, assignees: Sequence[str]) -> Reassigned:
    """Give all open tasks of one, such as somebody who leaves, to others in turn, or back to the pool. Audited.

    from_: a staff number or `person:NAME`, also of one who is not there any more. Who sees some stores hands over the
    tasks of these. Raises `unknown_assignee`.
    """
    ctx.principal.require_of_own("assign")
    people = roster(ctx)
    owners = [people.named(each, ctx.principal) for each in assignees] or [NOBODY]
    given = owner_of(people.staff_of.get(from_, from_))
    with ctx.database.begin() as state:
        theirs = tasks.find(state, Wanted(states=("open",), owner=given, stores=tuple(ctx.principal.stores)))
        found = [tasks.get(state, each.id, lock=True) for each in sorted(theirs, key=lambda each: each.id)]
        if not theirs and people.of(given) is not None and id_of(given) not in people.known:
            people.named(from_, ctx.principal)
        return _give(ctx, state, found, owners, people, {"from": from_, "tasks": len(found)})


def assignees(ctx: Context) -> tuple[Assignee, ...]:
    """Who can be given tasks by one who asks, by number or name, with their open tasks."""
    ctx.principal.require_of_own("assign")
    return tuple(each for each in roster(ctx).known.values() if may_give_to(ctx.principal, each))


def shares_of(people: Roster, given: Mapping[Owner, int]) -> tuple[Share, ...]:
    """Who is given how many, the most first; the pool last among equals."""
    listed = [Share(people.of(owner), number) for owner, number in given.items()]
    return tuple(sorted(listed, key=lambda each: (-each.tasks, each.assignee is None, _called(each.assignee))))


def _called(assignee: Assignee | None) -> str:
    return assignee.id if assignee is not None else ""


def _give(
    ctx: Context,
    state: Connection,
    found: Sequence[Task],
    owners: Sequence[Owner],
    people: Roster,
    detail: Mapping[str, Any],
) -> Reassigned:
    """Open ones of these, in turn; closed ones stay as they are."""
    given: dict[Owner, int] = {}
    opened = [each for each in found if each.state == "open"]
    for place, each in enumerate(opened):
        owner = owners[place % len(owners)]
        if each.owner != owner:
            given[owner] = given.get(owner, 0) + 1
            values = {"staff_id": owner.staff_id, "person": owner.person}
            task_changes.change(state, each, "assign", author=ctx.principal.name, **values)
    changed = sum(given.values())
    told = [id_of(owner) or "" for owner in owners]
    audit.write(state, ctx.principal.name, "task.assign", "", {**detail, "changed": changed, "to": told})
    return Reassigned(changed, len(found) - changed, shares_of(people, given))
