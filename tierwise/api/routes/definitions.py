"""Definitions: all of them out, new versions in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from tierwise.api import examples
from tierwise.api.bodies import AppliedBody
from tierwise.api.context import Asked
from tierwise.api.definition_bodies import PLAN, PlanBody
from tierwise.api.places import told_as
from tierwise.api.problems import problem_responses
from tierwise.api.scratch import folder_for
from tierwise.app import defining, planning, versioning
from tierwise.app.context import Context
from tierwise.kernel.errors import TierwiseError

router = APIRouter(tags=["definitions"])

YAML = "application/yaml"

_LARGEST_BYTES = 4 * 1024 * 1024

_OUT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "YAML documents, or a list where the client prefers application/json",
        "content": {
            YAML: {"schema": {"type": "string"}, "example": examples.DEFINITIONS_YAML},
            "application/json": {
                "schema": {"type": "array", "items": {"type": "object"}},
                "example": examples.DEFINITIONS,
            },
        },
    }
}

_IN: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            YAML: {"schema": {"type": "string"}, "example": examples.DEFINITIONS_YAML},
            "application/json": {
                "schema": {"oneOf": [{"type": "array", "items": {"type": "object"}}, {"type": "object"}]},
                "example": examples.DEFINITIONS,
            },
        },
    }
}


Prune = Annotated[bool, Query(description="remove what is not named, the project apart")]


async def _body(request: Request) -> bytes:
    """The body as it came, up to 4 MiB."""
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > _LARGEST_BYTES:
            raise TierwiseError("too_large", f"definitions of more than {_LARGEST_BYTES} bytes", place="body")
    return bytes(read)


@router.get("/definitions", operation_id="definitions", response_class=Response, responses=_OUT | problem_responses())
def definitions(ctx: Asked, request: Request) -> Response:
    """All current definitions. Putting them again changes nothing."""
    text = defining.export_definitions(ctx)
    if _prefers_json(request):
        return JSONResponse(list(yaml.safe_load_all(text)))
    return Response(text, media_type=YAML)


@contextmanager
def _as_file(ctx: Context, request: Request, body: bytes) -> Iterator[Path]:
    """What was sent as a file to read, errors told as those of the body."""
    is_json = request.headers.get("content-type", "").partition(";")[0].strip().endswith("json")
    with folder_for(ctx) as folder, told_as(folder):
        path = folder / ("body.json" if is_json else "body.yaml")
        path.write_bytes(_documents(body) if is_json else body)
        yield path


@router.post(
    "/definitions/plan",
    operation_id="plan_definitions",
    responses=examples.ok(PLAN) | problem_responses(403, 413),
    openapi_extra=_IN,
)
def plan_definitions(
    ctx: Asked,
    request: Request,
    body: Annotated[bytes, Depends(_body)],
    prune: Prune = False,
    sample: Annotated[float | None, Query(gt=0, le=1, description="look at this share of the customers")] = None,
) -> PlanBody:
    """What putting these definitions would do: who would move from where to where. Nothing is stored."""
    with _as_file(ctx, request, body) as path:
        return PlanBody.of(planning.plan(ctx, [path], prune=prune, sample=sample))


@router.put(
    "/definitions",
    operation_id="apply_definitions",
    responses=examples.ok(examples.APPLIED) | problem_responses(403, 413),
    openapi_extra=_IN,
)
def apply_definitions(
    ctx: Asked,
    request: Request,
    body: Annotated[bytes, Depends(_body)],
    note: Annotated[str, Query(max_length=1000, description="why, kept with the version")] = "",
    prune: Prune = False,
) -> AppliedBody:
    """Store these definitions as new versions, all or none; those not named stay as they are, unless `prune`."""
    with _as_file(ctx, request, body) as path:
        if prune:
            return AppliedBody.model_validate(versioning.apply_and_prune(ctx, [path], note=note))
        return AppliedBody.model_validate(defining.apply_definitions(ctx, [path], note=note))


def _documents(body: bytes) -> bytes:
    """A list of definitions as documents one after another; one definition as it came, lines and all."""
    try:
        value = json.loads(body)
    except ValueError as error:
        raise TierwiseError("bad_json", f"not JSON: {error}", place="body") from error
    if not isinstance(value, list):
        return body
    return "\n---\n".join(json.dumps(item, ensure_ascii=False, indent=1) for item in value).encode()


def _prefers_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "json" in accept and "yaml" not in accept
