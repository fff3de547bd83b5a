"""A hundred million orders of five million customers, from quarterly Parquet exports to a profile, in bounded memory.

`python -m benchmarks.large` makes the exports, and for a tenth of the size and for the whole measures the import of
them all, a full run, and beside it DuckDB's plain GROUP BY customer over the very exports. Ends with 1 where more
memory was held than allowed. What is held is what Linux counts for the command's process,
with that of PostgreSQL's processes.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from tierwise.kernel.clock import monotonic_seconds

QUARTERS = 12
MOST_GIB = 8.0

_EXPORT = """
CREATE MACRO drawn(i, salt, n) AS (hash(i, salt) % n)::BIGINT;
COPY (
    SELECT 'SO' || lpad(i::VARCHAR, 10, '0') AS order_id,
           'C' || lpad(floor({customers} * pow(drawn(i, 1, 1000000007) / 1000000007.0, 2))::BIGINT::VARCHAR, 9, '0')
               AS customer_id,
           TIMESTAMP '2023-07-01 00:00:00' + to_seconds(i * 94694399 // {orders}) AS ordered_at,
           'S' || lpad(drawn(i, 2, 50)::VARCHAR, 3, '0') AS store_id,
           gross::DECIMAL(18, 2) AS gross,
           (CASE WHEN drawn(i, 3, 10) < 2 THEN gross // 10 ELSE 0 END)::DECIMAL(18, 2) AS discount
    FROM (SELECT i, (900 + drawn(i, 4, 30000) + CASE WHEN drawn(i, 5, 20) = 0 THEN 200000 ELSE 0 END)
                    ::DECIMAL(18, 2) / 100 AS gross
          FROM range({first}, {last}) r(i))
) TO '{file}' (FORMAT parquet, COMPRESSION zstd)
"""

_GROUP_BY = """
SELECT count(*), sum(n), sum(money) FROM (
    SELECT customer_id, count(*) AS n, sum(gross - discount) AS money, max(ordered_at) AS last
    FROM read_parquet('{files}') GROUP BY customer_id)
"""


@dataclass
class Held:
    """The most memory that was held at once, GiB: of the command's own process, and of PostgreSQL's beside it."""

    command: float = 0.0
    postgresql: float = 0.0

    @property
    def gib(self) -> float:
        return self.command + self.postgresql


@dataclass
class Size:
    """What was measured of one size; seconds by the clock."""

    orders: int
    customers: int
    seconds: dict[str, float] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    lake_gb: float = 0.0


def exports(folder: Path, orders: int, customers: int) -> list[Path]:
    """One Parquet file per quarter, in the order of time; made once."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"orders-{quarter + 1:02}.parquet" for quarter in range(QUARTERS)]
    for quarter, file in enumerate(files):
        if not file.exists():
            first, last = orders * quarter // QUARTERS, orders * (quarter + 1) // QUARTERS
            made = file.with_suffix(".making")
            sql = _EXPORT.format(orders=orders, customers=customers, first=first, last=last, file=made)
            _in_a_process(sql)
            made.rename(file)
    return files


def measure(size: Size, root: Path, memory: str) -> None:
    """Import every export into an empty home, run, and group the exports by DuckDB alone."""
    files = exports(root / "exports", size.orders, size.customers)
    home = root / "home"
    environment = {**os.environ, "TIERWISE_HOME": str(home), "TIERWISE_MEMORY": memory}
    _stop(environment)
    shutil.rmtree(home, ignore_errors=True)
    commands = {
        "import": [["import", str(file), "--as", "orders", "--json"] for file in files],
        "run": [["run", "--as-of", "2026-06-30", "--json"]],
    }
    try:
        _tierwise(["init", "--template", "general"], environment, Held())
        for name, each in commands.items():
            held, started = Held(), monotonic_seconds()
            for at, arguments in enumerate(each, 1):
                said = _tierwise(arguments, environment, held)
                if name == "import" and json.loads(said)["accepted"] != json.loads(said)["read"]:
                    raise SystemExit(f"{arguments[1]}: not every row was accepted: {said}")
                print(
                    f"{size.orders:,} orders: {name} {at} of {len(each)}, "
                    f"{monotonic_seconds() - started:.0f} s, {held.gib:.2f} GiB",
                    file=sys.stderr,
                    flush=True,
                )
            size.seconds[name], size.held[name] = monotonic_seconds() - started, held
    finally:
        _stop(environment)
    lake = home / "lake"
    size.lake_gb = sum(file.stat().st_size for file in lake.rglob("*.parquet")) / 1e9
    started = monotonic_seconds()
    _in_a_process(_GROUP_BY.format(files=root / "exports" / "*.parquet"), memory)
    size.seconds["group by"] = monotonic_seconds() - started


def _tierwise(arguments: list[str], environment: dict[str, str], held: Held) -> str:
    """What the command printed; `held` is raised to what it and PostgreSQL held."""
    tierwise = str(Path(sys.executable).with_name("tierwise"))
    child = subprocess.Popen([tierwise, *arguments], env=environment, stdout=subprocess.PIPE, text=True)
    done = threading.Event()
    watch = threading.Thread(target=_watch_postgresql, args=(environment["TIERWISE_HOME"], held, done))
    watch.start()
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    done.set()
    watch.join()
    held.command = max(held.command, used.ru_maxrss / 2**20)
    if status != 0:
        raise SystemExit(f"tierwise {' '.join(arguments)} failed: {said}")
    return said


def _watch_postgresql(home: str, held: Held, done: threading.Event) -> None:
    while not done.wait(0.5):
        held.postgresql = max(held.postgresql, _postgresql_gib(home))


def _postgresql_gib(home: str) -> float:
    """Its processes' share of memory, pages that several hold counted once in all."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text().startswith("postgres") and os.readlink(folder / "cwd").startswith(home):
                found = (folder / "smaps_rollup").read_text().split("Pss:")[1]
                total += int(found.split()[0])
        except (OSError, IndexError):
            continue
    return total / 2**20


def _in_a_process(sql: str, memory: str = "4GB") -> None:
    code = (
        "import duckdb, sys; c = duckdb.connect(config={'memory_limit': sys.argv[2]}); "
        "c.execute('SET enable_progress_bar = false'); "
        "c.execute(sys.argv[1]).fetchall()"
    )
    subprocess.run([sys.executable, "-c", code, sql, memory], check=True)


def _stop(environment: dict[str, str]) -> None:
    tierwise = str(Path(sys.executable).with_name("tierwise"))
    if Path(environment["TIERWISE_HOME"]).exists():
        subprocess.run([tierwise, "stop"], env=environment, capture_output=True, check=False)


def told(sizes: list[Size]) -> str:
    """A table for people: seconds, memory, ratio to GROUP BY, and the exponent by which time grows with size."""
    lines = []
    for name in ("import", "run", "group by"):
        for size in sizes:
            memory = f"{size.held[name].gib:.2f} GiB" if name in size.held else ""
            ratio = size.seconds[name] / size.seconds["group by"]
            lines.append(f"{name:10} {size.orders:>13,} {size.seconds[name]:9.1f} s {ratio:8.1f} × GROUP BY  {memory}")
        if len(sizes) > 1:
            low, high = sizes[0], sizes[-1]
            exponent = math.log(high.seconds[name] / low.seconds[name]) / math.log(high.orders / low.orders)
            lines.append(f"{name:10} grows with the power {exponent:.2f} of the orders")
    return "\n".join(lines)


def main(given: list[str] | None = None) -> int:
    """0 where memory stayed within its limit, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=100_000_000)
    parser.add_argument("--customers", type=int, default=5_000_000)
    parser.add_argument("--memory", default="5GB", help="TIERWISE_MEMORY, and DuckDB's own limit (default 5GB)")
    parser.add_argument("--folder", type=Path, help="keep the exports there and take them again")
    wanted = parser.parse_args(given)
    sizes = [Size(wanted.orders // 10, wanted.customers // 10), Size(wanted.orders, wanted.customers)]
    with tempfile.TemporaryDirectory(prefix="tierwise-large-") as temporary:
        for size in sizes:
            root = (wanted.folder or Path(temporary)).absolute() / f"{size.orders}-orders"
            measure(size, root, wanted.memory)
    print(told(sizes))
    most = max(held.gib for size in sizes for held in size.held.values())
    print(f"the most memory held: {most:.2f} GiB of {MOST_GIB:.0f}")
    return 0 if most <= MOST_GIB else 1


if __name__ == "__main__":
    sys.exit(main())
