"""A standalone Spark cluster on this machine, from PySpark's own package: for trying out, tests and benchmarks.

    python -m tierwise.testing.spark_cluster --workers 2

prints the master's address and runs until Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from time import sleep

from tierwise.kernel.errors import TierwiseError

_PACKAGE = "org.apache.spark.deploy"
_HERE = "127.0.0.1"
_TRIES, _BETWEEN_SECONDS = 600, 0.2


@contextmanager
def spark_cluster(folder: Path, workers: int = 2, *, memory: str = "2g") -> Iterator[str]:
    """The address of a master with so many workers of one processor each; they are ended in the end.

    folder: for logs and what workers spill. memory: of each worker. Raises `spark_unavailable` where one of them does
    not come up within two minutes, as without Java or PySpark.
    """
    with socket.socket() as free:
        free.bind((_HERE, 0))
        port = free.getsockname()[1]
    url = f"spark://{_HERE}:{port}"
    master = [f"{_PACKAGE}.master.Master", "--host", _HERE, "--port", str(port), "--webui-port", "0"]
    size = ["--host", _HERE, "--webui-port", "0", "--cores", "1", "--memory", memory]
    running: list[subprocess.Popen[bytes]] = []
    log = folder / "master.log"
    try:
        running.append(_started(master, log))
        _wait_for(log, "elected leader", 1, running)
        for number in range(1, workers + 1):
            place = folder / f"worker{number}"
            words = [f"{_PACKAGE}.worker.Worker", *size, "--work-dir", str(place), url]
            running.append(_started(words, folder / f"worker{number}.log"))
        _wait_for(log, "Registering worker", workers, running)
        yield url
    finally:
        for process in reversed(running):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in running:
            process.wait(60)


def _started(words: list[str], log: Path) -> subprocess.Popen[bytes]:
    found = find_spec("pyspark")
    if found is None or found.origin is None:
        raise TierwiseError("spark_unavailable", "PySpark is not installed", remedy='pip install "tierwise[spark]"')
    environment = {**os.environ, "SPARK_LOCAL_IP": _HERE, "SPARK_DAEMON_MEMORY": "256m"}
    command = [str(Path(found.origin).parent / "bin" / "spark-class"), *words]
    with log.open("wb") as said:
        return subprocess.Popen(command, env=environment, stdout=said, stderr=said, start_new_session=True)


def _wait_for(log: Path, words: str, times: int, running: Sequence[subprocess.Popen[bytes]]) -> None:
    for _ in range(_TRIES):
        if log.read_text("utf-8", "replace").count(words) >= times:
            return
        if any(process.poll() is not None for process in running):
            break
        sleep(_BETWEEN_SECONDS)
    raise TierwiseError(
        "spark_unavailable", "Spark's master or its workers did not come up", place=str(log), remedy="read the log"
    )


def main() -> None:
    """Run a cluster until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tierwise.testing.spark_cluster")
    parser.add_argument("--workers", type=int, default=2, help="of one processor each (default 2)")
    parser.add_argument("--memory", default="2g", help="of each worker (default 2g)")
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        tempfile.TemporaryDirectory(prefix="tierwise-spark-") as folder,
        spark_cluster(Path(folder), wanted.workers, memory=wanted.memory) as url,
    ):
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        try:
            signal.pause()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
