"""The application that `serve` runs: the API, and a console where one is given to mount."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from tierwise import __version__
from tierwise.api import observed, problems, sign_in
from tierwise.api.bodies import Ok
from tierwise.api.context import only_known_parameters
from tierwise.api.guard import LOOPBACK, Guard
from tierwise.api.problems import ErrorBody, ProblemBody
from tierwise.api.routes import (
    alerts,
    answers,
    cleaning,
    definition_versions,
    definitions,
    explaining,
    exports,
    history,
    identity,
    imports,
    insights,
    jobs,
    levels,
    lists,
    live,
    people,
    profile,
    profiling,
    runs,
    schedules,
    searching,
    segments,
    showing,
    sources,
    tag_validations,
    tags,
    tasks,
)
from tierwise.api.tracking.door import Door, Tracking
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.app.signing_in import SignIns
from tierwise.app.tracking import Intake

PREFIX = "/api/v1"

ROUTERS = tuple(
    module.router
    for module in (
        showing,
        searching,
        profile,
        runs,
        alerts,
        imports,
        sources,
        definitions,
        definition_versions,
        exports,
        jobs,
        cleaning,
        tags,
        tasks,
        tag_validations,
        segments,
        lists,
        answers,
        profiling,
        history,
        levels,
        schedules,
        explaining,
        insights,
        live,
        identity,
        people,
    )
)

SERVED_AS = Principal("token:local", "administrator")
"""Whoever holds the token of this home."""

_DESCRIPTION = """Customers in tiers: what is known, how it is stratified, and the facts behind it.

Money is text with the currency's digits; shares are 0..1; what cannot be told is null. Send the token of
`serve.token` as `Authorization: Bearer TOKEN`. Errors are RFC 9457 problems with `code`, `message`, `place`,
`remedy`, and all `problems` at once."""


def build_app(
    ctx: Context,
    token: str,
    *,
    mount_console: Callable[[FastAPI], None] | None = None,
    hosts: Iterable[str] = (),
    any_address: bool = False,
) -> FastAPI:
    """The application over one context.

    token: what lets in. mount_console: adds a console under /console; the context is at `request.state.context`.
    hosts: further names that the Host header may have; any_address: also any plain IP address.
    """
    app = FastAPI(
        title="Tierwise",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    problems.add_handlers(app)
    app.add_middleware(
        Guard,
        context=ctx.acting_as(SERVED_AS),
        token=token,
        sign_ins=SignIns(ctx),
        hosts=LOOPBACK | {host.lower() for host in hosts},
        any_address=any_address,
    )
    tracking = app.state.tracking = Tracking(Intake(ctx))
    app.add_middleware(Door, tracking=tracking)
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX, dependencies=[Depends(only_known_parameters)])

    @app.get("/healthz", operation_id="health", tags=["server"])
    def health() -> Ok:
        """Open to everyone: the server answers."""
        return Ok(version=__version__)

    @app.get("/openapi.json", include_in_schema=False)
    def openapi_elsewhere() -> RedirectResponse:
        return RedirectResponse(f"{PREFIX}/openapi.json")

    observed.add_to(app, tracking)

    if mount_console is not None:

        @app.get("/", include_in_schema=False)
        def to_the_console() -> RedirectResponse:
            return RedirectResponse("/console/")

        sign_in.add_to(app)
        app.state.status_of = problems.status_of  # pages answer a refusal with the status that a path does
        mount_console(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The document with our errors in place of FastAPI's own, and the token as the way in."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        _put_examples(document)
        for model in (ProblemBody, ErrorBody):
            schema = model.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
            schema.pop("$defs", None)
            schemas[model.__name__] = schema
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
        document["paths"]["/healthz"]["get"]["security"] = []
        app.openapi_schema = document
    return app.openapi_schema


def _put_examples(document: dict[str, Any]) -> None:
    """The examples as they were written: FastAPI drops the nulls in them, which our answers have."""
    for route in (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)):
        for method in route.methods or ():
            shown = document["paths"][PREFIX + route.path_format][method.lower()]["responses"]
            for status, told in route.responses.items():
                for media_type, content in told.get("content", {}).items():
                    if "example" in content:
                        shown[str(status)]["content"][media_type]["example"] = content["example"]
