"""Which key a secret is, asked thousands of times a second: from memory, read anew often enough.

A key that was made a moment ago works at once, one that was taken out of use stops within `STALE_SECONDS`.
"""

from __future__ import annotations

import asyncio

from tierwise.app.tracking import Intake, WriteKey
from tierwise.kernel.clock import monotonic_seconds
from tierwise.kernel.errors import TierwiseError

FRESH_SECONDS = 2.0
"""After that long the keys are read anew, beside the requests that go on."""

STALE_SECONDS = 10.0
"""After that long nobody is let in by what is remembered."""

BETWEEN_SECONDS = 0.25
"""Strangers do not make us ask the database more often than that."""


class KnownKeys:
    """The keys as this process knows them; for one event loop."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def find(self, secret: str) -> WriteKey | None:
        """The key in use whose secret this is. Raises `not_durable` where the keys cannot be read."""
        asked = monotonic_seconds()
        age = asked - self._read_at
        found = self._intake.key_of(secret)
        if found is not None and age < STALE_SECONDS:
            if age > FRESH_SECONDS:
                self._read()
            return found
        if age < STALE_SECONDS:
            await asyncio.sleep(BETWEEN_SECONDS - age)
        while self._read_at < asked:
            await asyncio.shield(self._read())
        return self._intake.key_of(secret)

    def _read(self) -> asyncio.Task[None]:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_now())
            self._reading.add_done_callback(_told)
        return self._reading

    async def _read_now(self) -> None:
        begun = monotonic_seconds()
        await asyncio.to_thread(self._intake.read_keys)
        self._read_at = begun


def _told(reading: asyncio.Task[None]) -> None:
    """An error that nobody waits for is told to the next who does."""
    if not reading.cancelled() and isinstance(reading.exception(), TierwiseError):
        return
