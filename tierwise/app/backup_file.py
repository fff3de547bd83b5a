"""The file of a backup: a ZIP of whole tables and files, with a manifest of their checksums as its last entry.

`database/TABLE.copy` are rows as PostgreSQL copies them, `lake/TABLE/…` the files of the lake as they lie there,
`manifest.json` says what is in it. A ZIP has its table of contents at its end, and the file gets its name once it is
whole and on disk: what was cut off in the middle can be taken for a backup by nobody.
"""

from __future__ import annotations

import errno
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, Any
from uuid import uuid4

from tierwise.kernel.errors import TierwiseError

FORMAT = 1
MANIFEST = "manifest.json"
PIECE = 1 << 20

_THE_DAWN_OF_ZIP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class TableRows:
    """One table of the database: its columns in the order of the file, and how many rows there are."""

    name: str
    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in the backup, as it is when unpacked."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup is of. id: its own, random. at: the instant that it shows, ISO 8601.

    software: the version that made it. revision, queue: the migration of the database and the changes of the job queue
    that had been applied. tables: in the order in which rows can be put back. lake: table -> recorded version.
    lost_versions: table -> versions that older runs name and whose files had been let go before.
    """

    id: str
    at: str
    software: str
    revision: str
    queue: tuple[str, ...]
    tables: tuple[TableRows, ...]
    sequences: dict[str, int]
    lake: dict[str, int]
    lost_versions: dict[str, tuple[int, ...]] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        return sum(entry.bytes for entry in self.entries.values())


class BackupWriter:
    """Entries one after the other; `finish` writes the manifest with their checksums."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.entries: dict[str, Entry] = {}

    @contextmanager
    def entry(self, name: str, *, packed: bool) -> Iterator[Callable[[bytes], object]]:
        """What writes the entry's bytes, piece by piece; packed: compressed (Parquet is so already)."""
        info = zipfile.ZipInfo(name, _THE_DAWN_OF_ZIP)
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        info.external_attr = 0o600 << 16
        digest, size = sha256(), 0
        with self._archive.open(info, "w", force_zip64=True) as out:

            def write(piece: bytes) -> None:
                nonlocal size
                out.write(piece)
                digest.update(piece)
                size += len(piece)

            yield write
        self.entries[name] = Entry(size, digest.hexdigest())

    def copy(self, name: str, path: Path) -> int:
        """A file as it is; its size."""
        with path.open("rb") as file, self.entry(name, packed=False) as write:
            while piece := file.read(PIECE):
                write(piece)
        return self.entries[name].bytes

    def finish(self, manifest: Manifest) -> None:
        with self.entry(MANIFEST, packed=True) as write:
            write(json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode())


@contextmanager
def writing(target: Path) -> Iterator[BackupWriter]:
    """A backup file that appears as `target`, for its owner only, when the block ends well; else nothing is left.

    Raises `backup_exists`, `disk_full`, `backup_not_written`.
    """
    if target.exists():
        raise TierwiseError("backup_exists", "the file is there already", place=str(target), remedy="give another name")
    part = target.with_name(f".{target.name}.{uuid4().hex[:8]}.part")
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                with zipfile.ZipFile(file, "w", allowZip64=True, compresslevel=1) as archive:
                    yield BackupWriter(archive)
                file.flush()
                os.fsync(file.fileno())
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)
        _settle(target.parent)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        raise TierwiseError(
            "disk_full" if full else "backup_not_written",
            f"the backup cannot be written: {error.strerror or type(error).__name__}",
            place=str(target),
            remedy="free some space, or name a place that has it" if full else "name a folder that you may write",
        ) from error


class BackupReader:
    """A backup that is there; made by `reading`."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self.manifest = _manifest(path, archive)

    def pieces(self, name: str) -> Iterator[bytes]:
        """An entry, piece by piece; raises `backup_damaged` at its end where it is not what was written."""
        digest, size = sha256(), 0
        told = self.manifest.entries[name]
        try:
            with self._archive.open(name) as file:
                while piece := file.read(PIECE):
                    digest.update(piece)
                    size += len(piece)
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise self._damaged(name) from error
        if (size, digest.hexdigest()) != (told.bytes, told.sha256):
            raise self._damaged(name)

    def check(self, prefix: str = "") -> None:
        """Read every entry whose name begins so. Raises `backup_damaged`."""
        for name in self.manifest.entries:
            if name.startswith(prefix):
                for _ in self.pieces(name):
                    pass

    def extract(self, name: str, target: Path) -> int:
        """Write an entry to a file of that name; its size. Raises `backup_damaged`."""
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with target.open("xb") as file:
            for piece in self.pieces(name):
                file.write(piece)
        return self.manifest.entries[name].bytes

    def _damaged(self, name: str) -> TierwiseError:
        return TierwiseError(
            "backup_damaged",
            f'"{name}" in the backup is not what was written: its checksum differs',
            place=str(self.path),
            remedy="take another copy of the file, or an earlier backup",
        )


@contextmanager
def reading(path: Path) -> Iterator[BackupReader]:
    """A backup to read. Raises `no_backup`, `backup_not_whole`, `backup_newer`."""
    try:
        file: IO[bytes] = path.open("rb")
    except OSError as error:
        raise TierwiseError(
            "no_backup", f"the file cannot be read: {error.strerror}", place=str(path), remedy="name a backup's file"
        ) from error
    with file:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise _not_whole(path) from error
        with archive:
            yield BackupReader(path, archive)


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    try:
        told: dict[str, Any] = json.loads(archive.read(MANIFEST))
        newer = int(told["format"]) > FORMAT
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise _not_whole(path) from error
    if newer:
        raise TierwiseError(
            "backup_newer",
            f"the backup was made by Tierwise {told.get('software')}, in a form that this version does not know",
            place=str(path),
            remedy="install that version or a newer one",
        )
    try:
        manifest = Manifest(
            **{
                **told,
                "queue": tuple(told["queue"]),
                "tables": tuple(TableRows(t["name"], tuple(t["columns"]), t["rows"]) for t in told["tables"]),
                "lost_versions": {name: tuple(versions) for name, versions in told["lost_versions"].items()},
                "entries": {name: Entry(**entry) for name, entry in told["entries"].items()},
            }
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise _not_whole(path) from error
    if {*manifest.entries, MANIFEST} != set(archive.namelist()) or not all(map(_harmless, manifest.entries)):
        raise _not_whole(path)
    return manifest


def _harmless(name: str) -> bool:
    """Whether an entry stays in the folder that it is unpacked into."""
    path = PurePosixPath(name)
    return path.parts[:1] in (("database",), ("lake",)) and ".." not in path.parts and str(path) == name


def _not_whole(path: Path) -> TierwiseError:
    return TierwiseError(
        "backup_not_whole",
        "this is no whole backup of Tierwise",
        place=str(path),
        remedy="copy the file again, or take an earlier backup",
    )


def _settle(folder: Path) -> None:
    """The folder's list of names on disk, where the file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
