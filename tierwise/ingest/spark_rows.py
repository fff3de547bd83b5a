"""Rows of a table of a Spark catalog, as texts, part by part: no more than one part of the table is in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierwise.definitions.import_source import ImportSource, SparkTable
from tierwise.ingest.database_rows import Copied, unreadable
from tierwise.ingest.mark import Mark, MarkValue, first_to_read, last_to_mark, no_such_watermark
from tierwise.ingest.source_file import Tick
from tierwise.ingest.text_copy import copy_texts
from tierwise.kernel.errors import TierwiseError
from tierwise.state.source_readings import MarkKind

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_KINDS: dict[str, MarkKind] = {
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), "number"),
    "timestamp": "instant",
    "timestamp_ntz": "time",
    "date": "day",
}
_WHOLE = 10**15
"""From here on a floating-point number does not tell its last digits."""


def copy_spark(
    source: ImportSource,
    origin: SparkTable,
    mark: Mark | None,
    target: Path,
    tick: Tick,
    *,
    now: datetime,
    zone: tzinfo,
) -> Copied:
    """Copy the rows that are new since `mark` to `target`, as texts; instants with their offset.

    Uses the session that runs in this process, else makes one with the definition's settings and stops it. now: aware;
    zone: of naive times. Raises `extra_missing` without PySpark, `source_unreadable`, `bad_watermark`, and what `tick`
    raises.
    """
    with _session(source, origin) as session, _told(source):
        frame = session.table(origin.table) if origin.table is not None else session.sql(origin.query or "")
        frame, reached = _new(frame, source, mark, now, zone)
        column = None if source.watermark is None else source.watermark.column
        at = frame.columns.index(column) if column in frame.columns else None
        without = [0]

        def rows() -> Iterator[tuple[str | None, ...]]:
            for row in frame.select([_text(frame, name) for name in frame.columns]).toLocalIterator():
                if at is not None and row[at] is None:
                    without[0] += 1
                yield tuple(row)

        return Copied(copy_texts(target, frame.columns, rows(), tick), reached, without[0])


@contextmanager
def _session(source: ImportSource, origin: SparkTable) -> Iterator[SparkSession]:
    try:
        from pyspark.sql import SparkSession
    except ModuleNotFoundError as error:
        raise TierwiseError(
            "extra_missing",
            "tables of Spark are read by PySpark, which is not installed",
            place=f"source {source.name}",
            remedy='pip install "tierwise[spark]"',
        ) from error
    if (running := SparkSession.getActiveSession()) is not None:
        yield running
        return
    with _told(source):
        made = SparkSession.builder.appName("tierwise").config(map=dict(origin.settings)).getOrCreate()
    try:
        yield made
    finally:
        made.stop()


@contextmanager
def _told(source: ImportSource) -> Iterator[None]:
    from py4j.protocol import Py4JError
    from pyspark.errors import AnalysisException, ParseException, PySparkException

    try:
        yield
    except (AnalysisException, ParseException) as error:  # these name tables and columns, and never what is in rows
        raise unreadable(source.name, str(error).strip().splitlines()[0][:200]) from error
    except (PySparkException, Py4JError) as error:
        raise unreadable(source.name, type(error).__name__) from error


def _new(
    frame: DataFrame, source: ImportSource, mark: Mark | None, now: datetime, zone: tzinfo
) -> tuple[DataFrame, Mark | None]:
    """The rows to read, and the mark that they come to."""
    from pyspark.sql import functions as f

    watermark = source.watermark
    if watermark is None:
        return frame, mark
    column = f.col(_named(watermark.column))
    kind = _kind(frame, watermark.column, source.name)
    first, last = first_to_read(mark, kind, watermark, source.name), last_to_mark(kind, now, zone)
    marked = frame if last is None else frame.where(column <= _value(last))
    marked = marked if first is None else marked.where(column >= _value(first))
    highest = marked.agg(f.max(column).alias("mark"))
    (row,) = highest.select(_text(highest, "mark")).collect()
    reached = mark if row[0] is None else Mark.read(kind, row[0]).or_higher(mark)
    if first is None:
        return frame, reached
    is_new = (column >= _value(first)) | column.isNull()
    new = frame.where(is_new)
    if source.together is None:
        return new, reached
    key = source.together
    keys = new.select(f.col(_named(key)).alias("together_key")).distinct()
    old = frame.where(~is_new)
    return new.unionAll(old.join(keys, f.col(_named(key)) == f.col("together_key"), "left_semi")), reached


def _kind(frame: DataFrame, column: str, source: str) -> MarkKind:
    told = frame.select(_named(column)).dtypes[0][1]
    plain = "bigint" if told.startswith("decimal") and told.endswith(",0)") else told
    if plain not in _KINDS:
        raise no_such_watermark(column, source, told)
    return _KINDS[plain]


def _value(value: MarkValue) -> Column:
    from pyspark.sql import functions as f

    if isinstance(value, int | Decimal):
        return f.lit(value)
    if isinstance(value, datetime):
        kind = "timestamp_ntz" if value.tzinfo is None else "timestamp"
        return f.lit(value.isoformat(" ")).cast(kind)
    return f.lit(value.isoformat()).cast("date")


def _text(frame: DataFrame, name: str) -> Column:
    from pyspark.sql import functions as f

    column, told = f.col(_named(name)), dict(frame.dtypes)[name]
    if told == "timestamp":
        text: Any = f.date_format(column, "yyyy-MM-dd HH:mm:ss.SSSSSSxxx")
    elif told == "binary":
        text = f.hex(column)
    elif told in ("float", "double"):
        whole = (column == f.floor(column)) & (f.abs(column) < _WHOLE)
        text = f.when(whole, column.cast("bigint").cast("string")).otherwise(column.cast("string"))
    elif told.startswith(("array", "map", "struct", "variant")):
        text = f.to_json(column)
    else:
        text = column.cast("string")
    named: Column = text.alias(name)
    return named


def _named(column: str) -> str:
    return f"`{column.replace('`', '``')}`"
