"""People who sign in, and by what they are known again. Secrets are told once; of each its SHA-256 is kept."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.state.people_tables import person, person_session, sign_in_link

IDLE = timedelta(hours=12)
"""A session that was not seen for so long is over."""

LONGEST = timedelta(days=14)
"""A session is over after so long, seen or not."""

NOTED = timedelta(minutes=5)
"""Being seen is written down once in so long."""


@dataclass(frozen=True, slots=True)
class Person:
    """One who may sign in as long as left_at is None. stores: whose customers they see, empty for all.

    staff_id: whose customers an advisor sees. has_password: whether one is set. locked_until: no password is looked at
    before.
    """

    name: str
    title: str
    role: str
    has_password: bool
    stores: tuple[str, ...]
    staff_id: str | None
    language: str | None
    locked_until: datetime | None
    author: str
    at: datetime
    left_at: datetime | None
    left_by: str | None


def add(
    connection: Connection,
    name: str,
    *,
    title: str,
    role: str,
    author: str,
    stores: Sequence[str] = (),
    staff_id: str | None = None,
    language: str | None = None,
) -> Person:
    """A person without a password. Raises `already_a_person`."""
    if _row(connection, name) is not None:
        raise TierwiseError(
            "already_a_person", f'there is a person "{name}" already', remedy=f"tierwise people change {name}"
        )
    values = {"name": name, "title": title, "role": role, "stores": list(stores), "staff_id": staff_id}
    connection.execute(insert(person).values(**values, language=language, author=author, at=utc_now()))
    return get(connection, name)


def change(connection: Connection, name: str, **values: Any) -> Person:
    """Other values for columns of a person. Raises `unknown_person`."""
    get(connection, name)
    if "stores" in values:
        values["stores"] = list(values["stores"])
    if values:
        connection.execute(update(person).where(person.c.name == name).values(**values))
    return get(connection, name)


def get(connection: Connection, name: str) -> Person:
    """Raises `unknown_person`."""
    row = _row(connection, name)
    if row is None:
        raise TierwiseError.of([unknown_name("person", name, [each.name for each in list_people(connection)])])
    return _person(row)


def list_people(connection: Connection, *, also_left: bool = False) -> list[Person]:
    """By name."""
    query = select(person).order_by(person.c.name)
    if not also_left:
        query = query.where(person.c.left_at.is_(None))
    return [_person(row) for row in connection.execute(query)]


def password_of(connection: Connection, name: str) -> tuple[Person, str | None, int] | None:
    """A person who has not left, the digest of the password, and wrong ones in a row; held until the end."""
    query = select(person).where(person.c.name == name, person.c.left_at.is_(None)).with_for_update()
    row = connection.execute(query).one_or_none()
    return None if row is None else (_person(row), row.digest, row.failed)


def open_session(connection: Connection, name: str) -> str:
    """A session's secret. Sessions and links that are over are forgotten."""
    now = utc_now()
    connection.execute(delete(person_session).where(_over(now)))
    connection.execute(delete(sign_in_link).where(sign_in_link.c.expires_at < now - LONGEST))
    secret = secrets.token_urlsafe(32)
    values = {"digest": digest_of(secret), "person": name, "at": now, "seen_at": now}
    connection.execute(insert(person_session).values(**values))
    return secret


def person_of_session(connection: Connection, secret: str) -> Person | None:
    """Who a session is, seen now; None where it is over or was never."""
    now = utc_now()
    digest = digest_of(secret)
    query = (
        select(person, person_session.c.seen_at)
        .join(person_session, person_session.c.person == person.c.name)
        .where(person_session.c.digest == digest, ~_over(now), person.c.left_at.is_(None))
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    if now - row.seen_at > NOTED:
        connection.execute(update(person_session).where(person_session.c.digest == digest).values(seen_at=now))
    return _person(row)


def end_session(connection: Connection, secret: str) -> str | None:
    """Whose session it was; None where there was none."""
    row = delete(person_session).where(person_session.c.digest == digest_of(secret)).returning(person_session.c.person)
    return connection.execute(row).scalar_one_or_none()


def end_sessions(connection: Connection, name: str, *, but: str | None = None) -> int:
    """End a person's sessions and forget links not used yet; how many sessions. but: the secret of one that goes on."""
    unused = and_(sign_in_link.c.person == name, sign_in_link.c.used_at.is_(None))
    connection.execute(delete(sign_in_link).where(unused))
    theirs = delete(person_session).where(person_session.c.person == name)
    if but is not None:
        theirs = theirs.where(person_session.c.digest != digest_of(but))
    return connection.execute(theirs).rowcount


def make_link(connection: Connection, name: str, *, author: str, good_for: timedelta) -> str:
    """The secret of a link that signs a person in, once."""
    secret = secrets.token_urlsafe(24)
    now = utc_now()
    values = {"digest": digest_of(secret), "person": name, "author": author, "at": now, "expires_at": now + good_for}
    connection.execute(insert(sign_in_link).values(**values))
    return secret


def use_link(connection: Connection, secret: str) -> str | None:
    """Whom a link signs in; None where it is not good, or was used. Of two that use it at once one has it."""
    now = utc_now()
    good = and_(
        sign_in_link.c.digest == digest_of(secret), sign_in_link.c.used_at.is_(None), sign_in_link.c.expires_at > now
    )
    stays = select(person.c.name).where(person.c.left_at.is_(None))
    row = update(sign_in_link).where(good, sign_in_link.c.person.in_(stays)).values(used_at=now)
    return connection.execute(row.returning(sign_in_link.c.person)).scalar_one_or_none()


def digest_of(secret: str) -> str:
    """What is kept of a secret. It has 192 random bits or more, so that a plain hash is enough."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _over(now: datetime) -> Any:
    return or_(person_session.c.seen_at < now - IDLE, person_session.c.at < now - LONGEST)


def _row(connection: Connection, name: str) -> Any:
    return connection.execute(select(person).where(person.c.name == name)).one_or_none()


def _person(row: Any) -> Person:
    values = {name: getattr(row, name) for name in Person.__slots__ if name != "has_password"}
    return Person(**values | {"has_password": row.digest is not None, "stores": tuple(row.stores)})
