"""What a mapping reads of an event, as texts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tierwise.definitions.mapping import Mapping
from tierwise.ingest.event_rows import columns_of, rows_of
from tierwise.state.inbox import Waiting

AT = datetime(2026, 11, 20, 3, tzinfo=UTC)
ORDER = {
    "order_id": "A1",
    "total": 128.5,
    "paid": True,
    "products": [{"sku": "P1", "n": 2}, {"sku": "P2"}],
    "a.b": "dotted",
    "note": {"zh": "茶"},
}


def event(**properties: Any) -> Waiting:
    body = json.dumps({"properties": properties, "context": {"ip": "::1"}, "userId": "raw"})
    return Waiting(7, "m1", "track", "Order Completed", "C1", None, AT, AT, body)


def test_paths_names_with_dots_and_what_the_inbox_knows() -> None:
    columns = ["properties.order_id", "properties.total", "properties.paid", "properties.a.b", "properties.note"]
    columns += ["properties.note.zh", "properties.lacking.far", "context.ip"]
    assert list(rows_of(event(**ORDER), "web", columns, None)) == [
        ["A1", "128.5", "true", "dotted", '{"zh":"茶"}', "茶", None, "::1"]
    ]
    own = ["userId", "event", "key", "occurred_at"]
    assert list(rows_of(event(), "web", own, None)) == [["C1", "Order Completed", "web", "2026-11-20T03:00:00+00:00"]]


def test_a_row_for_each_thing_that_an_event_lists() -> None:
    columns = ["properties.order_id", "item.sku", "item.n", "item_number"]
    assert list(rows_of(event(**ORDER), "web", columns, "properties.products")) == [
        ["A1", "P1", "2", "1"],
        ["A1", "P2", None, "2"],
    ]
    assert list(rows_of(event(products="none"), "web", columns, "properties.products")) == []
    assert list(rows_of(event(products=["P9"]), "web", columns, "properties.products")) == [[None, None, None, "1"]]


def test_columns_are_all_that_the_mapping_asks_once() -> None:
    rule = {"attribute": "properties.status", "op": "=", "value": "test"}
    mapping = Mapping.model_validate(
        {
            "table": "order_lines",
            "columns": {"order_id": "properties.id", "quantity": 3, "product_id": "properties.id"},
            "order_key": ["userId", "properties.id"],
            "ignore": rule,
        }
    )
    assert columns_of(mapping) == ("properties.id", "userId", "properties.status")
