"""What questions to history are answered with: plain frozen values, as in `views.py`.

A state on a day is that of the last run on or before it, whose day every answer says. Values are as the definitions
name them; null stands for customers who had none, or were not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tierwise.app.views import Label


@dataclass(frozen=True, slots=True)
class Named:
    """A tier, stage, tag or segment that history keeps."""

    kind: str
    name: str
    title: Label


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """A customer held a value from a day on, up to and without valid_to; null while it holds. days: up to the last
    recorded day where it still holds. since_unknown: it began with the name's history, so really earlier. said:
    what the value is called, where its definition of today says so."""

    kind: str
    name: str
    title: Label
    value: str
    valid_from: date
    valid_to: date | None
    days: int
    since_unknown: bool
    said: Label | None = None


@dataclass(frozen=True, slots=True)
class HistoryView:
    """One customer's intervals, by kind and name in the order of time. Personal data: `view_customer` is needed."""

    customer_id: str
    recorded_from: date
    recorded_to: date
    rows: tuple[IntervalRow, ...]


@dataclass(frozen=True, slots=True)
class CountRow:
    """How many customers held a value; share: of all that held any."""

    value: str
    customers: int
    share: float | None


@dataclass(frozen=True, slots=True)
class CountsView:
    """How many customers held each value on a day, in the definition's order; values that nobody held are left out.
    as_of: the run whose state it is."""

    kind: str
    name: str
    title: Label
    on: date
    as_of: date
    rows: tuple[CountRow, ...]
    customers: int


@dataclass(frozen=True, slots=True)
class HolderRow:
    """A customer who held a value on a day. customer_id null: no source names the customer any more."""

    customer_key: int
    customer_id: str | None
    value: str


@dataclass(frozen=True, slots=True)
class HoldersPage:
    """Customers who held a value on a day, by customer key. of: all of them. next: give it as `after`; null at the end.
    Personal data: `view_customer` is needed."""

    kind: str
    name: str
    on: date
    as_of: date
    rows: tuple[HolderRow, ...]
    of: int
    next: int | None


@dataclass(frozen=True, slots=True)
class FlowRow:
    """How many customers came to hold a value with the run of a day, and how many ceased to."""

    day: date
    value: str
    entries: int
    exits: int


@dataclass(frozen=True, slots=True)
class FlowsView:
    """Entries and exits by run, in order; a recorded day without a row changed nothing. days: the recorded ones."""

    kind: str
    name: str
    title: Label
    from_day: date
    to_day: date
    days: tuple[date, ...]
    rows: tuple[FlowRow, ...]


@dataclass(frozen=True, slots=True)
class MigrationRow:
    """How many customers were at `from_` then and at `to` later; null: not there. share: of those at `from_`."""

    from_: str | None
    to: str | None
    customers: int
    share: float


@dataclass(frozen=True, slots=True)
class MigrationView:
    """The moves of a name between two days, those who stayed too, in the order of `values` with null last.

    from_as_of, to_as_of: the runs whose states are compared. notes: what to know of these days.
    """

    kind: str
    name: str
    title: Label
    from_day: date
    to_day: date
    from_as_of: date
    to_as_of: date
    values: tuple[str, ...]
    rows: tuple[MigrationRow, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SankeyNode:
    """Those at a value on a day. id: unique among the nodes. value null: not there, but at another of the days."""

    id: str
    day: date
    value: str | None
    customers: int


@dataclass(frozen=True, slots=True)
class SankeyLink:
    """How many customers went from one node to another; source and target are ids of nodes."""

    source: str
    target: str
    customers: int


@dataclass(frozen=True, slots=True)
class SankeyView:
    """The way of customers through a name over several days, as a Sankey diagram wants it."""

    kind: str
    name: str
    title: Label
    days: tuple[date, ...]
    nodes: tuple[SankeyNode, ...]
    links: tuple[SankeyLink, ...]


@dataclass(frozen=True, slots=True)
class DwellRow:
    """How long a value is held, in days. Figures are of intervals: a customer may have held the value several times.

    ended: with their median and mean. still_open: with the days so far, which can only grow. unknown_start: intervals
    that began with the name's history, so really earlier; they are in no other figure.
    """

    value: str
    ended: int
    median_days: float | None
    mean_days: float | None
    still_open: int
    open_median_days: float | None
    open_mean_days: float | None
    unknown_start: int


@dataclass(frozen=True, slots=True)
class DwellView:
    """How long each value of a name is held, up to the last recorded day."""

    kind: str
    name: str
    title: Label
    until: date
    rows: tuple[DwellRow, ...]
