"""From an event to the segment that it changes: `python -m benchmarks.live WHAT FOLDER CUSTOMERS ORDERS`.

A home of the business of `rules.py` with the retail template's definitions and a run. Measured is a server with its
worker, as `tierwise serve` starts it: from the answer 200 to an `Order Completed` until the customer's entry into a
segment can be read over HTTP, one event after another, while other events come.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
from pathlib import Path
from statistics import median

import httpx

from benchmarks.business import AS_OF
from benchmarks.rules import imported
from benchmarks.tracking import serving
from tierwise.app import running, write_keys
from tierwise.app.context import Context
from tierwise.app.defining import change_definitions, ensure_initialised
from tierwise.bootstrap import Settings, open_context, stop_embedded
from tierwise.definitions.read import parse_definition
from tierwise.engine.duckdb_session import connect
from tierwise.engine.lake import Lake
from tierwise.kernel.clock import monotonic_seconds, utc_now
from tierwise.state import lake_tables

EVENTS = 12
OTHERS_PER_SECOND = 20
LONGEST_SECONDS = 60.0

_CUSTOMERS = """
SELECT source_key, '客户' || source_key AS name,
    '138' || lpad((hash(source_key) % 100000000)::VARCHAR, 8, '0') AS phone,
    NULL::VARCHAR AS email, NULL::VARCHAR AS gender,
    NULL::DATE AS birth_on, NULL::TIMESTAMPTZ AS registered_at, NULL::TIMESTAMPTZ AS closed_at,
    DATE '2023-07-01' AS known_from, NULL::TIMESTAMPTZ AS updated_at
FROM identities
"""

_DEFINITIONS = (
    {
        "kind": "source",
        "name": "web_orders",
        "origin": {"kind": "events", "events": ["Order Completed"], "each": "properties.products"},
        "mapping": {
            "table": "order_lines",
            "columns": {
                "order_id": "properties.order_id",
                "customer_id": "userId",
                "ordered_at": "occurred_at",
                "line_no": "item_number",
                "product_id": "item.product_id",
                "quantity": "item.quantity",
                "unit_price": "item.price",
            },
        },
    },
    {
        "kind": "segment",
        "name": "bought_today",
        "when": {"behaviour": {"fact": "orders", "window": {"last_days": 1}, "aggregate": "ever"}},
    },
)


def home_of(folder: Path, customers: int, orders: int) -> Path:
    """A home with these facts and a run; made once, and made anew where it was left unfinished."""
    home = folder / f"live-home-{customers}-{orders}"
    if not (home / "whole").exists():
        shutil.rmtree(home, ignore_errors=True)
        facts = imported(folder, customers, orders)
        context = open_context(Settings(home))
        try:
            ensure_initialised(context)
            change_definitions(context, [parse_definition(body) for body in _DEFINITIONS], note="")
            _take_over(context, facts)
            running.run(context, AS_OF)
        finally:
            context.database.dispose()
            stop_embedded(Settings(home))
        (home / "whole").touch()
    return home


def measure(home: Path, events: int = EVENTS) -> list[float]:
    """Seconds from the answer to each of so many orders until the entry of its customer can be read.

    One order before them does not count: with it the worker learns what a run's cuts are, as it else does at rest.
    """
    context = open_context(Settings(home))
    try:
        secret = write_keys.create(context, f"live-{utc_now():%Y%m%d%H%M%S}").write_key
        token = None
        with serving(home, worker=True) as port:
            token = (home / "serve.token").read_text("utf-8").strip()
            over = threading.Event()
            beside = threading.Thread(target=_others, args=(port, secret, over))
            beside.start()
            try:
                return [_seconds(port, secret, token, number) for number in range(events + 1)][1:]
            finally:
                over.set()
                beside.join()
    finally:
        context.database.dispose()


def _seconds(port: int, secret: str, token: str, number: int) -> float:
    mark = f"{utc_now():%Y%m%d%H%M%S%f}"
    customer = f"C{(int(mark[-9:]) * 7919 + number) % 900_000:09}"
    products = [{"product_id": f"P{number:05}", "quantity": 1, "price": 128.5}]
    event = {
        "userId": customer,
        "event": "Order Completed",
        "messageId": mark,
        "properties": {"order_id": f"L{mark}", "products": products},
    }
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
        client.post("/v1/track", json=event, auth=(secret, "")).raise_for_status()
        started = monotonic_seconds()
        asked = {"customer": customer, "name": "bought_today"}
        while monotonic_seconds() - started < LONGEST_SECONDS:
            found = client.get("/api/v1/segments/changes", params=asked, headers={"authorization": f"Bearer {token}"})
            if any(change["entered"] for change in found.raise_for_status().json()["changes"]):
                return monotonic_seconds() - started
            threading.Event().wait(0.05)
    raise SystemExit(f"the entry of {customer} was not told within {LONGEST_SECONDS:.0f} s")


def _others(port: int, secret: str, over: threading.Event) -> None:
    """Page views of others, so many a second: they wait to be applied as well."""
    number = 0
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
        while not over.wait(1 / OTHERS_PER_SECOND):
            number += 1
            body = {"userId": f"C{number % 1000:09}", "name": "Home"}
            client.post("/v1/page", json=body, auth=(secret, "")).raise_for_status()


def _take_over(context: Context, facts: Lake) -> None:
    """The facts' files as this home's, and a row of each customer."""
    versions = {}
    connection = connect(context.scratch / "spill")
    for name in ("identities", "products", "orders", "order_lines"):
        shutil.copytree(facts.root / name, context.lake.root / name)
        versions[name] = context.lake.latest_version(name) or 0
    context.lake.read(connection, "identities", versions["identities"]).create_view("identities")
    versions["customers"] = context.lake.overwrite("customers", connection.sql(_CUSTOMERS))
    connection.close()
    with context.database.begin() as state:
        lake_tables.set_versions(state, versions)


def main(arguments: list[str]) -> None:
    what, folder, customers, orders = arguments[0], Path(arguments[1]), int(arguments[2]), int(arguments[3])
    home = folder / f"live-home-{customers}-{orders}"
    if what == "prepare":
        home_of(folder, customers, orders)
        print(0)
    elif what == "stop":
        stop_embedded(Settings(home))
        print(0)
    else:
        seconds = measure(home_of(folder, customers, orders))
        print(json.dumps([round(each, 2) for each in seconds]), file=sys.stderr)
        print(f"{max(seconds) if what == 'longest' else median(seconds):.6f}")


if __name__ == "__main__":
    main(sys.argv[1:])
