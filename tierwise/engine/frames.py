"""A caller's frames in, a frame of the caller's own type out.

pandas, Polars (eager and lazy) and Arrow go through DuckDB, so they are equal by construction; a DuckDB relation and a
Spark DataFrame are worked on where they are, lazily.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import narwhals as nw
import pyarrow as pa
from narwhals.typing import IntoFrameT

from tierwise.engine.duckdb_session import connect, quoted
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import Frame, columns_of

T = TypeVar("T")

Compute = Callable[[Mapping[str, Frame], Keep], Frame]


def run_on(like: IntoFrameT, frames: Mapping[str, Any], compute: Compute, *, timezone: str = "UTC") -> IntoFrameT:
    """What `compute` gives of the frames, in the type of `like`; eager rows come ordered by their first column.

    Raises what `opened` raises.
    """
    with opened(frames, timezone) as (inside, keep, connection):
        result = compute(inside, keep)
        native: Any = nw.to_native(result)
        if connection is None:
            lazily: IntoFrameT = native
            return lazily
        eagerly: IntoFrameT = back_as(native.order(quoted(columns_of(result)[0])).to_arrow_table(), like)
    return eagerly


def ask(frames: Mapping[str, Any], question: Callable[[Mapping[str, Frame], Keep], T], *, timezone: str = "UTC") -> T:
    """What a question that executes answers about the frames. Raises what `opened` raises."""
    with opened(frames, timezone) as (inside, keep, _):
        return question(inside, keep)


@contextmanager
def opened(
    frames: Mapping[str, Any], timezone: str
) -> Iterator[tuple[Mapping[str, Frame], Keep, duckdb.DuckDBPyConnection | None]]:
    """The frames on one engine: their own, or a DuckDB of ours that scans them, which is closed afterwards.

    frames: by name, nulls left out; all lazy on one engine, or all eager, of any kinds. timezone: whose days instants
    with an offset fall on, where frames are eager; else the session of their engine says so.

    Raises `unknown_timezone`, `not_a_frame`, `mixed_frames`, and `bad_frame` where a frame cannot become Arrow or a
    value does not fit.
    """
    clock.zone(timezone)
    given = {name: frame for name, frame in frames.items() if frame is not None}
    lazy = {name: _is_on_engine(frame, name) for name, frame in given.items()}
    if any(lazy.values()) and not all(lazy.values()):
        named = ", ".join(sorted(name for name, is_lazy in lazy.items() if not is_lazy))
        raise TierwiseError(
            "mixed_frames", f"some frames are on an engine and others are not: {named}", remedy="bring all to one side"
        )
    if any(lazy.values()):
        yield {name: nw.from_native(frame) for name, frame in given.items()}, lazily, None
        return
    with tempfile.TemporaryDirectory(prefix="tierwise-") as spill:
        connection = connect(Path(spill))
        try:
            connection.execute("SET TimeZone = ?", [timezone])
            inside: dict[str, Frame] = {}
            for name, frame in given.items():
                connection.register(f"given_{name}", _to_arrow(frame, name))
                inside[name] = nw.from_native(connection.view(f"given_{name}"))
            yield inside, _keeper(connection), connection
        except duckdb.ConversionException as error:
            raise TierwiseError("bad_frame", f"a value does not fit its column: {error}") from error
        finally:
            connection.close()


def _keeper(connection: duckdb.DuckDBPyConnection) -> Keep:
    numbers = count(1)

    def keep(name: str, frame: Frame) -> Frame:
        table = f"{name}_{next(numbers)}"
        native: Any = nw.to_native(frame)
        native.create(table)
        return nw.from_native(connection.table(table))

    return keep


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
        if known.implementation.is_pandas():
            return pa.Table.from_pandas(known.to_native(), preserve_index=False)
        return known.to_arrow()
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise TierwiseError(
            "bad_frame", f"{name}: {'; '.join(str(part) for part in error.args)}", remedy="give each column one type"
        ) from error


def back_as(table: pa.Table, like: Any) -> Any:
    """The table in the eager type of `like`, or as a lazy frame of Polars; raises `not_a_frame` for other kinds."""
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
