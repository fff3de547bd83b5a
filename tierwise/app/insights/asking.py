"""Use cases of insights: what can be asked, an answer, an answer as a file or a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa

from tierwise.app.context import Context
from tierwise.app.headings import Headings, headed
from tierwise.app.insights import catalogue
from tierwise.app.insights.facts import Facts, open_facts
from tierwise.app.insights.insight import Answer, Column, Figure, Insight
from tierwise.app.insights.insight_views import (
    ColumnView,
    FigureView,
    InsightSummary,
    InsightView,
    ParameterView,
)
from tierwise.app.insights.settling import settled
from tierwise.app.marking import mark_of
from tierwise.app.reading import Reader, reading
from tierwise.app.remembered import told_once
from tierwise.app.views import Exported, Label
from tierwise.engine.duckdb_session import quoted
from tierwise.engine.edges import money_sql
from tierwise.engine.tabular import write_table
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.money import exponent, from_minor
from tierwise.kernel.wording import Language
from tierwise.metrics.frame import Frame, distinct
from tierwise.plots.drawing import PICTURES, save
from tierwise.plots.options import options
from tierwise.plots.plot import Plot
from tierwise.state import audit, lake_tables

_PLACE = "place__"
_ROWS = "answer_rows"


def list_insights(ctx: Context) -> tuple[InsightSummary, ...]:
    """Everything that can be asked, by name, and which facts it still lacks."""
    ctx.principal.require("view")
    with ctx.database.connect() as state:
        there = lake_tables.versions(state)
    return tuple(_summary(catalogue.member(name), there) for name in catalogue.names())


def summary(ctx: Context, name: str) -> InsightSummary:
    """One insight of the catalogue. Raises `unknown_insight`."""
    ctx.principal.require("view")
    with ctx.database.connect() as state:
        return _summary(catalogue.member(name), lake_tables.versions(state))


@told_once
def insight(
    ctx: Context,
    name: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    as_of: date | None = None,
    run_id: int | None = None,
    limit: int = 50,
    language: Language | None = None,
) -> InsightView:
    """The answer as of the current run's day, with its first `limit` rows.

    parameters: by name, as values or as texts; what is not given is the default. as_of: an earlier day than the run's;
    facts are those of the run's versions, without the junk that the run left out. Where facts lack,
    an answer without rows and with a note that says what to import. language: of the chart's texts, the project's where
    it is None.

    Rows about single customers take the right to see one. Raises `unknown_insight`, `unknown_parameter`, `bad_value`,
    `not_allowed`, and what `reading` raises.
    """
    ctx.principal.require("view")
    with _answered(ctx, name, parameters, as_of, run_id) as found:
        rows = found.rows(max(limit, found.answer.pictured))
        plot = found.picture(rows, language)
        return InsightView(
            name=found.insight.name,
            title=found.insight.title,
            answers=found.insight.answers,
            run_id=found.reader.run.id,
            as_of=found.facts.as_of,
            currency=found.reader.currency,
            parameters=dict(found.facts.values),
            columns=tuple(
                ColumnView(column.name, column.title, column.kind, dict(column.values), column.detail)
                for column in found.answer.columns
            ),
            rows=tuple(rows[:limit]),
            of=found.count(),
            figures=tuple(_figure(figure, found.reader.currency) for figure in found.answer.figures),
            notes=found.answer.notes,
            bar=found.answer.bar,
            chart=None if plot is None else options(plot),
            told=tuple(found.answer.who),
            known_by=found.answer.known_by,
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """The customers of a number. keys: `customer_key`, each once. said: what the insight, the row and the number are
    called."""

    keys: pa.Table
    said: tuple[Label, ...]


@told_once
def counted_in(
    ctx: Context,
    name: str,
    parameters: Mapping[str, Any],
    number: str,
    row: Mapping[str, str | None] | None,
    *,
    as_of: date | None = None,
) -> Counted:
    """The customers whom a number of an answer counts.

    number: a column, in the row that these values tell from the others, as texts, such as `{"step": "paid"}`; without a
    row a headline number. Raises what `insight` raises, and `not_told` where there is none, or it tells nobody.
    """
    ctx.principal.require("view_customer")
    with _answered(ctx, name, parameters, as_of, None) as found:
        told = found.of_figure(number) if row is None else found.of_cell(number, row)
        if told is not None:
            they, said = told
            keys = they.filter(~nw.col("customer_key").is_null()).select(nw.col("customer_key").cast(nw.Int64))
            table: pa.Table = distinct(keys).collect("pyarrow").to_native()
            return Counted(table, (found.insight.title, *said))
    raise TierwiseError("not_told", "this number leads to no customers", remedy="open the insight again")


def export_insight(
    ctx: Context,
    name: str,
    path: Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    as_of: date | None = None,
    run_id: int | None = None,
    headings: Headings = "names",
) -> Exported:
    """Write all rows of the answer to a .csv, .xlsx or .parquet file, or its picture to .svg or .png (extra `plot`).

    headings: names as programs know the columns, or their titles in a language.

    The same run and parameters give the same bytes. Audited. Raises what `insight` and `write_table` raise, and
    `nothing_to_draw`.
    """
    ctx.principal.require("export")
    started = clock.monotonic_seconds()
    with _answered(ctx, name, parameters, as_of, run_id) as found:
        if path.suffix.lower() in PICTURES:
            plot = found.picture(found.rows(found.answer.pictured))
            if plot is None:
                raise TierwiseError(
                    "nothing_to_draw", f"{name} has no picture of this", remedy="write it to .csv, .xlsx or .parquet"
                )
            save(plot, path)
            rows = min(found.count(), found.answer.pictured)
        else:
            dated, sheet = found.facts.as_of, found.insight.name
            titles = {column.name: column.title for column in found.answer.columns}
            relation = headed(found.reader.connection, found.relation, headings, titles.__getitem__)
            rows = write_table(
                found.reader.connection, relation, path, sheet=sheet, dated=dated, mark=mark_of(ctx, sheet, headings)
            )
        detail: dict[str, object] = {"path": path.name, "rows": rows, "run": found.reader.run.id}
        detail["parameters"] = {key: _plain(value) for key, value in found.facts.values.items()}
    seconds = clock.monotonic_seconds() - started
    done = Exported(f"insight {found.insight.name}", str(path), rows, path.stat().st_size, seconds)
    with ctx.database.begin() as state:
        audit.write(state, ctx.principal.name, "export", done.table, detail)
    return done


@dataclass(frozen=True)
class _Found:
    """An answer with its run still open. relation: its rows as the outside sees them, in order."""

    insight: Insight
    reader: Reader
    facts: Facts
    answer: Answer
    relation: duckdb.DuckDBPyRelation

    def rows(self, limit: int) -> list[tuple[Any, ...]]:
        return self.relation.limit(limit).fetchall()

    def count(self) -> int:
        found = self.reader.connection.execute(f"SELECT count(*) FROM {_ROWS}").fetchone()
        return int(found[0]) if found else 0

    def of_figure(self, name: str) -> tuple[Frame, list[Label]] | None:
        """Whom a headline number counts, and what it is called."""
        for each in self.answer.figures:
            if each.name == name and each.who is not None:
                return each.who(), [each.title]
        return None

    def of_cell(self, column: str, row: Mapping[str, str | None]) -> tuple[Frame, list[Label]] | None:
        """Whom a column counts in the first row of these values, and what row and column are called."""
        who = self.answer.who.get(column)
        names = [each.name for each in self.answer.columns]
        if who is None or not row.keys() <= set(names):
            return None
        places = [names.index(each) for each in row]
        for values in self.relation.fetchall():
            if [None if values[at] is None else str(values[at]) for at in places] == list(row.values()):
                told = dict(zip(names, values, strict=True))
                return who(told), [*_called(self.answer, names.index(column), told), _title(self, column)]
        return None

    def picture(self, rows: list[tuple[Any, ...]], language: Language | None = None) -> Plot | None:
        if self.answer.picture is None or not rows:
            return None
        names = [column.name for column in self.answer.columns]
        shown = [dict(zip(names, row, strict=True)) for row in rows[: self.answer.pictured]]
        return self.answer.picture(shown, language or self.reader.project.language)


def _title(found: _Found, column: str) -> Label:
    return next(each.title for each in found.answer.columns if each.name == column)


def _called(answer: Answer, before: int, row: Mapping[str, Any]) -> Iterator[Label]:
    """What people see of a row before a number; of other numbers those that a row is known by."""
    for column in answer.columns[:before]:
        value = row[column.name]
        if value is not None and not column.detail and (column.kind == "text" or column.name in answer.known_by):
            yield column.values.get(str(value), Label(str(value), str(value)))


@contextmanager
def _answered(
    ctx: Context, name: str, parameters: Mapping[str, Any] | None, as_of: date | None, run_id: int | None
) -> Iterator[_Found]:
    found = catalogue.member(name)
    values = settled(found, parameters or {})
    with reading(ctx, run_id) as reader:
        day = reader.run.as_of if as_of is None else as_of
        if day > reader.run.as_of:
            raise TierwiseError(
                "bad_value",
                f"{day} lies after the run, which saw nothing later than {reader.run.as_of}",
                place="as_of",
                remedy=f"tierwise run --as-of {day}",
            )
        facts = open_facts(reader, day, values)
        lacking = [table for table in found.needs if not facts.has(table)]
        answer = _without(lacking) if lacking else found.compute(facts)
        if any(column.kind == "customer" for column in answer.columns):
            ctx.principal.require("view_customer")
        yield _Found(found, reader, facts, answer, _outside(reader, answer))


def _without(lacking: list[str]) -> Answer:
    """No rows, and what to import."""
    commands = "; ".join(f"tierwise import FILE --as {table}" for table in lacking)
    tables = ", ".join(lacking)
    note = Label(
        f"还没有数据：{tables}。请先导入（{commands}），再运行 tierwise run",
        f"no rows of {tables} yet: {commands}, then tierwise run",
    )
    return Answer((), pa.table({_PLACE: pa.array([], pa.int64())}), notes=(note,))


def _outside(reader: Reader, answer: Answer) -> duckdb.DuckDBPyRelation:
    """The rows, ordered, with customers' own ids, money in currency units, and null for what is no number."""
    connection = reader.connection
    if isinstance(answer.rows, pa.Table):
        order = _PLACE
        places = pa.array(range(answer.rows.num_rows), pa.int64())
        table = answer.rows if _PLACE in answer.rows.column_names else answer.rows.append_column(_PLACE, places)
        connection.register("answer_given", table)
        connection.execute(f"CREATE TABLE {_ROWS} AS SELECT * FROM answer_given")
        connection.unregister("answer_given")
    else:
        order = answer.order
        native: duckdb.DuckDBPyRelation = nw.to_native(answer.rows)
        native.create(_ROWS)
    types = dict(zip(connection.table(_ROWS).columns, map(str, connection.table(_ROWS).types), strict=True))
    select = [
        f"{_value_sql(column, types, reader.currency)} AS {quoted(column.name)}" for column in answer.columns
    ] or [_PLACE]
    of_customers = any(column.kind == "customer" for column in answer.columns)
    join = " LEFT JOIN identities ids ON ids.source_key = r.customer_key" if of_customers else ""
    return connection.sql(f"SELECT {', '.join(select)} FROM {_ROWS} r{join} ORDER BY {order}")


