"""How far the profile is known: of each attribute, for how many customers there is a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tierwise.app.context import Context
from tierwise.app.exporting import attribute_label
from tierwise.app.reading import reading
from tierwise.app.views import Label
from tierwise.engine.duckdb_session import quoted


@dataclass(frozen=True, slots=True)
class FilledRow:
    """One attribute of the profile. known: customers who have a value; share: of all, null where there is nobody."""

    name: str
    title: Label
    known: int
    share: float | None


@dataclass(frozen=True, slots=True)
class FilledView:
    """Attributes by how far they are known, the least known first."""

    run_id: int
    as_of: date
    customers: int
    rows: tuple[FilledRow, ...]


def filled(ctx: Context, *, run_id: int | None = None) -> FilledView:
    """Of a run's profile; reasons and the customer's id apart. Raises what `reading` raises."""
    ctx.principal.require("view")
    with reading(ctx, run_id) as reader:
        columns = {
            name: inside
            for name, inside in reader.columns.items()
            if name != "customer_id" and not name.endswith("_reason")
        }
        counted = ", ".join(f"count({quoted(inside)})" for inside in columns.values())
        found = reader.connection.execute(f"SELECT count(*), {counted or '0'} FROM profile").fetchone()
        assert found is not None
        customers = int(found[0])
        rows = [
            FilledRow(
                name, attribute_label(reader, "profile", name), int(known), known / customers if customers else None
            )
            for name, known in zip(columns, found[1:], strict=False)
        ]
        ranked = tuple(sorted(rows, key=lambda row: (row.known, row.name)))
        return FilledView(reader.run.id, reader.run.as_of, customers, ranked)
