"""How many customers six clauses are true of: as the server counts, and by hand on a native table of DuckDB."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median

import duckdb

from benchmarks.business import AS_OF
from tierwise.app import segments
from tierwise.app.context import Context
from tierwise.app.defining import ensure_initialised
from tierwise.bootstrap import Settings, open_context, stop_embedded
from tierwise.definitions.read import parse_rule
from tierwise.engine.duckdb_session import connect
from tierwise.engine.lake import Lake
from tierwise.kernel.clock import monotonic_seconds
from tierwise.state import runs, traits

TIMES = 15
"""A process counts so often, after once for warmth; its figure is the median."""

RULE = parse_rule(
    {
        "all": [
            {"attribute": "recency_days", "op": "<=", "value": 90},
            {"attribute": "frequency_count", "op": ">=", "value": 3},
            {"attribute": "monetary_amount", "op": ">", "value": 5000},
            {"attribute": "city", "op": "in", "value": ["上海", "北京"]},
            {"attribute": "age_years", "op": "between", "value": [25, 45]},
            {"attribute": "rfm_cell", "op": "!=", "value": "000"},
        ]
    }
)

_PROFILE = """
SELECT
    i AS customer_key,
    'C' || lpad(i::VARCHAR, 9, '0') AS customer_id,
    (hash(i, 1) % 730)::BIGINT AS recency_days,
    (hash(i, 2) % 12)::BIGINT AS frequency_count,
    (hash(i, 3) % 2000000)::BIGINT AS monetary_amount_minor,
    ['上海', '北京', '广州', '深圳', '成都'][1 + (hash(i, 4) % 5)::INTEGER] AS trait_city,
    CASE WHEN hash(i, 5) % 3 > 0 THEN (18 + hash(i, 6) % 60)::BIGINT END AS age_years,
    ['111', '101', '011', '001', '110', '100', '010', '000'][1 + (hash(i, 7) % 8)::INTEGER] AS rfm_cell
FROM range({customers}) t(i)
"""
"""A profile of the columns that the rule needs, and the customer's id."""


def home_of(folder: Path, customers: int) -> Path:
    """A home whose current run has a made-up profile of so many customers; made once."""
    home = folder / f"count-home-{customers}"
    whole = home / "whole"
    if not whole.exists():
        context = open_context(Settings(home))
        try:
            ensure_initialised(context)
            _make_run(context, customers)
        finally:
            context.database.dispose()
            stop_embedded(Settings(home))
        whole.touch()
    return home


def _make_run(context: Context, customers: int) -> None:
    connection = connect(context.scratch / "spill")
    version = context.lake.overwrite("profile", connection.sql(_PROFILE.format(customers=customers)))
    connection.close()
    with context.database.begin() as state:
        traits.add(state, "city", "trait_city", "text")
        run = runs.start(state, AS_OF, definitions={}, inputs={})
        counts = {"customers": customers, "currency": "CNY"}
        runs.finish_and_flip(state, run, outputs={"profile": version}, counts=counts, timings={})


def served_count(home: Path) -> float:
    """Seconds of one count by the use case that the API calls, the questions to PostgreSQL included."""
    context = open_context(Settings(home))
    try:
        with context.holding_the_profile() as holding:
            found = segments.count(holding, RULE).customers
            seconds = _median(lambda: segments.count(holding, RULE))
    finally:
        context.database.dispose()
        stop_embedded(Settings(home))
    wanted = _native(home).execute(_by_hand()).fetchone()
    if wanted != (found,):
        raise SystemExit(f"the rule counts {found}, the SQL {json.dumps(wanted)}")
    return seconds


def native_count(home: Path) -> float:
    """Seconds of count.sql on a native table."""
    connection = _native(home)
    connection.execute(_by_hand()).fetchall()
    seconds = _median(lambda: connection.execute(_by_hand()).fetchall())
    connection.close()
    return seconds


def _by_hand() -> str:
    return Path(__file__).with_name("count.sql").read_text("utf-8")


def _native(home: Path) -> duckdb.DuckDBPyConnection:
    lake = Lake(home / "lake")
    connection = connect(home / "scratch" / "spill")
    lake.read(connection, "profile", lake.latest_version("profile")).create_view("files")
    connection.execute("CREATE TABLE profile AS SELECT * EXCLUDE (customer_id) FROM files")
    return connection


def _median(count: Callable[[], object]) -> float:
    def once() -> float:
        started = monotonic_seconds()
        count()
        return monotonic_seconds() - started

    return median(once() for _ in range(TIMES))
