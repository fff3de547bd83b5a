"""The worker: makes what is due into jobs every minute, and does the jobs of the queue, one at a time.

Stopped in order (SIGTERM, Ctrl-C, `stop`), it ends the job in hand at its next step and gives it back to the queue.
Killed, it leaves a job that the next tick of any worker takes up again: a run is all or nothing, so it begins anew.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import procrastinate
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker as QueueWorker
from psycopg import OperationalError as DriverError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from tierwise.app import scheduled_run, ticking
from tierwise.app.context import Context
from tierwise.app.customer_copies import renew_copies_aside
from tierwise.app.database_lost import LOST, lost
from tierwise.app.keeping_up import keeping_up
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.state import presence, queue
from tierwise.state.locks import lock_key

GRACE_SECONDS = 3
"""How long a job in hand may go on as if nothing were, once the worker was asked to stop."""

BACK_SECONDS = 10
"""How long a worker inside a server waits before it looks for a lost database again."""

LOOK_SECONDS = 3
"""How often an idle worker sees whether the database is still there: pages show nothing until it is back."""

WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=25))
"""How long a job that failed waits before it begins again, by how often it has."""

_FOREVER = 10.0**9


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one job. state: done, not_needed, failed, retry (it failed and begins again later), stopped.

    run_id: of the run that was made. code, message: why it failed.
    """

    schedule: str
    as_of: date
    state: str
    run_id: int | None = None
    code: str | None = None
    message: str | None = None


