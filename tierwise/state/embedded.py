"""The embedded PostgreSQL: started when it is needed, shared by every command, stopped by `tierwise stop`.

What holds it together, all inside `<home>/postgres`:

- `lock` is held (flock) by the command that starts or stops the server, so that two commands at once start one.
- `running` is held (flock) by the server itself: the open file passes to the postmaster and to all its children, so
  the kernel lets go of it when the last of them has gone, and only then. It tells a dead cluster from a live one
  whatever the pid file says: after kill -9, in a restarted container, or where the pid is a stranger's by now.
- `data` appears by a rename once initdb is done; a half-made one (`data.new-…`) is thrown away and made anew.

Linux only (`/proc`). The server listens on a socket in a folder of mode 0700 and on nothing else.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tierwise.kernel.errors import TierwiseError
from tierwise.state import cluster, postmaster, service_user, socket_folder
from tierwise.state.binaries import MAJOR_VERSION, files_needed, programs_folder
from tierwise.state.service_user import ServiceUser

_TICK_SECONDS = 0.01
_READY_TICKS = 12_000  # two minutes: recovery after a crash may have much to replay
_ORPHAN_TICKS = 500  # what a killed postmaster leaves goes by itself, unless it is deep in a query
_UNSEEN_TICKS = 50  # nothing of ours to be seen, and yet the lock is held: another container's
_FAST_STOP_TICKS = 3_000
_LOG_KEPT_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What is there. running: a process of ours lives; ready: it takes connections. version: of the programs.

    pid is None where it does not run, socket_dir where none was made.
    """

    running: bool
    ready: bool
    pid: int | None
    version: int
    data_dir: Path
    socket_dir: Path | None
    log: Path

    @property
    def size_bytes(self) -> int:
        """The data folder as it is when asked, file by file; 0 before the first start."""
        return _size_bytes(self.data_dir)


