"""Who is who: one person's identities, what is left to decide, decisions; who has to do with vehicles and companies."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from tierwise.api import examples
from tierwise.api.context import Asked
from tierwise.api.problems import problem_responses
from tierwise.app import identity, identity_reading, relations
from tierwise.app.identity_views import (
    Candidates,
    DecisionView,
    IdentityExplanation,
    IdentityRow,
    ResolvedView,
    ReviewView,
    SharedRow,
    StepRow,
)
from tierwise.app.relations import CompanyView, HouseholdView, RoleRow, VehicleView
from tierwise.app.views import Label

router = APIRouter(tags=["identity"])

LimitQuery = Annotated[int, Query(ge=1, le=1000)]
OnQuery = Annotated[date | None, Query(description="the day; today where it is left out")]


class DecisionRequest(BaseModel):
    """What is decided of two identities, each a customer's number or `SCOPE:ID`. same: they are one person's."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"left": "U0000042", "right": "U0000105", "same": True, "reason": "the same person at the desk"}
        },
    )

    left: str = Field(min_length=1, max_length=500)
    right: str = Field(min_length=1, max_length=500)
    same: bool
    reason: str = Field(min_length=1, max_length=1000)


class Decisions(BaseModel):
    """The newest decisions first."""

    decisions: tuple[DecisionView, ...]


class SharedIdentities(BaseModel):
    """Those with the most first."""

    shared: tuple[SharedRow, ...]


class Vehicles(BaseModel):
    """The vehicles of a VIN or plate."""

    vehicles: tuple[VehicleView, ...]


_AT = datetime(2026, 6, 30, 2, 30, tzinfo=UTC)
_PHONE = "phone:+8613800000001"
_LINK = StepRow("U0000042", _PHONE, "link", "joined", "crm.csv", _AT, 4)
_REFUSED = StepRow("U0000105", _PHONE, "link", "refused", "shop.csv", _AT, 4)
_EXPLANATION = IdentityExplanation(
    customer_id="U0000042",
    identities=(
        IdentityRow("U0000042", "customer_id", Label("客户编号", "Customer number"), True, False),
        IdentityRow(_PHONE, "phone", Label("手机号", "Phone"), False, False),
    ),
    merges=(_LINK,),
    others=(),
    refused=(_REFUSED,),
    waiting=False,
)
_REVIEW = ReviewView((Candidates("U0000042", "U0000105", (_REFUSED, _LINK)),), False)
_DECISION = DecisionView(3, "U0000042", "U0000105", True, "token:local", "the same person at the desk", _AT, None, None)
_UNDONE = DecisionView(
    3, "U0000042", "U0000105", True, "token:local", "the same person at the desk", _AT, _AT, "token:local"
)
_SHARED = SharedRow("phone:+8613900000009", "phone", "customer_id", 400, 5)
_RESOLVED = ResolvedView(12_000, 11_500, 11_500, 310, 320, 1, 12, 1.4)
_OWNER = RoleRow("owner", "U0000042", date(2024, 6, 1), None, "vehicle_people")
_BRINGER = RoleRow("bringer", "U0000105", date(2026, 5, 1), date(2026, 6, 1), "visits", 2)
_VEHICLE = VehicleView("LSVAU2180N2000001", "沪A12345", "X6", date(2026, 6, 30), (_OWNER, _BRINGER))
_BUYER = RoleRow("buyer", "U0000042", None, None, "company_people")
_COMPANY = CompanyView("K1", "Acme", "logistics", date(2026, 6, 30), (_BUYER,))
_HEAD = RoleRow("head", "U0000042", None, None, "household_people")
_HOUSEHOLD = HouseholdView("H1", date(2026, 6, 30), (_HEAD,))


@router.get(
    "/identity/people/{identity:path}",
    operation_id="explain_identity",
    responses=examples.ok(_EXPLANATION) | problem_responses(403, 404),
)
def explain(
    ctx: Asked, identity: Annotated[str, Path(max_length=500, examples=["U0000042", "phone:13800000001"])]
) -> IdentityExplanation:
    """All ids of one person: what joined them, who told it and when, and what was not followed and why."""
    return identity_reading.explain(ctx, identity)