def _value_sql(column: Column, types: Mapping[str, str], currency: str) -> str:
    if column.kind == "customer":
        return "ids.id"
    source = column.source or (f"{column.name}_minor" if column.kind == "money" else column.name)
    if column.kind == "money" and source.endswith("_minor"):
        return money_sql(source, currency)
    value = f"r.{quoted(source)}"
    if types[source] in ("DOUBLE", "FLOAT"):
        value = f"CASE WHEN isfinite({value}) THEN {value} END"
    if column.kind == "money":
        digits = exponent(currency)
        return f"CAST(round({value}, {digits}) AS DECIMAL(18,{digits}))"
    return value


def _summary(found: Insight, there: Mapping[str, int]) -> InsightSummary:
    return InsightSummary(
        name=found.name,
        title=found.title,
        answers=found.answers,
        needs=found.needs,
        missing=tuple(table for table in found.needs if table not in there),
        parameters=tuple(
            ParameterView(each.name, each.meaning, each.kind, each.default, each.least, each.most, each.choices)
            for each in found.parameters
        ),
        page=found.page,
    )


def _figure(figure: Figure, currency: str) -> FigureView:
    value = figure.value
    if figure.kind == "money" and isinstance(value, int):
        value = from_minor(value, currency)
    return FigureView(figure.name, figure.title, value, figure.kind, figure.who is not None)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Decimal | date) else value


__all__ = ["export_insight", "insight", "list_insights", "summary"]
