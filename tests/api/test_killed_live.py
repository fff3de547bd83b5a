"""Server, worker and PostgreSQL killed while events come: each event is a fact once, each entry and exit told once."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.test_tracking import basic
from tierwise.app import inbox, live_customers, memberships, running, write_keys
from tierwise.app.context import Context
from tierwise.app.defining import change_definitions, initialise
from tierwise.app.keeping_up import keep_up_once
from tierwise.bootstrap import Settings, open_context
from tierwise.definitions.read import parse_definition
from tierwise.engine.duckdb_session import connect
from tierwise.kernel import clock
from tierwise.state import lake_tables
from tierwise.state.embedded import EmbeddedServer

TIERWISE = "from tierwise.cli.main import main; main()"

SOURCES: tuple[dict[str, Any], ...] = (
    {
        "kind": "source",
        "name": "web_contacts",
        "origin": {"kind": "events", "calls": ["page"]},
        "mapping": {
            "table": "interactions",
            "columns": {"interaction_id": "messageId", "customer_id": "userId", "occurred_at": "occurred_at"},
        },
    },
    {
        "kind": "source",
        "name": "web_people",
        "origin": {"kind": "events", "calls": ["identify"]},
        "mapping": {
            "table": "customers",
            "columns": {"customer_id": "userId", "mood": "traits.mood", "updated_at": "occurred_at"},
        },
    },
)
SEGMENTS: tuple[dict[str, Any], ...] = (
    {"kind": "segment", "name": "happy", "when": {"attribute": "mood", "op": "=", "value": "happy"}},
    {
        "kind": "segment",
        "name": "seen_often",
        "when": {"behaviour": {"fact": "interactions", "aggregate": "count"}, "op": ">=", "value": 3},
    },
)


@dataclass
class House:
    """A home of its own with its PostgreSQL, and what runs on it."""

    home: Path
    port: int
    secret: str = ""
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, what: str) -> None:
        """`serve`, without a worker, or `worker`. A server answers when this returns."""
        words = {"serve": ["serve", "--no-console", "--no-worker", "--port", str(self.port)], "worker": ["worker"]}
        settings = {"TIERWISE_HOME": str(self.home), "TIERWISE_LANGUAGE": "en", "TIERWISE_APPLY_SECONDS": "0.2"}
        log = self.home / f"{what}.log"
        with log.open("a") as out:
            command = [sys.executable, "-c", TIERWISE, *words[what]]
            begun = log.stat().st_size
            self.children[what] = subprocess.Popen(command, env={**os.environ, **settings}, stdout=out, stderr=out)
        for _ in range(900 if what == "serve" else 0):
            if re.search(r"serving http", log.read_text("utf-8")[begun:]):
                return
            if self.children[what].poll() is not None:
                break
            threading.Event().wait(0.1)
        else:
            return
        raise AssertionError(log.read_text("utf-8")[-3000:])

    def kill(self, what: str) -> None:
        """SIGKILL to the server, the worker or the postmaster; then all is started again that has gone."""
        if what == "postgres":
            server = EmbeddedServer(self.home)
            while (pid := server.status().pid) is None:
                server.ensure()
            os.kill(pid, signal.SIGKILL)
        else:
            self.children[what].kill()
            self.children[what].wait()
        EmbeddedServer(self.home).ensure()
        for child in ("serve", "worker"):
            if self.children[child].poll() is not None:
                self.start(child)

    def end(self) -> None:
        for child in self.children.values():
            child.kill()
            child.wait()
        EmbeddedServer(self.home).stop()

    def context(self) -> Context:
        return open_context(Settings(self.home))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    house = House(tmp_path / "home", port)
    ctx = house.context()
    try:
        initialise(ctx, "general")
        house.secret = write_keys.create(ctx, "killed").write_key
        change_definitions(ctx, [parse_definition(body) for body in SOURCES], note="")
        house.start("serve")
        assert post(house, [{"type": "identify", "userId": "C0", "messageId": "first", "traits": {"mood": "calm"}}])
        keep_up_once(ctx)
        change_definitions(ctx, [parse_definition(body) for body in SEGMENTS], note="")
        running.run(ctx)  # as of yesterday
        yield house
    finally:
        ctx.database.dispose()
        house.end()


def post(house: House, events: list[dict[str, Any]], client: httpx.Client | None = None) -> bool:
    """Whether they were answered by 200."""
    send = client or httpx
    url = f"http://127.0.0.1:{house.port}/v1/batch"
    try:
        answer = send.post(url, json={"batch": events}, headers=basic(house.secret), timeout=20)
    except httpx.TransportError:
        return False
    assert answer.status_code in (200, 429, 503), answer.text
    return answer.status_code == 200


def keep_sending(house: House, sender: int, batch: int, most: int, over: threading.Event, sent: set[str]) -> None:
    """Batches of page views, and of one customer's mood; each until it is answered by 200."""
    draw = random.Random(sender)
    number = 0
    with httpx.Client(trust_env=False) as client:
        while not over.is_set() and len(sent) < most:
            number += 1
            ids = [f"{sender}-{number}-{each}" for each in range(batch)]
            events: list[dict[str, Any]] = [
                {"type": "page", "userId": f"C{draw.randrange(2000)}", "messageId": each} for each in ids
            ]
            # One customer's events come of one sender, in their order.
            mood = {"mood": ("happy", "calm")[number % 2]}
            who = f"C{sender}"
            events.append({"type": "identify", "userId": who, "messageId": f"{sender}-{number}-mood", "traits": mood})
            while not post(house, events, client):
                threading.Event().wait(0.05)
            sent.update(ids)


