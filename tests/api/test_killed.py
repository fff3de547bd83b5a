"""A server that is killed again and again while senders send: whatever was answered by 200 is there, once."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.api.test_tracking import basic
from tierwise.app import inbox, write_keys
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.engine.lake import Lake

pytestmark = pytest.mark.soak

KILLS = 8
SENDERS = 6
BATCH = 20

SERVE = "from tierwise.cli.main import main; main()"


@pytest.fixture
def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def start(database: Engine, home: Path, port: int) -> subprocess.Popen[bytes]:
    """A server that answers."""
    words = ["serve", "--no-console", "--no-worker", "--port", str(port)]
    url = database.url.render_as_string(hide_password=False)
    environment = {**os.environ, "TIERWISE_HOME": str(home), "TIERWISE_DATABASE_URL": url, "TIERWISE_LANGUAGE": "en"}
    log = home / "log"
    with log.open("w") as out:
        child = subprocess.Popen([sys.executable, "-c", SERVE, *words], env=environment, stdout=out, stderr=out)
    for _ in range(600):
        if re.search(r"serving http://127\.0\.0\.1:\d+", log.read_text("utf-8")):
            return child
        threading.Event().wait(0.1)
    raise AssertionError(log.read_text("utf-8"))


def sender(number: int, url: str, secret: str, over: threading.Event) -> Callable[[], int]:
    """Sends batch after batch, each until it is answered by 200; how many were."""

    def send() -> int:
        sent = 0
        with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
            while not over.is_set():
                ids = [f"{number}-{sent}-{each}" for each in range(BATCH)]
                items = [{"type": "page", "userId": "u", "messageId": each} for each in ids]
                while True:
                    try:
                        answer = client.post("/v1/batch", json={"batch": items}, headers=basic(secret))
                    except httpx.TransportError:
                        threading.Event().wait(0.05)
                        continue
                    if answer.status_code == 200:
                        break
                    assert answer.status_code in (429, 503), answer.text
                sent += 1
        return sent

    return send


def test_nothing_is_lost_and_nothing_is_there_twice(database: Engine, tmp_path: Path, free_port: int) -> None:
    ctx = Context(tmp_path, Principal("local:test", "administrator"), database, Lake(tmp_path / "lake"))
    secret = write_keys.create(ctx, "killed").write_key
    over, sent = threading.Event(), [0] * SENDERS
    child = start(database, tmp_path, free_port)
    url = f"http://127.0.0.1:{free_port}"

    def run(number: int) -> None:
        sent[number] = sender(number, url, secret, over)()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    try:
        for kill in range(KILLS):
            threading.Event().wait(0.5 + 0.13 * kill)
            child.send_signal(signal.SIGKILL)
            child.wait()
            child = start(database, tmp_path, free_port)
        threading.Event().wait(1)
    finally:
        over.set()
        for thread in threads:
            thread.join(60)
        child.terminate()
        child.wait(30)
    wanted = {f"{n}-{b}-{e}" for n in range(SENDERS) for b in range(sent[n]) for e in range(BATCH)}
    with database.connect() as connection:
        kept = list(connection.scalars(text("select message_id from inbox")))
    assert len(kept) == len(set(kept))
    assert set(kept) == wanted
    status = inbox.status(ctx)
    assert status.received - status.duplicate == status.pending == len(wanted)
    assert len(wanted) > KILLS * BATCH
