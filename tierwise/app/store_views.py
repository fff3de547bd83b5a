"""The stores' totals of a run, orders of nobody included, and the share of identified sales."""

from __future__ import annotations

from typing import Any

from tierwise.app.context import Context
from tierwise.app.reading import Reader, reading
from tierwise.app.remembered import told_once
from tierwise.app.views import StoreRow, StoresView
from tierwise.engine import snapshots
from tierwise.kernel.money import from_minor

_COLUMNS = (
    "orders",
    "monetary_amount_gross_minor",
    "monetary_amount_minor",
    "identified_orders",
    "identified_gross_minor",
)
_OF_JUNK = ("junk_orders", "junk_gross_minor")


@told_once
def stores(ctx: Context, run_id: int | None = None) -> StoresView:
    """The stores by gross sales, largest first. Raises what `reading` raises."""
    ctx.principal.require("view")
    with reading(ctx, run_id) as reader:
        return stores_of(reader)


def stores_of(reader: Reader) -> StoresView:
    """As `stores`, of a snapshot that is open."""
    there = reader.connection.view("store_totals").columns
    names = [*_COLUMNS, *(name for name in _OF_JUNK if name in there)]
    columns = ", ".join(names)
    rows = snapshots.rows_of(
        reader.connection,
        f"SELECT store_id, store_name, {columns} FROM store_totals "
        "ORDER BY monetary_amount_gross_minor DESC, store_id NULLS LAST",
    )
    total = {name: sum(row[name] for row in rows) for name in names}
    currency = reader.currency
    return StoresView(
        run_id=reader.run.id,
        as_of=reader.run.as_of,
        currency=currency,
        rows=tuple(_row(row, currency) for row in rows),
        total=_row({"store_id": None, "store_name": None, **total}, currency),
    )


def _row(row: dict[str, Any], currency: str) -> StoreRow:
    orders, gross = row["orders"], row["monetary_amount_gross_minor"]
    return StoreRow(
        store_id=row["store_id"],
        store_name=row["store_name"],
        orders=orders,
        monetary_amount_gross=from_minor(gross, currency),
        monetary_amount=from_minor(row["monetary_amount_minor"], currency),
        identified_orders=row["identified_orders"],
        identified_order_rate=row["identified_orders"] / orders if orders else None,
        identified_amount_rate=row["identified_gross_minor"] / gross if gross > 0 else None,
        junk_orders=row.get("junk_orders"),
        junk_amount_rate=row["junk_gross_minor"] / gross if "junk_gross_minor" in row and gross > 0 else None,
    )
