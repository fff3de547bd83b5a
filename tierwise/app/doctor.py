"""`doctor`: what is there, what is missing, and how to mend it. Starts nothing and changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from tierwise.app.opening import RESTORING, home_standing
from tierwise.app.views import Health, HealthCheck
from tierwise.engine.spark_session import SparkSettings, require_master, require_spark
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.state import lake_tables, runs
from tierwise.state.database import open_database
from tierwise.state.embedded import EmbeddedServer

_NEEDED = ("duckdb", "deltalake", "narwhals", "pyarrow", "sqlalchemy", "psycopg", "procrastinate", "nicegui")
_LEAST_FREE_BYTES = 2 * 1024**3

_STANDING: dict[str, tuple[str, str, str]] = {
    "none": ("warning", "there are no tables yet", "tierwise init --template retail makes them"),
    "older": ("failed", "this home was written by an earlier version of Tierwise", "tierwise upgrade"),
    "newer": ("failed", "this home was written by a newer version of Tierwise", "install that version or a newer one"),
}


def examine(home: Path, database_url: str | None, spark: SparkSettings | None = None) -> Health:
    """Every check, whatever the others found. spark: where runs are computed by Spark."""
    return Health(
        (
            _python(),
            *[_package(name) for name in _NEEDED],
            _home(home),
            _disk(home),
            *_database(home, database_url),
            _spark(spark),
            _browser(),
        )
    )


def _python() -> HealthCheck:
    seen = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info >= (3, 11) and platform.system() == "Linux":
        return HealthCheck("python", "ok", seen)
    return HealthCheck("python", "failed", seen, "Tierwise needs Python 3.11 or newer, on Linux")


def _package(name: str) -> HealthCheck:
    try:
        return HealthCheck(name, "ok", version_of(name))
    except PackageNotFoundError:
        return HealthCheck(name, "failed", "not installed", "make setup, or pip install tierwise")


def _home(home: Path) -> HealthCheck:
    if not home.exists():
        above = _nearest(home)
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            seen = f"{home} is not there and cannot be made in {above}"
            return HealthCheck("home", "failed", seen, "set TIERWISE_HOME to a folder that you may write")
        return HealthCheck("home", "warning", f"{home} is not there yet", "tierwise init --template retail makes it")
    if not home.is_dir():
        return HealthCheck("home", "failed", f"{home} is no folder", "set TIERWISE_HOME to a folder")
    if not os.access(home, os.W_OK | os.X_OK):
        return HealthCheck("home", "failed", f"{home} cannot be written", "set TIERWISE_HOME to a folder of yours")
    if (home / RESTORING).exists():
        seen = f"a restore into {home} has not ended"
        return HealthCheck("home", "failed", seen, "tierwise restore with the same file again")
    mode = home.stat().st_mode & 0o777
    if mode & 0o077:
        return HealthCheck("home", "warning", f"{home} is open to others ({mode:o})", f"chmod 700 '{home}'")
    return HealthCheck("home", "ok", str(home))


def _disk(home: Path) -> HealthCheck:
    free = shutil.disk_usage(_nearest(home)).free
    seen = f"{free / 1024**3:.1f} GiB free"
    if free < _LEAST_FREE_BYTES:
        return HealthCheck("disk", "warning", seen, "free some space")
    return HealthCheck("disk", "ok", seen)


def _nearest(home: Path) -> Path:
    """The home, or the first above it that is there."""
    return next(place for place in (home, *home.parents) if place.exists())


def _database(home: Path, url: str | None) -> list[HealthCheck]:
    if url is None:
        status = EmbeddedServer(home).status()
        if not status.running:
            seen = f"PostgreSQL {status.version}, embedded, not running (a command starts it)"
            return [HealthCheck("database", "ok", seen)]
        try:
            url = EmbeddedServer(home).ensure()
        except TierwiseError as error:
            return [HealthCheck("database", "failed", error.message, error.remedy or f"look into {status.log}")]
        where = f"PostgreSQL {status.version}, embedded, pid {status.pid}, {status.size_bytes / 1024**2:.0f} MiB"
    else:
        where = "TIERWISE_DATABASE_URL"
    try:
        database = open_database(url)
        with database.connect() as connection:
            server = connection.dialect.server_version_info
            if (told := _STANDING.get(home_standing(database))) is not None:
                return [HealthCheck("database", *told)]
            versions = lake_tables.versions(connection)
            current = runs.current(connection)
            schedule = _schedule(connection)
        database.dispose()
    except (TierwiseError, SQLAlchemyError) as error:
        text = error.message if isinstance(error, TierwiseError) else type(error).__name__
        return [HealthCheck("database", "failed", f"{where}: {text}", "look at the address, and whether it is up")]
    number = ".".join(str(part) for part in server or ())
    return [
        HealthCheck("database", "ok", f"{where}, server {number}"),
        _lake(home, versions),
        HealthCheck("run", "ok", f"run {current.id} as of {current.as_of} is current")
        if current
        else HealthCheck("run", "warning", "no run yet", "import a file, then tierwise run"),
        schedule,
    ]


def _schedule(connection: Connection) -> HealthCheck:
    from tierwise.app import scheduling

    try:
        return scheduling.health(connection, clock.utc_now())
    except SQLAlchemyError as error:
        return HealthCheck("schedule", "warning", type(error).__name__, "any other command brings the tables up")


def _lake(home: Path, versions: dict[str, int]) -> HealthCheck:
    from tierwise.engine.lake import Lake

    lake = Lake(home / "lake")
    behind = [name for name, version in versions.items() if (lake.latest_version(name) or 0) < version]
    if behind:
        seen = f"older than the database: {', '.join(sorted(behind))}"
        return HealthCheck("lake", "failed", seen, "restore the folder from a backup")
    return HealthCheck("lake", "ok", f"{len(versions)} tables")


def _spark(settings: SparkSettings | None) -> HealthCheck:
    if settings is not None:
        try:
            require_spark()
            require_master(settings.master)
        except TierwiseError as error:
            return HealthCheck("spark", "failed", error.message, error.remedy or "")
        return HealthCheck("spark", "ok", f"pyspark {version_of('pyspark')}, computes runs on {settings.master}")
    if find_spec("pyspark") is None:
        return HealthCheck("spark", "ok", "not installed (only needed for large data)", "pip install 'tierwise[spark]'")
    if shutil.which("java") is None:
        return HealthCheck("spark", "warning", "pyspark without Java", "apt-get install openjdk-17-jre-headless")
    return HealthCheck("spark", "ok", f"pyspark {version_of('pyspark')}")


def _browser() -> HealthCheck:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found:
        return HealthCheck("chromium", "ok", found)
    return HealthCheck("chromium", "ok", "not installed (only tests need it)", "apt-get install chromium")
