"""Write keys: made, listed, given a new secret, taken out of use. The audit has each change, never a secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from tierwise.app.context import Context
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.state import audit, write_keys
from tierwise.state.write_keys import SCOPES, WriteKey

__all__ = ["GRACE_HOURS", "SCOPES", "NewKey", "WriteKey", "create", "list_keys", "revoke", "rotate"]

GRACE_HOURS = 24
"""How long the secret before a rotation is good, unless said otherwise."""

_LONGEST_NAME = 63
_MOST_GRACE_HOURS = 24 * 90


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and its secret, which is told this once and cannot be read again."""

    write_key: str
    key: WriteKey


def create(
    ctx: Context,
    source: str,
    *,
    scopes: Sequence[str] = (),
    origins: Sequence[str] = (),
    choice: str | None = None,
    events_per_second: int | None = None,
) -> NewKey:
    """A write key for a source of live events. Audited.

    scopes: what it may send, all where empty. origins: pages that may send by it, such as https://shop.example; any
    where empty. choice: anonymous visitors are kept only where their consent allows this category. Raises
    `already_has_key`, `bad_name`, `unknown_scope`, `bad_origin`, `bad_limit`.
    """
    ctx.principal.require("administer")
    problems = _problems(source, scopes, origins, choice, events_per_second)
    if problems:
        raise TierwiseError.of(problems)
    with ctx.database.begin() as connection:
        key, secret = write_keys.create(
            connection,
            source,
            author=ctx.principal.name,
            scopes=tuple(scopes) or SCOPES,
            origins=[origin.lower().rstrip("/") for origin in origins],
            choice=choice,
            events_per_second=events_per_second,
        )
        told = {
            "scopes": list(key.scopes),
            "origins": list(key.origins),
            "choice": choice,
            "events_per_second": events_per_second,
        }
        audit.write(connection, ctx.principal.name, "write_key.create", source, told)
    return NewKey(secret, key)


def rotate(ctx: Context, source: str, *, grace_hours: int = GRACE_HOURS) -> NewKey:
    """A new secret for a source; the one so far is good for so many hours more. Audited.

    Raises `unknown_write_key`, `bad_grace`.
    """
    ctx.principal.require("administer")
    if not 0 <= grace_hours <= _MOST_GRACE_HOURS:
        raise TierwiseError("bad_grace", f"{grace_hours} hours are too few or too many", remedy="0 to 2160 hours")
    with ctx.database.begin() as connection:
        key, secret = write_keys.rotate(connection, source, grace=timedelta(hours=grace_hours))
        audit.write(connection, ctx.principal.name, "write_key.rotate", source, {"grace_hours": grace_hours})
    return NewKey(secret, key)


def revoke(ctx: Context, source: str) -> WriteKey:
    """Take a source's key out of use, within seconds also where servers run. Audited. Raises `unknown_write_key`."""
    ctx.principal.require("administer")
    with ctx.database.begin() as connection:
        key = write_keys.revoke(connection, source, by=ctx.principal.name)
        audit.write(connection, ctx.principal.name, "write_key.revoke", source)
    return key


def list_keys(ctx: Context, *, also_revoked: bool = False) -> tuple[WriteKey, ...]:
    """The keys by source, without their secrets."""
    ctx.principal.require("administer")
    with ctx.database.connect() as connection:
        return tuple(write_keys.list_keys(connection, also_revoked=also_revoked))


def _is_told(source: str) -> bool:
    """Whether a name can stand in a line and in a path."""
    return source.isprintable() and "/" not in source


def _problems(
    source: str, scopes: Sequence[str], origins: Sequence[str], choice: str | None, events_per_second: int | None
) -> list[Problem]:
    found = []
    if not source or source != source.strip() or len(source) > _LONGEST_NAME or not _is_told(source):
        found.append(
            Problem("bad_name", f'"{source}" cannot be a name', None, "1 to 63 letters and no slash, such as web")
        )
    found += [unknown_name("scope", scope, SCOPES) for scope in scopes if scope not in SCOPES]
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
            found.append(Problem("bad_origin", f'"{origin}" is no origin', None, "write https://shop.example"))
    if choice is not None and not choice.strip():
        found.append(Problem("bad_category", "a category of consent has a name", None, "such as analytics"))
    if events_per_second is not None and not 1 <= events_per_second <= 2**31 - 1:
        found.append(
            Problem("bad_limit", f"{events_per_second} events a second let nothing through", None, "1 or more")
        )
    return found
