"""Which process is our PostgreSQL, and how to signal it without ever hitting another.

A pid in a file proves nothing: after a crash or a container's restart it may be a stranger's. A process counts as
ours only where /proc shows the program `postgres` (or `initdb`) at work in our data folder, and it is signalled
through a pidfd opened before that proof, so that the number cannot change hands in between.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

_OUR_PROGRAMS = ("postgres", "initdb")


@dataclass(frozen=True, slots=True)
class PidFile:
    """postmaster.pid. status: `starting`, `ready`, `stopping`, `standby`; empty while it is being written."""

    pid: int
    status: str


def read_pid_file(data: Path) -> PidFile | None:
    """The pid file of a data folder; None where there is none, or none that can be understood."""
    try:
        lines = (data / "postmaster.pid").read_bytes().decode("utf-8", "replace").splitlines()
        pid = abs(int(lines[0]))
    except (FileNotFoundError, NotADirectoryError, ValueError, IndexError):
        return None
    return PidFile(pid, lines[7].strip() if len(lines) > 7 else "") if pid > 1 else None


def cluster_name(data: Path) -> str:
    """The name that every process of this cluster carries in its title."""
    return "tierwise_" + sha256(os.fsencode(data)).hexdigest()[:12]


def is_ours(pid: int, data: Path) -> bool:
    """Whether `pid` is now a PostgreSQL process that works in `data`; False for strangers, zombies and the dead."""
    try:
        program = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
        works_in, ours = os.stat(f"/proc/{pid}/cwd"), os.stat(data)
    except PermissionError:
        return _is_ours_by_title(pid, data)
    except OSError:
        return False
    return os.path.basename(program) in _OUR_PROGRAMS and os.path.samestat(works_in, ours)


def processes_of(data: Path) -> Iterator[int]:
    """The pids of all our processes in `data`, the postmaster and those that it left behind."""
    for name in os.listdir("/proc"):
        if name.isdecimal() and is_ours(int(name), data):
            yield int(name)


def signal_if(pid: int, proof: Callable[[int], bool], number: signal.Signals) -> bool:
    """Send a signal to `pid` if `proof(pid)` holds; whether it was sent."""
    try:
        handle = os.pidfd_open(pid)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EPERM):
            return False
        handle = -1  # a kernel or a sandbox without pidfd: the plain call, directly after the proof
    try:
        if not proof(pid):
            return False
        if handle < 0:
            os.kill(pid, number)
        else:
            signal.pidfd_send_signal(handle, number)
        return True
    except ProcessLookupError:
        return False
    finally:
        if handle >= 0:
            os.close(handle)


def _is_ours_by_title(pid: int, data: Path) -> bool:
    """The proof that is left to root without the right to trace others (containers): the command line."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    if os.path.basename(arguments[0]) in (b"postgres", b"initdb"):
        return os.fsencode(data) in arguments
    return arguments[0].startswith(f"postgres: {cluster_name(data)}: ".encode())
