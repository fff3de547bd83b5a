"""What came of tasks, by the facts as they are now: who ordered after one was done, how soon leads were answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from tierwise.app.context import Context
from tierwise.app.defining import project_of
from tierwise.app.task_people import id_of, me, owner_of
from tierwise.engine.sources import register_facts
from tierwise.facts.known_words import pattern_of
from tierwise.kernel import clock
from tierwise.state import lake_tables, task_numbers
from tierwise.state.tasks import NOBODY, Owner


@dataclass(frozen=True, slots=True)
class Scope:
    """Of which days and of whose tasks numbers are. since: the first instant of the days."""

    today: date
    days: int
    order_days: int
    since: datetime
    zone: ZoneInfo
    stores: tuple[str, ...]
    mine: Owner | None


def scope_of(ctx: Context, days: int, order_days: int) -> Scope:
    """Of those whose tasks one who asks may see."""
    days, order_days = max(1, min(days, 3660)), max(1, min(order_days, 366))
    zone = clock.zone(project_of(ctx).timezone)
    today = clock.utc_now().astimezone(zone).date()
    mine = me(ctx.principal) if ctx.principal.staff_id is not None else None
    stores = () if mine is not None else tuple(ctx.principal.stores)
    since = datetime.combine(today - timedelta(days=days - 1), time(), zone)
    return Scope(today, days, order_days, since, zone, stores, mine)


@dataclass(frozen=True, slots=True)
class DoneTask:
    """A customer of an owner's done tasks, and whether they ordered in time."""

    owner: Owner
    key: int
    ordered: bool


@dataclass(frozen=True, slots=True)
class Lead:
    """hours: until somebody called or did a task; None: nobody has."""

    owner: Owner
    key: int | None
    hours: float | None


class TaskFacts:
    """Orders, leads and calls as they are now."""

    def __init__(self, ctx: Context, asked: Scope) -> None:
        self._ctx = ctx
        self._asked = asked
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

    def _done(self) -> list[tuple[Owner, int, datetime]]:
        """The done tasks since when so many days of orders are known."""
        asked = self._asked
        if self.until is None:
            return []
        last = datetime.combine(min(self.until, asked.today) - timedelta(days=asked.order_days - 1), time(), asked.zone)
        first = last - timedelta(days=asked.days)
        with self._ctx.database.connect() as state:
            return task_numbers.done_between(state, first, last, stores=asked.stores, mine=asked.mine)

    def ordered_after(self) -> list[DoneTask]:
        """Each owner's customers of done tasks, each once, and whether they ordered within the days after one."""
        done = self._done()
        if not done:
            return []
        connection = self._ctx.duckdb()
        try:
            self._register(connection, "orders")
            zone = self._asked.zone
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
                )
                SELECT owner, d.customer_key, bool_or(o.customer_key IS NOT NULL)
                FROM d LEFT JOIN orders o
                  ON o.customer_key = d.customer_key AND o.ordered_day > d.day
                 AND o.ordered_day <= d.day + CAST($days AS INTEGER)
                GROUP BY 1, 2
                """,
                {"days": self._asked.order_days},
            ).fetchall()
            return [DoneTask(owner_of(owner), int(key), bool(ordered)) for owner, key, ordered in rows]
        finally:
            connection.close()

    def leads(self) -> list[Lead] | None:
        """Leads of the days with whom they belong to, and how soon somebody called or did a task; None where no leads
        were imported."""
        if "leads" not in self._versions:
            return None
        with self._ctx.database.connect() as state:
            acts = task_numbers.acts_since(state, self._asked.since)
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
                    SELECT customer_key, called_at AS done_at FROM calls WHERE regexp_matches(direction, $outbound)
                    UNION ALL
                    SELECT COALESCE(m.customer_key, a.source_key), a.done_at
                    FROM task_acts a LEFT JOIN customer_map m USING (source_key)
                ), l AS (
                    SELECT lead_id, staff_id, store_id, customer_key, created_at FROM leads WHERE created_day >= $first
                )
                SELECT staff_id, store_id, any_value(l.customer_key),
                    min(epoch(c.done_at) - epoch(l.created_at)) / 3600.0
                FROM l LEFT JOIN contacts c ON c.customer_key = l.customer_key AND c.done_at >= l.created_at
                GROUP BY lead_id, staff_id, store_id
                """,
                {
                    "first": self._asked.today - timedelta(days=self._asked.days - 1),
                    "outbound": pattern_of("calls.direction", "outbound"),
                },
            ).fetchall()
        finally:
            connection.close()
        mine, stores = self._asked.mine, self._asked.stores
        found = []
        for staff_id, store, key, hours in rows:
            owner = NOBODY if not staff_id else Owner(staff_id=staff_id)
            if owner == mine if mine is not None else not stores or store in stores:
                found.append(Lead(owner, key, hours))
        return found
