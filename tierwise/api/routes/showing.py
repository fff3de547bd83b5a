"""Numbers about groups: overview, deciles, RFM, ladders, moves, stores."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from tierwise.api import examples
from tierwise.api.bodies import Ladders, Transitions
from tierwise.api.context import Asked, RunQuery
from tierwise.api.problems import problem_responses
from tierwise.app import quality, showing
from tierwise.app.quality import FilledView
from tierwise.app.views import DecilesView, OverviewView, RfmView, StoresView

router = APIRouter(tags=["show"])


@router.get("/overview", operation_id="overview", responses=examples.ok(examples.OVERVIEW) | problem_responses(404))
def overview(ctx: Asked, run_id: RunQuery = None) -> OverviewView:
    """The manager's page in one answer."""
    return showing.overview(ctx, run_id=run_id)


@router.get("/deciles", operation_id="deciles", responses=examples.ok(examples.DECILES) | problem_responses(404))
def deciles(
    ctx: Asked,
    metric: Annotated[
        str, Query(max_length=100, description="a number of the profile", examples=["monetary_amount"])
    ] = "monetary_amount",
    run_id: RunQuery = None,
) -> DecilesView:
    """Customers ranked by a metric, in ten parts: each part's total, share, cumulative share and per head."""
    return showing.deciles(ctx, metric=metric, run_id=run_id)


@router.get("/rfm", operation_id="rfm", responses=examples.ok(examples.RFM) | problem_responses(404))
def rfm(ctx: Asked, run_id: RunQuery = None) -> RfmView:
    """The eight cells of RFM, and the customers without a score with the reason."""
    return showing.rfm(ctx, run_id=run_id)


@router.get("/lifecycle", operation_id="lifecycle", responses=examples.ok(examples.LIFECYCLE) | problem_responses(404))
def lifecycle(ctx: Asked, run_id: RunQuery = None) -> Ladders:
    """The lifecycle ladders, every stage in its order."""
    return Ladders(ladders=showing.ladders(ctx, "lifecycle", run_id=run_id))


@router.get("/activity", operation_id="activity", responses=examples.ok(examples.ACTIVITY) | problem_responses(404))
def activity(ctx: Asked, run_id: RunQuery = None) -> Ladders:
    """The activity ladders: new, active (high, mid, low), sleeping, inactive."""
    return Ladders(ladders=showing.ladders(ctx, "activity", run_id=run_id))


@router.get(
    "/transitions", operation_id="transitions", responses=examples.ok(examples.TRANSITIONS) | problem_responses(404)
)
def transitions(
    ctx: Asked,
    from_date: Annotated[date, Query(alias="from", description="the earlier date", examples=["2026-03-31"])],
    to_date: Annotated[date, Query(alias="to", description="the later date", examples=["2026-06-30"])],
    name: Annotated[str, Query(max_length=63, description="a ladder")] = "lifecycle_stage",
) -> Transitions:
    """Who moved from which stage to which between two dates that were run."""
    return Transitions.of(showing.transitions(ctx, name, from_date, to_date))


@router.get("/quality", operation_id="quality", responses=examples.ok(examples.FILLED) | problem_responses(404))
def filled(ctx: Asked, run_id: RunQuery = None) -> FilledView:
    """For how many customers each attribute has a value, the least known first."""
    return quality.filled(ctx, run_id=run_id)


@router.get("/stores", operation_id="stores", responses=examples.ok(examples.STORES) | problem_responses(404))
def stores(ctx: Asked, run_id: RunQuery = None) -> StoresView:
    """Each store's totals, orders of nobody included, and its share of identified sales."""
    return showing.stores(ctx, run_id=run_id)
