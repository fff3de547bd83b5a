"""Where an import's rows come from: a file, or a table that stands elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from tierwise.definitions.mapping import Mapping
from tierwise.ingest.source import open_source
from tierwise.ingest.source_file import SourceFile, Tick


class Origin(Protocol):
    """What the importer reads from, and whom it tells that it was recorded."""

    @property
    def name(self) -> str:
        """What it is called in lists of jobs and in the audit."""

    @property
    def place(self) -> str:
        """Where it is, in messages and with the import."""

    def open(self, mapping: Mapping, folder: Path, tick: Tick) -> SourceFile:
        """Bring its rows to where they can be read. folder: for copies, which does not outlive the import."""

    def changed(self) -> bool:
        """Whether what was opened is no longer what is read."""

    def recorded(self, connection: Connection, import_id: int) -> None:
        """Called in the transaction that records the import, after all else of it."""


@dataclass
class FileOrigin:
    """A file of any format."""

    path: Path
    stamp: tuple[int, int] = field(default=(0, 0), init=False)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def place(self) -> str:
        return str(self.path)

    def open(self, mapping: Mapping, folder: Path, tick: Tick) -> SourceFile:
        source = open_source(self.path, mapping, folder, tick)
        self.stamp = self._stamp()
        return source

    def changed(self) -> bool:
        return self._stamp() != self.stamp

    def recorded(self, connection: Connection, import_id: int) -> None:
        return None

    def _stamp(self) -> tuple[int, int]:
        found = self.path.stat()
        return found.st_size, found.st_mtime_ns