class Worker:
    """One worker of this home. `run` it once; `stop` it from any thread."""

    def __init__(
        self,
        ctx: Context,
        *,
        now: Callable[[], datetime] = clock.utc_now,
        waits: tuple[timedelta, ...] = WAITS,
        apply_seconds: float = 0,
    ) -> None:
        """now: the clock that ticks go by. waits: before each time that a failed job begins again. apply_seconds: after
        how many events are applied again; 0: not by this worker."""
        self._apply_seconds = apply_seconds
        self._ctx = self._copying = ctx
        self._now = now
        self._again = _Again(now, waits)
        self._outcomes: list[Outcome] = []
        self._stopping = threading.Event()
        self._queue_worker: QueueWorker | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()

    def run(self, *, once: bool = False) -> tuple[Outcome, ...]:
        """Work until stopped; once: until nothing is due that was not due at the beginning. What became of the jobs.

        In the main thread, SIGINT and SIGTERM stop it. Raises `database_lost`.
        """
        _leave_reporting_to_us()
        try:
            with (
                presence.present(self._ctx.database, "worker") as here,
                self._ctx.holding_copies() as self._copying,
                keeping_up(self._ctx, 0 if once else self._apply_seconds),
            ):
                asyncio.run(self._main(_Here(here), once))
                if once and self._copying.copies is not None:
                    self._copying.copies.wait()
        except (ConnectorException, DriverError, *LOST) as error:
            raise lost() from error
        return tuple(self._outcomes)

    def stop(self) -> None:
        """Ask the worker to end; from any thread, before or while it runs."""
        self._stopping.set()
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._stop_in_loop)

    def _stop_in_loop(self) -> None:
        self._stopping.set()
        self._wake.set()
        if self._queue_worker is not None:
            self._queue_worker.stop()  # type: ignore[no-untyped-call]

    async def _main(self, here: _Here, once: bool) -> None:
        self._loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._loop.add_signal_handler(number, self._stop_in_loop)
        connector = procrastinate.PsycopgConnector(**_address(self._ctx.database))
        app = procrastinate.App(connector=connector)
        app.job_manager = _Manager(connector, here, self._wake)
        app.task(name="run", queue=queue.QUEUE, pass_context=True, retry=self._again)(self._do)
        async with app.open_async():
            await (self._until_done(app, here) if once else self._until_stopped(app, here))

    async def _until_done(self, app: procrastinate.App, here: _Here) -> None:
        now = self._now()
        ended = -1
        while not self._stopping.is_set() and ended < len(self._outcomes):
            ended = len(self._outcomes)
            await asyncio.to_thread(self._tick, here, now)
            await self._work(app, wait=False)

    async def _until_stopped(self, app: procrastinate.App, here: _Here) -> None:
        working = asyncio.create_task(self._work(app, wait=True))
        ticking_on = asyncio.create_task(self._keep_ticking(here))
        try:
            await asyncio.wait({working, ticking_on}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stop_in_loop()
            results = await asyncio.gather(working, ticking_on, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _work(self, app: procrastinate.App, *, wait: bool) -> None:
        self._queue_worker = QueueWorker(
            app,
            queues=[queue.QUEUE],
            name=None,
            wait=wait,
            delete_jobs="always",
            shutdown_graceful_timeout=GRACE_SECONDS,
            install_signal_handlers=False,
            stalled_worker_timeout=_FOREVER,  # who is dead is told by locks, not by silence
        )
        if self._stopping.is_set():
            return
        await self._queue_worker.run()  # type: ignore[no-untyped-call]
        if wait and not self._stopping.is_set():
            raise lost()  # it gives up by itself only where it cannot reach the queue

    async def _keep_ticking(self, here: _Here) -> None:
        """Tick now, at the turn of every minute, and when a job has ended."""
        while not self._stopping.is_set():
            self._wake.clear()
            now = self._now()
            await asyncio.to_thread(self._tick, here, now)
            await self._rest(here, 60 - now.second)

    async def _rest(self, here: _Here, seconds: float) -> None:
        """Until so many seconds are over or a job has ended; meanwhile the database is looked at."""
        while seconds > 0 and not self._wake.is_set():
            step = min(seconds, LOOK_SECONDS)
            try:
                await asyncio.wait_for(self._wake.wait(), step)
            except TimeoutError:
                await asyncio.to_thread(here.look)
            seconds -= step

    def _tick(self, here: _Here, now: datetime) -> None:
        here.look()
        ticked = ticking.tick(self._ctx, now)
        for name in ticked.taken_up:
            self._ctx.note(f"{name}: its worker died; it begins again")
        for name in ticked.given_up:
            self._ctx.note(f"{name}: given up: its worker died {queue.MOST_ATTEMPTS} times")
        for name in ticked.skipped:
            self._ctx.note(f"{name}: missed due times were skipped")

    def _do(self, context: procrastinate.JobContext, *, schedule: str, due_at: str, as_of: str) -> None:
        """One job of the queue, in a thread of its own."""
        day, due = date.fromisoformat(as_of), datetime.fromisoformat(due_at)
        late = self._now() - due > ticking.MISSED_AFTER
        try:
            view = scheduled_run.carry_out(
                self._ctx, schedule, due_at=due, as_of=day, late=late, asked_to_stop=context.should_abort
            )
        except BaseException as error:
            code, message = "failed", type(error).__name__
            if isinstance(error, TierwiseError):
                code, message = error.code, error.message
            state = "stopped" if code == scheduled_run.STOPPED else "failed"
            if state == "failed" and self._again.decide(error, context.job.attempts) is not None:
                state = "retry"
            self._tell(Outcome(schedule, day, state, code=code, message=message))
            if state == "stopped":
                raise JobAborted from error
            raise
        self._tell(Outcome(schedule, day, "done" if view else "not_needed", view.id if view else None))
        renew_copies_aside(self._copying)

    def _tell(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        run = f", run {outcome.run_id}" if outcome.run_id else ""
        why = f": {outcome.message}" if outcome.message else ""
        self._ctx.note(f"{outcome.schedule}: as of {outcome.as_of}: {outcome.state.replace('_', ' ')}{run}{why}")


@contextmanager
def beside(ctx: Context, *, apply_seconds: float = 0, revive: Callable[[], object] = lambda: None) -> Iterator[None]:
    """A worker in a thread while the block runs; where the database is lost, it looks for it again.

    revive: starts a database that is ours to start and has gone.
    """
    over = threading.Event()
    at_work: list[Worker] = []

    def keep_working() -> None:
        while not over.is_set():
            worker = Worker(ctx, apply_seconds=apply_seconds)
            at_work[:] = [worker]
            if over.is_set():
                return
            try:
                worker.run()
            except TierwiseError as error:
                ctx.note(f"worker: {error.message}")
                if not over.wait(BACK_SECONDS):
                    with suppress(TierwiseError):
                        revive()

    thread = threading.Thread(target=keep_working, name="tierwise worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        for worker in at_work:
            worker.stop()
        thread.join()


class _Here:
    """The connection that says that this worker lives; for several threads, one at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._one_at_a_time = threading.Lock()

    def look(self) -> None:
        """See that it is still there. Raises `database_lost`."""
        self._execute("select 1", {})

    def hold(self, name: str) -> None:
        """Take the lock of that name until the worker ends. Raises `database_lost`."""
        self._execute("select pg_advisory_lock(:key)", {"key": lock_key(name)})

    def _execute(self, statement: str, values: dict[str, int]) -> None:
        with self._one_at_a_time:
            try:
                self._connection.execute(text(statement), values)
            except SQLAlchemyError as error:
                raise lost() from error


class _Manager(JobManager):
    """The queue's door, which also says by a lock that its worker lives, and wakes the tick when a job has ended."""

    def __init__(self, connector: procrastinate.PsycopgConnector, here: _Here, wake: asyncio.Event) -> None:
        super().__init__(connector)
        self._here = here
        self._wake = wake

    async def register_worker(self) -> int:
        worker_id = await super().register_worker()
        await asyncio.to_thread(self._here.hold, queue.worker_lock(worker_id))
        return worker_id

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        await super().finish_job(job, status, delete_job)
        self._wake.set()


class _Again(BaseRetryStrategy):
    """Begin again what may pass, after the next of the waits; what was stopped, at once."""

    def __init__(self, now: Callable[[], datetime], waits: tuple[timedelta, ...]) -> None:
        self._now = now
        self._waits = waits

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        return self.decide(exception, job.attempts)

    def decide(self, error: BaseException, attempts: int) -> RetryDecision | None:
        """attempts: how often the job was begun before this time."""
        if isinstance(error, JobAborted):
            return RetryDecision(retry_at=self._now())
        if attempts >= len(self._waits) or not scheduled_run.may_pass(error):
            return None
        return RetryDecision(retry_at=self._now() + self._waits[attempts])


def _address(database: Engine) -> dict[str, Any]:
    """Where the queue's own connections go: to the same database, with the same password."""
    _, parts = database.dialect.create_connect_args(database.url)
    settings = {"application_name": "tierwise", "connect_timeout": 10, "options": "-c timezone=UTC"}
    return {"min_size": 1, "max_size": 4, "kwargs": {**parts, **settings}}


def _leave_reporting_to_us() -> None:
    """The libraries' own logs repeat errors with their messages, which may hold somebody's data."""
    for name in ("procrastinate", "psycopg.pool"):
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
