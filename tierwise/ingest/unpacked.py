"""A file packed by gzip, unpacked as a stream into a private copy."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

from tierwise.ingest.source_file import Tick
from tierwise.kernel.errors import TierwiseError

GZIP = b"\x1f\x8b"

_BLOCK = 1 << 20
_SPARED = 1 << 29
"""Bytes that stay free on the disk however large the file is that comes out."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """copy: what was in the archive. bytes, sha256: of the archive."""

    copy: Path
    bytes: int
    sha256: str


class _Hashed(io.RawIOBase):
    """A stream that hashes what is read of it, once and in order."""

    def __init__(self, path: Path) -> None:
        self.digest = hashlib.sha256()
        self.done = 0
        self.stream = path.open("rb")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        block = self.stream.read(len(buffer))
        buffer[: len(block)] = block
        self.digest.update(block)
        self.done += len(block)
        return len(block)

    def close(self) -> None:
        self.stream.close()
        super().close()


def unpack(path: Path, copy: Path, tick: Tick | None = None) -> Unpacked:
    """Unpack `path`, all of its members, into `copy`.

    Raises `damaged_file` where it is cut off, does not agree with its checksum or has something else behind it, and
    `disk_full` before the disk is.
    """
    size = path.stat().st_size
    written = 0
    raw = _Hashed(path)
    try:
        with io.BufferedReader(raw, _BLOCK) as packed, gzip.GzipFile(fileobj=packed) as stream, copy.open("wb") as out:
            while block := stream.read(_BLOCK):
                if written % (64 * _BLOCK) < len(block) and shutil.disk_usage(copy.parent).free < _SPARED:
                    raise TierwiseError(
                        "disk_full",
                        f"the file unpacks to more than {written:,} bytes, and the disk is nearly full",
                        place=str(path),
                        remedy="free some space, or split the file",
                    )
                out.write(block)
                written += len(block)
                if tick:
                    tick(min(raw.done, size), size)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise TierwiseError(
            "damaged_file",
            f"the gzip archive is damaged: {error}",
            place=str(path),
            remedy="copy or pack it again",
        ) from error
    return Unpacked(copy, size, raw.digest.hexdigest())
