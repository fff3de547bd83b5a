"""The intake of live events, of a process that serves: which key a secret is, and events made durable.

Not a use case of somebody signed in: the write key is the right to send, and to nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tierwise.app.context import Context
from tierwise.app.database_lost import LOST
from tierwise.ingest.inbox import InboxWriter, forget_old
from tierwise.ingest.tracking import Call, parse, read
from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state import write_keys
from tierwise.state.inbox import Arrived, Counts
from tierwise.state.write_keys import WriteKey, digest_of

__all__ = ["Arrived", "Call", "Counts", "Intake", "WriteKey", "parse", "read"]


class Intake:
    """What the door needs. `take` is for one thread; all else for any."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._writer = InboxWriter(ctx.database)
        self._keys: dict[str, WriteKey] = {}

    def key_of(self, secret: str) -> WriteKey | None:
        """The key whose secret this is, by what was last read of them; None where there is none."""
        return self._keys.get(digest_of(secret))

    def read_keys(self) -> None:
        """Read the keys anew. Raises `not_durable` where the database does not answer."""
        try:
            with self._ctx.database.connect() as connection:
                self._keys = write_keys.by_digest(connection, utc_now())
        except LOST as error:
            raise TierwiseError(
                "not_durable", "the event could not be made durable", remedy="send it again later"
            ) from error

    def take(self, group: Sequence[Arrived]) -> Counts:
        """Make events durable; what became of them. Raises `not_durable`."""
        return self._writer.take(group)

    def forget_old(self, now: datetime) -> int:
        """Delete what is older than it is kept; how many rows."""
        return forget_old(self._ctx.database, now)

    def close(self) -> None:
        """Give the writer's connection up."""
        self._writer.close()
