"""The files that some versions of the lake's tables are made of: what a backup holds of the lake.

A version never changes and its files are never written again, so that they can be copied while others write. Commits
after the recorded version are left out: they never happened.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from deltalake.exceptions import DeltaError

from tierwise.engine.delta_log import LOG
from tierwise.engine.lake import Lake
from tierwise.kernel.errors import TierwiseError

_OF_VERSION = re.compile(r"(\d{20})\.")


@dataclass(frozen=True, slots=True)
class TableFiles:
    """paths: relative to the table's folder, ordered by name. lost: versions whose files have been let go before."""

    name: str
    paths: tuple[str, ...]
    lost: tuple[int, ...]


def files_of(lake: Lake, name: str, recorded: int, others: Collection[int]) -> TableFiles:
    """What the recorded version and the others that runs name are made of, with the log up to the recorded one.

    Raises `lake_behind` where the recorded version cannot be read.
    """
    folder = lake.path(name)
    paths = _log(folder, recorded)
    lost = []
    for version in sorted({recorded, *others}):
        found = _data(lake, name, version)
        if found is not None:
            paths |= found
        elif version == recorded:
            raise TierwiseError(
                "lake_behind",
                f'version {recorded} of table "{name}" was recorded, and its files are not all there',
                place=str(folder),
                remedy="put the folder back from an earlier backup",
            )
        else:
            lost.append(version)
    return TableFiles(name, tuple(sorted(paths)), tuple(lost))


def _log(folder: Path, recorded: int) -> set[str]:
    try:
        names = [path.name for path in (folder / LOG).iterdir() if path.is_file()]
    except FileNotFoundError:
        return set()
    told = ((name, _OF_VERSION.match(name)) for name in names if not name.endswith(".tmp"))
    return {f"{LOG}/{name}" for name, of in told if of and int(of.group(1)) <= recorded}


def _data(lake: Lake, name: str, version: int) -> set[str] | None:
    folder = lake.path(name)
    try:
        paths = [Path(file) for file in lake.files(name, version)]
    except DeltaError:
        return None
    return {str(path.relative_to(folder)) for path in paths} if all(path.is_file() for path in paths) else None
