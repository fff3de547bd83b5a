"""Exports: a table of the run or of the facts to a file. Every one is audited."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from tierwise.app import showing
from tierwise.app.context import Context
from tierwise.app.defining import current_definitions, project_of
from tierwise.app.headings import Headings, column_label, headed, reason_label
from tierwise.app.marking import mark_of
from tierwise.app.reading import Reader, reading
from tierwise.app.sheet import Asked, Sheet, in_one_type, label_of_column
from tierwise.app.views import Exported, Label
from tierwise.definitions.sensitivity import TRAIT, sensitive_attributes, sensitive_segments
from tierwise.definitions.tag import Tag
from tierwise.engine.duckdb_session import literal
from tierwise.engine.edges import fact_outside, outside_columns
from tierwise.engine.tabular import write_table
from tierwise.facts.contract import TABLES
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.state import audit, lake_tables, traits

SNAPSHOTS = ("profile", "store_totals", "tags", "segments", "junk")
SUMMARIES = ("deciles", "rfm", "lifecycle", "activity")
FACTS = tuple(name for name in TABLES if name not in ("identities", "customer_map"))
TABLES_KNOWN = (*SNAPSHOTS, *SUMMARIES, *FACTS)


def export(
    ctx: Context,
    table: str,
    path: Path,
    *,
    run_id: int | None = None,
    sensitive: bool = False,
    headings: Headings = "names",
    asked: Mapping[str, str] | None = None,
) -> Exported:
    """Write a table to a .csv, .xlsx or .parquet file, ordered by its key: the same run gives the same bytes, apart
    from the mark of a person who takes a workbook.

    headings: names as programs know the columns, or words in a language. asked: with what a table of pages is asked
    for, such as a tag; and the metric of `deciles`.

    sensitive: with what is sensitive by the run's or today's definitions; else it is left out of `profile`, `tags` and
    `segments`. The audit names it in either case.

    table: `profile` (with the column `tags`: name or name=value, sorted, between them `|`), `store_totals`, `tags`,
    `segments` or `junk` (a row per customer and tag, segment or rule), a summary (deciles, rfm, lifecycle, activity),
    a fact table, or a table of pages (`sheets.py`). Raises `unknown_table`, `unknown_parameter`, `bad_value`, `no_run`,
    and what `write_table` raises.
    """
    from tierwise.app.sheets import SHEETS  # it reads by most use cases, some of which export themselves

    ctx.principal.require("export")
    started = clock.monotonic_seconds()
    told: tuple[str, ...] = ()
    asked = asked or {}
    sheet = SHEETS.get(table) or Sheet((), lambda ctx, asked: (), takes=("metric",) if table == "deciles" else ())
    if table in TABLES_KNOWN or table in SHEETS:
        sheet.check(table, asked)
    if table in SNAPSHOTS or table in SUMMARIES:
        with reading(ctx, run_id) as reader:
            told = _sensitive(ctx, reader, table)
            left_out = () if sensitive else told
            relation = (
                _snapshot(reader, table, left_out)
                if table in SNAPSHOTS
                else _summary(ctx, reader, table, run_id, asked)
            )
            relation = headed(reader.connection, relation, headings, partial(attribute_label, reader, table))
            rows = write_table(
                reader.connection,
                relation,
                path,
                sheet=table,
                dated=reader.run.as_of,
                mark=mark_of(ctx, table, headings),
            )
    elif table in FACTS:
        rows = _export_fact(ctx, table, path, headings)
    elif table in SHEETS:
        rows = _export_sheet(ctx, table, sheet, asked, path, headings)
    else:
        raise TierwiseError.of([unknown_name("table", table, (*TABLES_KNOWN, *SHEETS))])
    seconds = clock.monotonic_seconds() - started
    done = Exported(table, str(path), rows, path.stat().st_size, seconds, () if sensitive else told)
    with ctx.database.begin() as connection:
        detail: dict[str, object] = {"path": path.name, "rows": rows, "run": run_id}
        if asked:
            detail["parameters"] = dict(asked)
        if told:
            detail["sensitive" if sensitive else "left_out"] = list(told)
        audit.write(connection, ctx.principal.name, "export", table, detail)
    return done


def attribute_label(reader: Reader, table: str, name: str) -> Label:
    """The attribute's own title where it has one; else what the column is called in any table."""
    if table != "profile":
        return column_label(table, name)
    known = reader.label(name)
    if known.zh != name.removeprefix("trait."):
        return known
    of = name.removesuffix("_reason")
    return reason_label(attribute_label(reader, table, of)) if of != name and of else column_label(table, name)


_KEYS = {
    "profile": ("customer_id",),
    "store_totals": ("store_id",),
    "tags": ("customer_id", "tag"),
    "segments": ("customer_id", "segment"),
    "junk": ("customer_id", "rule"),
}


def _sensitive(ctx: Context, reader: Reader, table: str) -> tuple[str, ...]:
    """The sensitive tags, segments, and of the profile columns, that this table of the run can have."""
    if table not in ("profile", "tags", "segments"):
        return ()
    with ctx.database.connect() as state:
        today = current_definitions(state).all
    if table == "segments":
        return tuple(sorted(sensitive_segments([*reader.definitions.all, *today])))
    found = sensitive_attributes([*reader.definitions.all, *today])
    tags = {each.name for each in (*reader.definitions.of(Tag), *today) if isinstance(each, Tag)}
    names = {name if name in tags or name in reader.columns else f"{TRAIT}{name}" for name in found}
    return tuple(sorted(name for name in names if name in tags or (table == "profile" and name in reader.columns)))


