"""One customer of many: over HTTP from a server that has been up a while, and in a process that has just begun."""

from __future__ import annotations

import http.client
import json
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import quote

from benchmarks.business import AS_OF
from tierwise.api.serve import Served, serve
from tierwise.app import showing
from tierwise.app.context import Context
from tierwise.app.customer_copies import renew_copies
from tierwise.app.defining import current_definitions, ensure_initialised
from tierwise.bootstrap import Settings, open_context, stop_embedded
from tierwise.cli.door import leave_out_pandas
from tierwise.definitions.activity import Activity
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.read import kind_of
from tierwise.definitions.rfm import Rfm
from tierwise.engine.build import build
from tierwise.engine.duckdb_session import connect
from tierwise.engine.execute import Inputs
from tierwise.kernel.clock import monotonic_seconds
from tierwise.state import runs

TIMES = 200
"""So many customers, drawn by chance, are asked for of one server; its figures are the median and the 95th percentile.
"""

_MEMORY = "10GB"
"""DuckDB's limit while the home is made; what does not fit is spilled."""

_FACTS = {
    "identities": "SELECT i + 1 AS source_key, 'customer_id' AS scope, 'C' || lpad(i::VARCHAR, 9, '0') AS id "
    "FROM range({customers}) t(i)",
    "customers": """
        SELECT
            i + 1 AS source_key, '客户' || i AS name, '138' || lpad((hash(i, 1) % 100000000)::VARCHAR, 8, '0') AS phone,
            NULL::VARCHAR AS email, ['female', 'male'][1 + (hash(i, 2) % 2)::INTEGER] AS gender,
            DATE '1960-01-01' + (hash(i, 3) % 16000)::INTEGER AS birth_on,
            TIMESTAMPTZ '2021-07-01' + to_hours((hash(i, 4) % 17520)::INTEGER) AS registered_at,
            NULL::TIMESTAMPTZ AS closed_at, NULL::DATE AS known_from, NULL::TIMESTAMPTZ AS updated_at
        FROM range({customers}) t(i)
    """,
    "orders": """
        SELECT
            'SO' || lpad(i::VARCHAR, 10, '0') AS order_id,
            -- Half of the orders are a tenth of the customers'.
            1 + (hash(i, 1) % CASE WHEN i % 2 = 0 THEN {customers} // 10 + 1 ELSE {customers} END)::BIGINT
                AS source_key,
            TIMESTAMPTZ '2023-07-01' + to_seconds((i::HUGEINT * 94694400 // {orders})::BIGINT) AS ordered_at,
            DATE '2023-07-01' + (i::HUGEINT * 1096 // {orders})::INTEGER AS ordered_day,
            'S' || (hash(i, 2) % 50) AS store_id, NULL::VARCHAR AS channel,
            (900 + hash(i, 3) % 60000)::BIGINT AS gross_minor,
            CASE WHEN i % 5 = 0 THEN 300 ELSE 0 END::BIGINT AS discount_minor,
            CASE WHEN i % 7 = 0 THEN 500 ELSE 0 END::BIGINT AS coupon_minor,
            (400 + hash(i, 3) % 30000)::BIGINT AS cost_minor, 'CNY' AS currency, false AS from_lines,
            NULL::TIMESTAMPTZ AS updated_at
        FROM range({orders}) t(i) ORDER BY i
    """,
    "refunds": """
        SELECT
            'R' || i AS refund_id, 'SO' || lpad((i * 33)::VARCHAR, 10, '0') AS order_id,
            1 + (hash(i * 33, 1) % {customers})::BIGINT AS source_key,
            TIMESTAMPTZ '2023-07-05' + to_seconds((i::HUGEINT * 94000000 * 33 // {orders})::BIGINT) AS refunded_at,
            DATE '2023-07-05' + (i::HUGEINT * 1080 * 33 // {orders})::INTEGER AS refunded_day,
            'S' || (hash(i, 2) % 50) AS store_id, (900 + hash(i * 33, 3) % 60000)::BIGINT AS amount_minor,
            'CNY' AS currency, NULL::TIMESTAMPTZ AS updated_at
        FROM range({orders} // 33) t(i) ORDER BY i
    """,
}
"""Facts as an import leaves them, in the order of time; {customers} and {orders} are filled in."""


def home_of(folder: Path, customers: int, orders: int) -> Path:
    """A home with these facts and a run of the retail template's first four kinds, without copies; made once."""
    home = folder / f"customer-home-{customers}"
    whole = home / "whole"
    if not whole.exists():
        shutil.rmtree(home, ignore_errors=True)
        context = open_context(Settings(home, memory_limit=_MEMORY))
        try:
            ensure_initialised(context)
            _run(context, _write_facts(context, customers, orders))
        finally:
            context.database.dispose()
            stop_embedded(Settings(home))
        whole.touch()
    return home


