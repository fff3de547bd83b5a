"""Schedules: what runs by itself and when, what became of it, and whether anybody is there to do it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from tierwise.api import examples
from tierwise.api.context import Asked
from tierwise.api.problems import problem_responses
from tierwise.app import scheduling
from tierwise.app.scheduling import LastJob, Queued, SchedulesView, ScheduleView

router = APIRouter(tags=["schedules"])

Name = Annotated[str, Path(max_length=63, examples=["nightly"])]

SCHEDULE = ScheduleView(
    name="nightly",
    task="run",
    arguments={"days_before": 1},
    cron="30 2 * * *",
    timezone="Asia/Shanghai",
    missed="catch_up",
    enabled=True,
    state="idle",
    next_due_at=datetime(2026, 7, 1, 18, 30, tzinfo=UTC),
    last_due_at=datetime(2026, 6, 30, 18, 30, tzinfo=UTC),
    overdue_since=None,
    last_job=LastJob(12, "done", "run as of 2026-06-30", 9, 9, datetime(2026, 6, 30, 18, 31, tzinfo=UTC), None),
)
SCHEDULES = SchedulesView((SCHEDULE,), 1)
QUEUED = Queued("nightly", "2026-06-30", 1)


class NewSchedule(BaseModel):
    """What is to be done again and again. cron: minute hour day month weekday, on the clock of timezone.

    timezone: the project's where left out. days_before: a run sees up to so many days before the day on which it is
    due. missed: what becomes of what was due while no worker was there.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "nightly", "cron": "30 2 * * *", "missed": "catch_up"}}
    )

    name: str = Field(max_length=63)
    cron: str = Field(max_length=200)
    task: str = "run"
    days_before: int = 1
    timezone: str | None = None
    missed: str = "catch_up"


class Removed(BaseModel):
    """The name that is free again."""

    removed: str


@router.get("/schedules", operation_id="schedules", responses=examples.ok(SCHEDULES) | problem_responses())
def schedules(ctx: Asked) -> SchedulesView:
    """All schedules by name, and how many workers are alive."""
    return scheduling.schedules(ctx)


@router.post(
    "/schedules",
    operation_id="add_schedule",
    status_code=201,
    responses=examples.ok(SCHEDULE, 201) | problem_responses(403, 409),
)
def add_schedule(ctx: Asked, response: Response, new: NewSchedule) -> ScheduleView:
    """Let something be done again and again."""
    view = scheduling.add(
        ctx,
        new.name,
        new.cron,
        task=new.task,
        days_before=new.days_before,
        timezone=new.timezone,
        missed=new.missed,
    )
    response.headers["location"] = "/api/v1/schedules"
    return view


@router.delete(
    "/schedules/{name}",
    operation_id="remove_schedule",
    responses=examples.ok(Removed(removed="nightly")) | problem_responses(403, 404),
)
def remove_schedule(ctx: Asked, name: Name) -> Removed:
    """Forget a schedule, and a job of it that waits; a running one goes on."""
    scheduling.remove(ctx, name)
    return Removed(removed=name)


@router.post(
    "/schedules/{name}/run-now",
    operation_id="run_schedule_now",
    status_code=202,
    responses=examples.ok(QUEUED, 202) | problem_responses(403, 404, 409),
)
def run_now(ctx: Asked, name: Name) -> Queued:
    """Let a worker do it now, as if it were due; `workers` of them are alive. GET jobs tells how far it is."""
    return scheduling.run_now(ctx, name)


@router.post(
    "/schedules/{name}/{change}",
    operation_id="pause_or_resume_schedule",
    responses=examples.ok(SCHEDULE) | problem_responses(403, 404),
)
def pause_or_resume(ctx: Asked, name: Name, change: Literal["pause", "resume"]) -> ScheduleView:
    """Let it be due no more, or again from now on; what was due meanwhile is not caught up."""
    return scheduling.pause(ctx, name) if change == "pause" else scheduling.resume(ctx, name)
