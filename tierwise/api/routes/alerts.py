"""What wants somebody's attention today."""

from __future__ import annotations

from fastapi import APIRouter

from tierwise.api import examples
from tierwise.api.context import Asked
from tierwise.api.problems import problem_responses
from tierwise.app import alerts as cases
from tierwise.app.alerts import Alert, Alerts
from tierwise.app.views import Label

router = APIRouter(tags=["runs"])

_ALERTS = Alerts(
    (Alert("tasks_overdue", True, Label("28 个任务已逾期", "28 tasks are overdue"), 28, "/tasks?tab=all&due=overdue"),)
)


@router.get("/alerts", operation_id="alerts", responses=examples.ok(_ALERTS) | problem_responses(403))
def alerts(ctx: Asked) -> Alerts:
    """Runs that failed, facts that no run has seen, KPIs off target, overdue tasks, refused rows, stages that moved,
    tags that drifted, and what has no strategy or owner; the urgent ones first."""
    return cases.alerts(ctx)