def _write_facts(context: Context, customers: int, orders: int) -> dict[str, int]:
    connection = connect(context.scratch / "spill")
    versions = {
        name: context.lake.overwrite(name, connection.sql(sql.format(customers=customers, orders=orders)))
        for name, sql in _FACTS.items()
    }
    connection.close()
    return versions


def _run(context: Context, versions: dict[str, int]) -> None:
    with context.database.connect() as state:
        current = current_definitions(state)
    chosen = tuple(each for each in current.others if isinstance(each, Rfm | Deciles | Activity | Lifecycle))
    inputs = Inputs(AS_OF, chosen, current.project, versions, remember=False)
    connection = context.duckdb()
    built = build(connection, context.lake, inputs, lambda done, total, step: None)
    connection.close()
    labels = {f"{kind_of(each)} {each.name}" for each in (current.project, *chosen)}
    used = {label: version for label, version in current.versions.items() if label in labels}
    with context.database.begin() as state:
        run = runs.start(state, AS_OF, definitions=used, inputs=versions)
        runs.finish_and_flip(state, run, outputs=built.outputs, counts=built.counts, timings=built.timings)


def make_copies(home: Path, *, anew: bool = True) -> float:
    """Seconds of making all copies of the run; anew: also those that are there."""
    if anew:
        shutil.rmtree(home / "by_customer", ignore_errors=True)
    context = open_context(Settings(home))
    try:
        started = monotonic_seconds()
        if not renew_copies(context) and anew:
            raise SystemExit("no copies were made")
        return monotonic_seconds() - started
    finally:
        context.database.dispose()


def copies_gb(home: Path) -> float:
    """What the copies take on disk, GB."""
    return sum(path.stat().st_size for path in (home / "by_customer").iterdir()) / 1e9


def served(home: Path, customers: int, part: int) -> float:
    """Seconds from the question to the last byte of the answer, on one connection to a server; the part-th of 20."""
    found = threading.Event()
    at: list[Served] = []

    def ready(served: Served) -> None:
        at.append(served)
        found.set()

    context = open_context(Settings(home))
    thread = threading.Thread(target=serve, args=(context, "127.0.0.1", 0), kwargs={"on_ready": ready})
    thread.start()
    try:
        if not found.wait(60):
            raise SystemExit("the server did not come up")
        place = at[0].url.removeprefix("http://")
        connection = http.client.HTTPConnection(place, timeout=60)
        ask = _asking(connection, at[0].token)
        drawn = _drawn(customers, TIMES + 5)
        for customer_id in drawn[:5]:
            ask(customer_id)
        seconds = [_seconds(partial(ask, customer_id)) for customer_id in drawn[5:]]
        connection.close()
    finally:
        for served_at in at:
            served_at.stop()
        thread.join()
        context.database.dispose()
    return quantiles(seconds, n=20)[part - 1]


def _asking(connection: http.client.HTTPConnection, token: str) -> Callable[[str], Any]:
    signed = {"authorization": f"Bearer {token}"}

    def ask(customer_id: str) -> Any:
        connection.request("GET", f"/api/v1/customers/{quote(customer_id)}", headers=signed)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200 or json.loads(body)["customer_id"] != customer_id:
            raise SystemExit(f"{customer_id}: {answer.status} {body[:500]!r}")
        return body

    return ask


def first_question(home: Path, customers: int) -> float:
    """Seconds of the first question of a process, from the open context to the view: what a command does itself."""
    leave_out_pandas()
    context = open_context(Settings(home))
    try:
        customer_id = _drawn(customers, 1, random.SystemRandom().randrange(2**31))[0]
        return _seconds(lambda: showing.customer(context, customer_id))
    finally:
        context.database.dispose()


def _seconds(act: Callable[[], object]) -> float:
    started = monotonic_seconds()
    act()
    return monotonic_seconds() - started


def _drawn(customers: int, count: int, seed: int = 1) -> list[str]:
    """Ids by chance; the run knows all of them."""
    draw = random.Random(seed)
    return [f"C{draw.randrange(customers):09}" for _ in range(count)]


def check(home: Path, customers: int) -> None:
    """Ends with an error where a customer's page from the copies is not the page from the lake."""
    context = open_context(Settings(home))
    try:
        drawn = _drawn(customers, 3, seed=2)
        pages = [showing.customer(context, customer_id) for customer_id in drawn]
        with without_copies(home):
            if [showing.customer(context, customer_id) for customer_id in drawn] != pages:
                raise SystemExit("a customer differs between the copies and the lake")
        if not any(page.orders for page in pages):
            raise SystemExit("none of the customers has an order")
    finally:
        context.database.dispose()


@contextmanager
def without_copies(home: Path) -> Iterator[None]:
    """Without the copies, until the block ends."""
    here, away = home / "by_customer", home / "by_customer.away"
    here.rename(away)
    try:
        yield
    finally:
        shutil.rmtree(here, ignore_errors=True)
        away.rename(here)


def one_of(customers: int) -> str:
    """The id of one of the customers."""
    return _drawn(customers, 1)[0]
