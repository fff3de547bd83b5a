"""What becomes a job, over days on which the clock jumps, after downtime, and by several who tick at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from tierwise.app import scheduling, ticking
from tierwise.app.context import Context
from tierwise.app.defining import initialise
from tierwise.app.ticking import Ticked, tick
from tierwise.state import audit, queue, schedules

BERLIN = "Europe/Berlin"


def at(wall: str, zone: str = BERLIN, fold: int = 0) -> datetime:
    """The instant at which the clock of a zone shows that."""
    return datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.fixture(scope="module")
def house(empty: Context) -> Context:
    initialise(empty, "general")
    return empty


@pytest.fixture
def ctx(house: Context) -> Iterator[Context]:
    """A house without schedules or jobs."""
    yield house
    with house.database.begin() as connection:
        connection.execute(text("truncate schedule, procrastinate_jobs, procrastinate_workers cascade"))


def nightly(ctx: Context, added: str, missed: str = "catch_up", cron: str = "30 2 * * *") -> None:
    scheduling.add(ctx, "nightly", cron, timezone=BERLIN, missed=missed, now=at(added))


def take(ctx: Context) -> dict[str, str] | None:
    """The arguments of the waiting job, which is then done."""
    with ctx.database.begin() as connection:
        return connection.scalar(text("delete from procrastinate_jobs where status = 'todo' returning args"))


def made(ctx: Context, *walls: str) -> list[str]:
    """Tick at these wall times, each job done before the next; as_of of each job made."""
    found = []
    for wall in walls:
        tick(ctx, at(wall))
        if args := take(ctx):
            found.append(args["as_of"])
    return found


def due(ctx: Context) -> datetime | None:
    with ctx.database.connect() as connection:
        return schedules.get(connection, "nightly").next_due_at


def test_what_is_due_becomes_one_job_as_of_the_day_before(ctx: Context) -> None:
    nightly(ctx, "2026-11-20 12:00")
    assert tick(ctx, at("2026-11-21 02:29")) == Ticked()
    assert tick(ctx, at("2026-11-21 02:30")) == Ticked(made=("nightly",))
    assert take(ctx) == {"schedule": "nightly", "due_at": "2026-11-21T01:30:00+00:00", "as_of": "2026-11-20"}
    assert tick(ctx, at("2026-11-21 02:31")) == Ticked()
    assert due(ctx) == at("2026-11-22 02:30")


def test_no_second_job_while_one_is_open(ctx: Context) -> None:
    nightly(ctx, "2026-11-20 12:00")
    tick(ctx, at("2026-11-21 02:30"))
    assert tick(ctx, at("2026-11-22 02:30")) == Ticked()
    assert due(ctx) == at("2026-11-22 02:30")
    take(ctx)
    assert tick(ctx, at("2026-11-22 02:31")) == Ticked(made=("nightly",))


@pytest.mark.parametrize(
    ("added", "walls", "expected"),
    [
        # Spring: 02:30 is not there on the 29th; 03:00 is, and it is the same day's run.
        (
            "2026-03-28 00:00",
            ("2026-03-28 02:30", "2026-03-29 01:59", "2026-03-29 03:00", "2026-03-29 03:30", "2026-03-30 02:30"),
            ["2026-03-27", "2026-03-28", "2026-03-29"],
        ),
        # Autumn: 02:30 is there twice on the 25th; one run.
        (
            "2026-10-24 12:00",
            ("2026-10-25 02:30", "2026-10-25 02:59", "2026-10-25 03:30", "2026-10-26 02:30"),
            ["2026-10-24", "2026-10-25"],
        ),
    ],
)
def test_one_run_a_night_over_the_jumps_of_the_clock(
    ctx: Context, added: str, walls: tuple[str, ...], expected: list[str]
) -> None:
    nightly(ctx, added)
    assert made(ctx, *walls) == expected


def test_the_second_half_past_two_of_an_autumn_night_is_not_another_night(ctx: Context) -> None:
    nightly(ctx, "2026-10-24 12:00")
    assert made(ctx, "2026-10-25 02:30") == ["2026-10-24"]
    assert tick(ctx, at("2026-10-25 02:30", fold=1)) == Ticked()


def test_missed_days_are_caught_up_once_each_the_oldest_first(ctx: Context) -> None:
    nightly(ctx, "2026-11-16 12:00")
    assert made(ctx, *["2026-11-20 09:00"] * 6) == ["2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19"]
    assert due(ctx) == at("2026-11-21 02:30")


def test_several_missed_times_of_a_day_are_one(ctx: Context) -> None:
    """Hourly, away from Monday 22:30 to Wednesday 09:30: one run for Monday's rest, one for Tuesday, one for today."""
    nightly(ctx, "2026-11-16 22:30", cron="0 * * * *")
    walls = ["2026-11-18 09:30"] * 5
    dues = []
    for wall in walls:
        tick(ctx, at(wall))
        if args := take(ctx):
            dues.append(args["due_at"])
    assert dues == ["2026-11-16T22:00:00+00:00", "2026-11-17T22:00:00+00:00", "2026-11-18T08:00:00+00:00"]


