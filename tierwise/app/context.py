"""What a use case works with: who asks, where the data are. Made by `bootstrap.py`, the only wiring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from sqlalchemy import Engine

from tierwise.app.principal import Principal
from tierwise.engine.duckdb_session import connect
from tierwise.engine.lake import Lake

if TYPE_CHECKING:
    from tierwise.app.remembered import Answers
    from tierwise.engine.current import CurrentProfile
    from tierwise.engine.customer_copies import CustomerCopies
    from tierwise.engine.spark_session import SparkSettings


@dataclass(frozen=True)
class Context:
    """home: the folder of all local state. note: says something to the person in front, on no account to stdout.

    current: the profile held in memory, copies: the copies by customer held open, and answers: what was answered about
    runs, of a process that serves.
    spark: where runs are computed; by DuckDB in this process where None.
    """

    home: Path
    principal: Principal
    database: Engine
    lake: Lake
    memory_limit: str | None = None
    note: Callable[[str], None] = field(default=lambda text: None)
    current: CurrentProfile | None = None
    copies: CustomerCopies | None = None
    answers: Answers | None = None
    spark: SparkSettings | None = None

    @property
    def scratch(self) -> Path:
        """For files that nobody misses when a process dies."""
        return self.home / "scratch"

    def duckdb(self) -> duckdb.DuckDBPyConnection:
        """A connection of one's own; close it."""
        return connect(self.scratch / "spill", memory_limit=self.memory_limit)

    def acting_as(self, principal: Principal) -> Context:
        """The same house, another person."""
        return replace(self, principal=principal)

    @contextmanager
    def holding_the_profile(self) -> Iterator[Context]:
        """The same house with the current profile in memory until the block ends, for a process that serves.

        The copies by customer are held open as well.
        """
        from tierwise.app.remembered import Answers
        from tierwise.engine.current import CurrentProfile

        current = CurrentProfile(self.lake, self.scratch / "spill", self.memory_limit)
        try:
            with replace(self, current=current, answers=Answers()).holding_copies() as holding:
                yield holding
        finally:
            current.close()

    @contextmanager
    def holding_copies(self) -> Iterator[Context]:
        """The same house with the copies by customer held open until the block ends; their making is then ended."""
        copies = self._copies()
        try:
            yield replace(self, copies=copies)
        finally:
            copies.close()

    @contextmanager
    def customer_copies(self) -> Iterator[CustomerCopies]:
        """The copies by customer: those held open, else opened until the block ends."""
        if self.copies is not None:
            yield self.copies
            return
        copies = self._copies()
        try:
            yield copies
        finally:
            copies.close()

    def _copies(self) -> CustomerCopies:
        from tierwise.engine.customer_copies import CustomerCopies

        return CustomerCopies(self.lake, self.home / "by_customer", self.scratch / "spill", self.memory_limit)
