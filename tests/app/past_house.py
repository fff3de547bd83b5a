"""A home that history was recorded in: three runs of four customers, worked by hand.

day         a (1)    b (2)    c (3)    d (4)     in the segment
2026-03-31  repeat   repeat   vip      –         b
2026-04-30  repeat   dormant  vip      –         b
2026-06-30  vip      dormant  –        repeat    –
"""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from tierwise.app.context import Context
from tierwise.app.defining import initialise
from tierwise.engine.history import Written, changes
from tierwise.engine.history_files import HISTORY
from tierwise.state import history_days, lake_tables, runs

MARCH, APRIL, MAY, JUNE = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 15), date(2026, 6, 30)
STAGE, SEGMENT = "lifecycle_stage", "sleeping_vips"
STAGES = {
    MARCH: {1: "repeat", 2: "repeat", 3: "vip"},
    APRIL: {1: "repeat", 2: "dormant", 3: "vip"},
    JUNE: {1: "vip", 2: "dormant", 4: "repeat"},
}
IN_SEGMENT = {MARCH: [2], APRIL: [2], JUNE: []}


def furnish_past(ctx: Context) -> None:
    """Definitions of the general template, four ids, and three runs in history."""
    initialise(ctx, "general")
    ids = pa.table({"source_key": [1, 2, 3, 4], "scope": ["customer_id"] * 4, "id": ["a", "b", "c", "d"]})
    identities = ctx.lake.append("identities", ids)
    with ctx.database.begin() as state:
        lake_tables.set_versions(state, {"identities": identities})
    for day in STAGES:
        record(ctx, day)


def record(ctx: Context, day: date) -> Written:
    """One run's part in history, recorded as a run records it."""
    with ctx.database.connect() as state:
        version = lake_tables.versions(state).get(HISTORY)
    rows = [(key, "stage", STAGE, stage) for key, stage in STAGES[day].items()]
    rows += [(key, "segment", SEGMENT, None) for key in IN_SEGMENT[day]]
    columns = [list(column) for column in zip(*rows, strict=True)]
    types = {"customer_key": pa.int64(), "kind": pa.string(), "name": pa.string(), "value": pa.string()}
    held = pa.table([pa.array(c, t) for c, t in zip(columns, types.values(), strict=True)], names=list(types))
    ctx.lake.heal(HISTORY, version)
    connection = ctx.duckdb()
    try:
        written = changes(connection, ctx.lake, version, connection.from_arrow(held), day)
    finally:
        connection.close()
    counts = {history_days.COUNTED_AS: {"entries": written.entries, "exits": written.exits}}
    with runs.running(ctx.database, day, definitions={}, inputs={}) as run_id, ctx.database.begin() as state:
        if written.version is not None:
            lake_tables.set_versions(state, {HISTORY: written.version})
        runs.finish_and_flip(state, run_id, outputs={}, counts=counts if written.touched else {}, timings={})
    return written
