"""Runs: recorded, flipped in one transaction, and harmless when they fail."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tierwise.app import exporting, running, showing
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.engine import build as building
from tierwise.engine.plan import HISTORY, SNAPSHOTS
from tierwise.engine.spark_session import SparkSettings
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, jobs, lake_tables, runs


def test_a_run_is_recorded_with_versions_counts_and_timings(retailer: Context) -> None:
    with retailer.database.connect() as connection:
        run = runs.current(connection)
        assert run is not None
        assert run.as_of == date(2026, 6, 30)
        assert run.definitions["rfm rfm"] == 1
        assert run.inputs["orders"] == lake_tables.versions(connection)["orders"]
        assert run.outputs == {name: lake_tables.versions(connection)[name] for name in (*SNAPSHOTS, HISTORY)}
        assert run.counts is not None
        assert run.counts["customers"] == 400
        assert "customer metrics" in (run.timings or {})
        written = audit.list_rows(connection, action="run")
        assert written[0].object == f"run {run.id}"
        assert written[0].principal == "test:operator"
        job = jobs.get(connection, run.job_id or 0)
        assert (job.state, job.kind) == ("done", "run")
        assert (job.done, job.message) == (job.total, "done")


def test_two_runs_of_the_same_inputs_export_the_same_bytes(retailer: Context, tmp_path: Path) -> None:
    first = running.run(retailer, date(2026, 6, 30))
    second = running.run(retailer, date(2026, 6, 30))
    of_all = [f"{table}.csv" for table in ("profile", "store_totals", "deciles", "rfm", "lifecycle", "activity")]
    for name in (*of_all, "profile.xlsx", "deciles.xlsx", "profile.parquet", "rfm.parquet"):
        paths = [tmp_path / f"{run.id}{name}" for run in (first, second)]
        for run, path in zip((first, second), paths, strict=True):
            assert exporting.export(retailer, name.partition(".")[0], path, run_id=run.id).rows > 0
        assert paths[0].read_bytes() == paths[1].read_bytes(), name


def test_a_run_on_spark_without_java_is_refused_and_not_recorded(
    retailer: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with retailer.database.connect() as connection:
        before = runs.list_runs(connection)
    with pytest.raises(TierwiseError, match="no Java") as caught:
        running.run(replace(retailer, spark=SparkSettings("local[1]")), date(2026, 6, 30))
    assert caught.value.code == "spark_missing"
    with retailer.database.connect() as connection:
        assert runs.list_runs(connection) == before


def test_a_failed_run_leaves_the_current_one(
    retailer: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = showing.overview(retailer)
    exporting.export(retailer, "profile", tmp_path / "before.csv")

    def break_after_writing(*arguments: object) -> None:
        raise OSError("the disk has gone")

    monkeypatch.setattr(building, "_counts", break_after_writing)
    with pytest.raises(OSError, match="the disk has gone"):
        running.run(retailer, date(2026, 6, 29))
    monkeypatch.undo()
    assert showing.overview(retailer) == before
    exporting.export(retailer, "profile", tmp_path / "after.csv")
    assert (tmp_path / "before.csv").read_bytes() == (tmp_path / "after.csv").read_bytes()
    failed = showing.runs(retailer)[0]
    assert (failed.state, failed.current) == ("failed", False)
    assert "the disk has gone" in (failed.error or {})["message"]
    with pytest.raises(TierwiseError) as caught:
        showing.rfm(retailer, failed.id)
    assert caught.value.code == "run_not_kept"
    again = running.run(retailer, date(2026, 6, 30))
    assert again.current


def test_a_cancelled_run_stops_and_changes_nothing(retailer: Context) -> None:
    before = showing.overview(retailer)

    def cancel(done: int, total: int | None, message: str) -> None:
        if message.startswith("rfm"):
            with retailer.database.begin() as connection:
                job = jobs.list_jobs(connection, states=["running"], kind="run")[0]
                assert jobs.request_cancel(connection, job.id)

    with pytest.raises(TierwiseError) as caught:
        running.run(retailer, date(2026, 6, 28), progress=cancel)
    assert caught.value.code == "cancelled"
    assert showing.overview(retailer) == before
    with retailer.database.connect() as connection:
        assert jobs.list_jobs(connection, kind="run")[0].state == "cancelled"


def test_who_may_not_run_is_refused_before_anything_happens(retailer: Context) -> None:
    before = showing.runs(retailer)
    with pytest.raises(TierwiseError) as caught:
        running.run(retailer.acting_as(Principal("test:reader", "reader")), date(2026, 6, 30))
    assert caught.value.code == "not_allowed"
    assert showing.runs(retailer) == before


def test_a_run_that_is_interrupted_inside_duckdb(retailer: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr(building, "_counts", interrupt)
    with pytest.raises(KeyboardInterrupt):
        running.run(retailer, date(2026, 6, 29))
    latest = showing.runs(retailer, 1)[0]
    assert (latest.state, (latest.error or {})["code"]) == ("failed", "interrupted")


ODD_DAYS = {
    date(1, 1, 1): "nobody and no order is known",
    date(2999, 1, 1): "is in the future",
    date(2024, 2, 29): None,
}


def test_an_odd_day_is_told(retailer: Context) -> None:
    try:
        told = {day: running.run(retailer, day).notes for day in ODD_DAYS}
    finally:
        running.run(retailer, date(2026, 6, 30))
    for day, notes in told.items():
        said = ODD_DAYS[day]
        of_history = [text for text in notes if text.startswith("history is recorded up to")]
        assert len(of_history) == (day < date(2026, 6, 30))
        assert [said in text for text in notes if said and text not in of_history] == ([True] if said else [])
        assert len(notes) - len(of_history) == (said is not None)
