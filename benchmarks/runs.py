"""Two ways to the same profile: a run as the product does it, and the hand-written SQL; and one plain GROUP BY."""

from __future__ import annotations

from pathlib import Path
from string import Template

import duckdb

from benchmarks.business import AS_OF
from tierwise.app.defining import template_definitions
from tierwise.definitions.activity import Activity
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.project import Project
from tierwise.definitions.rfm import Rfm
from tierwise.engine.build import build
from tierwise.engine.duckdb_session import connect, literal
from tierwise.engine.execute import Inputs
from tierwise.engine.lake import Lake
from tierwise.engine.plan import SNAPSHOTS
from tierwise.facts.contract import TABLES
from tierwise.kernel.clock import monotonic_seconds

_HERE = Path(__file__).parent


def run(lake: Lake, spill: Path) -> float:
    """A full run with the retail template, to the two snapshot tables; its seconds. Earlier snapshots are removed."""
    for name in SNAPSHOTS:
        lake.heal(name, None)
    connection = connect(spill)
    started = monotonic_seconds()
    build(connection, lake, retail_inputs(lake), lambda done, total, step: None)
    connection.close()
    return monotonic_seconds() - started


def retail_inputs(lake: Lake) -> Inputs:
    """All facts of the lake, the retail template, and the business's last day."""
    definitions = template_definitions("retail")
    versions = {name: lake.latest_version(name) for name in TABLES}
    return Inputs(
        as_of=AS_OF,
        definitions=tuple(d for d in definitions if isinstance(d, Rfm | Deciles | Activity | Lifecycle)),
        project=next(d for d in definitions if isinstance(d, Project)),
        versions={name: version for name, version in versions.items() if version is not None},
        remember=False,  # the hand-written SQL keeps no history; the line `history` measures that
    )


def hand_written(lake: Lake, spill: Path, folder: Path) -> float:
    """profile.sql over the same files, to profile.parquet and store_totals.parquet in the folder; its seconds."""
    script = Template((_HERE / "profile.sql").read_text(encoding="utf-8")).substitute(
        as_of=AS_OF, profile=folder / "profile.parquet", stores=folder / "store_totals.parquet"
    )
    return _timed(lake, spill, script)


def plain_group_by(lake: Lake, spill: Path) -> float:
    """group_by.sql over the same files; its seconds."""
    return _timed(lake, spill, (_HERE / "group_by.sql").read_text(encoding="utf-8"))


def typed_table(path: Path, spill: Path) -> float:
    """typed_table.sql over a file of order lines; its seconds."""
    script = Template((_HERE / "typed_table.sql").read_text(encoding="utf-8")).substitute(file=path)
    connection = connect(spill)
    started = monotonic_seconds()
    connection.execute(script)
    return monotonic_seconds() - started


def _timed(lake: Lake, spill: Path, script: str) -> float:
    connection = connect(spill)
    started = monotonic_seconds()
    for name in ("identities", "customers", "orders", "refunds"):
        _view(connection, lake, name)
    connection.execute(script)
    connection.close()
    return monotonic_seconds() - started


def _view(connection: duckdb.DuckDBPyConnection, lake: Lake, name: str) -> None:
    files = ", ".join(literal(path) for path in lake.files(name, lake.latest_version(name)))
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{files}], union_by_name = true)")


def differences(lake: Lake, spill: Path, folder: Path) -> dict[str, int]:
    """`TABLE.column` -> rows in which run and SQL differ; empty where they are equal.

    Columns and their types must be the same and in the same order; floats may differ by 1e-12 of the larger one. A row
    that only one side has differs in every column that is not null.
    """
    connection = connect(spill)
    found: dict[str, int] = {}
    for name, key in (("profile", "customer_key"), ("store_totals", "store_id")):
        ours = lake.read(connection, name, lake.latest_version(name))
        theirs = connection.read_parquet(str(folder / f"{name}.parquet"))
        ours.create_view("ours", replace=True)
        theirs.create_view("theirs", replace=True)
        if list(zip(ours.columns, ours.types, strict=True)) != list(zip(theirs.columns, theirs.types, strict=True)):
            raise SystemExit(f"{name}: run and SQL have other columns or types:\n{ours.columns}\n{theirs.columns}")
        counts = [
            f'count(*) FILTER (NOT {_same(column, str(kind))}) AS "{column}"'
            for column, kind in zip(ours.columns, ours.types, strict=True)
        ]
        joined = f"FROM ours o FULL JOIN theirs t ON o.{key} IS NOT DISTINCT FROM t.{key}"
        row = connection.execute(f"SELECT {', '.join(counts)} {joined}").fetchone() or ()
        found |= {f"{name}.{column}": count for column, count in zip(ours.columns, row, strict=True) if count}
        here, there = len(ours), len(theirs)
        if here != there:
            found[f"{name} rows"] = abs(here - there)
    return found


def _same(column: str, kind: str) -> str:
    mine, other = f'o."{column}"', f't."{column}"'
    same = f"({mine} IS NOT DISTINCT FROM {other})"
    if kind != "DOUBLE":
        return same
    near = f"abs({mine} - {other}) <= 1e-12 * greatest(abs({mine}), abs({other}))"
    return f"({same} OR COALESCE({near}, false))"
