"""Processes that die and processes that meet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.ingest.conftest import NOW, Home
from tierwise.engine.lake import Lake
from tierwise.ingest.importer import ImportReport
from tierwise.state import jobs

_CHILD = """
import sys, time
from datetime import datetime
from pathlib import Path
from tierwise.definitions.project import Project
from tierwise.engine.lake import Lake
from tierwise.ingest import importer
from tierwise.state.database import open_database

url, folder, now = sys.argv[1:]
folder = Path(folder)
session = importer.ImportSession(
    open_database(url), Lake(folder / "lake"), folder / "tmp", Project(), datetime.fromisoformat(now), "child"
)
def wait(*_, **__):
    print("written", flush=True)
    time.sleep(600)
importer.imports.add = wait
importer.import_file(session, folder / "killed.csv", "orders")
"""


def test_a_killed_import_has_changed_nothing(home: Home) -> None:
    header = "order_id,customer_id,ordered_at,gross\n"
    home.take(header + "1,a,2026-03-05,10\n", "orders")
    (home.folder / "killed.csv").write_text(header + "2,b,2026-03-05,10\n")
    url = home.session.engine.url.render_as_string(hide_password=False)
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, url, str(home.folder), NOW.isoformat()], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "written\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    # Everything was in the lake by then, and nothing of it counts.
    assert home.session.lake.latest_version("orders") == 1
    assert home.rows("SELECT order_id FROM orders") == [("1",)]
    with home.session.engine.begin() as connection:
        jobs.mark_crashed(connection)
        assert jobs.list_jobs(connection)[0].state == "crashed"
        assert connection.scalar(text("select count(*) from imported_file")) == 1
    report = home.take(header + "3,c,2026-03-05,10\n", "orders")
    assert report.accepted == 1
    assert home.rows("SELECT order_id, id FROM orders JOIN identities USING (source_key) ORDER BY 1") == [
        ("1", "a"),
        ("3", "c"),
    ]
    assert list(home.session.temporary.glob("*")) == []


def test_two_imports_at_once_take_turns(home: Home) -> None:
    header = "order_id,customer_id,ordered_at,gross\n"
    found: list[ImportReport] = []

    def take(place: int, name: str) -> None:
        rows = "".join(f"{name}{at},{at},2026-03-05,1\n" for at in range(300))
        found.append(Home(home.session, home.folder).take(header + rows, "orders", name=f"{place}.csv"))

    threads = [threading.Thread(target=take, args=(place, name)) for place, name in enumerate(("x", "y", "x"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((report.accepted, report.unchanged) for report in found) == [(0, 300), (300, 0), (300, 0)]
    assert home.rows("SELECT count(*), count(DISTINCT order_id) FROM orders") == [(600, 600)]
    assert home.rows("SELECT count(*), count(DISTINCT id), max(source_key) FROM identities") == [(300, 300, 300)]


_order = st.tuples(
    st.sampled_from(["1", "2", "3", ""]),
    st.sampled_from(["a", "b", ""]),
    st.sampled_from(["2026-03-05", "2026-03-06 10:00", "never"]),
    st.sampled_from(["p", "q"]),
    st.sampled_from(["1", "2", "-1", "x"]),
    st.sampled_from(["1.005", "0", "2"]),
)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_order, max_size=15))
def test_counts_add_up_and_the_second_time_changes_nothing(home: Home, rows: list[tuple[str, ...]]) -> None:
    with home.session.engine.begin() as connection:
        connection.execute(text("truncate quarantine, imported_file, trait, lake_table cascade"))
    fresh = home.folder / f"lake{time.monotonic_ns()}"
    home.session = type(home.session)(
        home.session.engine, Lake(Path(fresh)), home.session.temporary, home.session.project, NOW, "tester"
    )
    content = "order_id,customer_id,ordered_at,product_id,quantity,unit_price\n" + "".join(
        ",".join(row) + "\n" for row in rows
    )
    mapping = {
        "columns": {
            name: name for name in ("order_id", "customer_id", "ordered_at", "product_id", "quantity", "unit_price")
        },
        "refunds": {"attribute": "quantity", "op": "<", "value": 0},
        "ignore": {"attribute": "unit_price", "op": "=", "value": 0},
    }
    first = home.take(content, "order_lines", mapping)
    assert first.read == len(rows)
    assert first.read == first.accepted + first.ignored + first.quarantined
    lines, back = home.rows("SELECT (SELECT count(*) FROM order_lines), (SELECT count(*) FROM refund_lines)")[0]
    assert lines + back == first.accepted
    sums = (
        "SELECT coalesce(sum(gross_minor), 0)::BIGINT FROM orders "
        "UNION ALL SELECT coalesce(sum(amount_minor), 0)::BIGINT FROM order_lines"
    )
    before = home.rows(sums)
    assert before[0] == before[1]
    again = home.take(content, "order_lines", mapping)
    assert (again.accepted, again.replaced, again.unchanged) == (0, 0, first.accepted)
    assert home.rows(sums) == before
