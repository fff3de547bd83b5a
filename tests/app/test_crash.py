"""Runs that die, and readers while runs go on."""

import os
import signal
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path

import pytest

from tierwise.app import exporting, running, showing
from tierwise.app.context import Context
from tierwise.state import runs

DIES_AFTER_WRITING_THE_PROFILE = """
import os, signal, sys
from datetime import date
from pathlib import Path
from tierwise.app import running
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.engine.lake import Lake
from tierwise.state.database import open_database

class Dying(Lake):
    def overwrite(self, name, rows):
        if name == "store_totals":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().overwrite(name, rows)

home = Path(sys.argv[1])
ctx = Context(home=home, principal=Principal("test", "administrator"), database=open_database(sys.argv[2]),
              lake=Dying(home / "lake"))
running.run(ctx, date(2026, 6, 27))
"""


def test_a_run_killed_between_its_two_commits_changes_nothing(retailer: Context, tmp_path: Path) -> None:
    before = showing.overview(retailer)
    exporting.export(retailer, "profile", tmp_path / "before.csv")
    url = retailer.database.url.render_as_string(hide_password=False)
    killed = subprocess.run(
        [sys.executable, "-c", DIES_AFTER_WRITING_THE_PROFILE, str(retailer.home), url],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    latest = retailer.lake.latest_version("profile")
    with retailer.database.connect() as connection:
        current = runs.current(connection)
        assert current is not None
        assert (latest or 0) > (current.outputs or {})["profile"], "it died too early for this test to mean anything"
    assert showing.overview(retailer) == before
    exporting.export(retailer, "profile", tmp_path / "after.csv")
    assert (tmp_path / "after.csv").read_bytes() == (tmp_path / "before.csv").read_bytes()
    assert showing.runs(retailer)[0].state == "crashed"
    again = running.run(retailer, date(2026, 6, 30))
    exporting.export(retailer, "profile", tmp_path / "again.csv", run_id=again.id)
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "before.csv").read_bytes()


def test_readers_see_one_run_or_the_other_while_runs_go_on(retailer: Context) -> None:
    days = (date(2026, 3, 31), date(2026, 6, 30))
    kept = {run.as_of: run.id for run in showing.runs(retailer, 100) if run.state == "done"}
    if not all(day in kept for day in days) or showing.rfm(retailer).as_of not in days:
        kept |= {day: running.run(retailer, day).id for day in days}
    expected = {day: showing.rfm(retailer, kept[day]).cells for day in days}
    over = threading.Event()
    wrong: list[object] = []
    seen = 0

    def read() -> None:
        nonlocal seen
        while not over.is_set():
            try:
                view = showing.rfm(retailer)
                if view.cells != expected[view.as_of]:
                    wrong.append(view)
                seen += 1
            except Exception as error:
                wrong.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for day in days:
            running.run(retailer, day)
    finally:
        over.set()
        reader.join()
    assert wrong == []
    assert seen >= 2


def test_two_runs_at_once_wait_for_each_other(retailer: Context) -> None:
    errors: list[BaseException] = []

    def go(day: date) -> None:
        try:
            running.run(retailer, day)
        except BaseException as error:
            errors.append(error)

    days = (date(2026, 6, 29), date(2026, 6, 30))
    threads = [threading.Thread(target=go, args=(day,)) for day in days]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    newest = showing.runs(retailer)[:2]
    assert {run.as_of for run in newest} == set(days)
    assert [run.current for run in newest] == [True, False]
    first, second = sorted(newest, key=lambda run: run.started_at)
    assert first.seconds is not None
    assert second.started_at.timestamp() >= first.started_at.timestamp() + first.seconds - 0.001
    running.run(retailer, date(2026, 6, 30))  # what other modules find current


@pytest.mark.soak
def test_twenty_kills_at_any_moment(retailer: Context, tmp_path: Path) -> None:
    running.run(retailer, date(2026, 6, 30))
    exporting.export(retailer, "profile", tmp_path / "before.csv")
    url = retailer.database.url.render_as_string(hide_password=False)
    code = DIES_AFTER_WRITING_THE_PROFILE.replace('if name == "store_totals"', "if False")
    for i in range(20):
        process = subprocess.Popen([sys.executable, "-c", code, str(retailer.home), url])
        try:
            process.wait(timeout=0.8 + 0.15 * i)
        except subprocess.TimeoutExpired:
            process.kill()
        finally:
            process.wait()
        with retailer.database.connect() as connection:
            current = runs.current(connection)
            assert current is not None
        if current.as_of != date(2026, 6, 30):  # it was done before the kill
            running.run(retailer, date(2026, 6, 30))
        exporting.export(retailer, "profile", tmp_path / "after.csv")
        assert (tmp_path / "after.csv").read_bytes() == (tmp_path / "before.csv").read_bytes(), i
