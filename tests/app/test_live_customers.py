"""Between runs customers are told anew when their facts change, as a run of that day would; each move told once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.app.test_applying import defined
from tierwise.app import inbox, live_customers, memberships, running, segments, showing
from tierwise.app.applying import apply_events
from tierwise.app.context import Context
from tierwise.app.customer_copies import renew_copies
from tierwise.app.defining import change_definitions, initialise
from tierwise.app.keeping_up import keep_up_once
from tierwise.definitions.read import parse_rule
from tierwise.engine.duckdb_session import connect
from tierwise.ingest.inbox import InboxWriter
from tierwise.ingest.tracking import parse, read
from tierwise.kernel import clock
from tierwise.state import lake_tables, runs, write_keys
from tierwise.state import memberships as stored

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)

DEFINITIONS = (
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
                "product_id": "item.product_id",
                "category": "item.category",
                "quantity": "item.quantity",
                "unit_price": "item.price",
                "line_no": "item_number",
            },
        },
    },
    {
        "kind": "source",
        "name": "web_people",
        "origin": {"kind": "events", "calls": ["identify"]},
        "mapping": {"table": "customers", "columns": {"customer_id": "userId", "hobby": "traits.hobby"}},
    },
    {
        "kind": "segment",
        "name": "bought_today",
        "when": {"behaviour": {"fact": "orders", "window": {"last_days": 1}, "aggregate": "ever"}},
    },
    {
        "kind": "segment",
        "name": "tea_buyers",
        "when": {
            "behaviour": {
                "fact": "order_lines",
                "where": {"attribute": "category", "op": "=", "value": "tea"},
                "aggregate": "count",
            },
            "op": ">=",
            "value": 2,
        },
    },
    {
        "kind": "segment",
        "name": "not_lately",
        "when": {
            "all": [{"attribute": "frequency_count", "op": ">=", "value": 1}, {"not": {"segment": "bought_today"}}]
        },
    },
    {"kind": "segment", "name": "best", "when": {"attribute": "r_score", "op": "=", "value": 5}},
)


GARDENERS = {"kind": "segment", "name": "gardeners", "when": {"attribute": "hobby", "op": "=", "value": "garden"}}


class Shop:
    """A house whose events come by one key; `day` is what is today."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.writer = InboxWriter(ctx.database)
        with ctx.database.begin() as connection:
            self.key = write_keys.create(connection, "web", author="ann")[0]
        self.sent = 0
        self.first: dict[str, set[tuple[str, str]]] = {}

    def send(self, *events: dict[str, Any]) -> None:
        batch = {"batch": [{"messageId": f"m{self.sent + at}", **event} for at, event in enumerate(events)]}
        self.sent += len(events)
        self.writer.take([read(parse(json.dumps(batch).encode()), "batch", self.key, clock.utc_now())])

    def changes(self, after: int = 0) -> list[tuple[str | None, str, str]]:
        page = memberships.changes(self.ctx, after=after, limit=1000)
        return [
            (e.customer_id, "+" if e.entered else "-", e.value if e.kind == "stage" else e.name) for e in page.changes
        ]

    def led_to(self, first: dict[str, set[tuple[str, str]]]) -> dict[str, set[tuple[str, str]]]:
        """Where all entries and exits lead from how things stood at first; they must take turns."""
        found = defaultdict(set, {customer: set(states) for customer, states in first.items()})
        for each in memberships.changes(self.ctx, limit=1000).changes:
            state, held = (each.name, each.value), found[str(each.customer_id)]
            assert (state in held) != each.entered, each
            (held.add if each.entered else held.discard)(state)
        return {customer: states for customer, states in found.items() if states}

    def by_run(self) -> dict[str, set[tuple[str, str]]]:
        """Who holds what by the current run."""
        with self.ctx.database.connect() as connection:
            run = runs.current(connection)
        assert run is not None
        outputs = run.outputs or {}
        found: dict[str, set[tuple[str, str]]] = defaultdict(set)
        with connect(self.ctx.home / "spill") as duckdb:
            self.ctx.lake.read(duckdb, "profile", outputs["profile"]).create_view("profile")
            self.ctx.lake.read(duckdb, "segments", outputs["segments"]).create_view("segments")
            asked = "SELECT customer_id, segment FROM segments JOIN profile USING (customer_key)"
            for customer, segment in duckdb.execute(asked).fetchall():
                found[customer].add((segment, "yes"))
            for customer, stage in duckdb.execute("SELECT customer_id, lifecycle_stage FROM profile").fetchall():
                if stage is not None:
                    found[customer].add(("lifecycle_stage", stage))
        return found


