"""`tierwise schedule` and `tierwise worker`: what runs by itself, when, and who does it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tierwise.app.scheduling import SchedulesView, ScheduleView

app = typer.Typer(help="Runs that happen by themselves.", no_args_is_help=True, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def add_to(top: typer.Typer) -> None:
    """Add these commands to the others."""
    top.add_typer(app, name="schedule")
    top.command("worker")(worker)


def worker(
    once: Annotated[bool, typer.Option("--once", help="Do what is due, and exit.")] = False,
    as_json: Json = False,
) -> None:
    """Do what is due, every minute, until stopped. Exits 1 where a job of --once failed."""
    from tierwise.bootstrap import work
    from tierwise.cli.door import FAILED, note, plain, tell
    from tierwise.cli.terminal import say

    if not once:
        note("working; Ctrl-C ends it")
    outcomes = work(once=once, note=note)
    said = f"{len(outcomes)} jobs" if outcomes else "nothing was due" if once else "stopped"
    tell({"jobs": plain(list(outcomes))}, as_json, lambda: say(said))
    if once and any(outcome.state in ("failed", "retry") for outcome in outcomes):
        raise SystemExit(FAILED)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Such as nightly.")],
    cron: Annotated[str, typer.Option(help='minute hour day month weekday: "30 2 * * *" is every night at 02:30.')],
    task: Annotated[str, typer.Option(help="run.")] = "run",
    days_before: Annotated[int, typer.Option(help="A run sees up to so many days before the day it is due.")] = 1,
    timezone: Annotated[str | None, typer.Option(help="Whose clock; else the project's.")] = None,
    missed: Annotated[str, typer.Option(help="catch_up or skip what was due while no worker was there.")] = "catch_up",
    as_json: Json = False,
) -> None:
    """Let something be done again and again."""
    from tierwise.app import scheduling
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        view = scheduling.add(ctx, name, cron, task=task, days_before=days_before, timezone=timezone, missed=missed)
    tell(view, as_json, lambda: print_one(view))


@app.command("list")
def list_(as_json: Json = False) -> None:
    """The schedules: when each is due, what became of its last job, what is overdue."""
    from tierwise.app import scheduling
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        found = scheduling.schedules(ctx)
    tell(found, as_json, lambda: print_all(found))


@app.command("remove")
def remove(name: str, as_json: Json = False) -> None:
    """Forget a schedule; a job of it that waits too."""
    from tierwise.app import scheduling
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import say

    with opened() as ctx:
        scheduling.remove(ctx, name)
    tell({"removed": name}, as_json, lambda: say(f"{name} is removed"))


@app.command("pause")
def pause(name: str, as_json: Json = False) -> None:
    """Let a schedule be due no more until it is resumed."""
    from tierwise.app import scheduling
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        view = scheduling.pause(ctx, name)
    tell(view, as_json, lambda: print_one(view))


@app.command("resume")
def resume(name: str, as_json: Json = False) -> None:
    """Let a paused schedule be due again; what was due meanwhile is not caught up."""
    from tierwise.app import scheduling
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        view = scheduling.resume(ctx, name)
    tell(view, as_json, lambda: print_one(view))


@app.command("run-now")
def run_now(name: str, as_json: Json = False) -> None:
    """Let a worker do it now, as if it were due."""
    from tierwise.app import scheduling
    from tierwise.cli.door import note, opened, tell
    from tierwise.cli.terminal import say

    with opened() as ctx:
        queued = scheduling.run_now(ctx, name)
    if not queued.workers:
        note("no worker is alive: `tierwise worker` or `tierwise serve` does it, `tierwise worker --once` now")
    tell(queued, as_json, lambda: say(f"{name}: a run as of {queued.as_of} waits for a worker"))


def print_one(view: ScheduleView) -> None:
    from tierwise.cli.terminal import say

    due = f"due {_local(view.next_due_at, view.timezone)}" if view.next_due_at else "paused"
    say(f'{view.name}: {view.task}, "{view.cron}" on the clock of {view.timezone}, {due}')


def print_all(found: SchedulesView) -> None:
    from tierwise.cli.door import note
    from tierwise.cli.language import told
    from tierwise.cli.terminal import say, table

    if not found.schedules:
        say('no schedule yet: tierwise schedule add nightly --cron "30 2 * * *"')
        return
    rows = []
    for view in found.schedules:
        last = view.last_job
        said = "" if last is None else f"job {last.id} {last.state}"
        why = told((last.error or {}).get("message", "")) if last else ""
        due = _local(view.next_due_at, view.timezone) if view.next_due_at else ""
        state = f"{view.state}, overdue" if view.overdue_since else view.state
        rows.append((view.name, view.task, view.cron, view.timezone, state, due, said, why))
    table("", ["schedule", "task", "cron", "clock", "state", "due", "last", ""], rows)
    if not found.workers:
        note("no worker is alive: run `tierwise worker`, or `tierwise serve`")


def _local(instant: datetime | None, timezone: str) -> str:
    from tierwise.kernel.clock import zone

    return f"{instant.astimezone(zone(timezone)):%Y-%m-%d %H:%M}" if instant else ""
