"""Customers, looked for by what is at hand, and as a file."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel

from tierwise.api import examples
from tierwise.api.context import Asked, HeadingsQuery, RunQuery
from tierwise.api.problems import problem_responses
from tierwise.api.routes.exports import FILE, Extension
from tierwise.api.routes.segments import members_file
from tierwise.app import head_counts as counting
from tierwise.app import searching
from tierwise.app.among import among_in
from tierwise.app.searching import CONTACTS, ID
from tierwise.definitions.read import parse_rule
from tierwise.definitions.rule import AnyRule, Comparison
from tierwise.kernel.errors import TierwiseError

router = APIRouter(tags=["customers"])

WhereQuery = Annotated[str | None, Query(max_length=20_000, description="a rule as JSON: only whom it is true of")]
AmongQuery = Annotated[
    str | None,
    Query(
        max_length=2_000,
        description="as JSON: who moved between two days or would by a plan, is in tenths by a number or in an insight",
        examples=['{"deciles":{"metric":"visit_count","first":1,"last":2}}'],
    ),
]
_COLUMNS = "attributes, name or phone, by comma; of those who moved move.before and move.after too"

ColumnsQuery = Annotated[str | None, Query(max_length=10_000, description=_COLUMNS)]


TextQuery = Annotated[str, Query(max_length=200, description="an id, a phone's end, a name, a plate, a VIN")]

OrderQuery = Annotated[str, Query(max_length=200, description="an attribute, name or phone")]


class FoundBody(BaseModel):
    """A page of customers. of: how many in all; by: as what the text was found."""

    run_id: int
    as_of: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    of: int
    by: tuple[str, ...]


_FOUND = FoundBody(
    run_id=12,
    as_of="2026-06-30",
    columns=("customer_id", "name", "monetary_amount"),
    rows=(("C000042", "王小明", "5231.50"),),
    of=1,
    by=("phone",),
)


@router.get("/customers", operation_id="find_customers", responses=examples.ok(_FOUND) | problem_responses(403, 404))
def find_customers(
    ctx: Asked,
    q: TextQuery = "",
    where: WhereQuery = None,
    among: AmongQuery = None,
    columns: ColumnsQuery = None,
    order: OrderQuery = ID,
    desc: bool = False,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=searching.MOST)] = 50,
    run_id: RunQuery = None,
) -> FoundBody:
    """Customers of the current run, or of a kept one, whom one who asks may see, page by page."""
    found = searching.search(
        ctx,
        q,
        rule=_rule(where),
        among=among_in(among),
        columns=_names(columns),
        order_by=order,
        descending=desc,
        offset=offset,
        limit=limit,
        run_id=run_id,
    )
    return FoundBody(
        run_id=found.run_id,
        as_of=found.as_of.isoformat(),
        columns=found.columns,
        rows=found.rows,
        of=found.of,
        by=found.by,
    )


class HeadCountsBody(BaseModel):
    """of: the customers whom one who asks may see. values: of each attribute its values as text with their
    head-counts, the most first; who has none is not in it."""

    run_id: int
    as_of: str
    of: int
    values: dict[str, dict[str, int]]


_COUNTED = HeadCountsBody(
    run_id=12, as_of="2026-06-30", of=130, values={"lifecycle_stage": {"growth": 41, "maturity": 9}}
)


@router.get(
    "/customers/head-counts",
    operation_id="head_counts",
    responses=examples.ok(_COUNTED) | problem_responses(403, 404),
)
def head_counts(
    ctx: Asked, by: Annotated[str, Query(max_length=2_000, description="attributes, by comma")]
) -> HeadCountsBody:
    """How many of the customers whom one who asks may see have which value."""
    found = counting.head_counts(ctx, _names(by))
    values = {name: {str(value): count for value, count in each.items()} for name, each in found.values.items()}
    return HeadCountsBody(run_id=found.run_id, as_of=found.as_of.isoformat(), of=found.of, values=values)


@router.get(
    "/segments/members.{extension}",
    operation_id="export_where",
    response_class=FileResponse,
    responses=FILE | problem_responses(403, 404),
)
def export_where(
    ctx: Asked,
    extension: Extension,
    q: TextQuery = "",
    where: WhereQuery = None,
    among: AmongQuery = None,
    columns: ColumnsQuery = None,
    headings: HeadingsQuery = "names",
    order: OrderQuery = ID,
    desc: bool = False,
    run_id: RunQuery = None,
) -> FileResponse:
    """Those of a rule whom q finds, as a file, by a link; everybody without either. No names or phones. Audited."""
    rule = _rule(where) or Comparison(attribute=ID, op="present")
    names = [name for name in _names(columns) if name not in CONTACTS]
    return members_file(
        ctx,
        rule,
        f"customers.{extension}",
        columns=names,
        headings=headings,
        among=among_in(among),
        order_by=order,
        descending=desc,
        text=q,
        run_id=run_id,
    )


def _rule(where: str | None) -> AnyRule | None:
    if not where:
        return None
    try:
        return parse_rule(json.loads(where), "where")
    except ValueError as error:
        raise TierwiseError("bad_rule", "the rule is no JSON", place="query.where") from error


def _names(columns: str | None) -> list[str]:
    return [name.strip() for name in (columns or "").split(",") if name.strip()]
