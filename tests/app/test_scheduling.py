"""Schedules from the doors: made, looked at, paused, resumed, run now, removed; audited and refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from tierwise.app import scheduling
from tierwise.app.context import Context
from tierwise.app.defining import initialise
from tierwise.app.principal import Principal
from tierwise.app.ticking import tick
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, jobs, presence, schedules

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
DUE = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def house(empty: Context) -> Context:
    initialise(empty, "general")
    return empty


@pytest.fixture
def ctx(house: Context) -> Iterator[Context]:
    yield house
    with house.database.begin() as connection:
        connection.execute(text("truncate schedule, procrastinate_jobs, procrastinate_workers cascade"))


def only(ctx: Context, now: datetime) -> scheduling.ScheduleView:
    (view,) = scheduling.schedules(ctx, now=now).schedules
    return view


def test_a_schedule_goes_by_the_clock_of_the_project(ctx: Context) -> None:
    view = scheduling.add(ctx, "nightly", " 30  2 * * * ", now=NOON)
    assert (view.cron, view.timezone, view.missed, view.state) == ("30 2 * * *", "Asia/Shanghai", "catch_up", "idle")
    assert (view.task, view.arguments, view.next_due_at) == ("run", {"days_before": 1}, DUE)
    assert (view.overdue_since, view.last_job) == (None, None)
    assert scheduling.schedules(ctx, now=NOON) == scheduling.SchedulesView((view,), 0)


def test_all_that_is_wrong_is_told_at_once(ctx: Context) -> None:
    with pytest.raises(TierwiseError) as caught:
        scheduling.add(ctx, "Every night", "at 2", task="dance", days_before=-1, missed="perhaps")
    codes = [problem.code for problem in caught.value.problems]
    assert codes == ["bad_name", "unknown_task", "bad_value", "bad_value", "bad_cron"]
    with pytest.raises(TierwiseError, match="unknown time zone"):
        scheduling.add(ctx, "nightly", "30 2 * * *", timezone="Asia/Beijing")
    with pytest.raises(TierwiseError) as caught:
        scheduling.add(ctx, "nightly", "30 2 * * *", days_before=400)
    assert caught.value.code == "bad_value"
    assert scheduling.schedules(ctx).schedules == ()


def test_states_from_waiting_to_overdue(ctx: Context) -> None:
    scheduling.add(ctx, "nightly", "30 2 * * *", now=NOON)
    assert only(ctx, DUE + timedelta(minutes=10)).overdue_since is None
    assert only(ctx, DUE + timedelta(minutes=11)).overdue_since == DUE
    tick(ctx, DUE)
    waiting = only(ctx, DUE)
    assert (waiting.state, waiting.last_due_at, waiting.overdue_since) == ("waiting", DUE, None)
    assert only(ctx, DUE + timedelta(hours=1)).overdue_since == DUE
    with ctx.database.begin() as connection:
        connection.execute(text("update procrastinate_jobs set status = 'doing'"))
    assert (only(ctx, DUE).state, only(ctx, DUE + timedelta(hours=1)).overdue_since) == ("running", None)


def test_a_pause_drops_what_waits_and_is_not_caught_up(ctx: Context) -> None:
    scheduling.add(ctx, "nightly", "30 2 * * *", now=NOON)
    tick(ctx, DUE)
    paused = scheduling.pause(ctx, "nightly", now=DUE)
    assert (paused.state, paused.enabled, paused.next_due_at) == ("paused", False, None)
    assert scheduling.pause(ctx, "nightly", now=DUE) == paused
    week_later = DUE + timedelta(days=7, hours=1)
    assert tick(ctx, week_later).made == ()
    resumed = scheduling.resume(ctx, "nightly", now=week_later)
    assert (resumed.state, resumed.next_due_at) == ("idle", DUE + timedelta(days=8))
    assert scheduling.resume(ctx, "nightly", now=NOON) == resumed


def test_run_now_is_one_job_and_never_two(ctx: Context) -> None:
    scheduling.add(ctx, "nightly", "30 2 * * *", now=NOON)
    assert scheduling.run_now(ctx, "nightly", now=NOON) == scheduling.Queued("nightly", "2026-11-19", 0)
    with pytest.raises(TierwiseError, match="waiting already") as caught:
        scheduling.run_now(ctx, "nightly", now=NOON)
    assert caught.value.code == "busy_schedule"
    assert only(ctx, NOON).next_due_at == DUE


def test_a_removed_schedule_leaves_no_waiting_job(ctx: Context) -> None:
    scheduling.add(ctx, "nightly", "30 2 * * *", now=NOON)
    scheduling.run_now(ctx, "nightly", now=NOON)
    scheduling.remove(ctx, "nightly")
    assert scheduling.schedules(ctx).schedules == ()
    with ctx.database.connect() as connection:
        assert connection.scalar(text("select count(*) from procrastinate_jobs")) == 0
    for use_case in (scheduling.remove, scheduling.pause, scheduling.resume, scheduling.run_now):
        with pytest.raises(TierwiseError) as caught:
            use_case(ctx, "nightly")
        assert caught.value.code == "unknown_schedule"


def test_every_change_is_in_the_audit(ctx: Context) -> None:
    scheduling.add(ctx, "nightly", "30 2 * * *", now=NOON)
    scheduling.pause(ctx, "nightly", now=NOON)
    scheduling.resume(ctx, "nightly", now=NOON)
    scheduling.run_now(ctx, "nightly", now=NOON)
    scheduling.remove(ctx, "nightly")
    with ctx.database.connect() as connection:
        rows = audit.list_rows(connection, object_name="nightly", principal="test:operator", limit=5)
    assert [row.action.removeprefix("schedule.") for row in rows] == ["remove", "run_now", "resume", "pause", "add"]


def test_who_may_not_run_may_look_but_not_schedule(ctx: Context) -> None:
    scheduling.add(ctx, "nightly", "30 2 * * *", now=NOON)
    reader = ctx.acting_as(Principal("test:reader", "reader"))
    assert len(scheduling.schedules(reader).schedules) == 1
    for use_case in (scheduling.remove, scheduling.pause, scheduling.resume, scheduling.run_now):
        with pytest.raises(TierwiseError, match="does not include"):
            use_case(reader, "nightly")
    with pytest.raises(TierwiseError, match="does not include"):
        scheduling.add(reader, "hourly", "0 * * * *")


def test_doctor_says_who_is_alive_and_what_is_overdue(ctx: Context) -> None:
    def health(now: datetime) -> tuple[str, str]:
        with ctx.database.connect() as connection:
            check = scheduling.health(connection, now)
        return check.verdict, f"{check.seen} | {check.remedy}"

    assert health(NOON) == ("ok", "worker: none; 0 schedules on, 0 paused | None")
    scheduling.add(ctx, "nightly", "30 2 * * *", now=NOON)
    verdict, said = health(NOON)
    assert verdict == "warning"
    assert "tierwise worker" in said
    assert "overdue: nightly since 2026-11-20 18:30 UTC" in health(DUE + timedelta(hours=1))[1]
    with presence.present(ctx.database, "worker"):
        assert health(NOON)[0] == "ok"
        assert health(DUE + timedelta(hours=1))[0] == "warning"
        with ctx.database.begin() as connection:
            job_id = jobs.start(connection, "run", principal="x", title="run")
            jobs.fail(connection, job_id, code="no_facts", message="there is nothing to run on")
            schedules.set_last_job(connection, "nightly", job_id)
        assert health(NOON) == (
            "warning",
            f"{health(NOON)[1].split(';')[0]}; 1 schedules on, 0 paused; failed last time: nightly: "
            "there is nothing to run on | tierwise schedule list; tierwise jobs list",
        )
