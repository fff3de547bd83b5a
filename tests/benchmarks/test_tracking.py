"""The generator of live events: due at a fixed rate, timed from then on, and nothing unanswered counts as fast."""

from __future__ import annotations

import asyncio
import json

import pytest

from benchmarks.open_loop import Seen, batch, offer, request, single
from benchmarks.tracking import p99


async def _offered(answers: list[bytes], per_second: float, seconds: float, slow: float = 0.0) -> Seen:
    """Against a server that gives these answers in turn, each after a while; one request at a time."""
    one_at_a_time, given = asyncio.Lock(), iter(range(10**6))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
                json.loads(await reader.readexactly(length))
                async with one_at_a_time:
                    await asyncio.sleep(slow)
                status = answers[next(given) % len(answers)]
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")
        except asyncio.IncompleteReadError:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        return await offer(port, lambda n: request("h", "/v1/track", "k", single(b"x", n)), per_second, seconds)


def test_what_is_not_answered_well_is_no_answer() -> None:
    seen = asyncio.run(_offered([b"200 OK", b"429 Too Many Requests"], 200, 0.2))
    assert (seen.offered, len(seen.seconds), seen.others) == (40, 20, {429: 20})
    assert seen.lost == pytest.approx(0.5)
    assert p99(seen, 0.2) == pytest.approx(10.2)


def test_a_request_that_waits_behind_a_slow_one_is_timed_from_when_it_was_due() -> None:
    seen = asyncio.run(_offered([b"200 OK"], 100, 0.3, slow=0.03))
    assert len(seen.seconds) == seen.offered == 30
    assert seen.quantile(1.0) > 0.3, "the last was due after 0.29 s, and waited for 29 before it"


def test_no_two_events_are_alike() -> None:
    events = [event for n in range(3) for event in json.loads(batch(b"x", n, 4))["batch"]]
    assert len({event["messageId"] for event in events}) == 12
