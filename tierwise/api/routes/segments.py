"""Groups of customers by rule: how many, who, how they overlap, frozen, read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from tierwise.api import examples
from tierwise.api import segment_bodies as bodies
from tierwise.api.bodies import Profile
from tierwise.api.context import Asked, HeadingsQuery, RunQuery
from tierwise.api.places import told_as
from tierwise.api.problems import problem_responses
from tierwise.api.scratch import drop_folder, new_folder
from tierwise.app import group_reading, memberships, segments
from tierwise.app.among import Among
from tierwise.app.context import Context
from tierwise.app.group_reading import GroupReading
from tierwise.app.headings import Headings
from tierwise.app.lists import CustomerList
from tierwise.app.memberships import ChangesPage, MembershipsView
from tierwise.app.segments import Counted, Overlap
from tierwise.definitions.read import parse_rule
from tierwise.definitions.rule import AnyRule

router = APIRouter(tags=["segments"])

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the file; X-Tierwise-Rows says how many rows it has",
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "customer_id,recency_days\nC000003,4\n"},
        },
    }
}


@router.get(
    "/segments",
    operation_id="segments",
    responses=examples.ok(bodies.Segments(segments=(bodies.SEGMENT,))) | problem_responses(),
)
def stored_segments(ctx: Asked) -> bodies.Segments:
    """Every stored segment, and what each lacks."""
    return bodies.Segments(segments=tuple(bodies.SegmentBody.of(each) for each in segments.all_segments(ctx)))


@router.get(
    "/segments/changes",
    operation_id="membership_changes",
    responses=examples.ok(bodies.CHANGES) | problem_responses(403),
)
def changes(
    ctx: Asked,
    after: Annotated[int, Query(ge=0, description="behind this change; `next_after` of the answer before")] = 0,
    limit: Annotated[int, Query(ge=1, le=memberships.MOST)] = 100,
    name: Annotated[str | None, Query(max_length=63, description="only of this segment or stages")] = None,
    customer: Annotated[str | None, Query(max_length=500, description="only of this customer_id")] = None,
) -> ChangesPage:
    """Every entry into a segment or stage and every exit, once, in the order in which they were told."""
    return memberships.changes(ctx, after=after, limit=limit, name=name, customer_id=customer)


@router.get(
    "/segments/of/{customer_id:path}",
    operation_id="memberships",
    responses=examples.ok(bodies.MEMBERSHIPS) | problem_responses(403, 404),
)
def of_customer(ctx: Asked, customer_id: Annotated[str, Path(max_length=500, examples=["C000042"])]) -> MembershipsView:
    """The segments and stages that one customer is in now."""
    return memberships.of_customer(ctx, customer_id)


@router.post(
    "/segments/count", operation_id="count_segment", responses=examples.ok(bodies.COUNTED) | problem_responses(404)
)
def count(ctx: Asked, body: bodies.CountRequest, run_id: RunQuery = None) -> Counted:
    """How many customers a rule is true of, while it is edited."""
    return segments.count(ctx, parse_rule(body.rule), run_id)


@router.post(
    "/segments/sample",
    operation_id="sample_segment",
    responses=examples.ok(bodies.SAMPLE) | problem_responses(403, 404),
)
def sample(ctx: Asked, body: bodies.SampleRequest, run_id: RunQuery = None) -> bodies.SampleBody:
    """Some customers by chance."""
    rule = parse_rule(body.rule)
    found = segments.sample(ctx, rule, limit=body.limit, seed=body.seed, columns=body.columns, run_id=run_id)
    return bodies.SampleBody(
        columns=found.columns,
        rows=found.rows,
        customers=found.customers,
        seed=found.seed,
        run_id=found.run_id,
        as_of=found.as_of,
    )


@router.post(
    "/segments/members",
    operation_id="segment_members",
    responses=examples.ok(bodies.MEMBERS) | problem_responses(403, 404),
)
def members(ctx: Asked, body: bodies.MembersRequest, run_id: RunQuery = None) -> Profile:
    """Who they are, page by page in the order of customer_id."""
    rule = parse_rule(body.rule)
    page = segments.members(ctx, rule, limit=body.limit, after=body.after, columns=body.columns, run_id=run_id)
    return Profile.of_page(page, body.limit)


@router.post(
    "/segments/members.{extension}",
    operation_id="export_segment",
    response_class=FileResponse,
    responses=_FILE | problem_responses(403, 404),
)
def export_members(
    ctx: Asked,
    extension: bodies.Extension,
    body: bodies.ExportRequest,
    run_id: RunQuery = None,
    headings: HeadingsQuery = "names",
) -> FileResponse:
    """All of them as a file, ordered by customer_id. Audited."""
    return members_file(
        ctx, parse_rule(body.rule), f"members.{extension}", columns=body.columns, run_id=run_id, headings=headings
    )


def members_file(
    ctx: Context,
    rule: AnyRule,
    name: str,
    *,
    columns: Sequence[str] | None,
    headings: Headings,
    run_id: int | None = None,
    among: Among | None = None,
    order_by: str = segments.ID,
    descending: bool = False,
    text: str = "",
) -> FileResponse:
    """Those of a rule as a file of that name, which is gone once it is sent."""
    folder = new_folder(ctx)
    try:
        with told_as(folder):
            path = folder / name
            done = segments.export_members(
                ctx,
                rule,
                path,
                columns=columns,
                run_id=run_id,
                headings=headings,
                among=among,
                order_by=order_by,
                descending=descending,
                text=text,
            )
    except BaseException:
        drop_folder(folder)
        raise
    return FileResponse(
        path,
        filename=path.name,
        headers={"x-tierwise-rows": str(done.rows)},
        background=BackgroundTask(drop_folder, folder),
    )


@router.post(
    "/segments/overlap", operation_id="overlap_segments", responses=examples.ok(bodies.OVERLAP) | problem_responses(404)
)
def overlap(ctx: Asked, body: bodies.OverlapRequest, run_id: RunQuery = None) -> Overlap:
    """How sets lie over each other: every region of two or three, and all pairs with their Jaccard index."""
    sets = {name: parse_rule(rule, f"sets.{name}") for name, rule in body.sets.items()}
    return segments.overlap(ctx, sets, run_id)


@router.post(
    "/segments/read", operation_id="read_segment", responses=examples.ok(bodies.READING) | problem_responses(404)
)
def read(ctx: Asked, body: bodies.ReadRequest, run_id: RunQuery = None) -> GroupReading:
    """What the group has more or less often than all, or than another group."""
    against = None if body.against is None else parse_rule(body.against, "against")
    return group_reading.read(ctx, parse_rule(body.rule), against, attributes=body.attributes, run_id=run_id)


@router.post(
    "/segments/snapshot",
    operation_id="freeze_segment",
    status_code=201,
    responses=examples.ok(bodies.FROZEN, 201) | problem_responses(403, 404),
)
def snapshot(ctx: Asked, body: bodies.SnapshotRequest, run_id: RunQuery = None) -> CustomerList:
    """Freeze who is in it now into a list that stays. Audited."""
    return segments.snapshot(
        ctx,
        parse_rule(body.rule),
        body.name,
        title=body.title,
        note=body.note,
        replace=body.replace,
        run_id=run_id,
    )
