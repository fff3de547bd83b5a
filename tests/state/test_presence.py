"""Who is alive is whose connection is open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import Connection, Engine, text

from tierwise.state import presence

STAYS = """
import sys
from tierwise.state import presence
from tierwise.state.database import open_database
with presence.present(open_database(sys.argv[1]), "server"):
    print("there", flush=True)
    sys.stdin.read()
"""


STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
"""


def gone(looking: Connection) -> bool:
    """Whether nobody is there any more; PostgreSQL sees a closed socket when it next looks at it."""
    for _ in range(1000):
        if not presence.alive(looking):
            return True
        looking.execute(text("select pg_sleep(0.01)"))
    return False


def test_present_while_the_block_runs(database: Engine) -> None:
    with database.connect() as looking:
        assert presence.alive(looking) == []
        with presence.present(database, "worker") as here:
            assert presence.alive(looking) == [presence.Presence("worker", os.getpid(), True)]
            assert presence.alive(looking, "server") == []
            assert here.scalar(text("select 1")) == 1
        assert gone(looking)


def test_its_connection_is_closed_and_not_used_by_others_afterwards(database: Engine) -> None:
    with presence.present(database, "worker"):
        pass
    with database.connect() as one, database.connect() as two:
        names = [each.scalar(text("select current_setting('application_name')")) for each in (one, two)]
    assert names == ["tierwise", "tierwise"]


def test_a_killed_process_is_gone_without_anybody_clearing_up(database: Engine) -> None:
    url = database.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", STAYS, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        with database.connect() as looking:
            assert presence.alive(looking) == [presence.Presence("server", process.pid, True)]
        process.kill()
        process.wait()
    with database.connect() as looking:
        assert gone(looking)


@pytest.mark.parametrize(("stubborn", "ended_by"), [("", signal.SIGTERM), (STUBBORN, signal.SIGKILL)])
def test_who_is_here_is_asked_to_end_and_then_killed(
    database: Engine, monkeypatch: pytest.MonkeyPatch, stubborn: str, ended_by: signal.Signals
) -> None:
    monkeypatch.setattr(presence, "STOP_SECONDS", 2 if stubborn else 20)
    monkeypatch.setattr(presence, "TICKS", 20)
    url = database.url.render_as_string(hide_password=False)
    with (
        presence.present(database, "worker"),  # this process itself is never ended
        subprocess.Popen(
            [sys.executable, "-c", stubborn + STAYS, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        assert presence.end_here(database) == 1
        assert process.wait(30) == -ended_by
    assert presence.end_here(database) == 0


def test_another_machine_is_not_here(database: Engine) -> None:
    with database.connect() as stranger, database.connect() as looking:
        stranger.execute(text("set application_name = 'tierwise worker 7 0123456789ab'"))
        assert presence.alive(looking) == [presence.Presence("worker", 7, False)]
