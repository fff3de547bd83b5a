"""Runs: those that were, and a new one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from tierwise.api import examples
from tierwise.api.bodies import RunRequest, Runs
from tierwise.api.context import Asked, RunPath
from tierwise.api.problems import problem_responses
from tierwise.app import running, showing
from tierwise.app.customer_copies import renew_copies_aside
from tierwise.app.views import RunView
from tierwise.kernel.errors import TierwiseError

router = APIRouter(tags=["runs"])

LARGEST_PAGE = 1000

_ALL = 2**31 - 1


@router.get("/runs", operation_id="runs", responses=examples.ok(examples.RUNS) | problem_responses())
def runs(ctx: Asked, limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50) -> Runs:
    """The newest runs first, failed ones too."""
    return Runs(runs=showing.runs(ctx, limit=limit))


@router.get("/runs/{run_id}", operation_id="run", responses=examples.ok(examples.RUN) | problem_responses(404))
def run(ctx: Asked, run_id: RunPath) -> RunView:
    """One run: what it saw, what it counted, how long each step took, or why it failed."""
    found = next((view for view in showing.runs(ctx, limit=_ALL) if view.id == run_id), None)
    if found is None:
        raise TierwiseError("unknown_run", f"there is no run {run_id}", remedy="GET /api/v1/runs lists them")
    return found


@router.post(
    "/runs",
    operation_id="start_run",
    status_code=201,
    responses=examples.ok(examples.RUN, 201) | problem_responses(403, 409),
)
def start_run(ctx: Asked, response: Response, asked: RunRequest | None = None) -> RunView:
    """Compute the profile as of a day. Answers when it is done; meanwhile GET jobs tells how far it is."""
    wanted = asked or RunRequest()
    view = running.run(ctx, as_of=wanted.as_of, full=wanted.full)
    renew_copies_aside(ctx)
    response.headers["location"] = f"/api/v1/runs/{view.id}"
    return view
