"""Bodies about tasks: what is sent, and what the OpenAPI document shows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tierwise.app.task_numbers import AdvisorRow, AdvisorsView
from tierwise.app.task_views import (
    Assignee,
    ChangeView,
    MyTasks,
    Reassigned,
    Share,
    TaskCounts,
    TaskPage,
    TaskPreview,
    TasksMade,
    TaskView,
    Tier,
)
from tierwise.app.views import Label

Kind = Literal["call", "message", "visit", "other"]
State = Literal["open", "done", "dropped"]
Outcome = Literal["reached", "appointment", "bought", "no_answer", "refused", "wrong_number"]
Tap = Literal["reached", "appointment", "bought", "no_answer", "refused", "wrong_number", "later"]
Due = Literal["overdue", "today", "soon", "later"]

_ORDER: Any = {
    "rule": {"segment": "at_risk"}, "kind": "call", "title": "回店邀约", "script": "您的爱车该保养了",
    "due_on": "2026-07-10", "to": "advisor", "people": ["person:li"], "key": "july-at-risk",
}  # fmt: skip

_PEOPLE: list[str] = Field(default_factory=list, max_length=100, description="staff numbers or people, dealt in turn")
_REVISION = Field(None, ge=1, description="of the task as it was seen; the same tap twice is one")


class TaskOrderRequest(BaseModel):
    """For whom: a rule (a stored segment is `{segment: NAME}`, a list `{list: NAME}`), or an insight's list of who is
    due, asked with `parameters`.

    to: each customer's own advisor, `people` in turn, or the pool; with `advisor`, people get whom nobody advises. key:
    asked again with it, nothing is made twice.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _ORDER})

    rule: dict[str, Any] | None = None
    insight: Literal["due", "vehicle_due"] | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    kind: Kind = "call"
    title: str = Field("", max_length=200)
    script: str = Field("", max_length=2000)
    about: str = Field("", max_length=300, description="why, in words, of a rule that has no name")
    due_on: date | None = None
    priority: int = Field(2, ge=1, le=3)
    to: Literal["advisor", "people", "pool"] = "advisor"
    people: list[str] = _PEOPLE
    key: str | None = Field(None, max_length=200)


class NewTaskRequest(BaseModel):
    """One task. assignee: empty for the pool; the customer's own advisor where left out."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"customer_id": "C000042", "title": "送资料", "kind": "visit"}}
    )

    customer_id: str = Field(min_length=1, max_length=500)
    title: str = Field(min_length=1, max_length=200)
    kind: Kind = "call"
    script: str = Field("", max_length=2000)
    due_on: date | None = None
    priority: int = Field(2, ge=1, le=3)
    assignee: str | None = Field(None, max_length=200)


class ActRequest(BaseModel):
    """What came of it. again_on: with `no_answer` the task stays open and is due then; with `later` it is put off."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"outcome": "appointment", "note": "周六上午", "revision": 1}}
    )

    outcome: Tap
    note: str | None = Field(None, max_length=2000)
    again_on: date | None = None
    revision: Annotated[int | None, _REVISION] = None


class DropRequest(BaseModel):
    """Why it is not to be done."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"reason": "已搬走"}})

    reason: str = Field(max_length=2000)
    revision: Annotated[int | None, _REVISION] = None


class UndoRequest(BaseModel):
    """Which state of the task was seen."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"revision": 2}})

    revision: Annotated[int | None, _REVISION] = None


class AssignRequest(BaseModel):
    """Which tasks, or all open ones of one who leaves; to nobody where `to` is empty."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"tasks": [17, 18], "to": ["E00012"]}})

    tasks: list[int] | None = Field(None, max_length=500)
    all_of: str | None = Field(None, max_length=200)
    to: list[str] = _PEOPLE


class Assignees(BaseModel):
    """By number or name."""

    assignees: tuple[Assignee, ...]


class OfCustomer(BaseModel):
    """Open ones by due day, then closed ones."""

    tasks: tuple[TaskView, ...]


class History(BaseModel):
    """The newest first."""

    changes: tuple[ChangeView, ...]


_LI = Assignee("E00012", "李顾问", "service_advisor", "S001", 3)
_COUNTS = TaskCounts(found=120, left_out=1, closed=4, already=15, made=100, nobodys=6, without_phone=3)
_SHARES = (Share(_LI, 94), Share(None, 6))
TASK = TaskView(
    id=17,
    revision=1,
    customer_id="C000042",
    name="王小明",
    phone="13800000001",
    own=True,
    level=Tier("customer_level", Label("客户等级", "Customer level"), "A", Label("A 级", "A"), 0),
    stage=Tier("lifecycle_stage", Label("生命周期", "Lifecycle"), "maturity", Label("成熟", "maturity"), 2),
    kind="call",
    title="回店邀约",
    script="您的爱车该保养了",
    reason=Label("客群：有流失风险", "segment: At risk"),
    state="open",
    outcome=None,
    note="",
    priority=2,
    due_on=date(2026, 7, 10),
    overdue_days=0,
    assignee=_LI,
    store="S001",
    tries=0,
    author="person:boss",
    at=datetime(2026, 7, 1, 2, 30, tzinfo=UTC),
    closed_at=None,
    closed_by=None,
    batch_id=3,
    question=Label("家里有几台车？", "How many cars are there at home?"),
    undoable=False,
)
PAGE = TaskPage(date(2026, 7, 10), (TASK,), 1, 0)
MINE = MyTasks(date(2026, 7, 10), "E00012", (), (TASK,), (), 4, ())
PREVIEW = TaskPreview(_COUNTS, _SHARES, 7, date(2026, 6, 30))
MADE = TasksMade(3, "july-at-risk", _COUNTS, _SHARES, repeated=False)
GIVEN = Reassigned(2, 0, (Share(_LI, 2),))
WHO = Assignees(assignees=(_LI,))
CHANGES = History(
    changes=(
        ChangeView(
            1,
            "make",
            "person:boss",
            datetime(2026, 7, 1, 2, 30, tzinfo=UTC),
            {},
            {"due_on": "2026-07-10"},
            undone=False,
        ),
    )
)
ADVISORS = AdvisorsView(
    today=date(2026, 7, 10),
    days=30,
    order_days=14,
    facts_until=date(2026, 7, 9),
    rows=(
        AdvisorRow(
            assignee=_LI,
            open=12,
            overdue=2,
            due_today=3,
            done=40,
            dropped=1,
            answered=30,
            answered_rate=0.75,
            outcomes={"reached": 18, "appointment": 12, "no_answer": 10},
            first_act_hours=5.5,
            ordered=9,
            ordered_of=31,
            leads=14,
            leads_contacted=11,
            lead_hours=1.2,
        ),
    ),
)
