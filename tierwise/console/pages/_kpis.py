"""The KPIs that are in use, for pages that lead from their numbers to customers."""

from __future__ import annotations

from tierwise.app import tier_definitions
from tierwise.console.visit import Visit
from tierwise.definitions.kpi import Kpi


async def kpis_by_name(visit: Visit) -> dict[str, Kpi]:
    """The KPIs in use: they say of whom their numbers are."""
    known = await visit.ask(tier_definitions.definitions_in_use, visit.ctx)
    return {each.name: each for each in known.of(Kpi)}
