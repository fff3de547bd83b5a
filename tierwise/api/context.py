"""What every endpoint is given: the context of the server, with the principal of its token."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request

from tierwise.app.context import Context


def context_of(request: Request) -> Context:
    """The context that the guard has put there."""
    context = request.state.context
    assert isinstance(context, Context)
    return context


Asked = Annotated[Context, Depends(context_of)]
"""The context, acting as whoever asks."""

RunQuery = Annotated[
    int | None, Query(alias="run", ge=1, le=2**31 - 1, description="a kept run; the current one where left out")
]

RunPath = Annotated[int, Path(ge=1, le=2**31 - 1)]
