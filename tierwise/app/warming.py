"""What everybody asks first, asked before they do."""

from __future__ import annotations

from collections.abc import Callable

from tierwise.app import profiling, segment_catalogue, showing, tag_catalogue
from tierwise.app.context import Context
from tierwise.app.insights import asking
from tierwise.kernel.errors import TierwiseError

KPIS = 40
"""So many KPIs are told at once on the overview."""

_FIRST: tuple[Callable[[Context], object], ...] = (
    showing.overview,
    lambda ctx: asking.insight(ctx, "kpis", limit=KPIS),
    segment_catalogue.catalogue,
    tag_catalogue.catalogue,
    profiling.worths,
)


def ask_first(ctx: Context, over: Callable[[], bool] = lambda: False) -> None:
    """Ask them once, so that `Context.answers` has them. What cannot be told yet is left out; over: looked at between.

    Raises `not_allowed`.
    """
    ctx.principal.require("view")
    for case in _FIRST:
        if over():
            return
        try:
            case(ctx)
        except TierwiseError:
            continue
