"""Numbers of each advisor: what is due, what was done and came of it, how soon, and how soon leads were answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median

import pyarrow as pa

from tierwise.app.context import Context
from tierwise.app.defining import project_of
from tierwise.app.task_people import id_of, me, owner_of, roster
from tierwise.app.task_views import ANSWERED, Assignee
from tierwise.engine.sources import register_facts
from tierwise.kernel import clock
from tierwise.state import lake_tables, task_numbers
from tierwise.state.task_numbers import OwnerNumbers
from tierwise.state.tasks import NOBODY, Owner

DAYS = 30
"""Done tasks and leads of so many days are counted."""

ORDER_DAYS = 14
"""An order within so many days after a task was done counts as coming after it."""


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
    days, order_days = max(1, min(days, 3660)), max(1, min(order_days, 366))
    zone = clock.zone(project_of(ctx).timezone)
    now = clock.utc_now()
    today = now.astimezone(zone).date()
    mine = me(ctx.principal) if ctx.principal.staff_id is not None else None
    stores = () if mine is not None else tuple(ctx.principal.stores)
    people = roster(ctx)
    since = datetime.combine(today - timedelta(days=days - 1), time(), zone)
    facts = _Facts(ctx, str(zone))
    until = facts.until
    with ctx.database.connect() as state:
        counted = task_numbers.by_owner(state, today=today, since=since, stores=stores, mine=mine)
        done: list[tuple[Owner, int, datetime]] = []
        if until is not None:
            last = datetime.combine(min(until, today) - timedelta(days=order_days - 1), time(), zone)
            first = last - timedelta(days=days)
            done = task_numbers.done_between(state, first, last, stores=stores, mine=mine)
        acts = task_numbers.acts_since(state, since)
    came = facts.ordered_after(done, order_days)
    leads = facts.leads(today - timedelta(days=days - 1), acts, stores, mine)
    numbers = {each.owner: each for each in counted}
    owners = {*numbers, *came, *(leads or {})}
    rows = [_row(people.of(owner), numbers.get(owner), came.get(owner, (0, 0)), leads, owner) for owner in owners]
    shown = [each for each in rows if each.open or each.done or each.dropped or each.ordered_of or each.leads]
    shown.sort(key=lambda row: (row.assignee is None, -row.overdue, -row.open, row.assignee.id if row.assignee else ""))
    return AdvisorsView(today, days, order_days, until, tuple(shown))


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


class _Facts:
    """Orders, leads and calls as they are now."""

    def __init__(self, ctx: Context, zone: str) -> None:
        self._ctx = ctx
        self._zone = zone
        with ctx.database.connect() as state:
            self._versions = lake_tables.versions(state)
        self.until = self._until()

    def _until(self) -> date | None:
        """The last day of orders."""
        if "orders" not in self._versions:
            return None
        connection = self._ctx.duckdb()
        try:
            self._register(connection, "orders")
            row = connection.execute("SELECT max(ordered_day) FROM orders").fetchone()
            found: date | None = row[0] if row else None
            return found
        finally:
            connection.close()

    def _register(self, connection: object, *names: str) -> None:
        wanted = (*names, "customer_map")
        facts = {name: self._versions[name] for name in wanted if name in self._versions}
        register_facts(connection, self._ctx.lake, facts)  # type: ignore[arg-type]

    def ordered_after(
        self, done: Sequence[tuple[Owner, int, datetime]], order_days: int
    ) -> dict[Owner, tuple[int, int]]:
        """Of each owner's customers: those who ordered within the days after a task was done, and all of them."""
        if not done:
            return {}
        connection = self._ctx.duckdb()
        try:
            self._register(connection, "orders")
            zone = clock.zone(self._zone)
            given = pa.table(
                {
                    "owner": pa.array([id_of(owner) or "" for owner, _, _ in done], pa.string()),
                    "source_key": pa.array([key for _, key, _ in done], pa.int64()),
                    "day": pa.array([at.astimezone(zone).date() for _, _, at in done], pa.date32()),
                }
            )
            connection.register("done_tasks", given)
            rows = connection.execute(
                """
                WITH d AS (
                    SELECT owner, COALESCE(m.customer_key, t.source_key) AS customer_key, day
                    FROM done_tasks t LEFT JOIN customer_map m USING (source_key)
                ), told AS (
                    SELECT owner, d.customer_key, bool_or(o.customer_key IS NOT NULL) AS ordered
                    FROM d LEFT JOIN orders o
                      ON o.customer_key = d.customer_key AND o.ordered_day > d.day
                     AND o.ordered_day <= d.day + CAST($days AS INTEGER)
                    GROUP BY 1, 2
                )
                SELECT owner, count(*) FILTER (ordered), count(*) FROM told GROUP BY 1
                """,
                {"days": order_days},
            ).fetchall()
            return {owner_of(owner): (int(ordered), int(all_)) for owner, ordered, all_ in rows}
        finally:
            connection.close()

    def leads(
        self, first: date, acts: Sequence[tuple[int, datetime]], stores: Sequence[str], mine: Owner | None
    ) -> dict[Owner, _Leads] | None:
        """Leads since that day by whom they belong to, with how soon somebody called or did a task."""
        if "leads" not in self._versions:
            return None
        connection = self._ctx.duckdb()
        try:
            self._register(connection, "leads", "calls")
            given = {
                "source_key": pa.array([key for key, _ in acts], pa.int64()),
                "done_at": pa.array([at for _, at in acts], pa.timestamp("us", tz="UTC")),
            }
            connection.register("task_acts", pa.table(given))
            rows = connection.execute(
                """
                WITH contacts AS (
                    SELECT customer_key, called_at AS done_at FROM calls WHERE direction = 'outbound'
                    UNION ALL
                    SELECT COALESCE(m.customer_key, a.source_key), a.done_at
                    FROM task_acts a LEFT JOIN customer_map m USING (source_key)
                ), l AS (
                    SELECT lead_id, staff_id, store_id, customer_key, created_at FROM leads WHERE created_day >= $first
                )
                SELECT staff_id, store_id, min(epoch(c.done_at) - epoch(l.created_at)) / 3600.0
                FROM l LEFT JOIN contacts c ON c.customer_key = l.customer_key AND c.done_at >= l.created_at
                GROUP BY lead_id, staff_id, store_id
                """,
                {"first": first},
            ).fetchall()
        finally:
            connection.close()
        by_owner: dict[Owner, list[float | None]] = {}
        for staff_id, store, hours in rows:
            owner = NOBODY if not staff_id else Owner(staff_id=staff_id)
            seen = owner == mine if mine is not None else not stores or store in stores
            if seen:
                by_owner.setdefault(owner, []).append(hours)
        return {owner: _speed(hours) for owner, hours in by_owner.items()}


def _speed(hours: Sequence[float | None]) -> _Leads:
    known = [each for each in hours if each is not None]
    return _Leads(len(hours), len(known), median(known) if known else None)
