"""Jobs: how far they are, and asking one to stop."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from tierwise.api import examples
from tierwise.api.bodies import Cancelled, JobBody, Jobs
from tierwise.api.context import Asked
from tierwise.api.problems import problem_responses
from tierwise.app import jobs as use_cases

router = APIRouter(tags=["jobs"])

LARGEST_PAGE = 1000


@router.get("/jobs", operation_id="jobs", responses=examples.ok(examples.JOBS) | problem_responses())
def jobs(ctx: Asked, limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 20) -> Jobs:
    """The newest jobs first: imports and runs, from whatever door."""
    return Jobs(jobs=tuple(JobBody.model_validate(job) for job in use_cases.jobs(ctx, limit=limit)))


@router.get("/jobs/{job_id}", operation_id="job", responses=examples.ok(examples.JOBS.jobs[0]) | problem_responses(404))
def job(ctx: Asked, job_id: Annotated[int, Path(ge=1, le=2**31 - 1)]) -> JobBody:
    """One job as it stands."""
    return JobBody.model_validate(use_cases.job(ctx, job_id))


@router.post(
    "/jobs/{job_id}/cancel",
    operation_id="cancel_job",
    responses=examples.ok(examples.CANCELLED) | problem_responses(403, 404),
)
def cancel_job(ctx: Asked, job_id: Annotated[int, Path(ge=1, le=2**31 - 1)]) -> Cancelled:
    """Ask a job to stop. It ends soon after and leaves nothing half-done."""
    return Cancelled(id=job_id, asked=use_cases.cancel(ctx, job_id))
