"""People who may sign in: added, changed, sent a link, and let go. The audit has each change, never a secret."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from tierwise.app.context import Context
from tierwise.app.principal import ROLES, Principal, Role
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.kernel.wording import LANGUAGES
from tierwise.state import audit, people
from tierwise.state.people import Person

__all__ = ["FIRST", "LINK_HOURS", "Person", "add", "change", "let_go", "link", "list_people", "principal_of"]

FIRST = "admin"
"""The person whom a server makes where there is nobody yet."""

LINK_HOURS = 72
"""How long a link that signs in once is good, unless said otherwise."""

_MOST_LINK_HOURS = 24 * 30
_LONGEST = 63


def principal_of(person: Person) -> Principal:
    """How a person acts."""
    return Principal(f"person:{person.name}", cast(Role, person.role), person.stores, person.staff_id)


def list_people(ctx: Context, *, also_left: bool = False) -> tuple[Person, ...]:
    """Those who may sign in, by name; also_left: and those who could once."""
    ctx.principal.require("administer")
    with ctx.database.connect() as connection:
        return tuple(people.list_people(connection, also_left=also_left))


def add(
    ctx: Context,
    name: str,
    *,
    role: str,
    title: str | None = None,
    stores: Sequence[str] = (),
    staff_id: str | None = None,
    language: str | None = None,
) -> Person:
    """One more who may sign in, by a link first (`link`). Audited.

    name: what is typed to sign in; capitals do not count. title: how they are called, the name where None. stores: they
    see the customers of these only. staff_id: an advisor's number in the facts. Raises `already_a_person`, `bad_name`,
    `unknown_role`, `unknown_language`, `no_staff_id`.
    """
    ctx.principal.require("administer")
    name = name.strip().lower()
    problems = _problems(role=role, stores=stores, staff_id=staff_id, language=language)
    if not name or len(name) > _LONGEST or not name.isprintable() or any(c.isspace() or c == "/" for c in name):
        problems.insert(0, Problem("bad_name", f'"{name}" cannot be a name', None, "1 to 63 letters without a space"))
    if problems:
        raise TierwiseError.of(problems)
    with ctx.database.begin() as connection:
        made = people.add(
            connection,
            name,
            title=(title or name).strip()[:_LONGEST] or name,
            role=role,
            author=ctx.principal.name,
            stores=stores,
            staff_id=staff_id,
            language=language,
        )
        audit.write(connection, ctx.principal.name, "person.add", name, {"role": role, "stores": list(stores)})
    return made


def change(ctx: Context, name: str, **values: Any) -> Person:
    """Other values for title, role, stores, staff_id or language of a person, at once also where they are signed in.

    Audited. Raises `unknown_person`, `last_administrator`, and as `add` does.
    """
    ctx.principal.require("administer")
    with ctx.database.begin() as connection:
        before = people.get(connection, name)
        after = {field: getattr(before, field) for field in ("role", "stores", "staff_id", "language")} | {
            field: value for field, value in values.items() if field != "title"
        }
        problems = _problems(**after)
        if problems:
            raise TierwiseError.of(problems)
        if before.left_at is not None:
            values |= {"left_at": None, "left_by": None}
        made = people.change(connection, name, **values)
        _require_an_administrator(connection, before, made)
        audit.write(connection, ctx.principal.name, "person.change", name, {"changed": sorted(values)})
    return made


def let_go(ctx: Context, name: str) -> Person:
    """Let a person sign in no more; who is signed in is signed out. Audited.

    Raises `unknown_person`, `last_administrator`.
    """
    from tierwise.kernel.clock import utc_now

    ctx.principal.require("administer")
    with ctx.database.begin() as connection:
        before = people.get(connection, name)
        made = before
        if before.left_at is None:
            made = people.change(connection, name, left_at=utc_now(), left_by=ctx.principal.name)
            _require_an_administrator(connection, before, made)
            ended = people.end_sessions(connection, name)
            audit.write(connection, ctx.principal.name, "person.let_go", name, {"sessions_ended": ended})
    return made


def link(ctx: Context, name: str, *, hours: float = LINK_HOURS) -> str:
    """A secret that signs a person in once, to be sent to them; a password is set after it. Audited.

    Raises `unknown_person`, `bad_hours`.
    """
    ctx.principal.require("administer")
    if not 0 < hours <= _MOST_LINK_HOURS:
        raise TierwiseError("bad_hours", f"{hours} hours are too few or too many", remedy="up to 720 hours")
    with ctx.database.begin() as connection:
        found = people.get(connection, name)
        if found.left_at is not None:
            raise TierwiseError(
                "person_left", f'"{name}" signs in no more', remedy=f"tierwise people change {name} lets them again"
            )
        secret = people.make_link(connection, name, author=ctx.principal.name, good_for=timedelta(hours=hours))
        audit.write(connection, ctx.principal.name, "person.link", name, {"hours": hours})
    return secret


def link_of_the_first(ctx: Context, *, hours: float = 1) -> str:
    """The link that a server prints: signs in the first administrator, who is made where there is none of that name.

    Whoever starts the server sees it. Another administrator's where `FIRST` was let go. Raises `not_allowed`.
    """
    ctx.principal.require("administer")
    with ctx.database.begin() as connection:
        audit.write(connection, ctx.principal.name, "person.link", FIRST, {"hours": hours})
        found = [each for each in people.list_people(connection) if each.role == "administrator"]
        if not found:
            found = [_made_first(connection, ctx.principal.name)]
        name = next((each.name for each in found if each.name == FIRST), found[0].name)
        return people.make_link(connection, name, author=ctx.principal.name, good_for=timedelta(hours=hours))


def _made_first(connection: Any, author: str) -> Person:
    if any(each.name == FIRST for each in people.list_people(connection, also_left=True)):
        return people.change(connection, FIRST, role="administrator", left_at=None, left_by=None)
    return people.add(connection, FIRST, title=FIRST, role="administrator", author=author)


def _require_an_administrator(connection: Any, before: Person, after: Person) -> None:
    was = before.role == "administrator" and before.left_at is None
    is_ = after.role == "administrator" and after.left_at is None
    if was and not is_ and not any(p.role == "administrator" for p in people.list_people(connection)):
        raise TierwiseError(
            "last_administrator", f'"{before.name}" is the last administrator', remedy="make another one first"
        )


def _problems(role: str, stores: Sequence[str], staff_id: str | None, language: str | None) -> list[Problem]:
    found = []
    if role not in ROLES:
        found.append(unknown_name("role", role, ROLES))
    if role == "advisor" and not staff_id:
        found.append(
            Problem("no_staff_id", "an advisor is somebody of the staff", None, "give the staff_id that the facts have")
        )
    if role != "advisor" and staff_id:
        found.append(Problem("bad_staff_id", f'the role "{role}" has no customers of its own', None, "role advisor"))
    if role == "administrator" and stores:
        found.append(Problem("bad_stores", "an administrator sees every store", None, "role operator"))
    if any(not store for store in stores):
        found.append(Problem("bad_stores", "a store has an id", None, "as in the facts"))
    if language is not None and language not in LANGUAGES:
        found.append(unknown_name("language", language, LANGUAGES))
    return found
