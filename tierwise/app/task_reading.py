"""Tasks as they are shown: with whose they are, why, and what is known of the customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import narwhals as nw
import pyarrow as pa

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions, project_of
from tierwise.app.insights.members.vehicle_due import KIND_LABELS
from tierwise.app.own_customers import own_rule
from tierwise.app.profiling import next_of_many
from tierwise.app.reading import definitions_of, label_of
from tierwise.app.rule_world import ground_of
from tierwise.app.task_people import Roster, id_of, is_mine
from tierwise.app.task_views import TaskView, Tier
from tierwise.app.tier_values import value_titles, values_in_order
from tierwise.app.views import Label
from tierwise.definitions.base import Definition
from tierwise.definitions.level import Level
from tierwise.definitions.segment import Segment
from tierwise.engine.current import KEY
from tierwise.engine.duckdb_session import quoted
from tierwise.engine.sources import register_facts
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.wording import one_language
from tierwise.state import lists, runs, task_changes
from tierwise.state.tasks import Task


@dataclass(frozen=True, slots=True)
class _Known:
    """What the current run and the facts know of one customer. own: whether one who asks may see them."""

    key: int
    customer_id: str | None
    name: str | None
    phone: str | None
    level: str | None
    stage: str | None
    own: bool


def business_day(ctx: Context) -> date:
    """Today where the business is."""
    return clock.utc_now().astimezone(business_zone(ctx)).date()


def business_zone(ctx: Context) -> ZoneInfo:
    """Where the business is."""
    return clock.zone(project_of(ctx).timezone)


def shown(ctx: Context, found: Sequence[Task], people: Roster, today: date, *, questions: bool) -> list[TaskView]:
    """These tasks, in their order. Before the first run nothing is known of the customers."""
    if not found:
        return []
    with ctx.database.connect() as state:
        run = runs.current(state)
        tiers = _tiers(definitions_of(state, run).all) if run is not None else {}
        titles = _titles(ctx, found)
        lasts = task_changes.lasts(state, [each.id for each in found])
    known = _customers(ctx, sorted({each.source_key for each in found}), tiers) if run is not None else {}
    principal = ctx.principal
    told = {known[each.source_key].key for each in found if each.source_key in known and each.state == "open"}
    asking = next_of_many(ctx, sorted(told)) if questions and told else {}

    def view(each: Task) -> TaskView:
        who = known.get(each.source_key, _NOBODY)
        may_know = who.own or is_mine(principal, each)
        newest = lasts.get(each.id)
        return TaskView(
            id=each.id,
            revision=each.revision,
            customer_id=who.customer_id,
            name=who.name if may_know else None,
            phone=who.phone if may_know else None,
            own=who.own and who.customer_id is not None,
            level=_tier(tiers.get("level"), who.level) if may_know else None,
            stage=_tier(tiers.get("stage"), who.stage) if may_know else None,
            kind=each.kind,
            title=each.title,
            script=each.script,
            reason=reason_of(each, titles),
            state=each.state,
            outcome=each.outcome,
            note=each.note,
            priority=each.priority,
            due_on=each.due_on,
            overdue_days=max(0, (today - each.due_on).days) if each.state == "open" else 0,
            assignee=people.of(each.owner),
            store=each.store,
            tries=each.tries,
            author=each.author,
            at=each.at,
            closed_at=each.closed_at,
            closed_by=each.closed_by,
            batch_id=each.batch_id,
            question=asking.get(who.key) if may_know else None,
            undoable=newest is not None and (newest.author == principal.name or principal.may("assign")),
        )

    return [view(each) for each in found]


def owner_title(people: Roster, each: Task) -> str:
    """Whose a task is, in words; empty in the pool."""
    found = people.of(each.owner)
    return "" if found is None else found.title or id_of(each.owner) or ""


def reason_of(each: Task, titles: Mapping[tuple[str, str], Label]) -> Label:
    """Why this customer, in a sentence."""
    called = titles.get((each.origin, each.about)) or Label(
        one_language(each.about, "zh"), one_language(each.about, "en")
    )
    match each.origin:
        case "segment":
            return Label(f"客群：{called.zh}", f"segment: {called.en}")
        case "list":
            return Label(f"名单：{called.zh}", f"list: {called.en}")
        case "rule":
            return called if each.about else Label("筛选条件", "a filter")
        case "due" | "vehicle_due":
            return _due_reason(each)
        case _:
            return called


def _due_reason(each: Task) -> Label:
    items = each.detail.get("items", [])
    more = int(each.detail.get("more", 0))
    words = [(_thing(item), date.fromisoformat(item["due_on"])) for item in items]
    zh = "、".join(f"{thing.zh}（{_day(day, each.at.year)}）" for thing, day in words)
    en = ", ".join(f"{thing.en} ({day.isoformat()})" for thing, day in words)
    and_more = Label(f"等 {more + len(items)} 项", f" and {more} more") if more else Label("", "")
    return Label(f"到期：{zh}{and_more.zh}", f"due: {en}{and_more.en}")


def _day(day: date, year: int) -> str:
    """A day in Chinese, with its year where it is another than that of the task."""
    return f"{day.month}月{day.day}日" if day.year == year else f"{day.year}年{day.month}月{day.day}日"


def _thing(item: Mapping[str, Any]) -> Label:
    """What is due: a product by its name, or something of a vehicle."""
    kind = KIND_LABELS.get(str(item.get("kind")))
    if kind is None:
        return Label(str(item["name"]), str(item["name"]))
    model = f" {item['name']}" if item.get("name") else ""
    return Label(f"{kind.zh}{model}", f"{kind.en}{model}")


def _titles(ctx: Context, found: Sequence[Task]) -> dict[tuple[str, str], Label]:
    """What segments and lists are called."""
    titles: dict[tuple[str, str], Label] = {}
    origins = {each.origin for each in found}
    with ctx.database.connect() as state:
        if "segment" in origins:
            for segment in current_definitions(state).of(Segment):
                titles["segment", segment.name] = label_of(segment.title, segment.name)
        if "list" in origins:
            for each in lists.all_lists(state):
                titles["list", each.name] = Label(each.title or each.name, each.title or each.name)
    return titles


def _tiers(definitions: Sequence[Definition]) -> dict[str, Definition]:
    """The level and the stages of life by which a list of tasks is ordered; the first of each."""
    from tierwise.definitions.lifecycle import Lifecycle

    found: dict[str, Definition] = {}
    for each in definitions:
        if isinstance(each, Level):
            found.setdefault("level", each)
        elif isinstance(each, Lifecycle):
            found.setdefault("stage", each)
    return found


def _tier(definition: Definition | None, value: str | None) -> Tier | None:
    if definition is None or value is None:
        return None
    titles = value_titles(definition)
    order = values_in_order(definition, list({*titles, value}))
    title = label_of(definition.title, definition.name)
    return Tier(definition.name, title, value, titles.get(value, Label(value, value)), order.index(value))


def _customers(ctx: Context, source_keys: Sequence[int], tiers: Mapping[str, Definition]) -> dict[int, _Known]:
    try:
        own = own_rule(ctx)
    except TierwiseError as unknown:
        if unknown.code != "nobodys_customers":
            raise
        return _looked_up(ctx, source_keys, tiers, own=None, nobodys=True)
    return _looked_up(ctx, source_keys, tiers, own=own, nobodys=False)


def _looked_up(
    ctx: Context, source_keys: Sequence[int], tiers: Mapping[str, Definition], *, own: Any, nobodys: bool
) -> dict[int, _Known]:
    """By the source key of a task: its customer, who may be one of another key by now."""
    names = [each.name for each in tiers.values()]
    with ground_of(ctx, [] if own is None else [own], ["customer_id", *names]) as ground:
        connection = ground.connection
        facts = {t: v for t, v in ground.run.inputs.items() if t in ("customers", "customer_map")}
        register_facts(connection, ctx.lake, facts)
        connection.register("wanted_keys", pa.table({"source_key": pa.array(source_keys, pa.int64())}))
        seen = "FALSE" if nobodys else "TRUE"
        if own is not None:
            native: duckdb.DuckDBPyRelation = nw.to_native(ground.members(own))
            native.create("own_members")
            seen = f"k.{KEY} IN (FROM own_members)"
        values = {what: _value(ground.schema, each.name) for what, each in tiers.items()}
        rows = connection.execute(
            f"""
            WITH k AS MATERIALIZED (
                SELECT w.source_key, COALESCE(m.{KEY}, w.source_key) AS {KEY}
                FROM wanted_keys w LEFT JOIN customer_map m USING (source_key)
            ), c AS (
                SELECT {KEY}, arg_max(name, COALESCE(updated_at, TIMESTAMPTZ 'epoch')) AS name,
                       arg_max(phone, COALESCE(updated_at, TIMESTAMPTZ 'epoch')) AS phone
                FROM customers WHERE {KEY} IN (SELECT {KEY} FROM k) GROUP BY 1
            )
            SELECT k.source_key, k.{KEY}, p.customer_id, c.name, c.phone,
                   {values.get("level", "NULL")}, {values.get("stage", "NULL")}, {seen}
            FROM k LEFT JOIN profile p USING ({KEY}) LEFT JOIN c USING ({KEY})
            """
        ).fetchall()
        return {row[0]: _Known(*row[1:]) for row in rows}


def _value(schema: Mapping[str, Any], name: str) -> str:
    return f"CAST(p.{quoted(schema[name].column)} AS VARCHAR)" if name in schema else "NULL"


_NOBODY = _Known(0, None, None, None, None, None, False)
