"""The body of a request, read within bounds, packed or not: what a gigabyte of zeros packs to is refused."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tierwise.kernel.errors import TierwiseError

LARGEST_BYTES = 5 * 1024 * 1024
"""Of a body, packed and unpacked alike: RudderStack's SDKs send 4 MB."""

_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 47}
"""How zlib is to read an encoding; deflate as senders mean it: zlib's header, or gzip's."""


async def read_body(
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]], declared: str | None, held: Callable[[int], None]
) -> bytes:
    """The body as it was sent. held: is told of each piece's size, and may refuse. Raises `too_large`, `cut_off`."""
    if declared is not None and declared.isdigit() and int(declared) > LARGEST_BYTES:
        raise _too_large()
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise TierwiseError("cut_off", "the request ended before its body did")
        piece = message.get("body", b"")
        if piece:
            size += len(piece)
            if size > LARGEST_BYTES:
                raise _too_large()
            held(len(piece))
            pieces.append(piece)
        if not message.get("more_body", False):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def unpacked(body: bytes, encoding: str | None) -> bytes:
    """The body without its content encoding. Raises `unknown_body_encoding`, `too_large`, `damaged_body`."""
    name = (encoding or "").strip().lower()
    if name in ("", "identity"):
        return body
    if name not in _WINDOW:
        raise TierwiseError("unknown_body_encoding", f"a body encoded by {name[:20]} cannot be read", remedy="use gzip")
    reader = zlib.decompressobj(_WINDOW[name])
    try:
        found = reader.decompress(body, LARGEST_BYTES + 1)
    except zlib.error as error:
        raise TierwiseError("damaged_body", f"the body is no {name}") from error
    if len(found) > LARGEST_BYTES:
        raise _too_large()
    if not reader.eof:
        raise TierwiseError("damaged_body", f"the body is no {name}")
    return found


def _too_large() -> TierwiseError:
    return TierwiseError("too_large", "a body of more than 5 MiB", remedy="send smaller batches")
