"""For whom tasks are made: whom a rule is true of, or who is due for something, among one's own customers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa

from tierwise.app.context import Context
from tierwise.app.defining import project_of
from tierwise.app.insights.asking import insight
from tierwise.app.own_customers import attribute_among, own_rule
from tierwise.app.rule_world import Ground, ground_of
from tierwise.app.task_views import TaskOrder
from tierwise.definitions.project import Project
from tierwise.definitions.rule import All, InList
from tierwise.engine.current import KEY
from tierwise.engine.sources import register_facts
from tierwise.metrics.rules import RuleColumn

_MOST_ROWS = 2_000_000
_VALUE = "monetary_amount"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One whom a task may be made for. advisor, store: whose they are; null where nothing says so. closed: the account
    is; phone: whether one is known. due: things that they are due for, the first first."""

    key: int
    advisor: str | None
    store: str | None
    closed: bool
    phone: bool
    due: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Candidates:
    """Everybody, the most valuable first. left_out: on the list, and not among the run's customers. busy: the keys of
    those customers, as they are now, whom `busy_keys` were about."""

    customers: tuple[Candidate, ...]
    left_out: int
    busy: frozenset[int]
    run_id: int
    as_of: date


def candidates(ctx: Context, order: TaskOrder, busy_keys: Collection[int] = ()) -> Candidates:
    """For whom an order is, of those whom one who asks may see. Raises what is wrong with the rule or the insight.

    busy_keys: keys of customers, who may have been joined with others since.
    """
    due = _due_of(ctx, order)
    project = project_of(ctx)
    own = own_rule(ctx)
    rules = [rule for rule in (own, order.rule) if rule is not None]
    with ground_of(ctx, rules, _whose(project)) as ground:
        connection = ground.connection
        if rules:
            native: duckdb.DuckDBPyRelation = nw.to_native(
                ground.members(rules[0] if len(rules) == 1 else All(all=tuple(rules)))
            )
            native.create("asked_members")
        if due is not None:
            connection.register("asked_ids", pa.table({"customer_id": pa.array(list(due), pa.string())}))
        tests = [f"{KEY} IN (FROM asked_members)"] if rules else []
        tests += ["customer_id IN (FROM asked_ids)"] if due is not None else []
        found = _read(ctx, ground, project, " AND ".join(tests))
        told = tuple(replace(each, due=tuple((due or {}).get(called, ()))) for called, each in found)
        busy = _as_they_are_now(ground, busy_keys)
        return Candidates(told, _left_out(ctx, ground, order), busy, ground.run.id, ground.run.as_of)


def _whose(project: Project) -> Callable[[Mapping[str, RuleColumn]], list[str]]:
    """Of the profile's attributes those that say whose a customer is, and what they are worth."""

    def columns(known: Mapping[str, RuleColumn]) -> list[str]:
        places = (attribute_among(names, known) for names in (project.customer_advisor, project.customer_store))
        return ["customer_id", *(name for name in (*places, _VALUE) if name is not None and name in known)]

    return columns


def _read(ctx: Context, ground: Ground, project: Project, where: str) -> list[tuple[str, Candidate]]:
    facts = {t: v for t, v in ground.run.inputs.items() if t in ("customers", "customer_map")}
    register_facts(ground.connection, ctx.lake, facts)

    def text(names: tuple[str, ...]) -> str:
        name = attribute_among(names, ground.schema)
        return "NULL" if name is None else f"CAST({ground.value_sql(name)} AS VARCHAR)"

    value = ground.value_sql(_VALUE) if _VALUE in ground.schema else "NULL"
    rows = ground.connection.execute(
        f"""
        WITH p AS MATERIALIZED (
            SELECT {KEY}, customer_id, {text(project.customer_advisor)} AS advisor,
                   {text(project.customer_store)} AS store, {value} AS worth
            FROM profile WHERE {where or "TRUE"}
        ), c AS (
            SELECT {KEY}, bool_and(closed_at IS NOT NULL) AS closed, bool_or(COALESCE(phone, '') <> '') AS phone
            FROM customers WHERE {KEY} IN (SELECT {KEY} FROM p) GROUP BY 1
        )
        SELECT p.customer_id, p.{KEY}, NULLIF(advisor, ''), NULLIF(store, ''), COALESCE(closed, FALSE),
               COALESCE(phone, FALSE)
        FROM p LEFT JOIN c USING ({KEY}) ORDER BY worth DESC NULLS LAST, p.customer_id
        """
    ).fetchall()
    return [(called, Candidate(*rest)) for called, *rest in rows]


def _as_they_are_now(ground: Ground, keys: Collection[int]) -> frozenset[int]:
    if not keys:
        return frozenset()
    ground.connection.register("busy_keys", pa.table({"source_key": pa.array(sorted(keys), pa.int64())}))
    rows = ground.connection.execute(
        f"SELECT COALESCE(m.{KEY}, b.source_key) FROM busy_keys b LEFT JOIN customer_map m USING (source_key)"
    ).fetchall()
    return frozenset(int(key) for (key,) in rows)


def _left_out(ctx: Context, ground: Ground, order: TaskOrder) -> int:
    """Of a list those who are not among the customers of the run; told to who sees everybody."""
    if not isinstance(order.rule, InList) or not ctx.principal.sees_all:
        return 0
    listed = ground.world.sets[f"list {order.rule.list}"]
    native: duckdb.DuckDBPyRelation = nw.to_native(listed)
    native.create("on_the_list")
    row = ground.connection.execute(f"SELECT count(*) FROM on_the_list ANTI JOIN profile USING ({KEY})").fetchone()
    return int(row[0]) if row else 0


def _due_of(ctx: Context, order: TaskOrder) -> dict[str, list[dict[str, Any]]] | None:
    """By customer's id what they are due for, the first first; None of an order that does not ask for it."""
    if order.insight is None:
        return None
    # The insight is about everybody; of what it tells only one's own customers are taken.
    whole = ctx.acting_as(replace(ctx.principal, stores=(), staff_id=None))
    told = insight(whole, order.insight, order.parameters, limit=_MOST_ROWS)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(told.rows, [column.name for column in told.columns]):
        called = row.get("customer_key")
        if called is not None and row.get("due_on") is not None:
            found.setdefault(str(called), []).append(_thing(order.insight, row))
    return {called: sorted(things, key=lambda each: each["due_on"]) for called, things in found.items()}


def _rows(rows: tuple[tuple[Any, ...], ...], names: list[str]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield dict(zip(names, row, strict=True))


def _thing(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    if name == "vehicle_due":
        return {"kind": row["kind"], "name": row.get("model") or "", "due_on": row["due_on"]}
    return {"name": row.get("item_name") or row["item"], "due_on": row["due_on"]}
