"""Live events over loopback: `python -m benchmarks.tracking NAME FOLDER` starts a server, offers load, tells the p99.

What was not answered by 200 counts as having taken as long as was waited, so that a server that loses one request in a
hundred misses every target.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import uvloop
from sqlalchemy import Engine, text

from benchmarks.minimal_server import TABLE
from benchmarks.open_loop import Seen, batch, offer, request, single
from tierwise.app import inbox, write_keys
from tierwise.bootstrap import Settings, open_context, stop_embedded
from tierwise.kernel.clock import monotonic_seconds

SECONDS = 10.0
WARM_SECONDS = 1.0
BATCHES_EVENTS = 20_000
"""Events a second, in batches of `BATCH`."""

BATCH = 100
SINGLES = 1_500
"""Track calls a second, one each."""

_SERVE = "from tierwise.cli.main import main; main()"


def measure(name: str, folder: Path, seconds: float = SECONDS, share: float = 1.0) -> Seen:
    """Offer the load of that name, `tracking_batches`, `tracking_singles`, or `minimal_…` of these; what came of it.

    share: of the load, for a small machine. Raises SystemExit where Tierwise did not keep what it answered for.
    """
    server, kind = name.split("_")
    home = folder / "tracking-home"
    context = open_context(Settings(home))
    try:
        _empty(context.database)
        source = uuid4().hex[:12]
        secret = write_keys.create(context, source).write_key
        start = serving(home) if server == "tracking" else _minimal(context.database)
        with start as port:
            uvloop.run(_offer(port, kind, secret, WARM_SECONDS, share))
            before = _kept(context.database, server)
            seen = uvloop.run(_offer(port, kind, secret, seconds, share))
            kept = _kept(context.database, server) - before
        answered = len(seen.seconds) * (BATCH if kind == "batches" else 1)
        if kept < answered:
            raise SystemExit(f"{answered} events were answered for, {kept} are there")
        if server == "tracking" and inbox.status(context).quarantined:
            raise SystemExit("events were quarantined")
        return seen
    finally:
        context.database.dispose()


def p99(seen: Seen, seconds: float = SECONDS) -> float:
    """The 99th percentile over all that was offered."""
    unanswered = [seconds + 10.0] * (seen.offered - len(seen.seconds))
    ordered = sorted([*seen.seconds, *unanswered])
    return ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]


async def _offer(port: int, kind: str, secret: str, seconds: float, share: float) -> Seen:
    name = uuid4().hex[:8].encode()
    whole = partial(request, f"127.0.0.1:{port}")
    if kind == "batches":
        make = lambda n: whole("/v1/batch", secret, batch(name, n, BATCH))  # noqa: E731
        return await offer(port, make, share * BATCHES_EVENTS / BATCH, seconds)
    return await offer(port, lambda n: whole("/v1/track", secret, single(name, n)), share * SINGLES, seconds)


def _empty(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text(TABLE))
        connection.execute(text("truncate inbox, event_seen, event_quarantine, inbox_day, minimal_event"))


def _kept(database: Engine, server: str) -> int:
    table = "inbox" if server == "tracking" else "minimal_event"
    with database.connect() as connection:
        return int(connection.scalar(text(f"select count(*) from {table}")) or 0)


@contextmanager
def serving(home: Path, *, worker: bool = False, console: bool = False) -> Iterator[int]:
    """A server of that home, until the block ends; its port."""
    words = ["serve", *([] if console else ["--no-console"]), *([] if worker else ["--no-worker"]), "--port", "0"]
    environment = {**os.environ, "TIERWISE_HOME": str(home), "TIERWISE_LANGUAGE": "en"}
    log = home / "serve.log"
    with log.open("w") as out:
        command = [sys.executable, "-c", _SERVE, *words]
        with _ended(subprocess.Popen(command, env=environment, stdout=out, stderr=out)) as child:
            yield _port(child, log)


@contextmanager
def _minimal(database: Engine) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with database.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        conninfo = driver.info.dsn
    command = [sys.executable, "-m", "benchmarks.minimal_server", str(port), conninfo]
    with _ended(subprocess.Popen(command)) as child:
        _until_open(child, port)
        yield port


def _port(child: subprocess.Popen[bytes], log: Path) -> int:
    last = monotonic_seconds() + 60
    while monotonic_seconds() < last and child.poll() is None:
        if found := re.search(r"serving http://127\.0\.0\.1:(\d+)", log.read_text("utf-8")):
            return int(found.group(1))
        asyncio.run(asyncio.sleep(0.1))
    raise SystemExit(f"the server did not start:\n{log.read_text('utf-8')[-2000:]}")


def _until_open(child: subprocess.Popen[bytes], port: int) -> None:
    last = monotonic_seconds() + 60
    while monotonic_seconds() < last and child.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        asyncio.run(asyncio.sleep(0.1))
    raise SystemExit("the server did not start")


@contextmanager
def _ended(child: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def main(arguments: list[str]) -> None:
    name, folder, *further = arguments
    if name == "stop":
        stop_embedded(Settings(Path(folder) / "tracking-home"))
        print(0)
        return
    seconds = float(further[0]) if further else SECONDS
    seen = measure(name, Path(folder), seconds)
    told = {
        "offered": seen.offered,
        "lost": seen.lost,
        "others": seen.others,
        "p50": seen.quantile(0.5),
        "p99": seen.quantile(0.99),
        "most": seen.quantile(1.0),
    }
    print(json.dumps(told), file=sys.stderr)
    print(f"{p99(seen, seconds):.6f}")


if __name__ == "__main__":
    main(sys.argv[1:])