def killed(house: House, kills: list[str], *, senders: int, batch: int, most: int, wait: tuple[float, float]) -> None:
    """Send, kill, and hold what is there then to what was answered."""
    over, sent = threading.Event(), [set[str]() for _ in range(senders)]
    house.start("worker")
    threads = [
        threading.Thread(target=keep_sending, args=(house, n, batch, most // senders, over, sent[n]))
        for n in range(senders)
    ]
    for thread in threads:
        thread.start()
    draw = random.Random(1)
    try:
        for what in kills:
            threading.Event().wait(draw.uniform(*wait))
            house.kill(what)
    finally:
        if most > 100_000:  # all of them are wanted
            for thread in threads:
                thread.join(900)
        over.set()
        for thread in threads:
            thread.join(60)
    house.children["worker"].kill()
    house.children["worker"].wait()
    ctx = house.context()
    try:
        settle(ctx)
        wanted = set().union(*sent)
        assert facts(ctx) == sorted(wanted)
        told = takes_turns(ctx)
        running.run(ctx, today())
        assert takes_turns(ctx) == told == by_run(ctx)
        assert len(wanted) > batch * len(kills)
    finally:
        ctx.database.dispose()


def today() -> date:
    return clock.today(clock.zone("Asia/Shanghai"))


def settle(ctx: Context) -> None:
    """Until all is applied and told; what the dead were at may hold its lock for a moment."""
    for _ in range(600):
        keep_up_once(ctx)
        if not inbox.status(ctx).pending and not live_customers.is_behind(ctx):
            return
        threading.Event().wait(0.1)
    raise AssertionError("events still wait")


def facts(ctx: Context) -> list[str]:
    """The ids of all interactions, as often as they are there."""
    with ctx.database.connect() as connection:
        version = lake_tables.versions(connection)["interactions"]
    with connect(ctx.home / "spill") as duckdb:
        rows = ctx.lake.read(duckdb, "interactions", version).project("interaction_id").fetchall()
    return sorted(row[0] for row in rows)


def takes_turns(ctx: Context) -> dict[str, set[str]]:
    """Segment -> who is in it, where entries and exits lead from nobody; of each customer they take turns."""
    found: dict[str, set[str]] = defaultdict(set)
    after = 0
    while (page := memberships.changes(ctx, after=after, limit=1000)).changes:
        for each in page.changes:
            if each.kind == "segment":
                held, who = found[each.name], str(each.customer_id)
                assert (who in held) != each.entered, each
                (held.add if each.entered else held.discard)(who)
        after = page.next_after
    return dict(found)


def by_run(ctx: Context) -> dict[str, set[str]]:
    """Segment -> who is in it by the current run."""
    found: dict[str, set[str]] = {}
    with ctx.database.connect() as connection:
        versions = lake_tables.versions(connection)
    with connect(ctx.home / "spill") as duckdb:
        for name in ("profile", "segments"):
            ctx.lake.read(duckdb, name, versions[name]).create_view(name)
        rows = duckdb.execute("SELECT segment, customer_id FROM segments JOIN profile USING (customer_key)").fetchall()
    for segment, customer in rows:
        found.setdefault(segment, set()).add(customer)
    return found


def test_each_of_them_killed_once(house: House) -> None:
    killed(house, ["postgres", "worker", "serve"], senders=2, batch=40, most=2_400, wait=(0.4, 0.8))


@pytest.mark.soak
def test_a_million_events_and_fifty_kills(house: House) -> None:
    draw = random.Random(50)
    kills = [draw.choice(("postgres", "worker", "worker", "serve")) for _ in range(50)]
    events, number = int(os.environ.get("SOAK_EVENTS", "1000000")), int(os.environ.get("SOAK_KILLS", "50"))
    killed(house, kills[:number], senders=4, batch=200, most=events, wait=(1.0, 6.0))
