"""The door of the tracking API: bare ASGI in front of all else, since it is opened thousands of times a second.

Answers are what the SDKs were seen to need (docs/tracking.md): 200 with a body means durable; 400 and 413 are never to
be sent again, 429 and 503 are; every refusal is JSON with `code` and `message`, lacking which some SDKs send for ever.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64decode
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from tierwise.api import problems
from tierwise.api.tracking import answers
from tierwise.api.tracking.answers import TooManyError
from tierwise.api.tracking.body import read_body, unpacked
from tierwise.api.tracking.group_commit import GroupCommit
from tierwise.api.tracking.known_keys import KnownKeys
from tierwise.api.tracking.rate import Rates
from tierwise.app.tracking import Call, Intake, WriteKey, parse, read
from tierwise.kernel.clock import monotonic_seconds, utc_now
from tierwise.kernel.errors import TierwiseError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_CALLS = ("track", "identify", "page", "screen", "group", "alias", "batch", "import", "merge")

ROUTES: dict[str, str] = {
    **{f"/v1/{call}": call for call in _CALLS},
    **{f"/v1/{call[0]}": call for call in ("track", "identify", "page", "screen", "group", "alias", "batch")},
    "/beacon/v1/batch": "batch",
}
"""Path -> call, the short ones as the browser SDK has them. A slash at the end is no other path."""

_SETTINGS = "/v1/projects/"

MOST_HELD_BYTES = 64 * 1024 * 1024
"""Bodies, unpacked, that may be in memory at once; what they are read into takes some times as much."""

LARGE_BYTES = 256 * 1024
"""Bodies from here on are read in a thread, so that others are answered meanwhile."""

UNREADY_SECONDS = 10.0
SMALL_PACKED_BYTES = 16 * 1024

FORGET_SECONDS = 3600.0
TELL_SECONDS = 60.0

_log = logging.getLogger("tierwise.tracking")


class Tracking:
    """What a server holds to take events in; made once, used in one event loop, closed when that ends."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._keys = KnownKeys(intake)
        self._rates = Rates()
        self._held = 0
        self._forgotten_at = self._told_at = monotonic_seconds()
        self._told: dict[str, int] = {}
        self._chores: set[asyncio.Future[None]] = set()
        self.commit = GroupCommit(intake.take)
        self.refused: Counter[str] = Counter()
        self.requests = 0

    async def answer(self, route: str, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        origin: bytes | None = headers.get(b"origin")
        if scope["method"] == "OPTIONS":
            await answers.preflight(send, origin)
            return
        self.requests += 1
        held = [0]
        try:
            await self._take(route, scope, headers, receive, held)
        except TierwiseError as error:
            self.refused[error.code] += 1
            await answers.refused(send, error, origin)
        except Exception as error:
            problems.defect(scope["method"], scope["path"], error)
            self.refused["defect"] += 1
            await answers.refused(send, TierwiseError("defect", "this should not have happened"), origin)
        else:
            await answers.done(send, origin)
        finally:
            self._held -= held[0]
        self._do_chores()

    async def _take(
        self, route: str, scope: Scope, headers: dict[bytes, bytes], receive: Receive, held: list[int]
    ) -> None:
        """Make what came durable; whatever hinders is raised."""

        def hold(size: int) -> None:
            if self._held + size > MOST_HELD_BYTES:
                raise TierwiseError("overloaded", "more comes than can be taken in", remedy="send it again later")
            self._held += size
            held[0] += size

        body = await read_body(receive, _text(headers, b"content-length"), hold)
        received_at = utc_now()
        encoding = _text(headers, b"content-encoding")
        packed = len(body)
        if encoding is not None:
            body = (
                await asyncio.to_thread(unpacked, body, encoding)
                if packed > SMALL_PACKED_BYTES
                else unpacked(body, encoding)
            )
            hold(len(body) - packed)
        large = len(body) > LARGE_BYTES
        call = await asyncio.to_thread(parse, body) if large else parse(body)
        key = await self._key(scope, headers, call)
        _require_origin(key, _text(headers, b"origin"))
        if key.events_per_second is not None:
            self._require_rate(key, key.events_per_second, call)
        arrived = (
            await asyncio.to_thread(read, call, route, key, received_at)
            if large
            else read(call, route, key, received_at)
        )
        if arrived.count:
            await self.commit.put(arrived)

    async def _key(self, scope: Scope, headers: dict[bytes, bytes], call: Call) -> WriteKey:
        """By the secret in the header, the body or the query, whichever is a key. Raises `wrong_write_key`."""
        for secret in _secrets(scope, headers, call):
            found = await self._keys.find(secret)
            if found is not None:
                return found
        raise TierwiseError("wrong_write_key", "no write key, or none that is in use")

    def _require_rate(self, key: WriteKey, per_second: int, call: Call) -> None:
        batch = call.body.get("batch")
        events = len(batch) if type(batch) is list else 1
        wait = self._rates.wait_seconds(key.id, per_second, events, monotonic_seconds())
        if wait:
            raise TooManyError(wait)

    async def settings(self, path: str, scope: Scope, send: Send) -> None:
        """What the browser SDK asks for before it begins: where to send, and that nothing else is to be loaded."""
        secret = path[len(_SETTINGS) : -len("/settings")]
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        try:
            key = await self._keys.find(secret)
            if key is None:
                raise TierwiseError("wrong_write_key", "no write key, or none that is in use")
            _require_origin(key, _text(headers, b"origin"))
        except TierwiseError as error:
            await answers.refused(send, error, origin)
            return
        host = _text(headers, b"host") or "127.0.0.1"
        told = {
            "integrations": {
                "Segment.io": {"apiKey": secret, "apiHost": f"{host}/v1", "protocol": scope.get("scheme", "http")}
            },
            "plan": {"track": {"__default": {"enabled": True}}, "identify": {"__default": {"enabled": True}}},
            "middlewareSettings": {},
            "enabledMiddleware": {},
            "metrics": {"sampleRate": 0},
            "legacyVideoPluginsEnabled": False,
            "remotePlugins": [],
        }
        await answers.told(send, 200, told, origin)

    def require_ready(self) -> None:
        """Raises `not_durable` where events could not be made durable in the last seconds."""
        if monotonic_seconds() - self.commit.failed_at < UNREADY_SECONDS:
            raise TierwiseError(
                "not_durable", "the last events could not be made durable", remedy="look at the database"
            )

    def _do_chores(self) -> None:
        """Once an hour forget what is old, once a minute tell the log what came."""
        now = monotonic_seconds()
        if now - self._told_at >= TELL_SECONDS:
            self._told_at = now
            self._tell()
        if now - self._forgotten_at >= FORGET_SECONDS:
            self._forgotten_at = now
            chore = asyncio.ensure_future(asyncio.to_thread(self._forget))
            self._chores.add(chore)
            chore.add_done_callback(self._chores.discard)

    def _forget(self) -> None:
        try:
            rows = self._intake.forget_old(utc_now())
        except Exception as error:
            _log.error("forgetting failed", extra={"kind": type(error).__name__})
        else:
            _log.info("forgotten", extra={"rows": rows})

    def _tell(self) -> None:
        counts = self.commit.counts
        totals = {
            "requests": self.requests,
            "received": counts.received,
            "duplicate": counts.duplicate,
            "quarantined": counts.quarantined,
            "declined": counts.declined,
            "refused": self.refused.total(),
        }
        since = {name: total - self._told.get(name, 0) for name, total in totals.items()}
        self._told = totals
        _log.info("taken in", extra={**since, "waiting": self.commit.waiting})

    def close(self) -> None:
        """Give up what is held: the thread, the connection."""
        self.commit.close()
        self._intake.close()


class Door:
    """ASGI middleware: answers what is of the tracking API, and lets all else through to `app`."""

    def __init__(self, app: App, tracking: Tracking) -> None:
        self._app = app
        self._tracking = tracking

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            route = ROUTES.get(path) or ROUTES.get(path.rstrip("/"))
            if route is not None and scope["method"] in ("POST", "OPTIONS"):
                await self._tracking.answer(route, scope, receive, send)
                return
            if path.startswith(_SETTINGS) and path.endswith("/settings") and scope["method"] == "GET":
                await self._tracking.settings(path, scope, send)
                return
        await self._app(scope, receive, self._closing_after(send) if scope["type"] == "lifespan" else send)

    def _closing_after(self, send: Send) -> Send:
        async def closing(message: MutableMapping[str, Any]) -> None:
            if message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
                self._tracking.close()
            await send(message)

        return closing


def _secrets(scope: Scope, headers: dict[bytes, bytes], call: Call) -> list[str]:
    """All that may be the secret, in the order in which they are tried, each once."""
    found: list[str] = []
    scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"basic":
        try:
            found.append(b64decode(given.strip(), validate=True).decode().partition(":")[0])
        except ValueError:
            pass
    elif scheme.lower() == b"bearer":
        found.append(given.strip().decode("latin-1"))
    if call.write_key is not None:
        found.append(call.write_key)
    if scope["query_string"]:
        found += parse_qs(scope["query_string"].decode("latin-1")).get("writeKey", [])[:1]
    return [secret for secret in dict.fromkeys(found) if secret]


def _require_origin(key: WriteKey, origin: str | None) -> None:
    """Raises `page_not_allowed` where a page sends by a key that is for others."""
    if key.origins and origin is not None and origin.lower() not in key.origins:
        raise TierwiseError("page_not_allowed", "the write key is not for pages of this origin")


def _text(headers: dict[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")
