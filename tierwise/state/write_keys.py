"""Write keys: by which a source of live events sends. The secret itself is told once and kept nowhere."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, insert, select, update

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.state.live_tables import write_key
from tierwise.state.locks import hold_for_transaction

SCOPES = ("track", "identify", "page", "screen", "group", "alias", "merge", "import")
"""What a key may send: kinds of calls, and `import` for events of the past."""

_LOCK = "write keys"
_ENDING = 4


@dataclass(frozen=True, slots=True)
class WriteKey:
    """One key. ending: the last letters of its secret. previous_until: until when the secret before it is good.

    scopes: what it may send. origins: pages that may send by it, empty for any. choice: the category of consent that
    a visitor must have allowed before anonymous events are kept; None: kept at once. events_per_second: the most,
    None for as many as the server takes. It is in use as long as revoked_at is None.
    """

    id: int
    source: str
    ending: str
    previous_until: datetime | None
    scopes: tuple[str, ...]
    origins: tuple[str, ...]
    choice: str | None
    events_per_second: int | None
    author: str
    at: datetime
    revoked_at: datetime | None
    revoked_by: str | None


_COLUMNS = [write_key.c[name] for name in WriteKey.__slots__]


def digest_of(secret: str) -> str:
    """What is kept of a secret. It has 192 random bits, so that a plain hash is enough."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def create(
    connection: Connection,
    source: str,
    *,
    author: str,
    scopes: Sequence[str] = SCOPES,
    origins: Sequence[str] = (),
    choice: str | None = None,
    events_per_second: int | None = None,
) -> tuple[WriteKey, str]:
    """A key for a source, and its secret, which cannot be read again. Raises `already_has_key`."""
    hold_for_transaction(connection, _LOCK)
    if _in_use(connection, source) is not None:
        raise TierwiseError(
            "already_has_key",
            f'the source "{source}" has a write key already',
            remedy=f"`tierwise keys rotate {source}` gives it a new one",
        )
    secret = _new_secret()
    row = insert(write_key).values(
        source=source,
        digest=digest_of(secret),
        ending=secret[-_ENDING:],
        scopes=list(scopes),
        origins=list(origins),
        choice=choice,
        events_per_second=events_per_second,
        author=author,
        at=utc_now(),
    )
    return _key(connection.execute(row.returning(*_COLUMNS)).one()), secret


def rotate(connection: Connection, source: str, *, grace: timedelta) -> tuple[WriteKey, str]:
    """Give a source a new secret; the one so far is good for `grace` more. Raises `unknown_write_key`."""
    found = get(connection, source)
    secret = _new_secret()
    changed = {"digest": digest_of(secret), "ending": secret[-_ENDING:]}
    previous = {"previous_digest": write_key.c.digest, "previous_until": utc_now() + grace}
    if not grace:
        previous = {"previous_digest": None, "previous_until": None}
    row = update(write_key).where(write_key.c.id == found.id).values(**changed, **previous)
    return _key(connection.execute(row.returning(*_COLUMNS)).one()), secret


def revoke(connection: Connection, source: str, *, by: str) -> WriteKey:
    """Take a source's key out of use, at once. Raises `unknown_write_key`."""
    found = get(connection, source)
    row = update(write_key).where(write_key.c.id == found.id).values(revoked_at=utc_now(), revoked_by=by)
    return _key(connection.execute(row.returning(*_COLUMNS)).one())


def get(connection: Connection, source: str) -> WriteKey:
    """The key in use of a source. Raises `unknown_write_key`."""
    hold_for_transaction(connection, _LOCK)
    found = _in_use(connection, source)
    if found is None:
        known = [each.source for each in list_keys(connection)]
        raise TierwiseError.of([unknown_name("write key", source, known)])
    return found


def list_keys(connection: Connection, *, also_revoked: bool = False) -> list[WriteKey]:
    """The keys by source; revoked ones after the one in use, the newest first."""
    query = select(*_COLUMNS).order_by(write_key.c.source, write_key.c.revoked_at.desc().nulls_first())
    if not also_revoked:
        query = query.where(write_key.c.revoked_at.is_(None))
    return [_key(row) for row in connection.execute(query)]


def by_digest(connection: Connection, now: datetime) -> dict[str, WriteKey]:
    """Digest of a secret that is good now -> its key."""
    found = {}
    query = select(*_COLUMNS, write_key.c.digest, write_key.c.previous_digest)
    for row in connection.execute(query.where(write_key.c.revoked_at.is_(None))):
        key = _key(row)
        found[row.digest] = key
        if row.previous_digest is not None and row.previous_until > now:
            found[row.previous_digest] = key
    return found


def sources(connection: Connection) -> dict[int, str]:
    """Id -> source, of all keys that ever were."""
    return {row.id: row.source for row in connection.execute(select(write_key.c.id, write_key.c.source))}


def _new_secret() -> str:
    return f"tw_{secrets.token_urlsafe(24)}"


def _in_use(connection: Connection, source: str) -> WriteKey | None:
    query = select(*_COLUMNS).where(write_key.c.source == source, write_key.c.revoked_at.is_(None))
    row = connection.execute(query).one_or_none()
    return None if row is None else _key(row)


def _key(row: object) -> WriteKey:
    values = {name: getattr(row, name) for name in WriteKey.__slots__}
    return WriteKey(**values | {"scopes": tuple(values["scopes"]), "origins": tuple(values["origins"])})
