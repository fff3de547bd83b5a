"""The profile, page by page, and one customer."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Response

from tierwise.api import examples
from tierwise.api.bodies import Profile
from tierwise.api.context import Asked, RunQuery
from tierwise.api.problems import problem_responses
from tierwise.app import showing
from tierwise.app.views import CustomerView

router = APIRouter(tags=["customers"])

LARGEST_PAGE = 1000


@router.get("/profile", operation_id="profile", responses=examples.ok(examples.PROFILE) | problem_responses(404))
def profile(
    ctx: Asked,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    after: Annotated[
        str | None, Query(max_length=500, description="the last customer_id of the page before (`next`)")
    ] = None,
    columns: Annotated[
        str | None,
        Query(max_length=10_000, description="attributes, by comma; all where left out; customer_id is always there"),
    ] = None,
    run_id: RunQuery = None,
) -> Profile:
    """Rows of the profile in the order of customer_id. Follow `next` (or the Link header): it stays with the run."""
    names = None if columns is None else [name.strip() for name in columns.split(",") if name.strip()]
    if names is not None:
        names = ["customer_id", *(name for name in dict.fromkeys(names) if name != "customer_id")]
    page = showing.profile(ctx, limit=limit, after=after, columns=names, run_id=run_id)
    body = Profile.of_page(page, limit)
    if body.next is not None:
        query = {"limit": limit, "after": body.next, "run": body.run_id} | ({"columns": columns} if columns else {})
        response.headers["link"] = f'</api/v1/profile?{urlencode(query)}>; rel="next"'
    return body


@router.get(
    "/customers/{customer_id:path}",
    operation_id="customer",
    responses=examples.ok(examples.CUSTOMER) | problem_responses(403, 404),
)
def customer(
    ctx: Asked,
    customer_id: Annotated[str, Path(max_length=500, examples=["C000042"])],
    run_id: RunQuery = None,
) -> CustomerView:
    """One customer: base facts, every attribute with the reason where it is null, and the latest facts."""
    return showing.customer(ctx, customer_id, run_id=run_id)
