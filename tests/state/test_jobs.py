"""Jobs: progress, ends, cancelling, and what is left by a process that died."""

import os
import subprocess
import sys

import pytest
from sqlalchemy import Connection, Engine

from tierwise.kernel.errors import TierwiseError
from tierwise.state import jobs
from tierwise.state.schema import job

DIE = """
import os, sys
from tierwise.state import jobs
from tierwise.state.database import open_database
with jobs.running(open_database(sys.argv[1]), "import", principal="ann", title="orders.csv") as job_id:
    print(job_id, flush=True)
    sys.stdin.read()
"""


def begin(connection: Connection) -> int:
    return jobs.start(connection, "import", principal="ann", title="orders.csv", unit="rows", total=100)


def test_job_tells_who_what_and_how_far(connection: Connection) -> None:
    job_id = begin(connection)
    assert jobs.progress(connection, job_id, done=40, message="reading") is False
    found = jobs.get(connection, job_id)
    assert (found.kind, found.state, found.principal, found.title) == ("import", "running", "ann", "orders.csv")
    assert (found.done, found.total, found.unit, found.message) == (40, 100, "rows", "reading")
    assert (found.pid, found.finished_at) == (os.getpid(), None)
    assert found.heartbeat_at is not None
    assert found.started_at is not None
    assert found.heartbeat_at >= found.started_at


def test_progress_keeps_what_is_not_told(connection: Connection) -> None:
    job_id = begin(connection)
    jobs.progress(connection, job_id, done=1, total=200, message="reading")
    jobs.progress(connection, job_id, done=2)
    found = jobs.get(connection, job_id)
    assert (found.done, found.total, found.message) == (2, 200, "reading")


def test_done_job_has_its_result_and_cannot_end_again(connection: Connection) -> None:
    job_id = begin(connection)
    jobs.finish(connection, job_id, {"read": 3, "店": "上海"})
    found = jobs.get(connection, job_id)
    assert (found.state, found.result, found.error) == ("done", {"read": 3, "店": "上海"}, None)
    assert found.finished_at is not None
    for late in (
        lambda: jobs.finish(connection, job_id),
        lambda: jobs.cancelled(connection, job_id),
        lambda: jobs.fail(connection, job_id, code="x", message="y"),
        lambda: jobs.progress(connection, job_id, done=5),
    ):
        with pytest.raises(TierwiseError, match="is done, not running"):
            late()


def test_failed_job_says_why(connection: Connection) -> None:
    job_id = begin(connection)
    jobs.fail(connection, job_id, code="disk_full", message="no space left", place="orders.csv:7")
    found = jobs.get(connection, job_id)
    assert found.state == "failed"
    assert found.error == {"code": "disk_full", "message": "no space left", "place": "orders.csv:7"}


def test_cancelling_is_seen_by_the_job(connection: Connection) -> None:
    job_id = begin(connection)
    assert jobs.is_cancel_requested(connection, job_id) is False
    assert jobs.request_cancel(connection, job_id) is True
    assert jobs.is_cancel_requested(connection, job_id) is True
    assert jobs.progress(connection, job_id, done=5) is True
    jobs.cancelled(connection, job_id)
    assert jobs.get(connection, job_id).state == "cancelled"
    assert jobs.request_cancel(connection, job_id) is False


def test_queued_job_is_cancelled_at_once(connection: Connection) -> None:
    row = {"kind": "run", "state": "queued", "principal": "ann", "title": "", "queued_at": jobs.utc_now()}
    job_id = connection.execute(job.insert().values(row).returning(job.c.id)).scalar_one()
    assert jobs.request_cancel(connection, job_id) is True
    assert jobs.get(connection, job_id).state == "cancelled"


def test_unknown_job_is_told(connection: Connection) -> None:
    for ask in (
        lambda: jobs.get(connection, 0),
        lambda: jobs.finish(connection, 0),
        lambda: jobs.request_cancel(connection, 0),
    ):
        with pytest.raises(TierwiseError) as caught:
            ask()
        assert caught.value.code == "unknown_job"


def test_list_is_newest_first_and_filtered(connection: Connection) -> None:
    first, second, third = begin(connection), begin(connection), begin(connection)
    jobs.finish(connection, second)
    assert [each.id for each in jobs.list_jobs(connection)] == [third, second, first]
    assert [each.id for each in jobs.list_jobs(connection, states=jobs.OPEN_STATES)] == [third, first]
    assert [each.id for each in jobs.list_jobs(connection, kind="import", limit=1)] == [third]
    assert jobs.list_jobs(connection, kind="run") == []


def test_job_of_a_killed_process_is_marked_and_a_living_one_is_not(database: Engine) -> None:
    url = database.url.render_as_string(hide_password=False)
    with (
        jobs.running(database, "run", principal="ann", title="") as living,
        subprocess.Popen(
            [sys.executable, "-c", DIE, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdout is not None
        dying = int(process.stdout.readline())
        with database.begin() as connection:
            assert jobs.mark_crashed(connection) == []
        process.kill()
        process.wait()
        marked: list[int] = []
        while not marked:  # until the server has noticed that the client is gone
            with database.begin() as connection:
                marked = jobs.mark_crashed(connection)
        assert marked == [dying]
        with database.begin() as connection:
            assert jobs.get(connection, dying).state == "crashed"
            assert jobs.get(connection, living).state == "running"
            jobs.finish(connection, living)
    with database.begin() as connection:
        assert jobs.mark_crashed(connection) == []
        assert jobs.get(connection, living).state == "done"
