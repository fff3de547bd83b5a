"""Tasks of the house's people about single customers: made, seen, done, taken back, given to others."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from tierwise.api import examples
from tierwise.api import task_bodies as bodies
from tierwise.api.context import Asked
from tierwise.api.problems import problem_responses
from tierwise.app import task_giving, task_making, task_numbers, tasks
from tierwise.app.task_numbers import DAYS, ORDER_DAYS, AdvisorsView
from tierwise.app.task_views import MyTasks, Reassigned, TaskOrder, TaskPage, TaskPreview, TasksMade, TaskView
from tierwise.definitions.read import parse_rule
from tierwise.kernel.errors import TierwiseError

router = APIRouter(tags=["tasks"])

TaskId = Annotated[int, Path(ge=1, le=2**63 - 1)]


def _order(body: bodies.TaskOrderRequest) -> TaskOrder:
    rule = None if body.rule is None else parse_rule(body.rule, "rule")
    given = body.model_dump(exclude={"rule", "people", "key"})
    return TaskOrder(**given, rule=rule, people=tuple(body.people))


@router.get("/tasks", operation_id="tasks", responses=examples.ok(bodies.PAGE) | problem_responses(403))
def list_tasks(
    ctx: Asked,
    assignee: Annotated[str | None, Query(max_length=200, description="empty: nobody's yet")] = None,
    due: bodies.Due | None = None,
    kind: bodies.Kind | None = None,
    state: Annotated[bodies.State | None, Query(description="all states with `all=true`")] = "open",
    everything: Annotated[bool, Query(alias="all", description="of every state")] = False,
    outcome: bodies.Outcome | None = None,
    batch: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=0, le=tasks.MOST)] = 50,
) -> TaskPage:
    """Tasks that one may see: an advisor their own, who sees some stores those of these."""
    return tasks.list_tasks(
        ctx,
        assignee=assignee,
        due=due,
        kind=kind,
        state=None if everything else state,
        outcome=outcome,
        batch_id=batch,
        offset=offset,
        limit=limit,
    )


@router.get("/tasks/mine", operation_id="my_tasks", responses=examples.ok(bodies.MINE) | problem_responses(403))
def mine(ctx: Asked) -> MyTasks:
    """One's own: overdue, due today, soon, and those done lately."""
    return tasks.my_tasks(ctx)


@router.get(
    "/tasks/advisors", operation_id="task_advisors", responses=examples.ok(bodies.ADVISORS) | problem_responses(403)
)
def advisors(
    ctx: Asked,
    days: Annotated[int, Query(ge=1, le=3660)] = DAYS,
    order_days: Annotated[int, Query(ge=1, le=366)] = ORDER_DAYS,
) -> AdvisorsView:
    """Each advisor's numbers. That customers ordered after a task is not said to be because of it."""
    return task_numbers.advisors(ctx, days=days, order_days=order_days)


@router.get(
    "/tasks/assignees", operation_id="task_assignees", responses=examples.ok(bodies.WHO) | problem_responses(403)
)
def assignees(ctx: Asked) -> bodies.Assignees:
    """Who can be given tasks."""
    return bodies.Assignees(assignees=task_giving.assignees(ctx))


@router.post(
    "/tasks/preview", operation_id="preview_tasks", responses=examples.ok(bodies.PREVIEW) | problem_responses(403, 404)
)
def preview(ctx: Asked, body: bodies.TaskOrderRequest) -> TaskPreview:
    """How many tasks it would make, for whom, and who is left out; nothing is stored."""
    return task_making.preview_tasks(ctx, _order(body))


@router.post(
    "/tasks/batches",
    operation_id="make_tasks",
    status_code=201,
    responses=examples.ok(bodies.MADE, 201) | problem_responses(403, 404, 409),
)
def make(ctx: Asked, body: bodies.TaskOrderRequest) -> TasksMade:
    """Make them; who has an open task about the same is given none. Audited."""
    return task_making.make_tasks(ctx, _order(body), key=body.key)


@router.post(
    "/tasks",
    operation_id="make_task",
    status_code=201,
    responses=examples.ok(bodies.TASK, 201) | problem_responses(403, 404, 409),
)
def make_one(ctx: Asked, body: bodies.NewTaskRequest) -> TaskView:
    """One task for one customer. Audited."""
    return task_making.make_task(
        ctx,
        body.customer_id,
        kind=body.kind,
        title=body.title,
        script=body.script,
        due_on=body.due_on,
        priority=body.priority,
        assignee=body.assignee,
    )


@router.post(
    "/tasks/assignments",
    operation_id="assign_tasks",
    responses=examples.ok(bodies.GIVEN) | problem_responses(403, 404),
)
def assign(ctx: Asked, body: bodies.AssignRequest) -> Reassigned:
    """Give tasks, or all of one's, to others in turn. Audited."""
    if (body.tasks is None) == (body.all_of is None):
        raise TierwiseError("bad_value", "which tasks? `tasks` or `all_of`, one of them", place="tasks")
    if body.all_of is not None:
        return task_giving.hand_over(ctx, body.all_of, body.to)
    return task_giving.assign(ctx, body.tasks or (), body.to)


@router.get(
    "/tasks/customers/{customer_id:path}",
    operation_id="customer_tasks",
    responses=examples.ok(bodies.OfCustomer(tasks=(bodies.TASK,))) | problem_responses(403, 404),
)
def of_customer(
    ctx: Asked, customer_id: Annotated[str, Path(max_length=500, examples=["C000042"])]
) -> bodies.OfCustomer:
    """The tasks of one customer that one may see."""
    return bodies.OfCustomer(tasks=tasks.tasks_of_customer(ctx, customer_id))


@router.get("/tasks/{task_id}", operation_id="task", responses=examples.ok(bodies.TASK) | problem_responses(403, 404))
def one(ctx: Asked, task_id: TaskId) -> TaskView:
    """One task."""
    return tasks.one_task(ctx, task_id)


@router.get(
    "/tasks/{task_id}/history",
    operation_id="task_history",
    responses=examples.ok(bodies.CHANGES) | problem_responses(403, 404),
)
def history(ctx: Asked, task_id: TaskId) -> bodies.History:
    """Every change, by whom and when."""
    return bodies.History(changes=tasks.task_history(ctx, task_id))


@router.post(
    "/tasks/{task_id}/outcome",
    operation_id="act_on_task",
    responses=examples.ok(bodies.TASK) | problem_responses(403, 404, 409),
)
def act(ctx: Asked, task_id: TaskId, body: bodies.ActRequest) -> TaskView:
    """Say what came of it, or put it off. Audited."""
    return tasks.act(ctx, task_id, body.outcome, note=body.note, again_on=body.again_on, revision=body.revision)


@router.post(
    "/tasks/{task_id}/drop",
    operation_id="drop_task",
    responses=examples.ok(bodies.TASK) | problem_responses(403, 404, 409),
)
def drop(ctx: Asked, task_id: TaskId, body: bodies.DropRequest) -> TaskView:
    """Close one that is not to be done, with the reason. Audited."""
    return tasks.drop(ctx, task_id, reason=body.reason, revision=body.revision)


@router.post(
    "/tasks/{task_id}/undo",
    operation_id="undo_task",
    responses=examples.ok(bodies.TASK) | problem_responses(403, 404, 409),
)
def undo(ctx: Asked, task_id: TaskId, body: bodies.UndoRequest) -> TaskView:
    """Take the newest change back. Audited."""
    return tasks.undo(ctx, task_id, revision=body.revision)
