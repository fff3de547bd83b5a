"""The only wiring: settings of the environment to a context."""

from __future__ import annotations

import gc
import getpass
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from sqlalchemy import Engine

    from tierwise.app.backing_up import BackedUp
    from tierwise.app.context import Context
    from tierwise.app.principal import Principal
    from tierwise.app.restoring import Progress, Restored
    from tierwise.app.upgrading import Upgraded
    from tierwise.engine.spark_session import SparkSettings
    from tierwise.kernel.wording import Language
    from tierwise.worker import Outcome


APPLY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """TIERWISE_HOME (default .tierwise): all local state. TIERWISE_DATABASE_URL: a PostgreSQL of one's own in place of
    the embedded one. TIERWISE_MEMORY: DuckDB's limit, such as 4GB. TIERWISE_LANGUAGE: zh or en, else the project's.
    TIERWISE_ENGINE: spark, where runs are to be computed by Spark, else duckdb; TIERWISE_SPARK_MASTER: its master, such
    as spark://host:7077 (default local[*]); TIERWISE_SPARK_CONF: its settings, name=value parted by semicolons.
    TIERWISE_APPLY_SECONDS: how long a worker rests before it applies events again (default 1; 0: it does not)."""

    home: Path
    database_url: str | None = None
    memory_limit: str | None = None
    language: str | None = None
    engine: str | None = None
    spark_master: str | None = None
    spark_conf: str | None = None
    apply_every: str | None = None

    @classmethod
    def from_environment(cls) -> Settings:
        read = os.environ.get
        return cls(
            home=Path(read("TIERWISE_HOME") or ".tierwise").expanduser().absolute(),
            database_url=read("TIERWISE_DATABASE_URL") or None,
            memory_limit=read("TIERWISE_MEMORY") or None,
            language=read("TIERWISE_LANGUAGE") or None,
            engine=read("TIERWISE_ENGINE") or None,
            spark_master=read("TIERWISE_SPARK_MASTER") or None,
            spark_conf=read("TIERWISE_SPARK_CONF") or None,
            apply_every=read("TIERWISE_APPLY_SECONDS") or None,
        )

    @property
    def apply_seconds(self) -> float:
        """How long a worker rests before it applies events again; 0: it does not. Raises `bad_setting`."""
        from tierwise.kernel.errors import TierwiseError

        try:
            seconds = float(self.apply_every or APPLY_SECONDS)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= 3600:
            raise TierwiseError(
                "bad_setting",
                f'"{self.apply_every}" is no number of seconds',
                place="TIERWISE_APPLY_SECONDS",
                remedy="0 to 3600; 0: events wait for `tierwise inbox apply`",
            )
        return seconds

    def spark(self) -> SparkSettings | None:
        """Where runs are computed by Spark; None: by DuckDB. Raises `bad_setting`."""
        from tierwise.engine.spark_session import spark_settings

        return spark_settings(self.engine, self.spark_master, self.spark_conf)


def local_principal() -> Principal:
    """Whoever sits at this machine: administrator, under the name of the account."""
    from tierwise.app.principal import Principal

    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"
    return Principal(f"local:{name}", "administrator")


def open_context(
    settings: Settings | None = None,
    *,
    principal: Principal | None = None,
    note: Callable[[str], None] = lambda text: None,
    as_it_is: bool = False,
) -> Context:
    """A context for one process. Makes the home and starts the embedded PostgreSQL where there is none yet.

    as_it_is: for what keeps or mends a home, of whatever version; else raises `half_restored`, `home_older`,
    `home_newer`.
    """
    from tierwise.app.context import Context
    from tierwise.app.opening import open_home, require_whole
    from tierwise.engine.lake import Lake

    settings = settings or Settings.from_environment()
    lake = Lake(settings.home / "lake")
    spark = settings.spark()
    make_home(settings.home)
    if not as_it_is:
        require_whole(settings.home)
    database = connect(settings, note)
    if not as_it_is:
        try:
            open_home(settings.home, database)
        except BaseException:
            database.dispose()
            raise
    return Context(
        home=settings.home,
        principal=principal or local_principal(),
        database=database,
        lake=lake,
        memory_limit=settings.memory_limit,
        note=note,
        spark=spark,
    )


def connect(settings: Settings, note: Callable[[str], None]) -> Engine:
    """The database of these settings, the embedded one started where it is not up."""
    from tierwise.state.database import open_database

    return open_database(settings.database_url or embedded_url(settings.home, note))


def make_home(home: Path) -> None:
    """The home, for its owner only. Raises `bad_home` where it cannot be made or written."""
    from tierwise.kernel.errors import TierwiseError

    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise TierwiseError(
            "bad_home", f"the home cannot be made: {error.strerror}", place=str(home), remedy="set TIERWISE_HOME"
        ) from error
    if not os.access(home, os.W_OK | os.X_OK):
        raise TierwiseError(
            "bad_home", "the home cannot be written", place=str(home), remedy="set TIERWISE_HOME to a folder of yours"
        )


def embedded_url(home: Path, note: Callable[[str], None]) -> str:
    """The embedded PostgreSQL of this home, started where it is not up."""
    from tierwise.state.embedded import EmbeddedServer

    server = EmbeddedServer(home)
    if not server.status().running:
        note("starting the embedded PostgreSQL (tierwise stop ends it)")
    return server.ensure()


def stop_embedded(settings: Settings) -> bool:
    """Stop the embedded PostgreSQL of this home; whether it ran. Nothing of ours is left running."""
    from tierwise.state.embedded import EmbeddedServer

    return EmbeddedServer(settings.home).stop()


