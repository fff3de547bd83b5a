"""Versions of one definition: who changed it, what differs, back to an older one, out of use."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tierwise.api import examples
from tierwise.api.bodies import AppliedBody
from tierwise.api.context import Asked
from tierwise.api.definition_bodies import DIFF, REMOVED, VERSIONS, DiffBody, RollbackRequest, VersionsBody
from tierwise.api.problems import problem_responses
from tierwise.app import versioning
from tierwise.app.versioning import Removed

router = APIRouter(tags=["definitions"])

Version = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get(
    "/definitions/changes", operation_id="definition_changes", responses=examples.ok(DIFF) | problem_responses()
)
def definition_changes(ctx: Asked) -> DiffBody:
    """What was changed since the current run computed, and the next run will see."""
    return DiffBody.of(versioning.diff(ctx))


@router.get(
    "/definitions/{kind}/{name}/versions",
    operation_id="definition_versions",
    responses=examples.ok(VERSIONS) | problem_responses(404),
)
def definition_versions(ctx: Asked, kind: str, name: str) -> VersionsBody:
    """Who changed a definition, when and why."""
    return VersionsBody(versions=versioning.history(ctx, kind, name))


@router.get(
    "/definitions/{kind}/{name}/diff",
    operation_id="definition_diff",
    responses=examples.ok(DIFF) | problem_responses(404),
)
def definition_diff(
    ctx: Asked, kind: str, name: str, from_version: Version = None, to_version: Version = None
) -> DiffBody:
    """How a definition differs between two versions: the newest and the one before, where none is said."""
    return DiffBody.of(versioning.diff(ctx, kind, name, from_version=from_version, to_version=to_version))


@router.post(
    "/definitions/{kind}/{name}/rollback",
    operation_id="roll_back_definition",
    responses=examples.ok(examples.APPLIED) | problem_responses(403, 404),
)
def roll_back_definition(ctx: Asked, kind: str, name: str, body: RollbackRequest) -> AppliedBody:
    """Make an older version the newest again; checked as any change is."""
    return AppliedBody.model_validate(versioning.rollback(ctx, kind, name, body.version, note=body.note))


@router.delete(
    "/definitions/{kind}/{name}",
    operation_id="remove_definition",
    responses=examples.ok(REMOVED) | problem_responses(403, 404, 409),
)
def remove_definition(
    ctx: Asked,
    kind: str,
    name: str,
    note: Annotated[str, Query(max_length=1000, description="why, kept with the version")] = "",
    even_if_read: Annotated[
        bool, Query(description="although others read it: no run computes until they change")
    ] = False,
) -> Removed:
    """Take a definition out of use; its versions stay. Refused with 409 where others read it."""
    return versioning.remove(ctx, kind, name, note=note, even_if_read=even_if_read)
