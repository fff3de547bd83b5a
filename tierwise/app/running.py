"""Runs: facts + definitions + a date -> a profile, recorded and flipped in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from tierwise.app import live_customers, under_way
from tierwise.app.context import Context
from tierwise.app.customer_copies import renew_copies_aside
from tierwise.app.decided import copy_decided
from tierwise.app.defining import current_definitions, ensure_initialised
from tierwise.app.run_views import IN_ALL, view_of
from tierwise.app.views import RunView
from tierwise.engine import software
from tierwise.engine.build import Built, build
from tierwise.engine.execute import Inputs
from tierwise.engine.incremental import Base
from tierwise.engine.plan import HISTORY, SNAPSHOTS
from tierwise.engine.spark_build import build_on_spark
from tierwise.engine.spark_session import require_master, require_spark
from tierwise.facts.contract import WHO_IS_WHO
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, jobs, lake_tables, runs, traits
from tierwise.state.locks import HOME_WRITE, held
from tierwise.state.memberships import TELLING

Progress = Callable[[int, int | None, str], None]


def no_progress(done: int, total: int | None, message: str) -> None:
    """For those who do not watch."""


def run(
    ctx: Context,
    as_of: date | None = None,
    *,
    full: bool = False,
    progress: Progress = no_progress,
    began: Callable[[int], None] = lambda job_id: None,
) -> RunView:
    """Compute everybody's profile as of a day and make it the current one.

    as_of: the last day that is seen; yesterday where it is None, since today is not over. A run that fails leaves
    the current one as it is. Waits for an import or another run that is under way. Audited. The view's `notes` say
    what is odd about the day. Raises `no_facts`.

    Customers of whom no fact has changed since the newest run of that day or one before it keep the metrics of that
    run, where it can be told (`engine/incremental.py`); the outcome is that of computing everybody. full: compute
    everybody all the same.

    Where the context says so, the steps are executed on Spark, of everybody. The outcome is the same. Raises
    `spark_missing`, `spark_unavailable`, `spark_failed`.

    began: told the job's number, before anything is computed.
    """
    ctx.principal.require("run")
    if ctx.spark is not None:
        require_spark()
        require_master(ctx.spark.master)
    ensure_initialised(ctx)
    with held(ctx.database, HOME_WRITE):
        copy_decided(ctx)
        inputs, versions = _inputs(ctx, as_of, full)
        title = f"run as of {inputs.as_of}"
        with (
            jobs.running(ctx.database, "run", principal=ctx.principal.name, title=title, unit="steps") as job_id,
            runs.running(
                ctx.database,
                inputs.as_of,
                definitions=versions,
                inputs=inputs.versions,
                job_id=job_id,
                software=software.mark(),
                previous_tags=inputs.previous_tags,
            ) as run_id,
        ):
            started = clock.monotonic_seconds()
            began(job_id)
            try:
                built = _build(ctx, inputs, job_id, progress)
                _finish(ctx, run_id, job_id, inputs, built, started)
            except BaseException as error:
                _fail(ctx, run_id, job_id, error)
                raise
    with ctx.database.connect() as connection:
        view = view_of(runs.get(connection, run_id))
    notes = _notes(view, clock.today(clock.zone(inputs.project.timezone)))
    return replace(view, notes=(*built.notes, *notes))


def start_run(ctx: Context, as_of: date | None = None, *, full: bool = False) -> int | None:
    """Begin a run that goes on by itself; the number of its job, None where it waits for an import or another run.

    Raises what `run` raises before it begins; the rest stands in the job. For a process that serves.
    """
    ctx.principal.require("run")

    def work(began: Callable[[int], None]) -> None:
        run(ctx, as_of, full=full, began=began)
        renew_copies_aside(ctx)

    return under_way.begin(work, "run")


def _notes(view: RunView, today: date) -> tuple[str, ...]:
    notes = []
    if view.as_of > today:
        notes.append(f"{view.as_of} is in the future: silence counts days yet to come, and history leaves it out")
    if not view.counts["customers"] and not view.counts["orders"]:
        notes.append(f"nobody and no order is known as of {view.as_of}: look at the day, and at what was imported")
    return tuple(notes)


def base_of(run: runs.Run | None, versions: Mapping[str, int], previous_tags: int | None) -> Base | None:
    """What an earlier run lends to one by these definitions (`kind name` -> version); None where it can lend nothing.

    The project says what a day is and which windows are counted, and other software may mean something else by a name:
    both must be the same.
    """
    if run is None or run.outputs is None or run.software != software.mark():
        return None
    then: dict[str, int] = dict(run.definitions)
    if _of_project(then) != _of_project(versions):
        return None
    same = then == dict(versions) and run.previous_tags == previous_tags
    return Base(run.id, run.as_of, run.inputs, run.outputs, same_definitions=same)


def _of_project(versions: Mapping[str, int]) -> dict[str, int]:
    return {label: version for label, version in versions.items() if label.startswith("project ")}


def _inputs(ctx: Context, as_of: date | None, full: bool) -> tuple[Inputs, dict[str, int]]:
    with ctx.database.begin() as connection:
        runs.mark_crashed(connection)
        jobs.mark_crashed(connection)
        definitions = current_definitions(connection)
        recorded = lake_tables.versions(connection)
        known_traits = traits.list_traits(connection)
        day = as_of or clock.today(clock.zone(definitions.project.timezone)) - timedelta(days=1)
        before = runs.newest_before(connection, day)
        nearest = None if full else runs.newest_until(connection, day)
    previous_tags = None if before is None else (before.outputs or {}).get("tags")
    facts = {name: version for name, version in recorded.items() if name not in (*SNAPSHOTS, HISTORY, *WHO_IS_WHO)}
    if not facts:
        raise TierwiseError("no_facts", "there is nothing to run on", remedy="tierwise import FILE --as orders")
    for name in (*SNAPSHOTS, HISTORY):
        ctx.lake.heal(name, recorded.get(name))
    return (
        Inputs(
            as_of=day,
            definitions=definitions.of_profile,
            project=definitions.project,
            versions=facts,
            traits={trait.column_name: trait.type for trait in known_traits},
            trait_labels={trait.column_name: trait.name for trait in known_traits},
            previous_tags=previous_tags,
            history=recorded.get(HISTORY),
            remember=day <= clock.today(clock.zone(definitions.project.timezone)),
            base=base_of(nearest, definitions.versions, previous_tags),
        ),
        definitions.versions,
    )


def _build(ctx: Context, inputs: Inputs, job_id: int, progress: Progress) -> Built:
    def watch(done: int, total: int, step: str) -> None:
        progress(done, total, step)
        with ctx.database.begin() as state:
            if jobs.progress(state, job_id, done=done, total=total, message=step):
                raise TierwiseError("cancelled", "the run was cancelled; the current run stays")

    connection = ctx.duckdb()
    try:
        if ctx.spark is not None:
            return build_on_spark(connection, ctx.lake, inputs, watch, ctx.spark, ctx.scratch)
        return build(connection, ctx.lake, inputs, watch)
    except RuntimeError as error:
        if str(error) == "Query interrupted":  # so DuckDB tells of Ctrl-C
            raise KeyboardInterrupt from error
        raise
    finally:
        connection.close()


def _finish(ctx: Context, run_id: int, job_id: int, inputs: Inputs, built: Built, started: float) -> None:
    """Make it the current run, and tell who has entered and left."""
    counts, base = built.counts, None
    if built.borrowed is not None:
        base = built.borrowed.base.run_id
        counts = {**counts, "touched": built.borrowed.customers}
    with held(ctx.database, TELLING):
        record = live_customers.of_run(ctx, run_id, inputs, built)
        timings = {**built.timings, IN_ALL: round(clock.monotonic_seconds() - started, 3)}
        with ctx.database.begin() as connection:
            lake_tables.set_versions(connection, built.outputs, job_id=job_id)
            runs.finish_and_flip(
                connection, run_id, outputs=built.outputs, counts=counts, timings=timings, base_run_id=base
            )
            record(connection)
            steps = len(built.timings)
            jobs.progress(connection, job_id, done=steps, total=steps, message="done")
            jobs.finish(connection, job_id, {"run_id": run_id})
            audit.write(connection, ctx.principal.name, "run", f"run {run_id}", counts)


def _fail(ctx: Context, run_id: int, job_id: int, error: BaseException) -> None:
    said: dict[str, Any] = {"code": "interrupted", "message": f"{type(error).__name__}"}
    if isinstance(error, TierwiseError):
        said = {"code": error.code, "message": error.message, "place": error.place}
    elif isinstance(error, Exception):
        said = {"code": "failed", "message": f"{type(error).__name__}: {error}"[:2000]}
    with ctx.database.begin() as connection:
        runs.fail(connection, run_id, **said)
        if said["code"] == "cancelled":
            jobs.cancelled(connection, job_id)
        else:
            jobs.fail(connection, job_id, **said)
