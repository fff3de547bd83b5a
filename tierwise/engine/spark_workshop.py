"""A run's steps on Spark: facts read from the lake's files, what is kept written as Parquet into a folder of the run.

Workers read the lake and write the folder themselves, so both lie where they and this process see them under one path.
They run nothing of ours, and no Python. What was executed is read back from its files: nothing is computed twice, a
worker that is lost takes nothing along, and plans stay shallow.
"""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import narwhals as nw
from deltalake import DeltaTable

from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.lake import Lake
from tierwise.facts.contract import OF_RUNS, STORED, Type
from tierwise.metrics.frame import Frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SPARK: dict[Type, str] = {
    "key": "BIGINT",
    "id": "STRING",
    "text": "STRING",
    "integer": "BIGINT",
    "quantity": "DECIMAL(18,3)",
    "money": "BIGINT",
    "unit_price": "DECIMAL(18,6)",
    "instant": "TIMESTAMP",
    "day": "DATE",
    "boolean": "BOOLEAN",
}
"""The contract's column types as Spark writes them."""


_WHOLE = re.compile(r"SELECT \* FROM (\w+)")
"""A query that is another table or view, and nothing else."""


class SparkWorkshop:
    """folder: for what is kept until the run is over; who makes the workshop deletes it."""

    def __init__(self, session: SparkSession, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.session = session
        self.folder = folder
        self._connection = connection
        self._numbers = count(1)
        self._kept: dict[str, Path] = {}
        self._parts: dict[str, list[str]] = {}
        self._same: dict[str, str] = {}
        """View -> the table or view that it is all of."""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        return self._connection

    def open(self, lake: Lake, versions: Mapping[str, int], tags: Mapping[str, int]) -> None:
        """The same views as `sources.register_facts` makes; `people` comes from there."""
        mapped = versions.get("customer_map") is not None
        for name, table in OF_RUNS.items():
            stored = self._read(lake, name, versions.get(name))
            stored.createOrReplaceTempView(f"stored_{name}")
            by_customer = "source_key" in stored.columns and name not in ("identities", "customer_map")
            listed = [f"f.{quoted(c)}" for c in stored.columns if not (by_customer and c == "source_key")]
            listed += [
                f"CAST(NULL AS {SPARK[column.type]}) AS {quoted(column.name)}"
                for column in table.columns
                if column.name not in stored.columns
            ]
            join = ""
            if by_customer:
                key = "COALESCE(m.customer_key, f.source_key)" if mapped else "f.source_key"
                listed.insert(0, f"{key} AS customer_key")
                join = "LEFT JOIN stored_customer_map m ON m.source_key = f.source_key" if mapped else ""
            self.view(name, f"SELECT {', '.join(listed)} FROM {quoted(f'stored_{name}')} f {join}")
        for name, version in tags.items():
            self._read(lake, "tags", version).createOrReplaceTempView(name)
        self.take_over("people")

    def take_over(self, name: str) -> None:
        file = self._place(name) / "of_duckdb.parquet"
        file.parent.mkdir(parents=True)
        self._connection.execute(f"COPY (SELECT * FROM {quoted(name)}) TO {literal(str(file))} (FORMAT parquet)")
        self._files([str(file)], None).createOrReplaceTempView(name)

    def table(self, name: str, query: str) -> None:
        self._execute(name, self.session.sql(query))

    def view(self, name: str, query: str) -> None:
        whole = _WHOLE.fullmatch(query)
        self._same[name] = whole.group(1) if whole else name
        self.session.sql(f"CREATE OR REPLACE TEMPORARY VIEW {quoted(name)} AS {query}")

    def frame(self, name: str) -> Frame:
        return nw.from_native(self.session.table(_named(name)))

    def keep(self, name: str, computed: Frame) -> Frame:
        native: DataFrame = nw.to_native(computed)
        self._execute(name, native)
        return self.frame(name)

    def create_view(self, name: str, computed: Frame) -> None:
        native: DataFrame = nw.to_native(computed)
        native.createOrReplaceTempView(name)

    def empty(self, name: str, columns: Mapping[str, str]) -> None:
        listed = ", ".join(f"CAST(NULL AS {kind}) AS {quoted(column)}" for column, kind in columns.items())
        self._parts[name] = [f"{name}_of_none"]
        self.view(f"{name}_of_none", f"SELECT {listed} WHERE false")
        self._tell(name)

    def insert(self, name: str, rows: Frame) -> None:
        part = f"{name}_part_{len(self._parts[name])}"
        native: DataFrame = nw.to_native(rows)
        self._execute(part, native.toDF(*self.columns(name)))
        self._parts[name].append(part)
        self._tell(name)

    def drop(self, name: str) -> None:
        self.session.catalog.dropTempView(name)
        if name in self._kept:
            shutil.rmtree(self._kept.pop(name))

    def rename_view(self, name: str, to: str) -> None:
        self.session.sql(f"ALTER VIEW {quoted(name)} RENAME TO {quoted(to)}")

    def columns(self, name: str) -> list[str]:
        return list(self.session.table(_named(name)).columns)

    def has(self, name: str) -> bool:
        return bool(self.session.catalog.tableExists(_named(name)))

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.session.sql(query).collect()]

    def deliver(self, names: Iterable[str]) -> None:
        """Those that are views here are executed now, unless they are but what was kept part by part."""
        for name in names:
            parts = [part for part in self._parts.get(self._same.get(name, name), ()) if part in self._kept]
            if not parts:
                if name not in self._kept:
                    self._execute(name, self.session.table(_named(name)))
                parts = [name]
            files = [str(self._kept[part] / "*.parquet") for part in parts]
            self._connection.read_parquet(files).create_view(name)

    def _tell(self, name: str) -> None:
        self.view(name, " UNION ALL ".join(f"SELECT * FROM {quoted(part)}" for part in self._parts[name]))

    def _execute(self, name: str, frame: DataFrame) -> None:
        place = self._place(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame.write.parquet(str(place))
        self._kept[name] = place
        self._files([str(place)], frame).createOrReplaceTempView(name)

    def _place(self, name: str) -> Path:
        return self.folder / f"{next(self._numbers):04}"

    def _read(self, lake: Lake, name: str, version: int | None) -> DataFrame:
        from pyspark.sql.types import StructType

        if version is None:
            listed = ", ".join(f"CAST(NULL AS {SPARK[c.type]}) AS {quoted(c.name)}" for c in STORED[name].columns)
            return self.session.sql(f"SELECT {listed} WHERE false")
        schema = StructType.fromJson(json.loads(DeltaTable(str(lake.path(name)), version=version).schema().to_json()))
        files = lake.files(name, version)
        if not files:
            return self.session.createDataFrame([], schema)
        return self.session.read.schema(schema).option("__globPaths__", "false").parquet(*files)

    def _files(self, files: list[str], of: DataFrame | None) -> DataFrame:
        reader = self.session.read if of is None else self.session.read.schema(of.schema)
        return reader.option("__globPaths__", "false").parquet(*files)


def _named(name: str) -> str:
    """A name as Spark's own functions read it."""
    return f"`{name.replace('`', '``')}`"
