"""Ladders of a run (lifecycle, activity) as views, and the moves between two runs."""

from __future__ import annotations

from datetime import date
from typing import Literal

from tierwise.app.context import Context
from tierwise.app.reading import Reader, label_of, reading
from tierwise.app.remembered import told_once
from tierwise.app.views import Label, LadderView, StageRow, TransitionRow, TransitionsView
from tierwise.definitions.activity import ACTIVITY_CLASSES, Activity
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.engine import snapshots
from tierwise.engine.sources import frame
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.kernel.money import from_minor
from tierwise.metrics import lifecycle as ladder
from tierwise.state import runs

ACTIVITY_TITLES = {
    "new": Label("新客", "New"),
    "active_high": Label("高活跃", "Active, high"),
    "active_mid": Label("中活跃", "Active, mid"),
    "active_low": Label("低活跃", "Active, low"),
    "sleeping": Label("沉睡", "Sleeping"),
    "inactive": Label("不活跃", "Inactive"),
}


@told_once
def ladders(ctx: Context, kind: Literal["lifecycle", "activity"], run_id: int | None = None) -> tuple[LadderView, ...]:
    """Every ladder of that kind. Raises what `reading` raises."""
    ctx.principal.require("view")
    with reading(ctx, run_id) as reader:
        return ladders_of(reader, kind)


def ladders_of(reader: Reader, kind: Literal["lifecycle", "activity"]) -> tuple[LadderView, ...]:
    """As `ladders`, of a snapshot that is open. Stages run with life: from the first to the last."""
    if kind == "lifecycle":
        return tuple(_lifecycle(reader, definition) for definition in reader.definitions.lifecycle)
    return tuple(_activity(reader, definition) for definition in reader.definitions.activity or (Activity(),))


def _lifecycle(reader: Reader, definition: Lifecycle) -> LadderView:
    stages = [
        StageRow(
            name=stage.name,
            title=label_of(stage.title, stage.name),
            customers=0,
            share=None,
            monetary_amount=from_minor(0, reader.currency),
            monetary_share=None,
            strategy=None if stage.strategy is None else label_of(stage.strategy),
            owner=stage.owner or definition.owner,
        )
        for stage in reversed(definition.stages)
    ]
    return _view(reader, definition, stages)


def _activity(reader: Reader, definition: Activity) -> LadderView:
    nothing = from_minor(0, reader.currency)
    stages = [StageRow(name, ACTIVITY_TITLES[name], 0, None, nothing, None) for name in ACTIVITY_CLASSES]
    return _view(reader, definition, stages)


def _view(reader: Reader, definition: Lifecycle | Activity, stages: list[StageRow]) -> LadderView:
    currency = reader.currency
    found = snapshots.by_class(reader.connection, definition.name)
    outside = found.pop(None, (0, 0))[0]
    customers = sum(count for count, _ in found.values())
    money = sum(amount for _, amount in found.values())
    rows = []
    for stage in stages:
        count, amount = found.get(stage.name, (0, 0))
        rows.append(
            StageRow(
                name=stage.name,
                title=stage.title,
                customers=count,
                share=count / customers if customers else None,
                monetary_amount=from_minor(amount, currency),
                monetary_share=amount / money if money > 0 else None,
                strategy=stage.strategy,
                owner=stage.owner,
            )
        )
    return LadderView(
        run_id=reader.run.id,
        as_of=reader.run.as_of,
        name=definition.name,
        title=label_of(definition.title, definition.name),
        currency=currency,
        rows=tuple(rows),
        customers=customers,
        outside=outside,
    )


@told_once
def transitions(ctx: Context, name: str | None, from_date: date | None, to_date: date | None) -> TransitionsView:
    """Moves on a ladder between the last kept runs as of two days.

    name: a lifecycle's or activity's; the first lifecycle where it is None. to_date: the current run's where it is
    None. Raises `no_run_as_of`, `unknown_ladder`, and what `reading` raises.
    """
    ctx.principal.require("view")
    with reading(ctx, None if to_date is None else _run_as_of(ctx, to_date)) as later:
        known = {d.name: ladders_of(later, "lifecycle") for d in later.definitions.lifecycle}
        views = {v.name: v for v in (*ladders_of(later, "lifecycle"), *ladders_of(later, "activity"))}
        wanted = name or next(iter(known or views))
        if wanted not in views:
            raise TierwiseError.of([unknown_name("ladder", wanted, views)])
        if from_date is None:
            raise TierwiseError("no_from_date", "from which day?", remedy="--from 2026-03-31")
        with reading(ctx, _run_as_of(ctx, from_date)) as earlier:
            if wanted not in frame(earlier.connection, "profile").collect_schema().names():
                raise TierwiseError("unknown_ladder", f'the run as of {earlier.run.as_of} has no "{wanted}"')
            earlier.ctx.lake.read(later.connection, "profile", (earlier.run.outputs or {})["profile"]).create_view(
                "before"
            )
            moves = ladder.transitions(frame(later.connection, "before"), frame(later.connection, "profile"), wanted)
            stages = tuple(row.name for row in views[wanted].rows)
            leaving: dict[str | None, int] = {}
            for move in moves:
                leaving[move.before] = leaving.get(move.before, 0) + move.customers
            return TransitionsView(
                name=wanted,
                from_as_of=earlier.run.as_of,
                to_as_of=later.run.as_of,
                stages=stages,
                rows=tuple(
                    TransitionRow(m.before, m.after, m.customers, m.customers / leaving[m.before]) for m in moves
                ),
            )


def _run_as_of(ctx: Context, day: date) -> int:
    with ctx.database.connect() as connection:
        kept = [run for run in runs.list_runs(connection, limit=10_000) if run.state == "done"]
    for run in kept:
        if run.as_of == day:
            return run.id
    days = ", ".join(sorted({str(run.as_of) for run in kept})) or "none"
    raise TierwiseError(
        "no_run_as_of", f"no kept run as of {day}", remedy=f"tierwise run --as-of {day}; there are runs as of: {days}"
    )
