"""A run whose steps are executed on Spark; what they find is written by the writer of every run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import duckdb

from tierwise.engine.build import Built, build
from tierwise.engine.execute import Inputs, Watch
from tierwise.engine.lake import Lake
from tierwise.engine.spark_session import SparkSettings, spark_session
from tierwise.engine.spark_workshop import SparkWorkshop


def build_on_spark(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    inputs: Inputs,
    watch: Watch,
    settings: SparkSettings,
    scratch: Path,
) -> Built:
    """As `build`, of everybody: what an earlier run has told is not taken over.

    scratch: a folder that Spark's workers see under the same path, as they must the lake. Raises what `spark_session`
    raises.
    """
    folder = scratch / f"spark-{uuid4()}"
    folder.mkdir(parents=True, mode=0o700)
    try:
        size = sum(
            Path(file).stat().st_size for name, version in inputs.versions.items() for file in lake.files(name, version)
        )
        with spark_session(settings, size) as session:
            shop = SparkWorkshop(session, connection, folder)
            built = build(connection, lake, replace(inputs, base=None), watch, shop)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    note = f"computed by Spark ({settings.master}), everybody anew: no earlier run's rows were taken over"
    return replace(built, counts={**built.counts, "engine": "spark"}, notes=(*built.notes, note))