def stop(settings: Settings) -> bool:
    """End the workers and servers of this home on this machine, then the embedded PostgreSQL; whether any ran."""
    from tierwise.kernel.errors import TierwiseError
    from tierwise.state import presence
    from tierwise.state.database import open_database
    from tierwise.state.embedded import EmbeddedServer

    server = EmbeddedServer(settings.home)
    ended = 0
    if settings.database_url or server.status().running:
        try:
            database = open_database(settings.database_url or server.ensure())
        except TierwiseError:
            pass  # a database that does not answer has nobody who lives by it
        else:
            ended = presence.end_here(database)
            database.dispose()
    return stop_embedded(settings) or ended > 0


def language_of_home(settings: Settings) -> Language | None:
    """The language of this home's project, as far as it can be told without starting or changing anything."""
    from tierwise.app.defining import language_of_project
    from tierwise.state.database import open_database
    from tierwise.state.embedded import EmbeddedServer

    server = EmbeddedServer(settings.home)
    if settings.database_url is None and not server.status().ready:
        return None
    database = open_database(settings.database_url or server.ensure())
    try:
        return language_of_project(database)
    finally:
        database.dispose()


def back_up(
    target: Path, *, note: Callable[[str], None], settings: Settings | None = None, progress: Progress | None = None
) -> BackedUp:
    """Write a backup of this home, of whatever version, to a file or into a folder. Raises `nothing_to_back_up`."""
    from tierwise.app import backing_up

    context = _there(settings or Settings.from_environment(), note)
    try:
        return backing_up.back_up(context, target, progress)
    finally:
        context.database.dispose()


def restore(
    source: Path, *, note: Callable[[str], None], settings: Settings | None = None, progress: Progress | None = None
) -> Restored:
    """Put a backup into this home, which must not be there yet or be empty."""
    from tierwise.app import restoring
    from tierwise.engine.lake import Lake

    settings = settings or Settings.from_environment()
    home = Lake(settings.home / "lake").root.parent
    return restoring.restore(home, source, lambda: connect(settings, note), local_principal(), progress)


def upgrade(
    *, keep: Path | None = None, note: Callable[[str], None], settings: Settings | None = None
) -> tuple[Upgraded, BackedUp | None]:
    """Bring this home to this version of Tierwise, all or nothing; keep: after a backup to that file or folder."""
    from tierwise.app import backing_up, upgrading

    context = _there(settings or Settings.from_environment(), note)
    try:
        kept = None if keep is None else backing_up.back_up(context, keep)
        return upgrading.upgrade(context), kept
    finally:
        context.database.dispose()


def _there(settings: Settings, note: Callable[[str], None]) -> Context:
    """The context of a home that is there already, as it is. Raises `no_home`, `half_restored`."""
    from tierwise.app.opening import require_whole
    from tierwise.kernel.errors import TierwiseError

    require_whole(settings.home)
    if settings.database_url is None and not (settings.home / "postgres").is_dir():
        raise TierwiseError(
            "no_home", "there is no home here", place=str(settings.home), remedy="set TIERWISE_HOME to the one you mean"
        )
    return open_context(settings, note=note, as_it_is=True)


_LOOKS_FOR_CYCLES = (10_000, 10, 10)


def _stay() -> None:
    """This process lives for long: what it leaves in cycles, such as a page that was closed, is collected again.

    A command looks for none (`cli.main`). What was loaded by now stays: looking through it would hold answers up for a
    tenth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_LOOKS_FOR_CYCLES)


def work(*, once: bool, note: Callable[[str], None], settings: Settings | None = None) -> tuple[Outcome, ...]:
    """Be a worker until SIGINT or SIGTERM; once: until nothing is due. What became of the jobs."""
    from tierwise.worker import Worker

    settings = settings or Settings.from_environment()
    apply_seconds = settings.apply_seconds
    context = open_context(settings, note=note)
    _stay()
    try:
        return Worker(context, apply_seconds=apply_seconds).run(once=once)
    finally:
        context.database.dispose()


def serve(
    host: str,
    port: int,
    *,
    console: bool,
    worker: bool = True,
    note: Callable[[str], None],
    settings: Settings | None = None,
) -> None:
    """Serve the API, and the console under /console, until SIGINT or SIGTERM; worker: do what is due meanwhile."""
    from tierwise.api.serve import Served
    from tierwise.api.serve import serve as serve_api

    mount: Callable[[FastAPI], None] | None = None
    if console:
        from tierwise.console.mount import mount_console

        mount = mount_console

    def ready(served: Served) -> None:
        _stay()
        note(f"serving {served.url}; Ctrl-C ends it")
        note(f"open {served.link}" if console else f"the API: {served.link}; token: {served.token}")

    from tierwise.state import presence

    settings = settings or Settings.from_environment()
    apply_seconds = settings.apply_seconds
    context = open_context(settings, note=note)
    with ExitStack() as until_the_end:
        until_the_end.callback(context.database.dispose)
        until_the_end.enter_context(presence.present(context.database, "server"))
        if worker:
            from tierwise.worker import beside

            home = settings.home
            ours = settings.database_url is None
            revive: Callable[[], object] = (lambda: embedded_url(home, note)) if ours else (lambda: None)
            until_the_end.enter_context(beside(context, apply_seconds=apply_seconds, revive=revive))
        serve_api(context, host, port, mount, ready)
