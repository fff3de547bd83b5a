"""Tables that stand elsewhere, and what is new in them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from tierwise.api import examples
from tierwise.api.bodies import ImportBody, SourceImport, Sources
from tierwise.api.context import Asked
from tierwise.api.problems import problem_responses
from tierwise.app import sources

router = APIRouter(tags=["imports"])


@router.get("/sources", operation_id="list_sources", responses=examples.ok(examples.SOURCES) | problem_responses(403))
def list_sources(ctx: Asked) -> Sources:
    """The sources that are defined, and up to where each was read."""
    return Sources(sources=sources.list_sources(ctx))


@router.post(
    "/sources/{name}/imports",
    operation_id="import_source",
    status_code=201,
    responses=examples.ok(examples.IMPORT_OF_SOURCE, 201) | problem_responses(403, 404, 409),
)
def import_source(
    ctx: Asked,
    name: Annotated[str, Path(max_length=63, description="a definition of kind source", examples=["kingdee_outstock"])],
    body: SourceImport,
) -> ImportBody:
    """Take in what is new in a source, all of it or nothing; its mark moves with the import or not at all."""
    report = sources.import_source(ctx, name, from_start=body.from_start, dry_run=body.dry_run)
    return ImportBody.model_validate(report)
