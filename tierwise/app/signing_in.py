"""Signing in: by a password or by a link that is good once; and by what a browser is known again.

A password is kept as argon2id. After `MOST_FAILURES` wrong ones in a row no password of that person is looked at for
`LOCKED`; whoever has no account is answered in the same words and after the same work.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from tierwise.app.context import Context
from tierwise.app.people import principal_of
from tierwise.app.principal import Principal
from tierwise.kernel.clock import monotonic_seconds, utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, people
from tierwise.state.people import Person

MOST_FAILURES = 8
LOCKED = timedelta(minutes=15)

SHORTEST = 10
LONGEST = 200

REMEMBERED_SECONDS = 5.0
"""For so long a session is known without asking the database: a person who is let go is out after it."""

_MOST_REMEMBERED = 10_000


class SignIns:
    """Who signs in at one server; for its requests, from any thread."""

    def __init__(self, ctx: Context, *, hasher: PasswordHasher | None = None) -> None:
        self._ctx = ctx
        self._hasher = hasher or PasswordHasher()
        self._hashing = threading.Semaphore(2)  # each takes 64 MiB
        self._known: dict[str, tuple[float, Person]] = {}

    @cached_property
    def _nobodys(self) -> str:
        """The digest that is looked at where there is no account."""
        return self._hasher.hash("nobody's")

    def remembered(self, session: str) -> Person | None:
        """Whose session it is, as far as was found in the last seconds; asks nothing."""
        found = self._known.get(session)
        return found[1] if found is not None and monotonic_seconds() - found[0] < REMEMBERED_SECONDS else None

    def person_of(self, session: str) -> Person | None:
        """Whose session it is; None where it is over or was never."""
        found = self.remembered(session)
        if found is None:
            asked = monotonic_seconds()
            with self._ctx.database.begin() as connection:
                found = people.person_of_session(connection, session)
            if len(self._known) > _MOST_REMEMBERED:
                self._known.clear()
            if found is not None:
                self._known[session] = (asked, found)
            else:
                self._known.pop(session, None)
        return found

    def by_password(self, name: str, password: str) -> str:
        """A session's secret. Raises `not_signed_in`, `locked_out`. Audited, refusals too."""
        name = name.strip().lower()
        with self._ctx.database.begin() as connection:
            found = people.password_of(connection, name)
            if found is not None and found[0].locked_until is not None and found[0].locked_until > utc_now():
                raise _locked_out()
        kept = found[1] if found is not None else None
        right = self._is_right(kept or self._nobodys, password) and kept is not None
        with self._ctx.database.begin() as connection:
            current = people.password_of(connection, name)
            if current is None:
                raise _wrong()
            if current[0].locked_until is not None and current[0].locked_until > utc_now():
                raise _locked_out()  # others failed meanwhile: of many at once no more are looked at than one by one
            if right and current[1] == kept:
                people.change(connection, name, failed=0, locked_until=None)
                audit.write(connection, f"person:{name}", "sign_in", name, {"by": "password"})
                return people.open_session(connection, name)
            failed = current[2] + 1
            locked = failed >= MOST_FAILURES
            people.change(
                connection,
                name,
                failed=0 if locked else failed,
                locked_until=utc_now() + LOCKED if locked else current[0].locked_until,
            )
            audit.write(connection, f"person:{name}", "sign_in.refused", name, {"locked": locked})
        raise _locked_out() if locked else _wrong()

    def by_link(self, secret: str) -> str:
        """A session's secret. Raises `link_not_good`. Audited."""
        with self._ctx.database.begin() as connection:
            name = people.use_link(connection, secret)
            if name is not None:
                people.change(connection, name, failed=0, locked_until=None)
                audit.write(connection, f"person:{name}", "sign_in", name, {"by": "link"})
                return people.open_session(connection, name)
        raise TierwiseError(
            "link_not_good",
            "this link signs in once, and was used or is too old",
            remedy="ask for another one, or sign in by name and password",
        )

    def sign_out(self, session: str) -> None:
        """End a session, where there is one."""
        self._known.pop(session, None)
        with self._ctx.database.begin() as connection:
            name = people.end_session(connection, session)
            if name is not None:
                audit.write(connection, f"person:{name}", "sign_out", name)

    def set_password(self, principal: Principal, password: str, *, keep: str | None = None) -> None:
        """A person's own password. Ends their other sessions; keep: the session that goes on under a new secret is not
        ended. Audited. Raises `not_a_person`, `bad_password`."""
        name = principal.name.removeprefix("person:")
        if name == principal.name:
            raise TierwiseError("not_a_person", f"{principal.name} has no password", remedy="sign in as a person")
        if not SHORTEST <= len(password) <= LONGEST or len(set(password)) < SHORTEST // 2 or name in password.lower():
            raise TierwiseError(
                "bad_password",
                f"a password has {SHORTEST} to {LONGEST} characters, not mostly the same, and not the person's name",
                remedy="take a sentence that only you would say",
            )
        with self._hashing:
            digest = self._hasher.hash(password)
        with self._ctx.database.begin() as connection:
            people.change(connection, name, digest=digest, failed=0, locked_until=None)
            people.end_sessions(connection, name, but=keep)
            audit.write(connection, principal.name, "person.password", name)
        self._known.clear()

    def _is_right(self, digest: str, password: str) -> bool:
        if len(password) > LONGEST:
            return False
        with self._hashing:
            try:
                return self._hasher.verify(digest, password)
            except VerificationError:
                return False


def acting(ctx: Context, person: Person) -> Context:
    """The house as a person sees it."""
    return ctx.acting_as(principal_of(person))


def _wrong() -> TierwiseError:
    return TierwiseError("not_signed_in", "name and password do not belong together", remedy="type them again")


def _locked_out() -> TierwiseError:
    return TierwiseError(
        "locked_out",
        f"too many wrong passwords: none is looked at for {LOCKED.seconds // 60} minutes",
        remedy="wait, or ask an administrator for a link that signs in",
    )