def order(customer: str, number: int, day: date, *categories: str) -> dict[str, Any]:
    products = [
        {"product_id": f"P{category}", "category": category, "quantity": 1, "price": 10 + number}
        for category in categories
    ]
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": customer,
        "timestamp": f"{day}T03:00:00Z",
        "properties": {"order_id": f"O{customer}{number}", "products": products},
    }


@pytest.fixture(scope="module")
def today() -> Iterator[list[date]]:
    """What day it is, for whoever asks the clock."""
    day = [TODAY]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(clock, "today", lambda zone: day[0])
        patched.setattr(clock, "utc_now", lambda: NOW + (day[0] - TODAY))
        yield day


@pytest.fixture(scope="module")
def shop(empty: Context, today: list[date]) -> Shop:
    """Ten customers with orders of last month, and a run as of yesterday."""
    initialise(empty, "general")
    change_definitions(empty, defined(*DEFINITIONS), note="")
    shop = Shop(empty)
    old = TODAY - timedelta(days=30)
    shop.send(*(order(f"C{n}", 1, old - timedelta(days=n), "tea", "rice") for n in range(10)))
    shop.send({"type": "identify", "userId": "C0", "traits": {"hobby": "garden"}})
    assert apply_events(empty).customers == 0  # before the first run there is nothing to tell
    change_definitions(empty, defined(GARDENERS), note="")
    running.run(empty, TODAY - timedelta(days=1))
    shop.first = shop.by_run()
    return shop


def test_what_a_run_first_finds_is_no_entry(shop: Shop) -> None:
    assert shop.changes() == []


def test_an_event_is_told_at_once_and_once(shop: Shop) -> None:
    assert live_customers.prepare(shop.ctx)
    assert not live_customers.prepare(shop.ctx)
    shop.send(order("C1", 2, TODAY, "tea"), {"type": "identify", "userId": "C2", "traits": {"hobby": "garden"}})
    done = keep_up_once(shop.ctx)
    assert done is not None
    assert (done.events, done.customers) == (2, 2)
    told = shop.changes()
    assert ("C1", "+", "bought_today") in told
    assert ("C1", "-", "not_lately") in told
    assert ("C1", "+", "tea_buyers") in told
    assert ("C2", "+", "gardeners") in told
    assert {customer for customer, _, _ in told} == {"C1", "C2"}
    assert done.changes == len(told)
    assert keep_up_once(shop.ctx) is None
    assert shop.changes() == told
    standing = inbox.status(shop.ctx).live
    assert standing is not None
    assert (standing.as_of, standing.customers, standing.left_out) == (TODAY, 2, 0)
    assert standing.until > 0
    # A customer whom no run has seen yet.
    shop.send(order("new", 1, TODAY, "tea", "tea"))
    keep_up_once(shop.ctx)
    assert ("new", "+", "bought_today") in shop.changes()


def test_readers_see_it(shop: Shop) -> None:
    ctx = shop.ctx
    found = memberships.of_customer(ctx, "C1")
    assert found.live is not None
    assert found.as_of == TODAY
    assert {"bought_today", "tea_buyers"} <= {each.name for each in found.memberships}
    by_run = memberships.of_customer(ctx, "C5")
    assert (by_run.live, by_run.as_of) == (None, TODAY - timedelta(days=1))
    assert "not_lately" in {each.name for each in by_run.memberships}
    counted = segments.count(ctx, parse_rule({"segment": "bought_today"}, "rule"))
    assert (counted.customers, counted.live) == (0, 2)
    shown = showing.customer(ctx, "C1")
    assert shown.live is not None
    values = {each.name: each.value for each in shown.attributes}
    assert (values["frequency_count"], values["recency_days"]) == (2, 0)
    assert [each["order_id"] for each in shown.orders] == ["OC12", "OC11"]
    new = showing.customer(ctx, "new")
    placed = {each.name: each.value for each in new.attributes}
    assert placed["spend_decile"] is not None  # by the run's cuts, though the run did not know the customer
    assert placed["r_score"] == 5
    assert new.live is not None
    assert renew_copies(ctx)  # with the run's facts in the order of customers it is quicker, and the same
    assert [showing.customer(ctx, name) for name in ("C1", "new")] == [shown, new]
    assert showing.customer(ctx, "C5").live is None


