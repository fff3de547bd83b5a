"""Schedules as rows: each name once, what is due, and two who look at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine

from tierwise.kernel.errors import TierwiseError
from tierwise.state import schedules

DUE = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


def add(connection: Connection, name: str, due: datetime = DUE) -> None:
    schedules.add(
        connection,
        name,
        task="run",
        arguments={"days_before": 1},
        cron="30 2 * * *",
        timezone="Asia/Shanghai",
        missed="catch_up",
        author="ann",
        next_due_at=due,
    )


def test_a_schedule_is_what_was_added(connection: Connection) -> None:
    add(connection, "nightly")
    found = schedules.get(connection, "nightly")
    assert (found.name, found.task, found.arguments, found.cron) == ("nightly", "run", {"days_before": 1}, "30 2 * * *")
    assert (found.timezone, found.missed, found.enabled, found.author) == ("Asia/Shanghai", "catch_up", True, "ann")
    assert (found.next_due_at, found.last_due_at, found.last_job_id) == (DUE, None, None)


def test_a_name_is_taken_once(connection: Connection) -> None:
    add(connection, "nightly")
    with pytest.raises(TierwiseError) as caught:
        add(connection, "nightly")
    assert caught.value.code == "already_scheduled"
    assert [one.name for one in schedules.list_schedules(connection)] == ["nightly"]


def test_an_unknown_name_is_told_with_the_nearest(connection: Connection) -> None:
    add(connection, "nightly")
    for ask in (schedules.get, schedules.remove):
        with pytest.raises(TierwiseError) as caught:
            ask(connection, "nigthly")
        assert (caught.value.code, caught.value.remedy) == ("unknown_schedule", 'did you mean "nightly"?')


def test_due_is_what_is_on_and_whose_time_has_come(connection: Connection) -> None:
    add(connection, "hourly", DUE - timedelta(hours=1))
    add(connection, "nightly")
    add(connection, "later", DUE + timedelta(seconds=1))
    add(connection, "off")
    schedules.set_due(connection, "off", None)
    assert [one.name for one in schedules.take_due(connection, DUE)] == ["hourly", "nightly"]
    schedules.advance(connection, "hourly", next_due_at=DUE + timedelta(hours=1), made_due_at=DUE)
    assert [one.name for one in schedules.take_due(connection, DUE)] == ["nightly"]
    assert schedules.get(connection, "hourly").last_due_at == DUE
    schedules.remove(connection, "nightly")
    assert schedules.take_due(connection, DUE) == []


def test_a_schedule_on_without_a_due_time_is_refused_by_the_database(connection: Connection) -> None:
    add(connection, "nightly")
    schedules.set_due(connection, "nightly", None)
    assert (schedules.get(connection, "nightly").enabled, schedules.take_due(connection, DUE)) == (False, [])
    with pytest.raises(Exception, match="schedule_due_check"):
        connection.exec_driver_sql("update schedule set enabled = true")


def test_two_who_look_at_once_do_not_see_the_same(database: Engine) -> None:
    with database.begin() as connection:
        add(connection, "nightly")
    with database.begin() as first, database.begin() as second:
        assert [one.name for one in schedules.take_due(first, DUE)] == ["nightly"]
        assert schedules.take_due(second, DUE) == []