def test_missed_days_are_skipped_by_choice_and_the_audit_says_so(ctx: Context) -> None:
    nightly(ctx, "2026-11-16 12:00", missed="skip")
    assert tick(ctx, at("2026-11-20 09:00")) == Ticked(skipped=("nightly",))
    assert take(ctx) is None
    assert due(ctx) == at("2026-11-21 02:30")
    with ctx.database.connect() as connection:
        row = audit.list_rows(connection, action="schedule.skip")[0]
    assert (row.principal, row.object) == ("scheduler", "nightly")
    assert row.detail == {"from": "2026-11-17T01:30:00+00:00", "next": "2026-11-21T01:30:00+00:00"}
    assert made(ctx, "2026-11-21 02:30") == ["2026-11-20"]


def test_a_few_minutes_late_is_not_missed(ctx: Context) -> None:
    nightly(ctx, "2026-11-20 12:00", missed="skip")
    assert made(ctx, "2026-11-21 02:39") == ["2026-11-20"]


def test_skipping_leaves_the_due_time_that_is_not_missed(ctx: Context) -> None:
    nightly(ctx, "2026-11-19 12:00", missed="skip")
    assert tick(ctx, at("2026-11-21 02:35")) == Ticked(made=("nightly",), skipped=("nightly",))
    assert (take(ctx) or {})["as_of"] == "2026-11-20"


def test_a_minutely_schedule_after_a_year_away_is_settled_at_once(ctx: Context) -> None:
    nightly(ctx, "2025-11-20 12:00", missed="skip", cron="* * * * *")
    assert tick(ctx, at("2026-11-21 02:35")) == Ticked(made=("nightly",), skipped=("nightly",))
    assert (take(ctx) or {})["due_at"] == "2026-11-21T01:35:00+00:00"


def test_many_who_tick_at_once_make_one_job(ctx: Context) -> None:
    nightly(ctx, "2026-11-20 12:00")
    with ThreadPoolExecutor(6) as pool:
        ticked = list(pool.map(lambda _: tick(ctx, at("2026-11-21 02:30")), range(6)))
    assert sorted(one.made for one in ticked) == [(), (), (), (), (), ("nightly",)]
    with ctx.database.connect() as connection:
        assert connection.scalar(text("select count(*) from procrastinate_jobs")) == 1


def test_what_a_dead_worker_left_begins_again_and_the_crashed_job_says_so(ctx: Context) -> None:
    nightly(ctx, "2026-11-20 12:00")
    tick(ctx, at("2026-11-21 02:30"))
    with ctx.database.begin() as connection:
        connection.execute(text("select procrastinate_fetch_job_v2(null, (procrastinate_register_worker_v1()))"))
    assert tick(ctx, at("2026-11-21 02:31")) == Ticked(taken_up=("nightly",))
    with ctx.database.connect() as connection:
        assert queue.open_jobs(connection)["nightly"].attempts == 1


def test_as_of_goes_by_the_day_of_the_business(ctx: Context) -> None:
    """00:30 in Shanghai is the day before in London; the run sees the days of Shanghai."""
    scheduling.add(ctx, "nightly", "30 0 * * *", timezone="Asia/Shanghai", now=at("2026-11-20 12:00"))
    tick(ctx, at("2026-11-21 00:30", "Asia/Shanghai"))
    assert (take(ctx) or {})["as_of"] == "2026-11-20"
    with ctx.database.connect() as connection:
        schedule = schedules.get(connection, "nightly")
    late = at("2026-11-21 00:30", "Asia/Shanghai") + timedelta(days=1)
    assert ticking.as_of(schedule, late).isoformat() == "2026-11-21"