@router.get("/identity/review", operation_id="identity_review", responses=examples.ok(_REVIEW) | problem_responses(403))
def review(ctx: Asked, limit: LimitQuery = 50) -> ReviewView:
    """Known people who may be one: a link would join them, and nobody has decided."""
    return identity_reading.review(ctx, limit=limit)


@router.get(
    "/identity/shared",
    operation_id="shared_identities",
    responses=examples.ok(SharedIdentities(shared=(_SHARED,))) | problem_responses(403),
)
def shared(ctx: Asked, limit: LimitQuery = 100) -> SharedIdentities:
    """Ids that join nobody, since too many people have them."""
    return SharedIdentities(shared=identity_reading.shared(ctx, limit=limit))


@router.get(
    "/identity/decisions",
    operation_id="identity_decisions",
    responses=examples.ok(Decisions(decisions=(_DECISION,))) | problem_responses(403),
)
def decisions(
    ctx: Asked,
    everything: Annotated[bool, Query(alias="all", description="those taken back, too")] = False,
    limit: LimitQuery = 100,
) -> Decisions:
    """What people decided of ids, by whom and why."""
    return Decisions(decisions=identity.decisions(ctx, standing_only=not everything, limit=limit))


@router.post(
    "/identity/decisions",
    operation_id="decide_identity",
    status_code=201,
    responses=examples.ok(_DECISION, 201) | problem_responses(403, 404, 409),
)
def decide(ctx: Asked, body: DecisionRequest) -> DecisionView:
    """Say of two ids that they are one person's, or two people's; the next run counts them so."""
    return identity.decide(ctx, body.left, body.right, same=body.same, reason=body.reason)


@router.post(
    "/identity/decisions/{decision_id}/undo",
    operation_id="undo_identity",
    responses=examples.ok(_UNDONE) | problem_responses(403, 404, 409),
)
def undo(ctx: Asked, decision_id: Annotated[int, Path(ge=1, le=2**53)]) -> DecisionView:
    """Take a decision back: who was joined by it alone is two again."""
    return identity.undo(ctx, decision_id)


@router.post(
    "/identity/resolve",
    operation_id="resolve_identities",
    responses=examples.ok(_RESOLVED) | problem_responses(403, 404, 409),
)
def resolve(ctx: Asked) -> ResolvedView:
    """Work out who is who from all that was ever seen together; after a definition of kind identities is new."""
    return identity.resolve(ctx)


@router.get(
    "/identity/vehicles/{vin:path}",
    operation_id="people_of_vehicle",
    responses=examples.ok(Vehicles(vehicles=(_VEHICLE,))) | problem_responses(403, 404),
)
def vehicle(
    ctx: Asked, vin: Annotated[str, Path(max_length=100, examples=["沪A12345"])], on: OnQuery = None
) -> Vehicles:
    """Who owns, drives and brings a vehicle, by its VIN or number plate."""
    return Vehicles(vehicles=relations.vehicles(ctx, vin, on=on))


@router.get(
    "/identity/companies/{company_id:path}",
    operation_id="people_of_company",
    responses=examples.ok(_COMPANY) | problem_responses(403, 404),
)
def company(ctx: Asked, company_id: Annotated[str, Path(max_length=200)], on: OnQuery = None) -> CompanyView:
    """The people of a company and their roles."""
    return relations.company(ctx, company_id, on=on)


@router.get(
    "/identity/households/{household_id:path}",
    operation_id="people_of_household",
    responses=examples.ok(_HOUSEHOLD) | problem_responses(403, 404),
)
def household(ctx: Asked, household_id: Annotated[str, Path(max_length=200)], on: OnQuery = None) -> HouseholdView:
    """The people of a household and their roles."""
    return relations.household(ctx, household_id, on=on)
