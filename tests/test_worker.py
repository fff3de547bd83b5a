"""The worker with real runs on a small retailer: what is due is done once, caught up, cancelled, and begun again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.api.house import empty_house, furnish
from tierwise import worker as workers
from tierwise.app import defining, running, scheduled_run, scheduling, showing
from tierwise.app.context import Context
from tierwise.engine.lake import Lake
from tierwise.kernel.errors import TierwiseError
from tierwise.state import jobs, presence, queue, runs
from tierwise.worker import Outcome, Worker

NO_WAIT = (timedelta(0),) * 3

NIGHT = datetime(2026, 6, 30, 18, 30, tzinfo=UTC)
"""02:30 on the first of July in Shanghai."""


@pytest.fixture(scope="module")
def shop(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Context:
    house = empty_house(tmp_path_factory.mktemp("worker") / "home", database)
    furnish(house)
    return house


def current(ctx: Context) -> runs.Run:
    with ctx.database.connect() as connection:
        found = runs.current(connection)
    assert found is not None
    return found


@pytest.fixture
def ctx(shop: Context) -> Iterator[Context]:
    """The shop as of 2026-06-30, without schedules; what was done on the way is left in its jobs."""
    if current(shop).as_of != date(2026, 6, 30):
        running.run(shop, date(2026, 6, 30))
    yield shop
    with shop.database.begin() as connection:
        connection.execute(text("truncate schedule, procrastinate_jobs, procrastinate_workers cascade"))


def nightly(ctx: Context, added: datetime = NIGHT - timedelta(hours=6)) -> None:
    scheduling.add(ctx, "nightly", "30 2 * * *", now=added)


def work(ctx: Context, now: datetime = NIGHT) -> list[tuple[str, str, str | None]]:
    """Whatever is due, done by one worker: day, state, code."""
    outcomes = Worker(ctx, now=lambda: now, waits=NO_WAIT).run(once=True)
    return [(outcome.as_of.isoformat(), outcome.state, outcome.code) for outcome in outcomes]


def newest_job(ctx: Context) -> jobs.Job:
    with ctx.database.begin() as connection:
        jobs.mark_crashed(connection)
        return jobs.list_jobs(connection, kind="run", limit=1)[0]


def instead_of_a_run(monkeypatch: pytest.MonkeyPatch, act: Callable[..., Any]) -> None:
    monkeypatch.setattr(scheduled_run.running, "run", act)


def test_what_is_due_is_run_in_the_name_of_its_schedule(ctx: Context) -> None:
    nightly(ctx)
    assert work(ctx, NIGHT - timedelta(minutes=1)) == []
    assert work(ctx) == [("2026-06-30", "done", None)]
    assert work(ctx) == []
    job = newest_job(ctx)
    assert (job.state, job.principal, job.done) == ("done", "schedule:nightly", job.total)
    (view,) = scheduling.schedules(ctx, now=NIGHT).schedules
    assert view.last_job is not None
    assert (view.last_job.id, view.state, view.next_due_at) == (job.id, "idle", NIGHT + timedelta(days=1))


def test_days_missed_are_run_in_order_and_the_newest_is_current(ctx: Context) -> None:
    nightly(ctx, NIGHT)
    assert work(ctx, NIGHT + timedelta(days=3, hours=5)) == [
        ("2026-07-01", "done", None),
        ("2026-07-02", "done", None),
        ("2026-07-03", "done", None),
    ]
    assert current(ctx).as_of == date(2026, 7, 3)


def test_a_day_run_by_hand_meanwhile_is_not_caught_up(ctx: Context) -> None:
    nightly(ctx)
    running.run(ctx, date(2026, 7, 1))
    before = len(showing.runs(ctx, 1000))
    assert work(ctx, NIGHT + timedelta(days=1, hours=5)) == [
        ("2026-06-30", "not_needed", None),
        ("2026-07-01", "not_needed", None),  # the run by hand saw this day after it was due
    ]
    assert len(showing.runs(ctx, 1000)) == before


def test_a_refusal_is_kept_and_not_repeated(bare_database: Engine, tmp_path: Path) -> None:
    from tierwise.state.upgrade import upgrade

    upgrade(bare_database)
    house = Context(tmp_path, scheduled_run.principal_of("x"), bare_database, Lake(tmp_path / "lake"))
    defining.initialise(house, "general")
    nightly(house)
    assert work(house) == [("2026-06-30", "failed", "no_facts")]
    job = newest_job(house)
    assert (job.state, (job.error or {})["code"], job.title) == ("failed", "no_facts", "run as of 2026-06-30")
    (view,) = scheduling.schedules(house, now=NIGHT).schedules
    assert view.last_job is not None
    assert view.last_job.error is not None
    assert work(house) == []


def test_what_may_pass_is_tried_again_so_many_times_and_each_reason_is_kept(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    nightly(ctx)

    def no_disk(acting: Context, as_of: date, *, progress: Any) -> None:
        raise OSError("the disk is asleep")

    instead_of_a_run(monkeypatch, no_disk)
    assert work(ctx) == [("2026-06-30", "retry", "failed")] * 3 + [("2026-06-30", "failed", "failed")]
    with ctx.database.connect() as connection:
        kept = jobs.list_jobs(connection, kind="run", limit=4)
    assert [(job.error or {})["message"] for job in kept] == ["OSError: the disk is asleep"] * 4
    monkeypatch.undo()
    assert work(ctx, NIGHT + timedelta(days=1)) == [("2026-07-01", "done", None)]


def test_a_failed_job_waits_before_it_begins_again(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    nightly(ctx)

    def no_disk(acting: Context, as_of: date, *, progress: Any) -> None:
        raise OSError("the disk is asleep")

    instead_of_a_run(monkeypatch, no_disk)
    long = (timedelta(days=36_500),)
    outcomes = Worker(ctx, now=lambda: NIGHT, waits=long).run(once=True)
    assert [outcome.state for outcome in outcomes] == ["retry"]
    (view,) = scheduling.schedules(ctx, now=NIGHT + timedelta(hours=1)).schedules
    assert (view.state, view.overdue_since) == ("retrying", None)


def test_a_cancelled_run_is_over(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    nightly(ctx)
    real = running.run

    def cancelled(acting: Context, as_of: date, *, progress: running.Progress) -> Any:
        def cancel(done: int, total: int | None, message: str) -> None:
            with acting.database.begin() as connection:
                jobs.request_cancel(connection, jobs.list_jobs(connection, states=["running"], kind="run")[0].id)
            progress(done, total, message)

        return real(acting, as_of, progress=cancel)

    instead_of_a_run(monkeypatch, cancelled)
    assert work(ctx) == [("2026-06-30", "failed", "cancelled")]
    assert newest_job(ctx).state == "cancelled"
    monkeypatch.undo()
    assert work(ctx) == []


def test_a_worker_that_is_stopped_gives_its_job_back(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    nightly(ctx)
    monkeypatch.setattr(workers, "GRACE_SECONDS", 0)
    stopped = Worker(ctx, now=lambda: NIGHT)
    real = running.run

    def stopping(acting: Context, as_of: date, *, progress: running.Progress) -> Any:
        def stop(done: int, total: int | None, message: str) -> None:
            stopped.stop()
            while True:  # a long step, which ends when it is told
                progress(done, total, message)

        return real(acting, as_of, progress=stop)

    instead_of_a_run(monkeypatch, stopping)
    assert [outcome.state for outcome in stopped.run()] == ["stopped"]
    monkeypatch.undo()
    assert (newest_job(ctx).error or {})["code"] == "worker_stopped"
    with ctx.database.connect() as connection:
        assert queue.open_jobs(connection)["nightly"].state == "waiting"
        assert presence.alive(connection, "worker") == []
    assert work(ctx) == [("2026-06-30", "done", None)]


def test_two_workers_at_once_do_it_once(ctx: Context) -> None:
    nightly(ctx)
    done: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda: done.extend(Worker(ctx, now=lambda: NIGHT).run(once=True))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(outcome.as_of, outcome.state) for outcome in done] == [(date(2026, 6, 30), "done")]


def test_a_worker_that_waits_takes_what_is_asked_for_and_leaves_nothing_when_stopped(ctx: Context) -> None:
    nightly(ctx, NIGHT)
    told = threading.Event()
    worker = Worker(replace(ctx, note=lambda said: told.set() if "done" in said else None), now=lambda: NIGHT)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        scheduling.run_now(ctx, "nightly", now=NIGHT)
        assert told.wait(60)
        with ctx.database.connect() as connection:
            assert len(presence.alive(connection, "worker")) == 1
    finally:
        worker.stop()
        thread.join(30)
    assert not thread.is_alive()
    with ctx.database.connect() as connection:
        assert presence.alive(connection) == []
        assert connection.scalar(text("select count(*) from procrastinate_workers")) == 0
        assert queue.open_jobs(connection) == {}


def test_a_worker_beside_a_server_ends_with_it(ctx: Context) -> None:
    nightly(ctx, NIGHT)
    told = threading.Event()
    with workers.beside(replace(ctx, note=lambda said: told.set())):
        scheduling.run_now(ctx, "nightly", now=NIGHT)
        assert told.wait(60)
    with ctx.database.connect() as connection:
        assert presence.alive(connection) == []


def test_a_database_that_goes_away_ends_an_idle_worker_before_the_minute_turns(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "LOOK_SECONDS", 0.2)
    ticked = threading.Event()
    worker = Worker(ctx, now=lambda: ticked.set() or NIGHT)  # type: ignore[func-returns-value]
    caught: list[BaseException] = []

    def run() -> None:
        try:
            worker.run()
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert ticked.wait(60)
    with ctx.database.connect() as connection:
        assert presence.alive(connection, "worker")
        connection.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'tierwise worker%'"
            )
        )
    thread.join(30)
    gone = not thread.is_alive()
    worker.stop()
    assert gone
    (error,) = caught
    assert isinstance(error, TierwiseError), repr(error)
    assert error.code == "database_lost"


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.engine.lake import Lake
from tierwise.state import queue
from tierwise.state.database import open_database
from tierwise.worker import Worker

queue.MOST_ATTEMPTS = 100

class Dying(Lake):
    def overwrite(self, name, rows):
        if name == sys.argv[4]:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().overwrite(name, rows)

home = Path(sys.argv[1])
ctx = Context(home, Principal("test", "administrator"), open_database(sys.argv[2]), Dying(home / "lake"))
print("begun", flush=True)
Worker(ctx, now=lambda: datetime.fromisoformat(sys.argv[3])).run(once=True)
"""


