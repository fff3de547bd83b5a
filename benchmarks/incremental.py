"""A run after one order in a hundred is new, against a full run of the same facts; and a run of the next day.

The business of `rules.py`, one line to an order: what a retailer's profile has, and its two hundred behavioural tags.
New orders are one in a hundred of the orders there are, once more on the last day: by customers drawn evenly, or by the
same customers, so that who buys much buys again and a tenth of the customers with half of all rows is touched.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from benchmarks.business import AS_OF
from benchmarks.rules import imported, tags
from tierwise.app.defining import template_definitions
from tierwise.cli.door import leave_out_pandas
from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.project import Project
from tierwise.definitions.rfm import Rfm
from tierwise.engine.build import Built, build
from tierwise.engine.duckdb_session import connect
from tierwise.engine.execute import JOINING, Inputs
from tierwise.engine.incremental import LOOKING, Base
from tierwise.engine.lake import Lake
from tierwise.facts.contract import TABLES

_NEW_ORDERS = """
    SELECT 'N' || order_id AS order_id, * EXCLUDE (order_id) REPLACE (
        TIMESTAMPTZ '{day} 09:00:00+08' AS ordered_at, DATE '{day}' AS ordered_day, {who} AS source_key)
    FROM stored_orders WHERE hash(order_id, 7) % 100 = 0
"""
_DRAWN = {"evenly": "(1 + hash(order_id, 9) % {customers})::BIGINT", "same": "source_key"}

_NEW_LINES = """
    SELECT 'N' || order_id AS order_id, * EXCLUDE (order_id) FROM stored_order_lines WHERE hash(order_id, 7) % 100 = 0
"""


def prepare(folder: Path, customers: int, orders: int) -> None:
    """A lake with a full run, and after it the new orders, once by each way of drawing; made of the rules' lake."""
    source = imported(folder, customers, orders)
    root = _root(folder, customers, orders)
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(source.root, root / "lake")
    lake = Lake(root / "lake")
    versions = _versions(lake)
    built = _build(lake, root, Inputs(AS_OF, _definitions(), _project(), versions, remember=False))
    connection = connect(root / "spill")
    after = {}
    for drawn, who in _DRAWN.items():
        for name in ("orders", "order_lines"):
            lake.heal(name, versions[name])
            lake.read(connection, name, versions[name]).create_view(f"stored_{name}", replace=True)
        lake.append("orders", connection.sql(_NEW_ORDERS.format(day=AS_OF, who=who.format(customers=customers))))
        lake.append("order_lines", connection.sql(_NEW_LINES))
        after[drawn] = _versions(lake)
    connection.close()
    told = {"versions": versions, "outputs": built.outputs, "after": after}
    (root / "base.json").write_text(json.dumps(told), "utf-8")


def stage_one(folder: Path, customers: int, orders: int, how: str, drawn: str) -> float:
    """Seconds of stage 1 of a run: what has changed, the metrics, and the behavioural tags. As `run_again`."""
    leave_out_pandas()  # as `tierwise run` does
    timings = run_again(folder, customers, orders, how, drawn).timings
    return sum(
        taken for name, taken in timings.items() if name in (LOOKING, JOINING, "customer metrics") or "tags" in name
    )


def run_again(folder: Path, customers: int, orders: int, how: str, drawn: str) -> Built:
    """A run after the new orders.

    how: `full`, `incremental`, or `next_day`, which is incremental too, a day later. drawn: who placed the new orders,
    customers `evenly` or the `same` who placed the old ones.
    """
    root = _root(folder, customers, orders)
    told = json.loads((root / "base.json").read_text("utf-8"))
    inputs = Inputs(AS_OF, _definitions(), _project(), told["after"][drawn], remember=False)
    if how != "full":
        same = how == "incremental"
        base = Base(1, AS_OF, told["versions"], told["outputs"], same_definitions=same)
        inputs = replace(inputs, base=base, as_of=AS_OF if same else AS_OF + timedelta(days=1))
    return _build(Lake(root / "lake"), root, inputs)


def _build(lake: Lake, root: Path, inputs: Inputs) -> Built:
    with connect(root / "spill") as connection:
        return build(connection, lake, inputs, lambda done, total, step: None)


def _definitions() -> tuple[Definition, ...]:
    of_spine = (d for d in template_definitions("general") if isinstance(d, Rfm | Deciles | Activity | Lifecycle))
    return (*of_spine, *tags())


def _project() -> Project:
    return next(d for d in template_definitions("general") if isinstance(d, Project))


def _versions(lake: Lake) -> dict[str, int]:
    found = {name: lake.latest_version(name) for name in TABLES}
    return {name: version for name, version in found.items() if version is not None}


def _root(folder: Path, customers: int, orders: int) -> Path:
    return folder / f"incremental-lake-{customers}-{orders}"
