"""An open-loop generator of live events: requests are due at a fixed rate, whether or not earlier ones were answered.

A request's time counts from when it was due, so that what waits behind a slow answer is counted too (coordinated
omission). HTTP by hand over kept connections: the generator shares two cores with what it measures.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from tierwise.kernel.clock import monotonic_seconds

MOST_CONNECTIONS = 400

_HEAD = (
    b'{"type":"track","event":"Order Completed","userId":"user-%09d","anonymousId":"4f1c3a52-7d0e-4a86-9a0b-%012d",'
    b'"messageId":"bench-%s-%012d","timestamp":"2026-11-22T10:00:00.123456+00:00","properties":{"order_id":"o-%d",'
    b'"revenue":128.5,"currency":"CNY","coupon":null,"category":"shoes","products":[{"product_id":"p1","quantity":2,'
    b'"price":64.25}]},"context":{"library":{"name":"analytics-python","version":"2.3.4"},"locale":"zh-CN"},'
    b'"integrations":{}}'
)


@dataclass(slots=True)
class Seen:
    """What came of the requests: seconds from due to answered, of those answered by 200; others by status."""

    offered: int = 0
    seconds: list[float] = field(default_factory=list)
    others: dict[int, int] = field(default_factory=dict)

    def quantile(self, share: float) -> float:
        """Of the times of what was answered well; infinite where nothing was."""
        if not self.seconds:
            return float("inf")
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def lost(self) -> float:
        """The share that was not answered by 200."""
        return 1 - len(self.seconds) / self.offered if self.offered else 1.0


def request(host: str, path: str, key: str, body: bytes) -> bytes:
    """One request, whole."""
    secret = b64encode(f"{key}:".encode()).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Basic {secret}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def batch(name: bytes, number: int, events: int) -> bytes:
    """The body of the request of that number: so many events that no other request has."""
    first = number * events
    rows = (_HEAD % (n % 1_000_000, n, name, n, n) for n in range(first, first + events))
    return b'{"batch":[' + b",".join(rows) + b'],"sentAt":"2026-11-22T10:00:00.300Z"}'


def single(name: bytes, number: int) -> bytes:
    """The body of one track call."""
    return _HEAD % (number % 1_000_000, number, name, number, number)


class _Line(asyncio.Protocol):
    """One connection: one request at a time."""

    def __init__(self, ended: Callable[[_Line, int], None]) -> None:
        self._ended = ended
        self._read = b""
        self._transport: asyncio.WriteTransport | None = None
        self.due = 0.0
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is none by its class

    def send(self, data: bytes, due: float) -> None:
        assert self._transport is not None
        self.due, self.busy, self._read = due, True, b""
        self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, gap, body = self._read.partition(b"\r\n\r\n")
        if not gap:
            return
        lowered = head.lower()
        at = lowered.find(b"content-length: ")
        length = int(lowered[at + 16 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(body) >= length:
            self.busy = False
            self._ended(self, int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self.busy:
            self.busy = False
            self._ended(self, 0)

    @property
    def open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()


async def offer(port: int, make: Callable[[int], bytes], per_second: float, seconds: float) -> Seen:
    """Offer requests at that rate for so long, then wait for the last answers, ten seconds at most."""
    loop = asyncio.get_running_loop()
    seen, idle, waiting = Seen(), deque[_Line](), deque[tuple[bytes, float]]()
    lines: list[_Line] = []

    def ended(line: _Line, status: int) -> None:
        if status == 200:
            seen.seconds.append(monotonic_seconds() - line.due)
        else:
            seen.others[status] = seen.others.get(status, 0) + 1
        if waiting and line.open:
            line.send(*waiting.popleft())
        else:
            idle.append(line)

    async def another() -> None:
        _, line = await loop.create_connection(lambda: _Line(ended), "127.0.0.1", port)
        lines.append(line)
        if waiting:
            line.send(*waiting.popleft())
        else:
            idle.append(line)

    for _ in range(32):
        await another()
    started = monotonic_seconds()
    opening: set[asyncio.Task[None]] = set()
    total = round(per_second * seconds)
    while seen.offered < total:
        now = monotonic_seconds()
        while seen.offered < total and started + seen.offered / per_second <= now:
            due, data = started + seen.offered / per_second, make(seen.offered)
            seen.offered += 1
            while idle and not idle[0].open:
                idle.popleft()
            if idle:
                idle.popleft().send(data, due)
                continue
            waiting.append((data, due))
            if len(lines) + len(opening) < MOST_CONNECTIONS:
                task = loop.create_task(another())
                opening.add(task)
                task.add_done_callback(opening.discard)
        await asyncio.sleep(max(0.0, min(0.002, started + seen.offered / per_second - monotonic_seconds())))
    last = monotonic_seconds() + 10
    while (waiting or any(line.busy for line in lines)) and monotonic_seconds() < last:
        await asyncio.sleep(0.01)
    return seen
