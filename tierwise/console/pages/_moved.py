"""The way to those who went from one tier to another between two days."""

from __future__ import annotations

from datetime import date

from tierwise.app.among import Moved, among_address
from tierwise.console.visit import Visit


def moved_link(visit: Visit, name: str, days: tuple[date, date], places: tuple[str | None, str | None]) -> str:
    """The address of those who went from one place to another between two days; none for who may see no customers."""
    if not visit.may("view_customer"):
        return ""
    return visit.link("/customers", among=among_address(Moved(name, *days, *places)))