class EmbeddedServer:
    """The PostgreSQL of one home. Cheap to make; nothing is touched before `ensure`."""

    def __init__(self, home: Path) -> None:
        self.folder = home.expanduser().resolve() / "postgres"
        self.data = self.folder / "data"
        self.log = self.folder / "log"

    def ensure(self) -> str:
        """The SQLAlchemy URL of a server that takes connections; starts it, and makes the cluster, where needed.

        Raises TierwiseError: `postgres_programs_missing`, `postgres_refuses_root`, `postgres_out_of_reach`,
        `postgres_ownership`, `postgres_other_owner`, `postgres_version`, `postgres_start`, `postgres_busy`.
        """
        with self._told_plainly():
            if (place := self._answering()) is None:
                user = service_user.choose(self.data)
                self._make_folders(user)
                with self._alone():
                    place = self._start(user)
        return socket_folder.database_url(place, cluster.DATABASE, cluster.ROLE)

    def status(self) -> ServerStatus:
        """What is there now; starts and changes nothing."""
        with self._told_plainly():
            ready = self._answering() is not None
            written = postmaster.read_pid_file(self.data)
            alive = written is not None and (ready or postmaster.is_ours(written.pid, self.data))
            return ServerStatus(
                running=alive,
                ready=ready,
                pid=written.pid if written and alive else None,
                version=MAJOR_VERSION,
                data_dir=self.data,
                socket_dir=socket_folder.find(self.folder),
                log=self.log,
            )

    def stop(self) -> bool:
        """Stop the server and wait until all of it has gone; whether there was anything to stop.

        Open transactions are rolled back. Only processes that are provably this cluster's are signalled.
        """
        if not self.folder.is_dir():
            return False
        with self._told_plainly(), self._alone(), self._running_file() as running:
            ours = partial(postmaster.is_ours, data=self.data)
            written = postmaster.read_pid_file(self.data)
            was_there = written is not None and ours(written.pid)
            if written is not None and was_there:
                for number, ticks in ((signal.SIGINT, _FAST_STOP_TICKS), (signal.SIGQUIT, _ORPHAN_TICKS)):
                    postmaster.signal_if(written.pid, ours, number)
                    if _until(lambda: not ours(written.pid), ticks):
                        break
            if not _until(lambda: _locked(running), _ORPHAN_TICKS if was_there else 1):
                was_there = self._end_orphans(running) or was_there
            self._clear_stale()
            socket_folder.remove(self.folder)
            return was_there

    # Starting

    def _start(self, user: ServiceUser) -> Path:
        """Under the lock: wait for a server that is coming up, or start one; its socket folder."""
        with self._running_file() as running:
            if (place := self._wait_for_other(running)) is not None:
                return place
            self._clear_stale()
            programs = programs_folder()
            place = socket_folder.make(self.folder, user)
            user = service_user.with_reach(user, files_needed(programs), (self.folder, place))
            if not (self.data / "PG_VERSION").exists():
                cluster.make(self.data, programs, user, running)
            if os.stat(self.data).st_uid == 0:
                service_user.give_tree(self.data, user)
            cluster.check_version(self.data)
            self._spawn(programs, user, place, running)
        return self._wait_until_ready()

    def _wait_for_other(self, running: int) -> Path | None:
        """The socket folder of a server that another command has started, or None with `running` locked.

        Processes left behind by a killed postmaster are given time to go, then told to.
        """
        lonely = 0
        for _ in range(_READY_TICKS):
            if (place := self._answering()) is not None:
                return place
            written = postmaster.read_pid_file(self.data)
            alive = written is not None and postmaster.is_ours(written.pid, self.data)
            if not alive and _locked(running):
                return None
            lonely = 0 if alive else lonely + 1
            if lonely == _ORPHAN_TICKS:
                self._end_orphans(running)
            time.sleep(_TICK_SECONDS)
        raise self._failed("PostgreSQL is there but takes no connections")

    def _spawn(self, programs: Path, user: ServiceUser, place: Path, running: int) -> None:
        """Start the postmaster as nobody's child (a shell in between leaves at once), with no inherited files."""
        if self.log.exists() and self.log.stat().st_size > _LOG_KEPT_BYTES:
            self.log.rename(self.log.with_name("log.1"))
        command = user.command(cluster.server_command(programs, self.data, place))
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            subprocess.run(
                ["/bin/sh", "-c", '"$@" &', "sh", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=cluster.environment(),
                pass_fds=(running,),
                start_new_session=True,
                check=True,
                **user.identity(),
            )
        finally:
            os.close(log)

    def _wait_until_ready(self) -> Path:
        """The socket folder of the server just started; `running` must not be held by this process any more."""
        with self._running_file() as running:
            for _ in range(_READY_TICKS):
                if (place := self._answering()) is not None:
                    return place
                if _locked(running):
                    raise self._failed("PostgreSQL did not start")
                time.sleep(_TICK_SECONDS)
        raise self._failed("PostgreSQL takes no connections after two minutes")

    # Looking

    def _answering(self) -> Path | None:
        """The socket folder of a server that is up and takes connections, else None."""
        written = postmaster.read_pid_file(self.data)
        if written is None or written.status != "ready":
            return None
        place = socket_folder.find(self.folder)
        if place is None:
            return None
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(os.fsencode(socket_folder.socket_path(place)))
            except (FileNotFoundError, ConnectionRefusedError):
                return None
        return place

    def _failed(self, what: str) -> TierwiseError:
        try:
            last = self.log.read_bytes()[-2_000:].decode("utf-8", "replace").strip().splitlines()[-4:]
        except OSError:
            last = []
        return TierwiseError(
            "postgres_start", " | ".join([what, *last]), place=str(self.log), remedy="tierwise doctor tells more"
        )

    # Cleaning

    def _clear_stale(self) -> None:
        """With `running` locked: remove a dead server's pid file and socket, which name a pid that may be reused."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        if (place := socket_folder.find(self.folder)) is not None:
            socket_folder.remove_socket(place)

    def _end_orphans(self, running: int) -> bool:
        """End what a dead postmaster left; whether there was anything. Raises where `running` stays held."""
        folders = [self.data, *self.folder.glob("data.new-*")]
        found = False
        for number in (signal.SIGQUIT, signal.SIGKILL):
            signalled = False
            for data in folders:
                ours = partial(postmaster.is_ours, data=data)
                for pid in list(postmaster.processes_of(data)):
                    signalled = postmaster.signal_if(pid, ours, number) or signalled
            found = found or signalled
            if _until(lambda: _locked(running), _ORPHAN_TICKS if signalled else _UNSEEN_TICKS):
                return found
        raise TierwiseError(
            "postgres_busy",
            "processes of this database run where this command cannot see or end them",
            place=str(self.folder),
            remedy="stop the other container or machine that uses this TIERWISE_HOME",
        )

    # Files

    def _make_folders(self, user: ServiceUser) -> None:
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        service_user.give(self.folder, user)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold `lock`: no other command starts or stops this server meanwhile."""
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _until(lambda: _locked(descriptor), 2 * _READY_TICKS):
                raise TierwiseError(
                    "postgres_busy",
                    "another command has been starting or stopping PostgreSQL for minutes",
                    place=str(self.folder / "lock"),
                    remedy="end that command, then try again",
                )
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _running_file(self) -> Iterator[int]:
        descriptor = os.open(self.folder / "running", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _told_plainly(self) -> Iterator[None]:
        """What the operating system refuses (rights, full disk) becomes an error with a place and a remedy."""
        try:
            yield
        except (OSError, subprocess.SubprocessError) as error:
            raise TierwiseError(
                "postgres_start",
                f"cannot use the embedded PostgreSQL: {error}",
                place=str(self.folder),
                remedy=service_user.OTHER_WAY,
            ) from error


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _until(condition: Callable[[], bool], ticks: int) -> bool:
    """Whether `condition()` became true within so many ticks."""
    for _ in range(ticks):
        if condition():
            return True
        time.sleep(_TICK_SECONDS)
    return condition()


def _size_bytes(folder: Path) -> int:
    total = 0
    for each, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(each, name)).st_size
    return total
