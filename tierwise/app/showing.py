"""What the current run found, or a kept one: the views that every door shows."""

from __future__ import annotations

from decimal import Decimal

from tierwise.app.context import Context
from tierwise.app.customers import customer, profile
from tierwise.app.ladder_views import ladders, ladders_of, transitions
from tierwise.app.reading import reading
from tierwise.app.remembered import told_once
from tierwise.app.run_views import view_of
from tierwise.app.store_views import stores, stores_of
from tierwise.app.tier_views import deciles, deciles_of, rfm, rfm_of
from tierwise.app.views import OverviewView, RunView
from tierwise.definitions.deciles import Deciles
from tierwise.state import runs as stored

__all__ = ["customer", "deciles", "ladders", "overview", "profile", "rfm", "runs", "stores", "transitions"]


def runs(ctx: Context, limit: int = 50) -> tuple[RunView, ...]:
    """The newest runs first; those whose process died are marked `crashed`."""
    ctx.principal.require("view")
    with ctx.database.begin() as connection:
        stored.mark_crashed(connection)
        return tuple(view_of(run) for run in stored.list_runs(connection, limit=limit))


@told_once
def overview(ctx: Context, run_id: int | None = None) -> OverviewView:
    """The manager's page in one answer. Raises what `reading` raises."""
    ctx.principal.require("view")
    with reading(ctx, run_id) as reader:
        metric = reader.definitions.deciles[0].metric if reader.definitions.deciles else Deciles().metric
        lifecycle = ladders_of(reader, "lifecycle")
        activity = ladders_of(reader, "activity")
        store_totals = stores_of(reader)
        run = view_of(reader.run)
        return OverviewView(
            run=run,
            currency=reader.currency,
            customers=run.counts["customers"],
            buyers=run.counts["buyers"],
            monetary_amount=sum((row.monetary_amount for row in activity[0].rows), Decimal(0)),
            identified_amount_rate=run.counts["identified_amount_rate"],
            deciles=deciles_of(reader, metric),
            rfm=rfm_of(reader),
            lifecycle=lifecycle,
            activity=activity,
            stores=store_totals,
        )
