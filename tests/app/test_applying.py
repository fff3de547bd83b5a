"""Live events become facts: each once, whatever dies in between, and what cannot is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tierwise.app import applying
from tierwise.app.applying import apply_events
from tierwise.app.context import Context
from tierwise.app.defining import change_definitions, initialise
from tierwise.definitions.base import Definition
from tierwise.definitions.read import parse_definition
from tierwise.engine.duckdb_session import connect
from tierwise.ingest.inbox import InboxWriter
from tierwise.ingest.tracking import parse, read
from tierwise.kernel.errors import TierwiseError
from tierwise.state import inbox, lake_tables, write_keys

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)

LINES = {
    "kind": "source",
    "name": "web_orders",
    "origin": {"kind": "events", "events": ["Order Completed"], "each": "properties.products"},
    "mapping": {
        "table": "order_lines",
        "columns": {
            "order_id": "properties.order_id",
            "customer_id": "userId",
            "ordered_at": "occurred_at",
            "product_id": "item.product_id",
            "quantity": "item.quantity",
            "unit_price": "item.price",
            "line_no": "item_number",
        },
    },
}
CONTACTS = {
    "kind": "source",
    "name": "web_contacts",
    "origin": {"kind": "events", "calls": ["track", "page"]},
    "mapping": {
        "table": "interactions",
        "columns": {
            "interaction_id": "messageId",
            "customer_id": "userId",
            "occurred_at": "occurred_at",
            "category": "event",
        },
    },
}


def defined(*bodies: dict[str, Any]) -> list[Definition]:
    return [parse_definition(body) for body in bodies]


def bought(message: str, order: str, *prices: Any) -> dict[str, Any]:
    products = [{"product_id": f"P{at}", "quantity": 1, "price": price} for at, price in enumerate(prices)]
    properties = {"order_id": order, "products": products}
    return {"type": "track", "event": "Order Completed", "userId": "C1", "messageId": message, "properties": properties}


def test_events_become_facts_once(empty: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    initialise(empty, "general")
    with pytest.raises(TierwiseError) as caught:
        apply_events(empty)
    assert caught.value.code == "no_event_source"
    change_definitions(empty, defined(LINES), note="")
    with empty.database.begin() as connection:
        key = write_keys.create(connection, "web", author="ann")[0]
    writer = InboxWriter(empty.database)

    def sent(*events: dict[str, Any]) -> None:
        writer.take([read(parse(json.dumps({"batch": list(events)}).encode()), "batch", key, NOW)])

    def facts(table: str, column: str) -> list[Any]:
        with empty.database.connect() as connection:
            version = lake_tables.versions(connection).get(table)
        with connect(empty.home / "spill") as duckdb:
            return sorted(row[0] for row in empty.lake.read(duckdb, table, version).project(column).fetchall())

    home = {"type": "page", "name": "Home", "userId": "C1", "messageId": "p1"}
    sent(bought("m1", "A1", 128.5, 9.9), bought("m2", "A2", "abc"), home)
    done = apply_events(empty)
    assert done.events == 3  # the page too, which no source reads
    assert [(each.accepted, each.quarantined, each.reasons) for each in done.imports] == [(2, 1, {"bad_number": 1})]
    assert facts("order_lines", "amount_minor") == [990, 12850]
    assert apply_events(empty).events == 0

    # Whoever dies after the import has moved its mark: the events wait, and are not taken in again.
    sent(bought("m3", "A3", 5))

    def dies(*_: Any) -> int:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(inbox, "apply_until", dies)
        with pytest.raises(RuntimeError, match="killed"):
            apply_events(empty)
    again = apply_events(empty)
    assert (again.events, again.imports) == (1, ())
    assert facts("order_lines", "amount_minor") == [500, 990, 12850]

    # Many are taken in some at a time, each of them once.
    with monkeypatch.context() as patched:
        patched.setattr(applying, "MOST_AT_ONCE", 2)
        sent(*(bought(f"n{at}", f"B{at}", 1) for at in range(3)))
        some = apply_events(empty)
    assert (some.events, [each.accepted for each in some.imports]) == (3, [2, 1])
    assert facts("order_lines", "amount_minor") == [100, 100, 100, 500, 990, 12850]

    # A source that comes later takes in what came before it, and no event counts as applied again.
    change_definitions(empty, defined(CONTACTS), note="")
    later = apply_events(empty)
    assert (later.events, [each.accepted for each in later.imports]) == (0, [7])
    assert facts("interactions", "interaction_id") == ["m1", "m2", "m3", "n0", "n1", "n2", "p1"]
    with empty.database.connect() as connection:
        counted = inbox.standing(connection).by_source[key.id]
    assert (counted.received, counted.applied, counted.pending) == (7, 7, 0)
    writer.close()
