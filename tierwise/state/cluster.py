"""The cluster of the embedded server: how it is made, and what it is told at every start."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tierwise.kernel.errors import TierwiseError
from tierwise.state import postmaster, service_user, socket_folder
from tierwise.state.binaries import MAJOR_VERSION
from tierwise.state.service_user import ServiceUser

DATABASE = "tierwise"
ROLE = "tierwise"

_SETTINGS = {
    "listen_addresses": "",
    "port": str(socket_folder.PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_checkpoints": "off",
    # The log must not repeat customers' data: no statements, no "Key (phone)=(…) already exists".
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def make(data: Path, programs: Path, user: ServiceUser, running: int) -> None:
    """initdb into a sibling, then a rename: the data folder is whole or absent.

    `running` is the open lock file that tells whether anything of this cluster lives. Raises `postgres_start`.
    """
    for half_made in data.parent.glob("data.new-*"):
        shutil.rmtree(half_made)
    if data.exists():
        data.rmdir()  # only ever an empty one: refuses what somebody else put there
    fresh = Path(tempfile.mkdtemp(prefix="data.new-", dir=data.parent))
    service_user.give(fresh, user)
    options = ["-U", ROLE, "--encoding=UTF8", "--no-locale", "--auth-local=trust", "--auth-host=reject"]
    _call([str(programs / "initdb"), "-D", str(fresh), *options], user, running)
    create = f"CREATE DATABASE {DATABASE}\n".encode()
    _call([str(programs / "postgres"), "--single", "-D", str(fresh), "postgres"], user, running, create)
    fresh.rename(data)
    descriptor = os.open(data.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_version(data: Path) -> None:
    """Raises `postgres_version` where another major version made the cluster."""
    found = (data / "PG_VERSION").read_text().strip()
    if found != str(MAJOR_VERSION):
        raise TierwiseError(
            "postgres_version",
            f"the database was made by PostgreSQL {found}, and this is {MAJOR_VERSION}",
            place=str(data),
            remedy="tierwise backup by the Tierwise that made it, then tierwise restore into a new TIERWISE_HOME",
        )


def server_command(programs: Path, data: Path, socket_place: Path) -> list[str]:
    """The postmaster's command line."""
    settings = _SETTINGS | {
        "unix_socket_directories": socket_folder.setting(socket_place),
        "cluster_name": postmaster.cluster_name(data),
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(programs / "postgres"), "-D", str(data), *options]


def environment() -> dict[str, str]:
    """Nothing of the caller's: PGPORT, PGDATA or a locale must not reach the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _call(command: list[str], user: ServiceUser, running: int, text: bytes = b"") -> None:
    folder = Path(command[command.index("-D") + 1]).parent
    done = subprocess.run(
        user.command(command),
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=environment(),
        pass_fds=(running,),
        start_new_session=True,
        check=False,
        **user.identity(),
    )
    if done.returncode != 0:
        lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
        causes = [line for line in lines if any(word in line for word in ("FATAL:", "PANIC:", "ERROR:", "error:"))]
        raise TierwiseError(
            "postgres_start",
            f"{Path(command[0]).name} failed: {' | '.join(causes[:2] or lines[-2:]) or done.returncode}",
            place=str(folder),
            remedy=f"mend that (space, rights) and try again, or {service_user.OTHER_WAY}",
        )
