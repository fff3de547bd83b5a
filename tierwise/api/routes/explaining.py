"""Why one customer has a value."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path

from tierwise.api import examples
from tierwise.api.context import Asked, RunQuery
from tierwise.api.problems import problem_responses
from tierwise.app import explaining
from tierwise.app.explaining import Clause, Counted, ExplainView
from tierwise.app.views import Label

router = APIRouter(tags=["customers"])

_ROWS = (
    {"order_id": "O1002", "ordered_day": date(2026, 6, 20), "net": Decimal("128.00")},
    {"order_id": "O0991", "ordered_day": date(2026, 5, 2), "net": Decimal("35.00")},
)
EXPLANATION = ExplainView(
    customer_id="C000042",
    name="twice_lately",
    kind="tag",
    title=Label("近期复购", "Twice lately"),
    value="yes",
    unit="",
    run_id=7,
    as_of=date(2026, 6, 30),
    currency="CNY",
    clauses=(
        Clause(
            what="behaviour",
            says="count of orders in the last 90 days ≥ 2",
            verdict=True,
            value=2,
            at="when",
            counted=(Counted("orders", date(2026, 4, 2), date(2026, 6, 30), 2, _ROWS),),
        ),
    ),
)


@router.get(
    "/explanations/{name}/{customer_id:path}",
    operation_id="explain",
    responses=examples.ok(EXPLANATION) | problem_responses(403, 404),
)
def explain(
    ctx: Asked,
    name: Annotated[str, Path(max_length=200, examples=["lifecycle_stage"])],
    customer_id: Annotated[str, Path(max_length=500, examples=["C000042"])],
    run_id: RunQuery = None,
) -> ExplainView:
    """Why a customer has this tier, tag or stage, or is in this segment: each clause with its value and verdict."""
    return explaining.explain(ctx, customer_id, name, run_id)
