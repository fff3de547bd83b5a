"""Junk accounts: the report, releases and their undoing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from tierwise.api import examples
from tierwise.api.context import Asked, RunQuery
from tierwise.api.problems import problem_responses
from tierwise.app import cleaning
from tierwise.app.cleaning import JunkRuleRow, JunkView, ReleaseView
from tierwise.app.views import Label

router = APIRouter(tags=["cleaning"])


class ReleaseRequest(BaseModel):
    """Whom to release, and why. rule: from that rule alone; null from all."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"customer_id": "U0000042", "reason": "a regular of the store", "rule": None}},
    )

    customer_id: str = Field(min_length=1, max_length=500)
    reason: str = Field(min_length=1, max_length=1000)
    rule: str | None = None


class UndoRequest(BaseModel):
    """Whose release to take back. rule: as it was in the release."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"customer_id": "U0000042", "rule": None}})

    customer_id: str = Field(min_length=1, max_length=500)
    rule: str | None = None


class Releases(BaseModel):
    """The newest releases first."""

    releases: tuple[ReleaseView, ...]


_RULE = JunkRuleRow(
    rule="giveaway_only",
    title=Label("羊毛党", "Giveaway hunter"),
    reason=Label("只为活动注册，无订单、无互动", "Registered for a giveaway; no order, no interaction"),
    customers=235,
    counted=235,
    orders=0,
    monetary_amount=Decimal("0.00"),
    monetary_amount_gross=Decimal("0.00"),
    retention_days=180,
    past_retention=118,
    examples=("U0000042", "U0000105"),
)
JUNK = JunkView(
    run_id=7,
    as_of=date(2026, 6, 30),
    currency="CNY",
    customers=235,
    of=5_235,
    share=235 / 5_235,
    orders=0,
    monetary_amount=Decimal("0.00"),
    monetary_amount_gross=Decimal("0.00"),
    past_retention=118,
    releases=1,
    waiting=1,
    rules=(_RULE,),
)
_RELEASED_AT = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
RELEASE = ReleaseView("U0000042", None, "token:local", "a regular of the store", _RELEASED_AT, None, None)
UNDONE = ReleaseView(
    "U0000042",
    None,
    "token:local",
    "a regular of the store",
    _RELEASED_AT,
    datetime(2026, 7, 2, tzinfo=UTC),
    "token:local",
)


@router.get("/junk", operation_id="junk", responses=examples.ok(JUNK) | problem_responses(404))
def junk(
    ctx: Asked,
    show: Annotated[
        int, Query(alias="examples", ge=0, le=1000, description="so many ids of flagged accounts for each rule")
    ] = cleaning.EXAMPLES,
    run_id: RunQuery = None,
) -> JunkView:
    """Accounts that no number counts: how many each rule found, why, and the money they carry."""
    return cleaning.junk(ctx, run_id=run_id, examples=show)


@router.get(
    "/junk/releases",
    operation_id="releases",
    responses=examples.ok(Releases(releases=(RELEASE,))) | problem_responses(403),
)
def releases(
    ctx: Asked,
    everything: Annotated[bool, Query(alias="all", description="those taken back, too")] = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Releases:
    """Who was released, by whom and why."""
    return Releases(releases=cleaning.list_releases(ctx, standing_only=not everything, limit=limit))


@router.post(
    "/junk/releases",
    operation_id="release",
    status_code=201,
    responses=examples.ok(RELEASE, 201) | problem_responses(403, 404, 409),
)
def release(ctx: Asked, body: ReleaseRequest) -> ReleaseView:
    """Count a flagged account again from the next run on."""
    return cleaning.release(ctx, body.customer_id, reason=body.reason, rule=body.rule)


@router.post(
    "/junk/releases/undo", operation_id="undo_release", responses=examples.ok(UNDONE) | problem_responses(403, 404)
)
def undo_release(ctx: Asked, body: UndoRequest) -> ReleaseView:
    """Take a release back."""
    return cleaning.undo_release(ctx, body.customer_id, rule=body.rule)
