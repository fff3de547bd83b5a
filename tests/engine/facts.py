"""Small facts written straight into a lake, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import pyarrow as pa

from tierwise.engine.arrow_types import arrow_schema
from tierwise.engine.lake import Lake
from tierwise.facts.contract import STORED


def put(lake: Lake, table: str, rows: Sequence[dict[str, Any]]) -> int:
    """Append rows with the contract's columns; columns left out are null."""
    schema = arrow_schema(STORED[table])
    return lake.append(table, pa.Table.from_pylist([{n: row.get(n) for n in schema.names} for row in rows], schema))


def customers(lake: Lake, ids: Sequence[str]) -> int:
    """Identities 1, 2, … for these ids."""
    return put(
        lake, "identities", [{"source_key": i, "scope": "customer_id", "id": id_} for i, id_ in enumerate(ids, 1)]
    )


def order(
    order_id: str,
    key: int | None,
    day: date,
    gross: int,
    *,
    discount: int = 0,
    coupon: int = 0,
    store: str | None = None,
) -> dict[str, Any]:
    """An order of gross minor units at noon UTC of a day."""
    return {
        "order_id": order_id,
        "source_key": key,
        "ordered_at": datetime.combine(day, time(12), UTC),
        "ordered_day": day,
        "store_id": store,
        "gross_minor": gross,
        "discount_minor": discount,
        "coupon_minor": coupon,
        "currency": "CNY",
        "from_lines": False,
    }


def refund(refund_id: str, key: int | None, day: date, amount: int) -> dict[str, Any]:
    """A refund of minor units at noon UTC of a day."""
    return {
        "refund_id": refund_id,
        "source_key": key,
        "refunded_at": datetime.combine(day, time(12), UTC),
        "refunded_day": day,
        "amount_minor": amount,
        "currency": "CNY",
        "from_lines": False,
    }
