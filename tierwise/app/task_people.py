"""Who can be given tasks: advisors, who are known by their number in the facts, and people who sign in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.app.task_views import Assignee
from tierwise.kernel.errors import TierwiseError, did_you_mean
from tierwise.state import lake_tables, people, tasks
from tierwise.state.tasks import NOBODY, Owner, Task

PERSON = "person:"


@dataclass(frozen=True)
class Roster:
    """Everybody who can be given tasks, by id. staff_of: the number of each person who has one."""

    known: Mapping[str, Assignee]
    staff_of: Mapping[str, str] = field(default_factory=dict)

    def of(self, owner: Owner) -> Assignee | None:
        """Whose a task is; None in the pool. Of a number that nothing knows any more, the number."""
        called = id_of(owner)
        if called is None:
            return None
        return self.known.get(called) or Assignee(called, called.removeprefix(PERSON), known=False)

    def named(self, text: str, principal: Principal) -> Owner:
        """Who is meant by a staff number, a person's name, or `person:NAME`. Raises `unknown_assignee`."""
        given = text.strip()
        name = given.removeprefix(PERSON)
        called = self.staff_of.get(name, given) if given not in self.known else given
        if called not in self.known and f"{PERSON}{name}" in self.known:
            called = f"{PERSON}{name}"
        found = self.known.get(called)
        if found is None or not may_give_to(principal, found):
            others = [each for each, who in self.known.items() if may_give_to(principal, who)]
            raise TierwiseError(
                "unknown_assignee",
                f'nobody "{given}" can be given tasks',
                remedy=did_you_mean(given, others) or "a staff number of the facts, or the name of a person",
            )
        return owner_of(found.id)


def id_of(owner: Owner) -> str | None:
    """How an owner is written: a staff number, `person:NAME`, None for nobody."""
    return owner.staff_id if owner.staff_id is not None else f"{PERSON}{owner.person}" if owner.person else None


def owner_of(called: str) -> Owner:
    """The owner who is written so; nobody where it is empty."""
    if not called:
        return NOBODY
    return Owner(person=called.removeprefix(PERSON)) if called.startswith(PERSON) else Owner(staff_id=called)


def me(principal: Principal) -> Owner:
    """Under what one who asks is given tasks: by either, where both are there."""
    person = principal.name.removeprefix(PERSON) if principal.name.startswith(PERSON) else None
    return Owner(principal.staff_id, person)


def is_mine(principal: Principal, task: Task) -> bool:
    """Whether a task is that of one who asks."""
    mine = me(principal)
    return (task.staff_id is not None and task.staff_id == mine.staff_id) or (
        task.person is not None and task.person == mine.person
    )


def may_see(principal: Principal, task: Task) -> bool:
    """An advisor sees their own tasks, who sees some stores those of these and their own, everybody else all."""
    if principal.sees_all or is_mine(principal, task):
        return True
    return principal.staff_id is None and task.store in principal.stores


def may_give_to(principal: Principal, assignee: Assignee) -> bool:
    """Who sees some stores gives tasks to their people, and to those of no store."""
    return not principal.stores or assignee.store is None or assignee.store in principal.stores


def roster(ctx: Context) -> Roster:
    """Everybody, with how many tasks they have open."""
    with ctx.database.connect() as state:
        signed = [each for each in people.list_people(state) if each.role != "reader"]
        versions = lake_tables.versions(state)
        open_tasks = {id_of(owner): number for owner, number in tasks.open_by_owner(state).items()}
    known = {each.id: each for each in _staff(ctx, versions.get("staff"))}
    staff_of: dict[str, str] = {}
    for person in signed:
        if person.staff_id is None:
            called = f"{PERSON}{person.name}"
            known[called] = Assignee(
                called, person.title, person.role, person.stores[0] if len(person.stores) == 1 else None
            )
        else:
            staff_of[person.name] = person.staff_id
            there = known.get(person.staff_id)
            title = there.title if there is not None and there.title != there.id else person.title
            store = there.store if there is not None else None
            known[person.staff_id] = Assignee(person.staff_id, title, there.role if there else person.role, store)
    counted = {
        called: Assignee(each.id, each.title, each.role, each.store, open_tasks.get(called, 0))
        for called, each in sorted(known.items())
    }
    return Roster(counted, staff_of)


def _staff(ctx: Context, version: int | None) -> list[Assignee]:
    if version is None:
        return []
    connection = ctx.duckdb()
    try:
        relation = ctx.lake.read(connection, "staff", version)
        there = set(relation.columns)
        columns = [name if name in there else f"NULL AS {name}" for name in ("staff_name", "role", "store_id")]
        rows = relation.project(", ".join(["staff_id", *columns])).order("staff_id").fetchall()
        return [Assignee(staff_id, name or staff_id, role, store) for staff_id, name, role, store in rows]
    finally:
        connection.close()
