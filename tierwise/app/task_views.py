"""What tasks look like from outside. Names and phones are there only where one who asks may see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from tierwise.app.views import Label
from tierwise.definitions.rule import AnyRule
from tierwise.state.tasks import Kind, Outcome, State

To = Literal["advisor", "people", "pool"]

KINDS: tuple[Kind, ...] = ("call", "message", "visit", "other")
STATES: tuple[State, ...] = ("open", "done", "dropped")
OUTCOMES: tuple[Outcome, ...] = ("reached", "appointment", "bought", "no_answer", "refused", "wrong_number")
"""What a task is done with, in the order in which one is offered them."""

ANSWERED: tuple[Outcome, ...] = ("reached", "appointment", "bought", "refused")
"""Outcomes of customers who were spoken with."""

KIND_TITLES: dict[Kind, Label] = {
    "call": Label("电话", "Call"),
    "message": Label("消息", "Message"),
    "visit": Label("到访", "Visit"),
    "other": Label("其他", "Other"),
}
STATE_TITLES: dict[State, Label] = {
    "open": Label("待办", "Open"),
    "done": Label("已完成", "Done"),
    "dropped": Label("已取消", "Dropped"),
}
OUTCOME_TITLES: dict[Outcome, Label] = {
    "reached": Label("已联系上", "Reached"),
    "appointment": Label("已预约", "Appointment"),
    "bought": Label("已成交", "Bought"),
    "no_answer": Label("未接通", "No answer"),
    "refused": Label("已拒绝", "Refused"),
    "wrong_number": Label("号码有误", "Wrong number"),
}


@dataclass(frozen=True, slots=True)
class Assignee:
    """Who may be given tasks. id: a staff number of the facts, or `person:NAME`. open: their open tasks.

    store: where the facts have them; null of people who sign in without a number. known: whether the facts or the
    people of this house have them.
    """

    id: str
    title: str
    role: str | None = None
    store: str | None = None
    open: int = 0
    known: bool = True


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier of a customer as of the current run. rank: 0 is the first of its definition, the best of a level."""

    name: str
    title: Label
    value: str
    value_title: Label
    rank: int


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task. customer_id: null where the current run has no such customer. name, phone: null where one who asks
    may not see them: they are told of one's own customers, and of tasks that are one's own.

    own: whether the customer is among one's own, whose page may be opened. level, stage: as of the current run.
    title: empty where `reason` says enough. overdue_days: since the due day; 0 where it is not over, or the task is
    closed. assignee: null in the pool. tries: in vain, after which it stayed open. question: the question most worth
    asking the customer next. undoable: whether one who asks may take the newest change back.
    """

    id: int
    revision: int
    customer_id: str | None
    name: str | None
    phone: str | None
    own: bool
    level: Tier | None
    stage: Tier | None
    kind: Kind
    title: str
    script: str
    reason: Label
    state: State
    outcome: Outcome | None
    note: str
    priority: int
    due_on: date
    overdue_days: int
    assignee: Assignee | None
    store: str | None
    tries: int
    author: str
    at: datetime
    closed_at: datetime | None
    closed_by: str | None
    batch_id: int | None
    question: Label | None
    undoable: bool


@dataclass(frozen=True, slots=True)
class MyTasks:
    """The tasks of one who asks, as of `today`, the business's day. Open ones by due day, then the customer's level,
    then priority; `done`: closed by them within `DONE_DAYS`, the newest first. later: open ones beyond `soon`.

    whose: under what they are given tasks; null where nobody can give them any.
    """

    today: date
    whose: str | None
    overdue: tuple[TaskView, ...]
    due: tuple[TaskView, ...]
    soon: tuple[TaskView, ...]
    later: int
    done: tuple[TaskView, ...]


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Tasks by due day and priority; closed ones the newest first. of: how many there are in all."""

    today: date
    rows: tuple[TaskView, ...]
    of: int
    offset: int


@dataclass(frozen=True, slots=True)
class TaskOrder:
    """What tasks are wanted: of a rule (a stored segment is `InSegment`, a list `InList`), or of an insight's list of
    who is due for what, asked with `parameters`.

    about: why, in words, of a rule that has no name. due_on: null is the day on which each is due, and today where
    nothing is. to: each customer's own advisor, `people` in turn, or nobody yet. people: with `advisor` those who get
    in turn the customers of whom nobody is the advisor; else they wait in the pool.
    """

    rule: AnyRule | None = None
    insight: Literal["due", "vehicle_due"] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    kind: Kind = "call"
    title: str = ""
    script: str = ""
    about: str = ""
    due_on: date | None = None
    priority: int = 2
    to: To = "advisor"
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskGroups:
    """Names and titles of the groups for which tasks can be made."""

    segments: Mapping[str, Label]
    lists: Mapping[str, Label]


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """found = left_out + closed + already + made. left_out: on the list, and not among the run's customers: junk, or
    unknown; closed: closed accounts; already: have an open task about the same. Of the made: nobody's: without anyone
    whose they are; without_phone: no phone is known."""

    found: int
    left_out: int
    closed: int
    already: int
    made: int
    nobodys: int
    without_phone: int


@dataclass(frozen=True, slots=True)
class Share:
    """How many tasks one is given; assignee null: the pool."""

    assignee: Assignee | None
    tasks: int


@dataclass(frozen=True, slots=True)
class TaskPreview:
    """What an order would make; nothing is stored. shares: the most first."""

    counts: TaskCounts
    shares: tuple[Share, ...]
    run_id: int
    as_of: date


@dataclass(frozen=True, slots=True)
class TasksMade:
    """What an order made. repeated: the key was used for the same before, and nothing was made now."""

    batch_id: int
    key: str | None
    counts: TaskCounts
    shares: tuple[Share, ...]
    repeated: bool


@dataclass(frozen=True, slots=True)
class Reassigned:
    """changed: tasks that are somebody else's now; unchanged: they were theirs already, or are closed."""

    changed: int
    unchanged: int
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change of a task: before and after are the columns that it changed. undone: it was taken back."""

    revision: int
    action: str
    author: str
    at: datetime
    before: dict[str, Any]
    after: dict[str, Any]
    undone: bool
