"""The demo's frontline: two service advisors with tasks, one of whom may sign in, and the manager of their store."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tierwise.app import people, task_making, tasks
from tierwise.app.task_reading import business_day
from tierwise.app.task_views import TaskOrder
from tierwise.definitions.rule import All, Comparison, InSegment

if TYPE_CHECKING:
    from tierwise.app.context import Context

ADVISORS = ("E00001", "E00002")
"""Of the made-up dealer group: both serve at the first store."""

STORE = "S001"

ADVISOR, MANAGER = "advisor", "manager"
"""By these names they sign in."""

OF_ADVISOR = "顾问编号"
"""The header of the made-up customers' file that says whose a customer is."""


def make_demo_tasks(ctx: Context) -> int:
    """A few dozen tasks from the template's segments, some of them done; how many."""
    people.add(ctx, ADVISOR, role="advisor", staff_id=ADVISORS[0])
    people.add(ctx, MANAGER, role="operator", stores=(STORE,))
    today = business_day(ctx)
    theirs = Comparison(attribute=OF_ADVISOR, op="in", value=ADVISORS)
    orders = (
        TaskOrder(
            rule=All(all=(InSegment(segment="service_due_now"), theirs)),
            title="保养邀约；Service invitation",
            script="您的爱车到保养时间了，这周六上午有空位，帮您留一个吗？；"
            "Your car is due for service. There is a place free on Saturday morning: shall I keep it for you?",
            about="保养该来了；Service due now",
        ),
        TaskOrder(
            rule=All(all=(InSegment(segment="trade_in_candidates"), theirs)),
            title="置换邀约；Trade-in invitation",
            script="您的车现在置换有补贴，我先帮您估个价？；"
            "There is a subsidy for trading your car in now. Shall I estimate its value first?",
            about="置换潜客；Trade-in candidates",
            due_on=today + timedelta(days=3),
        ),
    )
    made = sum(task_making.make_tasks(ctx, order).counts.made for order in orders)
    taps: tuple[tuple[tasks.Tap, int | None], ...] = (("appointment", None), ("no_answer", 1), ("reached", None))
    first = tasks.list_tasks(ctx, assignee=ADVISORS[0], limit=len(taps)).rows
    for task, (tap, days) in zip(first, taps, strict=False):
        tasks.act(ctx, task.id, tap, again_on=None if days is None else today + timedelta(days=days))
    return made
