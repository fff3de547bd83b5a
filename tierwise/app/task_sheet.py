"""Tasks and advisors' numbers as sheets to take away. Names, phones and notes stay in the house."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tierwise.app.context import Context
from tierwise.app.sheet import Asked
from tierwise.app.task_numbers import AdvisorRow, advisors
from tierwise.app.task_views import KIND_TITLES, OUTCOME_TITLES, OUTCOMES, STATE_TITLES, TaskView
from tierwise.app.tasks import MOST, list_tasks

COLUMNS = (
    "task", "customer_id", "kind", "title", "why", "state", "outcome", "due_on", "overdue_days", "staff_id", "whose",
    "store_id", "tries", "author", "at", "closed_at", "closed_by",
)  # fmt: skip

TAKES = ("assignee", "due", "kind", "state", "outcome", "origin")

OF_ADVISORS = (
    "staff_id", "whose", "open_tasks", "overdue", "due_today", "done_tasks",
    *(f"outcome_{outcome}" for outcome in OUTCOMES), "dropped", "answered_rate", "first_act_hours", "ordered_after",
    "of_customers", "leads", "leads_contacted", "lead_hours",
)  # fmt: skip

_MOST_ROWS = 100_000


def rows(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    """As the page narrows them: state `all` for those of every state."""
    wanted: dict[str, Any] = {name: asked[name] for name in TAKES if name in asked}
    if wanted.get("state") == "all":
        wanted["state"] = None
    found: list[TaskView] = []
    while len(found) < _MOST_ROWS:
        page = list_tasks(ctx, **wanted, offset=len(found), limit=MOST)
        found += page.rows
        if len(found) >= page.of or not page.rows:
            break
    return [_task_row(each) for each in found]


def advisors_rows(ctx: Context, asked: Asked) -> list[dict[str, Any]]:
    """One advisor each, with a column for each outcome."""
    return [_advisor_row(each) for each in advisors(ctx).rows]


def _task_row(each: TaskView) -> dict[str, Any]:
    told = {name: getattr(each, name) for name in COLUMNS if hasattr(each, name)}
    return told | {
        "task": each.id,
        "why": each.reason,
        "kind": KIND_TITLES[each.kind],
        "state": STATE_TITLES[each.state],
        "outcome": None if each.outcome is None else OUTCOME_TITLES[each.outcome],
        "staff_id": each.assignee.id if each.assignee is not None else None,
        "whose": each.assignee.title if each.assignee is not None else None,
        "store_id": each.store,
    }


def _advisor_row(row: AdvisorRow) -> dict[str, Any]:
    assignee = row.assignee
    told = {name: value for name, value in asdict(row).items() if name in OF_ADVISORS}
    told |= {"staff_id": assignee.id if assignee else None, "whose": assignee.title if assignee else None}
    told |= {"open_tasks": row.open, "done_tasks": row.done}
    told |= {"ordered_after": row.ordered, "of_customers": row.ordered_of}
    return told | {f"outcome_{outcome}": row.outcomes.get(outcome, 0) for outcome in OUTCOMES}
