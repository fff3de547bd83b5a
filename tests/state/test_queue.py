"""The queue: one job of a schedule waits, one is done, and what a dead worker leaves is taken up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from procrastinate.exceptions import AlreadyEnqueued
from psycopg.errors import UniqueViolation
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from tierwise.state import queue
from tierwise.state.locks import held

NOW = datetime(2026, 11, 21, 18, 31, tzinfo=UTC)


@pytest.fixture
def empty_queue(database: Engine) -> Iterator[Engine]:
    yield database
    with database.begin() as connection:
        connection.execute(text("truncate procrastinate_jobs, procrastinate_workers cascade"))


def fetch(connection: Connection) -> int | None:
    """As a worker takes a job, under its own id; the job's id."""
    worker_id = connection.scalar(text("select worker_id from procrastinate_register_worker_v1()"))
    found = "select id from procrastinate_fetch_job_v2(array['scheduled'], :worker)"
    return connection.scalar(text(found), {"worker": worker_id})


def test_a_job_waits_then_runs_and_is_seen(connection: Connection) -> None:
    assert queue.open_jobs(connection) == {}
    job_id = queue.enqueue(connection, "run", "nightly", {"as_of": "2026-11-21"})
    (waiting,) = queue.open_jobs(connection).values()
    assert (waiting.id, waiting.schedule, waiting.state, waiting.attempts) == (job_id, "nightly", "waiting", 0)
    assert fetch(connection) == job_id
    assert queue.open_jobs(connection, "nightly")["nightly"].state == "running"
    assert queue.open_jobs(connection, "other") == {}


def test_what_is_put_in_and_rolled_back_never_was(empty_queue: Engine) -> None:
    with empty_queue.connect() as connection, connection.begin() as transaction:
        queue.enqueue(connection, "run", "nightly", {})
        transaction.rollback()
    with empty_queue.connect() as connection:
        assert queue.open_jobs(connection) == {}


def test_the_database_refuses_a_second_waiting_job(connection: Connection) -> None:
    queue.enqueue(connection, "run", "nightly", {})
    with pytest.raises(AlreadyEnqueued), connection.begin_nested():
        queue.enqueue(connection, "run", "nightly", {})
    queue.enqueue(connection, "run", "hourly", {})
    assert set(queue.open_jobs(connection)) == {"nightly", "hourly"}


def test_the_database_refuses_a_second_running_job(connection: Connection) -> None:
    """Whatever the code does: the lock of what is being done is unique, and a worker is given no such job."""
    first = queue.enqueue(connection, "run", "nightly", {})
    assert fetch(connection) == first
    second = queue.enqueue(connection, "run", "nightly", {})
    assert fetch(connection) is None
    with pytest.raises(IntegrityError) as caught, connection.begin_nested():
        connection.execute(text("update procrastinate_jobs set status = 'doing' where id = :id"), {"id": second})
    assert isinstance(caught.value.orig, UniqueViolation)
    assert caught.value.orig.diag.constraint_name == "procrastinate_jobs_lock_idx_v1"


def test_two_workers_at_once_claim_one_job_once(empty_queue: Engine) -> None:
    with empty_queue.begin() as connection:
        queue.enqueue(connection, "run", "nightly", {})
        queue.enqueue(connection, "run", "hourly", {})
    with empty_queue.begin() as first, empty_queue.begin() as second, empty_queue.begin() as third:
        claimed = [fetch(one) for one in (first, second, third)]
    assert len({one for one in claimed if one}) == 2
    assert claimed[2] is None


def test_only_what_waits_can_be_taken_out(connection: Connection) -> None:
    assert queue.cancel_waiting(connection, "nightly") is False
    queue.enqueue(connection, "run", "nightly", {})
    assert queue.cancel_waiting(connection, "nightly") is True
    assert queue.open_jobs(connection) == {}
    queue.enqueue(connection, "run", "nightly", {})
    fetch(connection)
    assert queue.cancel_waiting(connection, "nightly") is False
    assert queue.open_jobs(connection)["nightly"].state == "running"


def test_jobs_of_the_living_are_left_alone_and_of_the_dead_taken_up(empty_queue: Engine) -> None:
    with empty_queue.begin() as connection:
        queue.enqueue(connection, "run", "nightly", {})
        fetch(connection)
        worker_id = queue.open_jobs(connection)["nightly"].worker_id
    assert worker_id is not None
    with held(empty_queue, queue.worker_lock(worker_id)), empty_queue.begin() as connection:
        assert queue.take_up_dead(connection, NOW) == ([], [])
        queue.forget_dead_workers(connection)
    with empty_queue.begin() as connection:
        assert queue.take_up_dead(connection, NOW) == (["nightly"], [])
        assert queue.take_up_dead(connection, NOW) == ([], [])
        job = queue.open_jobs(connection)["nightly"]
        assert (job.state, job.attempts) == ("waiting", 1)


def test_two_who_look_after_the_dead_take_each_job_up_once(empty_queue: Engine) -> None:
    with empty_queue.begin() as connection:
        queue.enqueue(connection, "run", "nightly", {})
        fetch(connection)
    with empty_queue.begin() as first, empty_queue.begin() as second:
        assert queue.take_up_dead(first, NOW) == (["nightly"], [])
        assert queue.take_up_dead(second, NOW) == ([], [])


def test_what_dies_again_and_again_is_given_up(connection: Connection) -> None:
    queue.enqueue(connection, "run", "nightly", {})
    for _ in range(queue.MOST_ATTEMPTS - 1):
        assert fetch(connection)
        assert queue.take_up_dead(connection, NOW) == (["nightly"], [])
    assert fetch(connection)
    assert queue.take_up_dead(connection, NOW) == ([], ["nightly"])
    assert queue.open_jobs(connection) == {}


def test_workers_that_died_long_ago_are_forgotten(connection: Connection) -> None:
    fetch(connection)
    queue.forget_dead_workers(connection)
    assert connection.scalar(text("select count(*) from procrastinate_workers")) == 1
    connection.execute(text("update procrastinate_workers set last_heartbeat = now() - interval '2 minutes'"))
    queue.forget_dead_workers(connection)
    assert connection.scalar(text("select count(*) from procrastinate_workers")) == 0
