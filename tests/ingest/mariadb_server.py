"""A MariaDB of the test's own, on a port of this machine, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SMALL = ("--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M")


@dataclass(frozen=True)
class MariaDb:
    port: int
    socket: Path

    def run(self, *statements: str, database: str | None = "erp") -> list[tuple[Any, ...]]:
        """As root, who may write; what the last one gives."""
        import pymysql

        connection = pymysql.connect(
            unix_socket=str(self.socket), user="root", database=database, charset="utf8mb4", autocommit=True
        )
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())


@contextmanager
def mariadb(folder: Path) -> Iterator[MariaDb]:
    """Skips the test where there is no server."""
    server, install = (shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in NAMES)
    if server is None or install is None:
        pytest.skip("no MariaDB: on Debian, apt-get install mariadb-server")
    user = "--user=root" if os.getuid() == 0 else f"--user={os.environ.get('USER', 'nobody')}"
    data = f"--datadir={folder / 'data'}"
    made = [install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db", user, *SMALL]
    subprocess.run(made, check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # The path of a socket is short, and a temporary folder's is not always.
    at = Path("/tmp") / f"tw-{os.getpid()}-{port}.sock"
    told = [f"--socket={at}", f"--pid-file={folder / 'pid'}", f"--port={port}", "--bind-address=127.0.0.1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [server, "--no-defaults", data, user, *told, *SMALL, "--performance-schema=off"], stdout=log, stderr=log
        )
    try:
        for _ in range(600):
            if at.exists() or process.poll() is not None:
                break
            time.sleep(0.05)
        assert process.poll() is None, (folder / "log").read_text()
        yield MariaDb(port, at)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder / "data", ignore_errors=True)


NAMES = ("mariadbd", "mariadb-install-db")
