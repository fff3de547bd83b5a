"""What the newest version of a table is, and a commit of files that came and files that went.

delta-rs lists the whole log whenever a table is opened and twice when it commits, and then replays what came after the
last checkpoint. After ten thousand commits that is more than 100 ms for a row. Whoever made the newest version knows
what is in it; that nobody has made another since is seen by two names in the log. And a commit that adds and removes
files, of the schema that the table has, is a line of JSON for each, in a file that must not be there yet: the protocol
asks no more (https://github.com/delta-io/delta/blob/master/PROTOCOL.md, writer version 2). All else is left to
delta-rs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from uuid import uuid4

from deltalake import DeltaTable, PostCommitHookProperties, Schema
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction

from tierwise.engine.compaction import DataFile
from tierwise.kernel.clock import utc_now

LOG = "_delta_log"

CHECKPOINT_EVERY = 100
"""Versions from one checkpoint to the next, as delta-rs has it, at 99, 199 and so on."""

KEEP_THE_LOG = PostCommitHookProperties(cleanup_expired_logs=False)
"""For each commit by delta-rs: else a checkpoint deletes what is older than 30 days of the log, and with it the way to
the versions of which runs were made."""

_WRITER_VERSION = 2
"""What is asked of a writer up to this one is met by adding and removing files."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest version of a table. mark: tells its commit from another under the same number.

    plain: whether `commit` may follow; else it needs delta-rs, as where another program has changed the table's
    settings.
    """

    number: int
    schema: Schema
    files: tuple[DataFile, ...]
    plain: bool
    mark: tuple[int, int] | None


def newest_of(folder: Path, table: DeltaTable | None = None) -> Newest | None:
    """By reading the log, or of a table that was opened or written just now. None where there is no table."""
    if table is None:
        if not DeltaTable.is_deltatable(str(folder)):
            return None
        table = DeltaTable(str(folder))
    told = table.metadata()
    plain = (
        table.protocol().min_writer_version <= _WRITER_VERSION and not told.partition_columns and not told.configuration
    )
    actions = table.get_add_actions()
    found = zip(*(actions[name].to_pylist() for name in ("path", "size_bytes", "modification_time")), strict=True)
    files = tuple(DataFile(unquote(path), size, written) for path, size, written in found)
    number = table.version()
    return Newest(number, table.schema(), files, plain, _mark(folder, number))


def is_newest(folder: Path, known: Newest) -> bool:
    """Whether no commit has followed since, and the table was not made anew."""
    return (
        known.mark is not None and _mark(folder, known.number) == known.mark and _mark(folder, known.number + 1) is None
    )


def has_newest(folder: Path, number: int) -> bool:
    """Whether a version is there and none after it. False too where its commit is no longer in the log."""
    return _mark(folder, number) is not None and _mark(folder, number + 1) is None


def commit(folder: Path, before: Newest, added: AddAction, gone: Sequence[DataFile] = ()) -> Newest:
    """The version after `before`, which must be the newest and plain, with one file more, and without some.

    Raises FileExistsError where another has committed meanwhile, and OSError where the log cannot be written; then
    nothing was committed.
    """
    at = int(utc_now().timestamp() * 1000)
    number = before.number + 1
    said: list[dict[str, Any]] = [
        {
            "commitInfo": {
                "timestamp": at,
                "operation": "WRITE",
                "operationParameters": {"mode": "Append"},
                "engineInfo": "tierwise",
            }
        },
        {
            "add": {
                "path": quote(added.path),
                "partitionValues": {},
                "size": added.size,
                "modificationTime": added.modification_time,
                "dataChange": added.data_change,
                "stats": added.stats,
            }
        },
        *(
            {
                "remove": {
                    "path": quote(each.path),
                    "deletionTimestamp": at,
                    "dataChange": added.data_change,
                    "extendedFileMetadata": True,
                    "partitionValues": {},
                    "size": each.bytes,
                }
            }
            for each in gone
        ),
    ]
    unfinished = folder / LOG / f"_commit_{uuid4()}.json.tmp"
    try:
        unfinished.write_text("\n".join(json.dumps(line, separators=(",", ":")) for line in said), "utf-8")
        os.link(unfinished, _commit_of(folder, number))
    finally:
        unfinished.unlink(missing_ok=True)
    if (number + 1) % CHECKPOINT_EVERY == 0:
        with suppress(DeltaError, OSError):  # it was committed; a checkpoint only saves reading
            DeltaTable(str(folder), version=number).create_checkpoint()
    went = {each.path for each in gone}
    files = (
        *(each for each in before.files if each.path not in went),
        DataFile(added.path, added.size, added.modification_time),
    )
    return replace(before, number=number, files=files, mark=_mark(folder, number))


def _commit_of(folder: Path, number: int) -> Path:
    return folder / LOG / f"{number:020}.json"


def _mark(folder: Path, number: int) -> tuple[int, int] | None:
    try:
        seen = _commit_of(folder, number).stat()
    except OSError:
        return None
    return seen.st_ino, seen.st_mtime_ns
