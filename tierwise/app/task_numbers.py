"""Numbers of each advisor: what is due, what was done and came of it, how soon, and how soon leads were answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Literal

from tierwise.app.context import Context
from tierwise.app.task_facts import DoneTask, Lead, TaskFacts, scope_of
from tierwise.app.task_people import owner_of, roster
from tierwise.app.task_views import ANSWERED, Assignee
from tierwise.state import task_numbers
from tierwise.state.task_numbers import OwnerNumbers
from tierwise.state.tasks import Owner

DAYS = 30
"""Done tasks and leads of so many days are counted."""

ORDER_DAYS = 14
"""An order within so many days after a task was done counts as coming after it."""


OfWhom = Literal["ordered", "ordered_of", "leads", "leads_contacted"]
"""Numbers of an advisor that are of customers."""


@dataclass(frozen=True, slots=True)
class AdvisorRow:
    """One advisor. assignee: null for the tasks of nobody yet. open, overdue, due_today: as of today; done, dropped,
    outcomes, answered: within the days of the view; answered: done, and the customer was spoken with; answered_rate: of
    the done, null where none is.

    first_act_hours: the median from the making of a task to the first act. ordered: of the ordered_of customers of done
    tasks those who ordered within `order_days` after; only tasks count since when so many days of orders are known,
    ordered_of is 0 where there are none. That they ordered after is not said to be because.

    leads: that came within the days and are theirs in the facts; leads_contacted: those whom a call went to, or about
    whom a task was done, since the lead came; lead_hours: the median until then. Null where no leads were imported.
    """

    assignee: Assignee | None
    open: int
    overdue: int
    due_today: int
    done: int
    dropped: int
    answered: int
    answered_rate: float | None
    outcomes: Mapping[str, int]
    first_act_hours: float | None
    ordered: int
    ordered_of: int
    leads: int | None
    leads_contacted: int | None
    lead_hours: float | None


@dataclass(frozen=True, slots=True)
class AdvisorsView:
    """Whoever has tasks or leads, the most overdue first; the pool last. facts_until: the last day of orders known;
    null where none is."""

    today: date
    days: int
    order_days: int
    facts_until: date | None
    rows: tuple[AdvisorRow, ...]


@dataclass(frozen=True, slots=True)
class _Leads:
    leads: int
    contacted: int
    hours: float | None


def advisors(ctx: Context, *, days: int = DAYS, order_days: int = ORDER_DAYS) -> AdvisorsView:
    """Everybody's numbers for who sees groups; those of their stores for who sees some; one's own for an advisor."""
    if not ctx.principal.may("view"):
        ctx.principal.require_of_own("task")
    asked = scope_of(ctx, days, order_days)
    people = roster(ctx)
    facts = TaskFacts(ctx, asked)
    with ctx.database.connect() as state:
        counted = task_numbers.by_owner(
            state, today=asked.today, since=asked.since, stores=asked.stores, mine=asked.mine
        )
    came = _came(facts.ordered_after())
    told = facts.leads()
    leads = None if told is None else _speeds(told)
    numbers = {each.owner: each for each in counted}
    owners = {*numbers, *came, *(leads or {})}
    rows = [_row(people.of(owner), numbers.get(owner), came.get(owner, (0, 0)), leads, owner) for owner in owners]
    shown = [each for each in rows if each.open or each.done or each.dropped or each.ordered_of or each.leads]
    shown.sort(key=lambda row: (row.assignee is None, -row.overdue, -row.open, row.assignee.id if row.assignee else ""))
    return AdvisorsView(asked.today, asked.days, asked.order_days, facts.until, tuple(shown))


def customers_of(
    ctx: Context, counted: OfWhom, assignee: str | None, *, days: int = DAYS, order_days: int = ORDER_DAYS
) -> list[int]:
    """The customers behind a number of an advisor's row, by the keys of today's customer map; of leads those who have
    them. assignee: as `Assignee.id`; None for the pool. Whose numbers one may see are those of `advisors`."""
    if not ctx.principal.may("view"):
        ctx.principal.require_of_own("task")
    facts = TaskFacts(ctx, scope_of(ctx, days, order_days))
    owner = owner_of(assignee or "")
    if counted in ("ordered", "ordered_of"):
        done = [each for each in facts.ordered_after() if each.owner == owner]
        found = [each.key for each in done if each.ordered or counted == "ordered_of"]
    else:
        leads = [each for each in facts.leads() or () if each.owner == owner]
        found = [each.key for each in leads if each.key is not None and (counted == "leads" or each.hours is not None)]
    return sorted(set(found))


def _came(done: Sequence[DoneTask]) -> dict[Owner, tuple[int, int]]:
    """Of each owner's customers those who ordered, and all."""
    found: dict[Owner, tuple[int, int]] = {}
    for each in done:
        ordered, all_ = found.get(each.owner, (0, 0))
        found[each.owner] = (ordered + each.ordered, all_ + 1)
    return found


def _speeds(leads: Sequence[Lead]) -> dict[Owner, _Leads]:
    by_owner: dict[Owner, list[float | None]] = {}
    for each in leads:
        by_owner.setdefault(each.owner, []).append(each.hours)
    return {owner: _speed(hours) for owner, hours in by_owner.items()}


def _row(
    assignee: Assignee | None,
    numbers: OwnerNumbers | None,
    came: tuple[int, int],
    leads: Mapping[Owner, _Leads] | None,
    owner: Owner,
) -> AdvisorRow:
    numbers = numbers or OwnerNumbers(owner, 0, 0, 0, {}, 0, None)
    done = sum(numbers.outcomes.values())
    answered = sum(number for outcome, number in numbers.outcomes.items() if outcome in ANSWERED)
    lead = None if leads is None else leads.get(owner, _Leads(0, 0, None))
    return AdvisorRow(
        assignee=assignee,
        open=numbers.open,
        overdue=numbers.overdue,
        due_today=numbers.due_today,
        done=done,
        dropped=numbers.dropped,
        answered=answered,
        answered_rate=answered / done if done else None,
        outcomes=dict(numbers.outcomes),
        first_act_hours=numbers.first_act_hours,
        ordered=came[0],
        ordered_of=came[1],
        leads=None if lead is None else lead.leads,
        leads_contacted=None if lead is None else lead.contacted,
        lead_hours=None if lead is None else lead.hours,
    )


def _speed(hours: Sequence[float | None]) -> _Leads:
    known = [each for each in hours if each is not None]
    return _Leads(len(hours), len(known), median(known) if known else None)
