"""What every endpoint is given: the context of the server, with the principal of its token."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from fastapi.routing import APIRoute

from tierwise.app.context import Context
from tierwise.app.headings import Headings
from tierwise.kernel.errors import TierwiseError, unknown_name


def context_of(request: Request) -> Context:
    """The context that the guard has put there."""
    context = request.state.context
    assert isinstance(context, Context)
    return context


def only_known_parameters(request: Request) -> None:
    """Refuse what the path does not know, rather than answer another question. Raises `unknown_parameter`."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    known = [field.alias for field in route.dependant.query_params]
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise TierwiseError.of([unknown_name("parameter", name, known, f"query.{name}") for name in unknown])


Asked = Annotated[Context, Depends(context_of)]
"""The context, acting as whoever asks."""

HeadingsQuery = Annotated[Headings, Query(description="above columns: their names, or words in a language")]

RunQuery = Annotated[
    int | None, Query(alias="run", ge=1, le=2**31 - 1, description="a kept run; the current one where left out")
]

RunPath = Annotated[int, Path(ge=1, le=2**31 - 1)]
