"""A caller's frames in, a frame of the caller's own type out.

pandas, Polars (eager and lazy) and Arrow go through DuckDB, so they are equal by construction; a DuckDB relation and a
Spark DataFrame are worked on where they are, lazily.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import duckdb
import narwhals as nw
import pyarrow as pa
from narwhals.typing import IntoFrameT

from tierwise.engine.duckdb_session import connect, quoted
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame, columns_of


class Keep(Protocol):
    """Compute a frame once, for several uses; on the caller's own engine it stays as it is."""

    def __call__(self, frame: Frame) -> Frame: ...


Compute = Callable[[Mapping[str, Frame], Keep], Frame]


def run_on(like: IntoFrameT, frames: Mapping[str, Any], compute: Compute, *, timezone: str = "UTC") -> IntoFrameT:
    """What `compute` gives of the frames, in the type of `like`; eager rows come ordered by their first column.

    frames: by name, nulls left out; all lazy on the engine of `like`, or all eager, of any kinds. timezone: whose days
    instants with an offset fall on, where frames are eager; else the session of their engine says so.

    Raises `not_a_frame`, `mixed_frames`, and `bad_frame` where a frame cannot become Arrow.
    """
    given = {name: frame for name, frame in frames.items() if frame is not None}
    lazy = {name: _is_on_engine(frame, name) for name, frame in given.items()}
    if any(lazy.values()) and not all(lazy.values()):
        named = ", ".join(sorted(name for name, is_lazy in lazy.items() if not is_lazy))
        raise TierwiseError(
            "mixed_frames", f"some frames are on an engine and others are not: {named}", remedy="bring all to one side"
        )
    if any(lazy.values()):
        own: dict[str, Frame] = {name: nw.from_native(frame) for name, frame in given.items()}
        native: IntoFrameT = nw.to_native(compute(own, lambda frame: frame))
        return native
    with tempfile.TemporaryDirectory(prefix="tierwise-") as spill:
        connection = connect(Path(spill))
        try:
            connection.execute("SET TimeZone = ?", [timezone])
            return _through_duckdb(connection, like, given, compute)
        finally:
            connection.close()


def _through_duckdb(
    connection: duckdb.DuckDBPyConnection, like: IntoFrameT, given: Mapping[str, Any], compute: Compute
) -> IntoFrameT:
    inside: dict[str, Frame] = {}
    for name, frame in given.items():
        connection.register(f"given_{name}", _to_arrow(frame, name))
        inside[name] = nw.from_native(connection.view(f"given_{name}"))
    kept: list[str] = []

    def keep(frame: Frame) -> Frame:
        kept.append(f"kept_{len(kept)}")
        nw.to_native(frame).create(kept[-1])
        table: Frame = nw.from_native(connection.table(kept[-1]))
        return table

    result = compute(inside, keep)
    relation: Any = nw.to_native(result)
    try:
        table = relation.order(quoted(columns_of(result)[0])).to_arrow_table()
    except duckdb.ConversionException as error:
        raise TierwiseError("bad_frame", f"a value does not fit its column: {error}") from error
    back: IntoFrameT = _back(table, like)
    return back


def _is_on_engine(frame: Any, name: str) -> bool:
    try:
        known = nw.from_native(frame)
    except TypeError as error:
        raise TierwiseError(
            "not_a_frame",
            f"{name}: a {type(frame).__name__} is no frame",
            remedy="pandas, Polars, Arrow, a DuckDB relation or a Spark DataFrame",
        ) from error
    return isinstance(known, nw.LazyFrame) and not known.implementation.is_polars()


def _to_arrow(frame: Any, name: str) -> pa.Table:
    known = nw.from_native(frame)
    if isinstance(known, nw.LazyFrame):
        known = known.collect()
    doubled = [column for column in known.columns if known.columns.count(column) > 1]
    if doubled:
        raise TierwiseError("bad_frame", f"{name}: two columns are called {doubled[0]}")
    try:
        return known.to_arrow()
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise TierwiseError(
            "bad_frame", f"{name}: {'; '.join(str(part) for part in error.args)}", remedy="give each column one type"
        ) from error


def _back(table: pa.Table, like: Any) -> Any:
    known = nw.from_native(like)
    if known.implementation.is_pandas():
        return _to_pandas(table)
    if known.implementation.is_polars():
        import polars as pl

        frame = pl.from_arrow(table)
        return frame.lazy() if isinstance(known, nw.LazyFrame) and isinstance(frame, pl.DataFrame) else frame
    if known.implementation.is_pyarrow():
        return table
    raise TierwiseError(
        "not_a_frame",
        f"a frame of {known.implementation} cannot be given back",
        remedy="pandas, Polars, Arrow, a DuckDB relation or a Spark DataFrame",
    )


def _to_pandas(table: pa.Table) -> Any:
    """Days as datetime64, integers that lack as Int64, booleans that lack as boolean, money as Decimal."""
    import pandas as pd

    frame = table.to_pandas(date_as_object=False)
    for field in table.schema:
        if table.column(field.name).null_count:
            if pa.types.is_integer(field.type):
                frame[field.name] = table.column(field.name).to_pandas(types_mapper={field.type: pd.Int64Dtype()}.get)
            elif pa.types.is_boolean(field.type):
                frame[field.name] = table.column(field.name).to_pandas(types_mapper={field.type: pd.BooleanDtype()}.get)
    return frame
