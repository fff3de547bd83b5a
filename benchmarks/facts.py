"""The business's files as facts: imported once, by the product's own importer, into a home that is kept."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.business import Size, orders_file
from tierwise.app.importing import import_file
from tierwise.bootstrap import Settings, open_context, stop_embedded
from tierwise.engine.lake import Lake

FACTS = ("customers", "orders", "refunds")


def home_of(folder: Path) -> Path:
    """The home that `imported` fills."""
    return folder / "home"


def imported(folder: Path, size: Size, database_url: str | None = None) -> Lake:
    """The lake with the business's customers, orders and refunds. A home that was filled whole is taken as it is."""
    files = orders_file(folder, size)
    home = home_of(folder)
    whole = home / "imported"
    if not whole.exists():
        shutil.rmtree(home, ignore_errors=True)
        for table in FACTS:
            import_alone(files.with_name(f"{table}.csv"), table, home, database_url)
        stop_embedded(Settings(home))
        whole.touch()
    return Lake(home / "lake")


def import_alone(path: Path, table: str, home: Path, database_url: str | None = None) -> float:
    """Import one file into that home, and say how many seconds the import itself took. Every row must be accepted."""
    context = open_context(Settings(home, database_url=database_url))
    try:
        report = import_file(context, path, table, None)
    finally:
        context.database.dispose()
    if report.accepted != report.read or report.read == 0:
        raise SystemExit(f"{path.name}: {report.accepted} of {report.read} rows were accepted: {report.reasons}")
    return report.seconds
