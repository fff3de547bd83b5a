"""A run: the plan's steps over the facts of recorded versions, to new versions of the snapshot tables.

Nothing that anyone reads changes here: the caller records the versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.engine import bought_lines
from tierwise.engine.bought_lines import BOUGHT
from tierwise.engine.execute import Inputs, Watch, execute
from tierwise.engine.given import remembered
from tierwise.engine.history import Kind, Written, changes, states
from tierwise.engine.incremental import Borrowed
from tierwise.engine.lake import Lake
from tierwise.engine.plan import HISTORY, KEY
from tierwise.engine.workshop import DuckdbWorkshop, Workshop
from tierwise.kernel.clock import monotonic_seconds
from tierwise.metrics.customer import CATEGORY_DAYS

_LEFT = ("profile_rows", "totals_of_stores", "tag_rows", "segment_rows", "junk_rows")
"""What the steps leave in any case."""


@dataclass(frozen=True)
class Built:
    """outputs: table -> Delta version. counts: what the run found. timings: step -> seconds. notes: what is odd.

    borrowed: what was taken over from an earlier run; None where everybody was computed from facts.
    """

    outputs: dict[str, int]
    counts: dict[str, Any]
    timings: dict[str, float]
    notes: tuple[str, ...] = ()
    borrowed: Borrowed | None = None


def build(
    connection: duckdb.DuckDBPyConnection, lake: Lake, inputs: Inputs, watch: Watch, shop: Workshop | None = None
) -> Built:
    """Execute the plan and write the snapshots. `watch` is told before each step, and may raise to stop.

    shop: where the steps are executed, of this connection; the connection itself where None.
    """
    shop = shop or DuckdbWorkshop(connection)
    executed = execute(connection, lake, inputs, watch, to_write=True, shop=shop)
    timings = dict(executed.timings)
    watch(executed.steps, executed.steps + 1, "write")
    started = monotonic_seconds()
    with_categories = shop.has(CATEGORY_DAYS)
    left = [*_LEFT, *([CATEGORY_DAYS] if with_categories else [])]
    shop.deliver(left if executed.bought is None else [*left, "all_bought"])
    connection.execute(
        "CREATE VIEW named_totals AS SELECT s.store_name, t.* "
        "FROM totals_of_stores t LEFT JOIN stores s USING (store_id)"
    )
    outputs = {
        # In no order: who wants one sorts the columns that are read; sorting them all would take a tenth of the run.
        "profile": lake.overwrite("profile", connection.sql("SELECT * FROM profile_rows")),
        "store_totals": lake.overwrite("store_totals", connection.sql("SELECT * FROM named_totals ORDER BY store_id")),
        "tags": lake.overwrite("tags", connection.sql(_by_name("tag_rows", "tag"))),
        "segments": lake.overwrite("segments", connection.sql(_by_name("segment_rows", "segment"))),
        "junk": lake.overwrite("junk", connection.sql("SELECT * FROM junk_rows ORDER BY customer_key, rule")),
    }
    if with_categories:
        outputs[CATEGORY_DAYS] = lake.overwrite(CATEGORY_DAYS, connection.sql(f"SELECT * FROM {CATEGORY_DAYS}"))
    if executed.bought is not None:
        outputs[BOUGHT] = bought_lines.write(connection, lake, executed.bought)
    timings["write"] = round(monotonic_seconds() - started, 3)
    watch(executed.steps, executed.steps + 1, "history")
    started = monotonic_seconds()
    lake.read(connection, "profile", outputs["profile"]).create_view("profile_written")
    written = _remember(connection, lake, inputs)
    timings["history"] = round(monotonic_seconds() - started, 3)
    if written.version is not None:
        outputs[HISTORY] = written.version
    counts = {**_counts(connection), "currency": executed.currency}
    if written.touched:
        counts["history"] = {"entries": written.entries, "exits": written.exits}
    notes = () if written.note is None else (written.note,)
    return Built(outputs, counts, timings, notes, executed.borrowed)


def _by_name(table: str, column: str) -> str:
    """Rows in the order of name and customer; by one whole number, in half the time of comparing names."""
    return (
        f"SELECT r.* FROM {table} r JOIN (SELECT {column}, row_number() OVER (ORDER BY {column}) AS place "
        f"FROM (SELECT DISTINCT {column} FROM {table})) USING ({column}) ORDER BY (place << 39) + {KEY}"
    )


def _remember(connection: duckdb.DuckDBPyConnection, lake: Lake, inputs: Inputs) -> Written:
    """Add to history what this run has changed, from the profile as it was written."""
    if not inputs.remember:
        return Written(inputs.history, touched=False)
    ladders: dict[str, Kind] = {}
    for definition in inputs.definitions:
        ladders |= remembered(definition)
    tags = [each.name for each in inputs.definitions if isinstance(each, Tag) and each.history]
    current = states(
        connection,
        ladders,
        tags,
        profile="profile_written",
        tag_rows="tag_rows",
        segment_rows="segment_rows",
        segments=[each.name for each in inputs.definitions if isinstance(each, Segment) and each.history],
    )
    return changes(connection, lake, inputs.history, current, inputs.as_of)


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    customers, buyers, unscored = connection.execute(
        "SELECT count(*), count(*) FILTER (frequency_count > 0), count(*) FILTER (rfm_cell IS NULL) "
        "FROM profile_written"
    ).fetchall()[0]
    orders, gross, identified_orders, identified = connection.execute(
        "SELECT COALESCE(sum(orders), 0)::BIGINT, COALESCE(sum(monetary_amount_gross_minor), 0)::BIGINT, "
        "COALESCE(sum(identified_orders), 0)::BIGINT, COALESCE(sum(identified_gross_minor), 0)::BIGINT "
        "FROM totals_of_stores"
    ).fetchall()[0]
    return {
        "customers": customers,
        "buyers": buyers,
        "unscored": unscored,
        "orders": orders,
        "identified_orders": identified_orders,
        "identified_amount_rate": identified / gross if gross > 0 else None,
    }
