"""Tags: the catalogue, and those given by hand."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, File, Path, Query, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from tierwise.api import examples
from tierwise.api.context import Asked, RunQuery
from tierwise.api.places import told_as
from tierwise.api.problems import problem_responses
from tierwise.api.scratch import folder_for, safe_name
from tierwise.app import tag_catalogue, tag_import, tags
from tierwise.app.tag_catalogue import TagCatalogue, TagRow, TagValueRow
from tierwise.app.tag_guard import MayDrive
from tierwise.app.tag_import import RefusedRow, TagImport
from tierwise.app.tags import ActView, CustomerTags, TagAct, TagOfCustomer, TagRemoval
from tierwise.app.views import Label

router = APIRouter(tags=["tags"])

LARGEST_PAGE = 1000

_CUSTOMER = Field(min_length=1, max_length=500)
_TAG = Field(min_length=1, max_length=200, description="its name, or its title in either language")
_REASON = Field(min_length=1, max_length=1000, description="kept with who and when")


class TagRequest(BaseModel):
    """A tag for one customer. value: one of the tag's values or its title; null for a tag that is there or not."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"customer_id": "C000042", "tag": "temper", "value": "calm", "reason": "quiet at the last visit"}
        },
    )

    customer_id: str = _CUSTOMER
    tag: str = _TAG
    value: str | None = Field(None, max_length=200)
    reason: str = _REASON
    expires_on: date | None = Field(None, description="the last day on which it holds")


class TagRemovalRequest(BaseModel):
    """Which tag of whom to take back. rater: only what that person has given; null: all of it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"customer_id": "C000042", "tag": "temper", "reason": "meant for another"}},
    )

    customer_id: str = _CUSTOMER
    tag: str = _TAG
    reason: str = _REASON
    rater: str | None = Field(None, max_length=200)


class Acts(BaseModel):
    """The newest verdicts first."""

    acts: tuple[ActView, ...]


_TEMPER, _CALM = Label("脾气", "Temper"), Label("温和", "Calm")
_ACT = ActView(
    customer_id="C000042",
    tag="temper",
    title=_TEMPER,
    value="calm",
    rater="local:li",
    reason="quiet at the last visit",
    at=datetime(2026, 7, 1, 2, 30, tzinfo=UTC),
    expires_on=None,
    batch=None,
    undone_at=None,
    undone_by=None,
    undo_reason=None,
    waiting=True,
)
CATALOGUE = TagCatalogue(
    run_id=7,
    as_of=date(2026, 6, 30),
    compared_as_of=date(2026, 6, 29),
    tags=(
        TagRow(
            name="temper",
            title=_TEMPER,
            tag_class="static",
            source="manual",
            owner="crm",
            purpose="who serves whom",
            description=None,
            sensitivity="ordinary",
            consent=None,
            ttl_days=365,
            when_empty="clear",
            history=False,
            refresh=None,
            concept=None,
            scene=None,
            version=1,
            customers=120,
            coverage=0.024,
            values=(
                TagValueRow("calm", _CALM, 90, 0.75),
                TagValueRow("angry", Label("易怒", "Angry"), 30, 0.25),
            ),
            gained=4,
            lost=1,
            changed=2,
            drift=0.004,
            drift_said="stable",
            agreement=tag_catalogue.Agreement(units=31, pairs=31, observed=0.9, alpha=0.78),
            readers=("segment calm_regulars",),
            warnings=(),
            claim=None,
            validation=MayDrive(
                tag="temper",
                allowed=False,
                life="draft",
                reason="no_hypothesis",
                said="it claims nothing that was tested: write a `hypothesis`, and test it",
                verdict=None,
                validated_at=None,
                validation_id=None,
            ),
        ),
    ),
)
GIVEN = TagAct("C000042", "temper", "calm", "accepted", "token:local")
REMOVED = TagRemoval("C000042", "temper", 1)
IMPORTED = TagImport(
    file="tags.csv",
    read=120,
    accepted=117,
    replaced=0,
    unchanged=2,
    refused=1,
    refusals=(RefusedRow(18, "tag", "unknown_tag", 'unknown tag "tempr"', 'did you mean "temper"?'),),
    import_id=12,
)
OF_CUSTOMER = CustomerTags(
    customer_id="C000042",
    run_id=7,
    as_of=date(2026, 6, 30),
    tags=(TagOfCustomer("temper", _TEMPER, "calm", _CALM, date(2026, 5, 2), "manual"),),
    acts=(_ACT,),
)


@router.get("/tags", operation_id="tags", responses=examples.ok(CATALOGUE) | problem_responses(404))
def catalogue(ctx: Asked, run_id: RunQuery = None) -> TagCatalogue:
    """All tags in use: source, owner, purpose, coverage, drift since the run before, readers, and what each lacks."""
    return tag_catalogue.catalogue(ctx, run_id=run_id)


@router.get("/tags/manual", operation_id="manual_tags", responses=examples.ok(Acts(acts=(_ACT,))) | problem_responses())
def manual_tags(
    ctx: Asked,
    tag: Annotated[str | None, Query(max_length=63, description="of this tag alone")] = None,
    everything: Annotated[bool, Query(alias="all", description="those taken back, too")] = False,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
) -> Acts:
    """Tags given by hand, of all customers."""
    return Acts(acts=tags.manual_acts(ctx, tag=tag, standing_only=not everything, limit=limit))


@router.post(
    "/tags/manual",
    operation_id="add_tag",
    status_code=201,
    responses=examples.ok(GIVEN, 201) | problem_responses(403, 404),
)
def add_tag(ctx: Asked, body: TagRequest) -> TagAct:
    """Give a customer a tag by hand; the next run heeds it."""
    return tags.add_tag(ctx, body.customer_id, body.tag, body.value, reason=body.reason, expires_on=body.expires_on)


@router.post(
    "/tags/manual/removals", operation_id="remove_tag", responses=examples.ok(REMOVED) | problem_responses(403, 404)
)
def remove_tag(ctx: Asked, body: TagRemovalRequest) -> TagRemoval:
    """Take a tag back that was given by hand; what was given stays on record."""
    return tags.remove_tag(ctx, body.customer_id, body.tag, reason=body.reason, rater=body.rater)


@router.post(
    "/tags/manual/imports",
    operation_id="import_tags",
    status_code=201,
    responses=examples.ok(IMPORTED, 201) | problem_responses(403, 413),
)
def import_tags(
    ctx: Asked,
    file: Annotated[
        UploadFile, File(description="columns customer_id, tag, reason, and value and expires_on if needed")
    ],
) -> TagImport:
    """Give tags by a file. Every row is accepted, replaced, unchanged, or refused with its line and the reason."""
    with folder_for(ctx) as folder, told_as(folder):
        path = folder / safe_name(file.filename, "tags.csv")
        with path.open("wb") as copy:
            shutil.copyfileobj(file.file, copy, 1024 * 1024)
        done = tag_import.import_tags(ctx, path)
    return TagImport(path.name, done.read, *_counts(done), done.refusals, done.import_id)


def _counts(done: TagImport) -> tuple[int, int, int, int]:
    return done.accepted, done.replaced, done.unchanged, done.refused


@router.get(
    "/tags/customers/{customer_id:path}",
    operation_id="customer_tags",
    responses=examples.ok(OF_CUSTOMER) | problem_responses(403, 404),
)
def customer_tags(ctx: Asked, customer_id: Annotated[str, Path(max_length=500, examples=["C000042"])]) -> CustomerTags:
    """What a customer has of all tags as of the current run, and every verdict by hand."""
    return tags.customer_tags(ctx, customer_id)
