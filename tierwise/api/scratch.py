"""Files that live as long as one request: uploads on their way in, exports on their way out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tierwise.app.context import Context

_LONGEST_BYTES = 200


def new_folder(ctx: Context) -> Path:
    """A folder of one's own under the home's scratch; `drop_folder` it."""
    parent = ctx.scratch / "http"
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=parent))


def drop_folder(folder: Path) -> None:
    """Remove it with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def folder_for(ctx: Context) -> Iterator[Path]:
    """A folder that is gone when the block ends."""
    folder = new_folder(ctx)
    try:
        yield folder
    finally:
        drop_folder(folder)


def safe_name(name: str | None, default: str) -> str:
    """The last part of a name that a client gave, without what a file system would not take.

    >>> safe_name("../../etc/pass\\x00wd.csv", "file")
    'passwd.csv'
    """
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    kept = "".join(character for character in last if character.isprintable()).strip(". ")
    while len(kept.encode("utf-8", "replace")) > _LONGEST_BYTES:
        kept = kept[1:]
    return kept or default
