"""Whether a home can be opened by this version of Tierwise, asked by every command before anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, Engine

from tierwise.engine.lake_format import LAKE_FORMAT
from tierwise.kernel.errors import TierwiseError
from tierwise.state import settings
from tierwise.state.upgrade import standing, upgrade

RESTORING = "restoring.json"
"""In a home: a restore is under way, or died on the way. Gone once all is back."""

FORMAT_KEY = "lake_format"

Standing = Literal["none", "older", "current", "newer"]


def open_home(home: Path, database: Engine) -> None:
    """A new home gets its tables; any other must be of this version. Raises `home_older`, `home_newer`."""
    found = home_standing(database)
    if found == "newer":
        raise newer(home)
    if found == "older":
        raise TierwiseError(
            "home_older",
            "this home was written by an earlier version of Tierwise",
            place=str(home),
            remedy="tierwise upgrade brings it up; tierwise backup FILE keeps it as it is",
        )
    if found == "none":
        upgrade(database, lambda connection: settings.put(connection, FORMAT_KEY, LAKE_FORMAT))


def home_standing(database: Engine, known_format: int = LAKE_FORMAT) -> Standing:
    """How tables and lake stand to this version; none: there are no tables yet."""
    with database.connect() as connection:
        found = standing(connection)
        if found in ("none", "newer"):
            return found
        format_ = lake_format(connection)
        if format_ > known_format:
            return "newer"
        return "older" if format_ < known_format else found


def lake_format(connection: Connection) -> int:
    """The format of the lake, which homes of 0.1.0 do not tell."""
    return int(settings.get(connection, FORMAT_KEY, 1))


def newer(home: Path) -> TierwiseError:
    """A home that this version does not know."""
    return TierwiseError(
        "home_newer",
        "this home was written by a newer version of Tierwise, which this one does not know",
        place=str(home),
        remedy="install that version or a newer one; nothing was changed",
    )


def require_whole(home: Path) -> None:
    """Raises `half_restored` where a restore into this home has not ended."""
    if (home / RESTORING).exists():
        raise TierwiseError(
            "half_restored",
            "a backup is being restored into this home, or that was interrupted",
            place=str(home),
            remedy="run tierwise restore with the same file again; it begins anew",
        )