def _snapshot(reader: Reader, table: str, left_out: Collection[str]) -> duckdb.DuckDBPyRelation:
    if table not in (reader.run.outputs or {}):
        raise TierwiseError("run_not_kept", f"run {reader.run.id} is older than {table}", remedy="tierwise run")
    connection = reader.connection
    hidden = {"customer_key", "customer_id", "confirmed_on"}
    if table == "profile":
        hidden |= {reader.columns[name] for name in left_out if name in reader.columns}
    columns = [column for column in connection.view(table).columns if column not in hidden]
    kind = "segment" if table == "segments" else "tag"
    shown = f"{kind} NOT IN ({', '.join(map(literal, left_out))})" if left_out else "true"
    select = outside_columns(
        columns, reader.currency, {column: f"trait.{label}" for column, label in reader.trait_labels.items()}
    )
    rows = table
    if table == "profile":
        select, rows = (
            f"customer_id, {select}, t.tags",
            f"profile p LEFT JOIN ({_TAGS.format(shown)}) t USING (customer_key)",
        )
        if "tags" not in (reader.run.outputs or {}):
            select, rows = select.removesuffix(", t.tags"), "profile"
    elif table != "store_totals":
        identities = reader.run.inputs["identities"]
        reader.ctx.lake.read(connection, "identities", identities).create_view("identities")
        select = f"i.id AS customer_id, {select}"
        rows = f"{table} r JOIN identities i ON i.source_key = r.customer_key"
        rows += f" WHERE {shown}" if table in ("tags", "segments") else ""
    return connection.sql(f"SELECT {select} FROM {rows} ORDER BY {', '.join(_KEYS[table])}")


_TAGS = (
    "SELECT customer_key, string_agg(tag || COALESCE('=' || value, ''), '|' ORDER BY tag) AS tags "
    "FROM tags WHERE {} GROUP BY customer_key"
)
"""With what is shown of them."""


def _summary(ctx: Context, reader: Reader, table: str, run_id: int | None, asked: Asked) -> duckdb.DuckDBPyRelation:
    """The rows of a view as people see them, names in both languages beside each other."""
    rows: list[dict[str, object]]
    if table == "deciles":
        rows = [
            {"decile": r.decile, "customers": r.customers, "total": r.total, "share": r.share}
            | {"cumulative_share": r.cumulative_share, "per_head": r.per_head, "group": r.group}
            for r in showing.deciles(ctx, asked.get("metric", "monetary_amount"), run_id).rows
        ]
    elif table == "rfm":
        rows = [
            {"code": c.code, "name_zh": c.title.zh, "name_en": c.title.en, "customers": c.customers, "share": c.share}
            | {"monetary_amount": c.monetary_amount, "monetary_share": c.monetary_share, "per_head": c.per_head}
            for c in showing.rfm(ctx, run_id).cells
        ]
    else:
        kind = "lifecycle" if table == "lifecycle" else "activity"
        rows = [
            {"ladder": ladder.name, "stage": r.name, "name_zh": r.title.zh, "name_en": r.title.en}
            | {"customers": r.customers, "share": r.share, "monetary_amount": r.monetary_amount}
            for ladder in showing.ladders(ctx, kind, run_id)  # type: ignore[arg-type]
            for r in ladder.rows
        ]
    import pyarrow as pa

    return reader.connection.from_arrow(pa.Table.from_pylist(rows))


def _export_fact(ctx: Context, table: str, path: Path, headings: Headings) -> int:
    with ctx.database.connect() as state:
        versions = lake_tables.versions(state)
        project = current_definitions(state).project
        labels = {trait.column_name: f"trait.{trait.name}" for trait in traits.list_traits(state)}
    connection = ctx.duckdb()
    try:
        facts = ctx.lake.read(connection, table, versions.get(table))
        identities = ctx.lake.read(connection, "identities", versions.get("identities"))
        local_to = None if path.suffix.lower() == ".parquet" else project.timezone
        relation = fact_outside(connection, facts, identities, TABLES[table], project.currency, labels, local_to)
        relation = headed(connection, relation, headings, partial(column_label, table))
        dated = clock.today(clock.zone(project.timezone))
        return write_table(connection, relation, path, sheet=table, dated=dated, mark=mark_of(ctx, table, headings))
    finally:
        connection.close()


def _export_sheet(ctx: Context, table: str, sheet: Sheet, asked: Asked, path: Path, headings: Headings) -> int:
    """A table of pages; dated by the project's today."""
    import pyarrow as pa

    timezone = project_of(ctx).timezone
    columns = {name: in_one_type(values) for name, values in sheet.table(ctx, asked, headings, timezone).items()}
    connection = ctx.duckdb()
    try:
        relation = connection.from_arrow(pa.table({name: _array(values) for name, values in columns.items()}))
        relation = headed(connection, relation, headings, partial(label_of_column, table))
        dated = clock.today(clock.zone(timezone))
        return write_table(connection, relation, path, sheet=table, dated=dated, mark=mark_of(ctx, table, headings))
    finally:
        connection.close()


def _array(values: list[Any]) -> Any:
    """A column; of nothing at all: text."""
    import pyarrow as pa

    return pa.array(values, pa.string()) if all(value is None for value in values) else pa.array(values)
