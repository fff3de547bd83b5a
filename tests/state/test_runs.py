"""Runs: one is current, flipped with the end of the next, and left alone by a run that fails."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import Connection, Engine, func, select

from tierwise.kernel.errors import TierwiseError
from tierwise.state import runs
from tierwise.state.schema import run


def begin(connection: Connection, day: int = 1) -> int:
    return runs.start(connection, date(2026, 3, day), definitions={"tier": {"value": 2}}, inputs={"orders": 4})


def finish(connection: Connection, run_id: int) -> None:
    runs.finish_and_flip(
        connection, run_id, outputs={"profile": run_id}, counts={"customers": 9}, timings={"stage_1_seconds": 0.5}
    )


def test_before_the_first_run_nothing_is_current(connection: Connection) -> None:
    begin(connection)
    assert runs.current(connection) is None


def test_finished_run_becomes_current_in_place_of_the_last(connection: Connection) -> None:
    first, second = begin(connection, 1), begin(connection, 2)
    finish(connection, first)
    finish(connection, second)
    found = runs.current(connection)
    assert found is not None
    assert (found.id, found.state, found.as_of) == (second, "done", date(2026, 3, 2))
    assert (found.inputs, found.outputs, found.counts) == ({"orders": 4}, {"profile": second}, {"customers": 9})
    kept = runs.get(connection, first)
    assert (kept.state, kept.current, kept.outputs) == ("done", False, {"profile": first})
    assert [each.id for each in runs.list_runs(connection)] == [second, first]


def test_failed_run_leaves_the_current_one(connection: Connection) -> None:
    first, second = begin(connection), begin(connection)
    finish(connection, first)
    runs.fail(connection, second, code="disk_full", message="no space left")
    found = runs.current(connection)
    assert found is not None
    assert found.id == first
    assert runs.get(connection, second).error == {"code": "disk_full", "message": "no space left", "place": None}


def test_run_that_has_ended_cannot_take_the_place_of_the_current_one(connection: Connection) -> None:
    first, second = begin(connection), begin(connection)
    finish(connection, first)
    runs.fail(connection, second, code="x", message="y")
    with pytest.raises(TierwiseError, match="is failed, not running"):
        finish(connection, second)
    with pytest.raises(TierwiseError) as caught:
        finish(connection, 0)
    assert caught.value.code == "unknown_run"
    found = runs.current(connection)
    assert found is not None
    assert found.id == first


def test_two_that_finish_at_once_leave_one_current(database: Engine) -> None:
    with database.begin() as connection:
        ids = [begin(connection) for _ in range(8)]

    def end(run_id: int) -> None:
        with database.begin() as connection:
            finish(connection, run_id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(end, ids))
    with database.begin() as connection:
        assert connection.scalar(select(func.count()).where(run.c.current)) == 1
        assert connection.scalar(select(func.count()).where(run.c.state == "done")) == 8


def test_reader_sees_the_old_run_until_the_new_one_is_committed(database: Engine) -> None:
    with database.begin() as connection:
        first, second = begin(connection), begin(connection)
        finish(connection, first)
    with database.connect() as writer, database.connect() as reader:
        finish(writer, second)
        seen = runs.current(reader)
        assert seen is not None
        assert seen.id == first
        reader.rollback()
        writer.commit()
        seen = runs.current(reader)
        assert seen is not None
        assert seen.id == second


def test_run_without_its_process_is_marked_crashed(database: Engine) -> None:
    with runs.running(database, date(2026, 3, 1), definitions={}, inputs={}) as living:
        with database.begin() as connection:
            dead = begin(connection)
        with database.begin() as connection:
            assert runs.mark_crashed(connection) == [dead]
            assert runs.get(connection, dead).state == "crashed"
            assert runs.get(connection, living).state == "running"
            finish(connection, living)