def test_live_and_a_run_of_that_day_agree(shop: Shop) -> None:
    """Cuts of scores apart, a live customer is what a run of that day finds."""
    live = {name: {e.name for e in memberships.of_customer(shop.ctx, name).memberships} for name in ("C1", "C2", "new")}
    running.run(shop.ctx, TODAY)
    for name, told in live.items():
        found = memberships.of_customer(shop.ctx, name)
        assert found.live is None
        assert {e.name for e in found.memberships} - {"best"} == told - {"best"}


def test_days_and_runs_go_on(shop: Shop, today: list[date]) -> None:
    last = memberships.changes(shop.ctx, limit=1000).next_after
    today[0] = TODAY + timedelta(days=1)
    shop.send(order("C3", 2, today[0], "tea"))
    keep_up_once(shop.ctx)
    told = shop.changes(last)
    assert told.count(("C3", "+", "bought_today")) == 1
    running.run(shop.ctx, TODAY)  # the night's run, of yesterday: C3 is further than it
    assert shop.changes(last) == told
    assert memberships.of_customer(shop.ctx, "C3").live is not None
    today[0] = TODAY + timedelta(days=2)
    keep_up_once(shop.ctx)  # nothing came, but a day has begun
    assert ("C3", "-", "bought_today") in shop.changes(last)


def test_what_dies_has_told_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch, today: list[date]) -> None:
    last = memberships.changes(shop.ctx, limit=1000).next_after
    shop.send(order("C7", 2, today[0], "tea"))

    def dies(*_: Any) -> int:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(stored, "stand", dies)
        with pytest.raises(RuntimeError, match="killed"):
            keep_up_once(shop.ctx)
    assert shop.changes(last) == []
    keep_up_once(shop.ctx)
    assert [each for each in shop.changes(last) if each[2] == "bought_today"] == [("C7", "+", "bought_today")]


def test_what_is_too_much_waits_for_the_run(shop: Shop, monkeypatch: pytest.MonkeyPatch, today: list[date]) -> None:
    last = memberships.changes(shop.ctx, limit=1000).next_after
    shop.send(*(order(f"C{n}", 9, today[0], "rice") for n in range(6)))
    with monkeypatch.context() as patched:
        patched.setattr("tierwise.engine.live.MOST", 3)
        keep_up_once(shop.ctx)
    assert shop.changes(last) == []
    with shop.ctx.database.connect() as connection:
        standing = stored.standing(connection)
        assert standing is not None
        assert standing.left_out == 1
        assert dict(standing.versions).items() <= lake_tables.versions(connection).items()
    assert not live_customers.is_behind(shop.ctx)
    running.run(shop.ctx, today[0])
    told = shop.changes(last)
    assert ("C5", "+", "bought_today") in told
    assert ("new", "-", "bought_today") in told  # two days have passed since a run saw the order
    with shop.ctx.database.connect() as connection:
        assert connection.scalar(text("select count(*) from live_customer")) == 0
    # What was told from the first run on leads from it to how things stand.
    assert shop.led_to(shop.first) == shop.by_run()


def test_two_who_are_joined_are_one_at_once(shop: Shop, today: list[date]) -> None:
    """Whatever joins them: here the map alone says that C8 is C9."""
    ctx, last = shop.ctx, memberships.changes(shop.ctx, limit=1000).next_after
    with ctx.database.begin() as connection, connect(ctx.home / "spill") as duckdb:
        versions = lake_tables.versions(connection)
        ctx.lake.read(duckdb, "identities", versions["identities"]).create_view("identities")
        key = "(SELECT min(source_key) FROM identities WHERE id = {})"
        row = f"SELECT {key.format(repr('C8'))} AS source_key, {key.format(repr('C9'))} AS customer_key"
        lake_tables.set_versions(connection, {"customer_map": ctx.lake.overwrite("customer_map", duckdb.sql(row))})
    keep_up_once(ctx)
    told = shop.changes(last)
    assert ("C8", "-", "not_lately") in told
    assert {entered for customer, entered, _ in told if customer == "C8"} == {"-"}
    assert ("C9", "+", "tea_buyers") in told
    one = showing.customer(ctx, "C9")
    assert {each.name: each.value for each in one.attributes}["frequency_count"] == 2
    running.run(ctx, today[0])
    assert shop.led_to(shop.first) == shop.by_run()
