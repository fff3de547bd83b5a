"""What senders are told, in the words that every SDK was seen to understand (docs/tracking.md).

Each refusal is JSON with `code` and `message`: without both, older SDKs send the same for ever. 202 and 204 are taken
for failures by several, so that all that is well is 200.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tierwise.api.problems import status_of
from tierwise.kernel.errors import TierwiseError

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_DONE = b'{"success":true}'

_JSON: Headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]

_DONE_HEADERS: Headers = [*_JSON, (b"content-length", str(len(_DONE)).encode())]

_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"POST, GET, OPTIONS"),
    (b"access-control-allow-headers", b"authorization, content-type, content-encoding, anonymousid"),
    (b"access-control-max-age", b"86400"),
]


class TooManyError(TierwiseError):
    """A key sends more than it may. wait_seconds: after which it may again."""

    def __init__(self, wait_seconds: int) -> None:
        super().__init__("too_many_events", "the write key sends more events a second than it may")
        self.wait_seconds = wait_seconds


async def done(send: Send, origin: bytes | None) -> None:
    """All of it is durable, or will never be wanted again."""
    await _send(send, 200, _DONE, [*_DONE_HEADERS, *_cors(origin)])


async def preflight(send: Send, origin: bytes | None) -> None:
    """A browser asks whether a page may send; by which key it will is not told yet, so that any may ask."""
    await _send(send, 204, b"", [*_PREFLIGHT, *_cors(origin)])


async def refused(send: Send, error: TierwiseError, origin: bytes | None) -> None:
    """Why not, and after how many seconds to try again where that is of use."""
    status = status_of(error.code)
    body = {"success": False, "code": error.code, "message": error.message, "detail": error.message}
    further: Headers = []
    if status in (429, 503):
        wait = error.wait_seconds if isinstance(error, TooManyError) else 1
        further.append((b"retry-after", str(wait).encode()))
    if status == 401:
        further.append((b"www-authenticate", b'Basic realm="tierwise"'))
    await told(send, status, body, origin, further)


async def told(send: Send, status: int, body: Any, origin: bytes | None, further: Headers | None = None) -> None:
    """An answer as JSON."""
    written = json.dumps(body).encode()
    length = (b"content-length", str(len(written)).encode())
    await _send(send, status, written, [*_JSON, length, *(further or []), *_cors(origin)])


def _cors(origin: bytes | None) -> Headers:
    return [] if origin is None else [(b"access-control-allow-origin", origin), (b"vary", b"origin")]


async def _send(send: Send, status: int, body: bytes, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