def start_killed(ctx: Context, dies_at: str, now: datetime = NIGHT) -> subprocess.Popen[bytes]:
    url = ctx.database.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-c", KILLED, str(ctx.home), url, now.isoformat(), dies_at],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.DEVNULL,
    )


def test_a_worker_killed_in_the_middle_of_a_run_is_made_up_for(ctx: Context) -> None:
    nightly(ctx)
    before = showing.overview(ctx)
    with start_killed(ctx, "store_totals") as process:
        assert process.wait(120) == -signal.SIGKILL
    assert showing.overview(ctx) == before
    with ctx.database.connect() as connection:
        assert queue.open_jobs(connection)["nightly"].state == "running"
    assert work(ctx) == [("2026-06-30", "done", None)]
    with ctx.database.connect() as connection:
        newest, killed = jobs.list_jobs(connection, kind="run", limit=2)
    assert (newest.state, killed.state) == ("done", "crashed")
    assert (current(ctx).job_id, current(ctx).as_of) == (newest.id, date(2026, 6, 30))


def crashed(ctx: Context) -> int:
    with ctx.database.connect() as connection:
        return len(jobs.list_jobs(connection, states=["crashed"], kind="run", limit=1000))


@pytest.mark.soak
def test_a_week_is_caught_up_whatever_is_killed_when(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are killed at ever other moments; in the end each of seven days was run, and the newest is current."""
    monkeypatch.setattr(queue, "MOST_ATTEMPTS", 100)
    nightly(ctx)
    crashed_before = crashed(ctx)
    now = NIGHT + timedelta(days=6, hours=1)
    for i in range(20):
        with start_killed(ctx, "none", now) as process:
            try:
                process.wait(1.0 + 0.25 * i)
            except subprocess.TimeoutExpired:
                process.kill()
    work(ctx, now)
    assert crashed(ctx) > crashed_before, "no kill came while a run went on: this test meant nothing"
    with ctx.database.connect() as connection:
        done = {run.as_of for run in runs.list_runs(connection, limit=1000) if run.state == "done"}
        assert queue.open_jobs(connection) == {}
    assert {date(2026, 6, 30) + timedelta(days=number) for number in range(7)} <= done
    assert current(ctx).as_of == date(2026, 7, 6)
