"""The private folder of the embedded server's socket.

It is `<home>/postgres/socket` (0700). A path that no socket address can hold (108 bytes), or that libpq would take
for a list of hosts, is replaced by a private folder in the temporary folder, recorded in the home.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from urllib.parse import quote

from tierwise.state.service_user import ServiceUser, give

PORT = 5432
_SOCKET = f".s.PGSQL.{PORT}"
_LONGEST = 107 - len(f"/{_SOCKET}")


def find(folder: Path) -> Path | None:
    """The socket folder of the server in `folder`, where one was made and is still private to the data's owner."""
    inside = folder / "socket"
    try:
        place = inside if _fits(inside) else Path(os.fsdecode((folder / "socket_folder").read_bytes()))
        return place if _is_private(place, os.stat(folder / "data").st_uid) else None
    except (FileNotFoundError, NotADirectoryError):
        return None


def make(folder: Path, user: ServiceUser) -> Path:
    """Make the socket folder, or take the one that is there if it is safe."""
    inside = folder / "socket"
    if _fits(inside):
        inside.mkdir(mode=0o700, exist_ok=True)
        inside.chmod(0o700)
        give(inside, user)
        return inside
    found = find(folder)
    if found is not None:
        return found
    place = Path(tempfile.mkdtemp(prefix="tierwise-"))
    if not _fits(place):
        place.rmdir()
        place = Path(tempfile.mkdtemp(prefix="tierwise-", dir="/tmp"))
    give(place, user)
    (folder / "socket_folder").write_bytes(os.fsencode(place))
    return place


def remove_socket(place: Path) -> None:
    """Remove the socket and its lock file; only for a server that is certainly gone."""
    for name in (_SOCKET, f"{_SOCKET}.lock"):
        (place / name).unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove what a stopped server leaves: its socket, and a temporary folder with its record."""
    place = find(folder)
    record = folder / "socket_folder"
    if place is not None:
        remove_socket(place)
        if record.exists():
            with contextlib.suppress(OSError):
                place.rmdir()
    record.unlink(missing_ok=True)


def socket_path(place: Path) -> Path:
    return place / _SOCKET


def database_url(place: Path, database: str, role: str) -> str:
    """The SQLAlchemy URL over the socket in `place`."""
    return f"postgresql+psycopg://{role}@/{database}?host={quote(str(place), safe='')}&port={PORT}"


def setting(place: Path) -> str:
    """`place` as one element of unix_socket_directories, which is a list with quotes."""
    return '"' + str(place).replace('"', '""') + '"'


def _fits(place: Path) -> bool:
    raw = os.fsencode(place)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return len(raw) <= _LONGEST and not any(character in raw for character in b",\n\r")


def _is_private(place: Path, uid: int) -> bool:
    found = os.lstat(place)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and stat.S_IMODE(found.st_mode) == 0o700
