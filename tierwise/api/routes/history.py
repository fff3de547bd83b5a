"""History: who was where on a past day, entries and exits, moves, and how long they last."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from tierwise.api import examples
from tierwise.api import history_bodies as bodies
from tierwise.api.context import Asked
from tierwise.api.problems import problem_responses
from tierwise.app import history as cases
from tierwise.app.history_views import CountsView, DwellView, HistoryView, HoldersPage, SankeyView

router = APIRouter(tags=["history"])

LARGEST_PAGE = 1000

Name = Annotated[str, Query(max_length=200, description="a tier, stage, tag or segment", examples=["lifecycle_stage"])]
Kind = Annotated[
    str | None, Query(max_length=20, description="tier, stage, tag or segment, where several have the name")
]
From = Annotated[date, Query(alias="from", description="the earlier day", examples=["2026-03-31"])]
To = Annotated[date, Query(alias="to", description="the later day", examples=["2026-06-30"])]
On = Annotated[date, Query(description="the day", examples=["2026-03-31"])]


@router.get(
    "/history/names", operation_id="history_names", responses=examples.ok(bodies.NAMES) | problem_responses(404)
)
def names(ctx: Asked) -> bodies.Names:
    """Everything that history ever kept: kind, name and title."""
    return bodies.Names(names=cases.names(ctx))


@router.get(
    "/history/counts", operation_id="history_counts", responses=examples.ok(bodies.COUNTS) | problem_responses(404)
)
def counts(ctx: Asked, name: Name, on: On, kind: Kind = None) -> CountsView:
    """How many customers held each value on a day."""
    return cases.counts(ctx, name, on, kind)


@router.get(
    "/history/holders",
    operation_id="history_holders",
    responses=examples.ok(bodies.HOLDERS) | problem_responses(403, 404),
)
def holders(
    ctx: Asked,
    name: Name,
    on: On,
    value: Annotated[str | None, Query(max_length=500, description="this value alone; any where left out")] = None,
    kind: Kind = None,
    after: Annotated[int | None, Query(ge=0, description="the last customer_key of the page before (`next`)")] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
) -> HoldersPage:
    """The customers who held a value on a day, page by page."""
    return cases.holders(ctx, name, on, value=value, kind=kind, after=after, limit=limit)


@router.get(
    "/history/flows", operation_id="history_flows", responses=examples.ok(bodies.FLOWS) | problem_responses(404)
)
def flows(ctx: Asked, name: Name, from_day: From, to_day: To, kind: Kind = None) -> bodies.Flows:
    """Entries and exits of each value by run, both days included."""
    return bodies.Flows.of(cases.flows(ctx, name, from_day, to_day, kind))


@router.get(
    "/history/migration",
    operation_id="history_migration",
    responses=examples.ok(bodies.MIGRATION) | problem_responses(404),
)
def migration(ctx: Asked, name: Name, from_day: From, to_day: To, kind: Kind = None) -> bodies.Migration:
    """Who moved from which value to which between two days, those who stayed too; null: not there."""
    return bodies.Migration.of(cases.migration(ctx, name, from_day, to_day, kind))


@router.get(
    "/history/sankey", operation_id="history_sankey", responses=examples.ok(bodies.SANKEY) | problem_responses(404)
)
def sankey(
    ctx: Asked,
    name: Name,
    on: Annotated[list[date], Query(min_length=2, max_length=24, description="days in order; repeat it")],
    kind: Kind = None,
) -> SankeyView:
    """The way of customers through a name over several days: nodes and links."""
    return cases.sankey(ctx, name, on, kind)


@router.get(
    "/history/dwell", operation_id="history_dwell", responses=examples.ok(bodies.DWELL) | problem_responses(404)
)
def dwell(
    ctx: Asked,
    name: Name,
    until: Annotated[date | None, Query(description="up to this day; the last recorded one where left out")] = None,
    kind: Kind = None,
) -> DwellView:
    """How long each value is held, in days: intervals that ended, and apart from them those still open."""
    return cases.dwell(ctx, name, kind, until)


@router.get(
    "/history/of/{customer_id:path}",
    operation_id="customer_history",
    responses=examples.ok(bodies.HISTORY) | problem_responses(403, 404),
)
def customer_history(
    ctx: Asked, customer_id: Annotated[str, Path(max_length=500, examples=["C000042"])]
) -> HistoryView:
    """Every interval of one customer, also of one who is no longer known."""
    return cases.customer_history(ctx, customer_id)
