"""Group commit: what came within a few milliseconds is committed in one transaction, then each sender is answered.

One transaction to disk takes as long for two hundred requests as for one. While one is under way the next group
gathers, so that the load itself decides how large groups get.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tierwise.app.tracking import Arrived, Counts
from tierwise.kernel.clock import monotonic_seconds
from tierwise.kernel.errors import TierwiseError

GATHER_SECONDS = 0.004
"""How long a group gathers when nothing is under way."""

MOST_EVENTS = 10_000
"""Events of one transaction, give or take a request."""

MOST_WAITING = 60_000
"""Events that may wait to be committed: some seconds' worth. More senders are asked to come again."""


@dataclass(slots=True)
class Committed:
    """What was committed since the process began. seconds: how long the transactions took, together."""

    groups: int = 0
    seconds: float = 0.0
    failed: int = 0


class GroupCommit:
    """For one event loop. `take` runs in a thread of its own, one group at a time."""

    def __init__(self, take: Callable[[Sequence[Arrived]], Counts]) -> None:
        self._take = take
        self._queue: deque[tuple[Arrived, asyncio.Future[None]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._wake: asyncio.Event | None = None
        self._thread = ThreadPoolExecutor(1, "inbox")
        self.waiting = 0
        self.committed = Committed()
        self.failed_at = float("-inf")
        self.counts = Counts()

    async def put(self, arrived: Arrived) -> None:
        """Return once these events are durable. Raises `overloaded`, `not_durable`."""
        if self.waiting >= MOST_WAITING:
            raise TierwiseError("overloaded", "more comes than can be taken in", remedy="send it again later")
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._wake is None:
            self._wake = asyncio.Event()
            self._task = loop.create_task(self._keep_committing(self._wake))
        done: asyncio.Future[None] = loop.create_future()
        self._queue.append((arrived, done))
        self.waiting += arrived.count
        self._wake.set()
        await done

    def close(self) -> None:
        """End; what waits is not answered."""
        if self._task is not None and not self._task.get_loop().is_closed():
            self._task.cancel()
        self._thread.shutdown(wait=True)

    async def _keep_committing(self, wake: asyncio.Event) -> None:
        while True:
            await wake.wait()
            wake.clear()
            await asyncio.sleep(GATHER_SECONDS)
            while self._queue:
                await self._commit(self._next_group())

    def _next_group(self) -> list[tuple[Arrived, asyncio.Future[None]]]:
        group = [self._queue.popleft()]
        events = group[0][0].count
        while self._queue and events < MOST_EVENTS:
            group.append(self._queue.popleft())
            events += group[-1][0].count
        return group

    async def _commit(self, group: list[tuple[Arrived, asyncio.Future[None]]]) -> None:
        arrived = [each for each, _ in group]
        started = monotonic_seconds()
        failure: Exception | None = None
        try:
            done = await asyncio.get_running_loop().run_in_executor(self._thread, self._take, arrived)
        except Exception as error:
            failure, self.failed_at = error, monotonic_seconds()
            self.committed.failed += 1
        else:
            for name in Counts.__slots__:
                setattr(self.counts, name, getattr(self.counts, name) + getattr(done, name))
            self.committed.groups += 1
        self.committed.seconds += monotonic_seconds() - started
        self.waiting -= sum(each.count for each in arrived)
        for _, future in group:
            if future.done():
                continue
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(failure)
