"""The definitions by which customers are stratified, as they are in use: for pages that show and edit them."""

from __future__ import annotations

from tierwise.app.context import Context
from tierwise.app.defining import Definitions, current_definitions


def definitions_in_use(ctx: Context) -> Definitions:
    """All that are in use; a kind that none was given for has its default."""
    ctx.principal.require("view")
    with ctx.database.connect() as state:
        return current_definitions(state)
