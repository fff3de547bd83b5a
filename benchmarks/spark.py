"""`python -m benchmarks.spark`: a run by DuckDB, on Spark here, and on a master with one and with two workers.

Each in a process of its own, on the same business as the line `run`; the profiles are then compared, value by value.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from benchmarks.lines import Business
from benchmarks.runs import retail_inputs
from benchmarks.turns import process
from tierwise.engine.build import Built, build
from tierwise.engine.duckdb_session import connect
from tierwise.engine.lake import Lake
from tierwise.engine.spark_build import build_on_spark
from tierwise.engine.spark_session import SparkSettings
from tierwise.kernel.clock import monotonic_seconds
from tierwise.testing.spark_cluster import spark_cluster

_MEMORY = {"spark.driver.memory": "1g", "spark.executor.memory": "1536m"}


def _one(home: Path, master: str) -> dict[str, Any]:
    """A run, `duckdb` or on that master; its seconds, those of its steps, and what it wrote."""
    lake = Lake(home / "lake")
    started = monotonic_seconds()
    with connect(home / "spill", memory_limit="4GB") as connection:
        built: Built = (
            build(connection, lake, retail_inputs(lake), lambda done, total, step: None)
            if master == "duckdb"
            else build_on_spark(
                connection,
                lake,
                retail_inputs(lake),
                lambda done, total, step: None,
                SparkSettings(master, _MEMORY),
                home / "scratch",
            )
        )
    seconds = round(monotonic_seconds() - started, 1)
    return {"seconds": seconds, "steps": built.timings, "outputs": built.outputs}


def _same(home: Path, one: dict[str, int], other: dict[str, int]) -> bool:
    lake = Lake(home / "lake")
    with connect(home / "spill", memory_limit="4GB") as connection:
        for table, version in one.items():
            left, right = (lake.read(connection, table, number) for number in (version, other[table]))
            if (left.columns, left.types, len(left)) != (right.columns, right.types, len(right)):
                return False
            if left.except_(right).limit(1).fetchall():
                return False
    return True


def main() -> int:
    """0 where all runs wrote the same tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark")
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, required=True, help="where the data are made, and stay")
    parser.add_argument("--one", nargs=2, metavar=("HOME", "MASTER"), help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.one:
        sys.stdout.write(json.dumps(_one(Path(wanted.one[0]), wanted.one[1])))
        return 0
    folder = wanted.folder.absolute() / f"{wanted.orders}-orders-{wanted.customers}-customers-seed-1"
    folder.mkdir(parents=True, exist_ok=True)
    process(Business(folder, wanted.orders, wanted.customers, 1).command("prepare_run"))
    (home,) = (place.parent for place in folder.glob("*/lake"))
    expected: dict[str, int] = {}
    equal = True
    for name, workers in (("duckdb", 0), ("local[2]", 0), ("one worker", 1), ("two workers", 2)):
        with tempfile.TemporaryDirectory(prefix="tierwise-spark-") as place:
            running = spark_cluster(Path(place), workers) if workers else nullcontext(name)
            with running as master:
                words = ["-m", "benchmarks.spark", "--folder", str(folder), "--one", str(home), master]
                said = subprocess.run([sys.executable, *words], check=True, stdout=subprocess.PIPE, text=True).stdout
        found = json.loads(said)
        expected = expected or found["outputs"]
        same = _same(home, expected, found["outputs"])
        equal = equal and same
        longest = sorted(found["steps"].items(), key=lambda step: -step[1])[:4]
        steps = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in longest)
        sys.stdout.write(f"{name}: {found['seconds']} s ({steps}); {'equal' if same else 'NOT EQUAL'}\n")
        sys.stdout.flush()
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
