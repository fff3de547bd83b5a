"""Schedules and the worker on the command line, in one home and in order; stopping ends whoever is at work."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.cli.conftest import Command
from tierwise.bootstrap import Settings, stop
from tierwise.state import presence
from tierwise.state.database import open_database
from tierwise.state.embedded import EmbeddedServer


@contextmanager
def tierwise_process(home: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A command that stays, once it has said that it is there."""
    environment = {**os.environ, "TIERWISE_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    environment.pop("TIERWISE_DATABASE_URL", None)
    with subprocess.Popen(
        [sys.executable, "-c", "from tierwise.cli.main import main; main()", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert said.startswith(("working", "serving")), said
        try:
            yield process
        finally:
            process.kill()


def test_a_new_home_has_a_nightly_schedule_when_asked(tierwise: Command) -> None:
    made = tierwise("init", "--template", "general", "--nightly", "--json").json["schedule"]
    assert (made["name"], made["cron"], made["timezone"]) == ("nightly", "30 2 * * *", "Asia/Shanghai")
    assert [one["name"] for one in tierwise("schedule", "list", "--json").json["schedules"]] == ["nightly"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", "nightly", "--cron", "0 3 * * *"), "already_scheduled"),
        (("add", "hourly", "--cron", "every hour"), "bad_cron"),
        (("add", "hourly", "--cron", "0 * * * *", "--timezone", "Mars"), "unknown_timezone"),
        (("add", "hourly", "--cron", "0 * * * *", "--task", "dance"), "unknown_task"),
        (("add", "hourly", "--cron", "0 * * * *", "--missed", "later"), "bad_value"),
        (("remove", "nigthly"), "unknown_schedule"),
        (("run-now", "weekly"), "unknown_schedule"),
    ],
)
def test_refusals(tierwise: Command, words: tuple[str, ...], code: str) -> None:
    said = tierwise("schedule", *words, "--json")
    assert (said.code, said.json["code"]) == (1, code)


def test_add_pause_resume_remove(tierwise: Command) -> None:
    added = tierwise(
        "schedule", "add", "hourly", "--cron", "0 * * * *", "--days-before", "0", "--missed", "skip", "--json"
    )
    assert (added.json["arguments"], added.json["missed"]) == ({"days_before": 0}, "skip")
    assert tierwise("schedule", "pause", "hourly", "--json").json["state"] == "paused"
    assert "paused" in tierwise("schedule", "list").out
    assert tierwise("schedule", "resume", "hourly", "--json").json["state"] == "idle"
    assert tierwise("schedule", "remove", "hourly", "--json").json == {"removed": "hourly"}


def test_worker_once_does_what_waits_and_tells_by_its_exit_whether_it_could(tierwise: Command, orders: Path) -> None:
    assert tierwise("worker", "--once", "--json").json == {"jobs": []}
    said = tierwise("schedule", "run-now", "nightly", "--json")
    assert (said.json["name"], said.json["workers"]) == ("nightly", 0)
    assert "no worker is alive" in said.err
    failed = tierwise("worker", "--once", "--json")
    assert (failed.code, [job["code"] for job in failed.json["jobs"]]) == (1, ["no_facts"])
    assert "there is nothing to run on" in tierwise("schedule", "list").out
    assert tierwise("import", orders, "--as", "orders").code == 0
    tierwise("schedule", "run-now", "nightly")
    done = tierwise("worker", "--once", "--json")
    assert (done.code, [job["state"] for job in done.json["jobs"]]) == (0, ["done"])
    run = tierwise("runs", "--json").json["runs"][0]
    assert (run["id"], run["as_of"]) == (done.json["jobs"][0]["run_id"], done.json["jobs"][0]["as_of"])


def check(tierwise: Command) -> str:
    (found,) = [one for one in tierwise("doctor", "--json").json["checks"] if one["name"] == "schedule"]
    return f"{found['verdict']}: {found['seen']}"


def wait_for_worker(home: Path, pid: int) -> None:
    """It says that it works before it has begun."""
    database = open_database(EmbeddedServer(home).ensure())
    with database.connect() as connection:
        for _ in range(6000):
            if presence.Presence("worker", pid, True) in presence.alive(connection):
                break
            connection.execute(text("select pg_sleep(0.01)"))
        else:
            raise AssertionError("no worker came")
    database.dispose()


def test_stop_ends_a_worker_and_doctor_knows_of_it(tierwise: Command, home: Path) -> None:
    assert check(tierwise).startswith("warning: worker: none; 1 schedules on")
    with tierwise_process(home, "worker") as process:
        wait_for_worker(home, process.pid)
        assert check(tierwise).startswith(f"ok: worker: pid {process.pid}")
        assert tierwise("stop", "--json").json == {"stopped": True}
        assert process.wait(30) == 0
    assert tierwise("stop", "--json").json == {"stopped": False}


@pytest.mark.parametrize(
    ("option", "worker"), [("--worker", True), pytest.param("--no-worker", False, marks=pytest.mark.soak)]
)
def test_a_server_works_unless_told_not_to_and_stop_ends_it(
    tierwise: Command, home: Path, option: str, worker: bool
) -> None:
    tierwise("schedule", "list")  # the database is up, so that the server's first word is where it serves
    with tierwise_process(home, "serve", "--no-console", "--port", "0", option) as process:
        if worker:
            wait_for_worker(home, process.pid)
        else:
            assert "worker: none" in check(tierwise)
        assert stop(Settings(home))
        assert process.wait(30) == 0


def test_no_worker_is_passed_on(tierwise: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The long form starts such a server, and nobody works."""
    asked: list[object] = []
    monkeypatch.setattr("tierwise.bootstrap.serve", lambda *words, **told: asked.append(told["worker"]))
    for option in ("--no-worker", "--worker"):
        assert tierwise("serve", "--no-console", option).code == 0
    assert asked == [False, True]


def test_commands_that_look_or_import_load_no_queue(home: Path, orders: Path) -> None:
    code = """
import sys
from tierwise.cli.main import app
for words in (["--help"], ["schedule", "--help"], ["runs"], ["show", "rfm"], ["import", sys.argv[1], "--as", "orders"]):
    app(words, standalone_mode=False)
loaded = {"procrastinate", "croniter", "asgiref", "psycopg_pool"} & set(sys.modules)
assert not loaded, loaded
"""
    environment = {**os.environ, "TIERWISE_HOME": str(home)}
    subprocess.run([sys.executable, "-c", code, str(orders)], env=environment, check=True, stdout=subprocess.DEVNULL)
