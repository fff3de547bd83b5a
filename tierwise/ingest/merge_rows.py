"""Merge rows that have a key of one column: as if they were applied one by one, in the order of the file.

An unseen key is accepted. A seen one is replaced where the row applies and says something else, otherwise it is
unchanged. Where all rows of a key together come to what is stored, none of them replaces it: a file imported again
changes nothing, even where it contradicts itself. A keyed row applies unless it is older (`updated_at`) than what is
stored; an order's row applies only where it is newer, or where all are asked to. A column that the file lacks, and an
empty cell, keep the stored value: an export that leaves things out must not erase them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tierwise.engine.duckdb_session import quoted
from tierwise.facts.contract import TABLES
from tierwise.ingest.writer import Writer, scalar, table_columns


@dataclass(frozen=True, slots=True)
class Merged:
    """Disjoint counts of the counted rows; differing: rows among the unchanged that say something else."""

    accepted: int = 0
    replaced: int = 0
    unchanged: int = 0
    differing: int = 0

    def __add__(self, other: Merged) -> Merged:
        return Merged(
            self.accepted + other.accepted,
            self.replaced + other.replaced,
            self.unchanged + other.unchanged,
            self.differing + other.differing,
        )


def merge_rows(
    writer: Writer,
    table: str,
    incoming: str,
    columns: list[str],
    *,
    defaults: Mapping[str, str] | None = None,
    replace: bool = False,
    sort: str = "",
) -> Merged:
    """Merge the table `incoming` (rid, counted, the key, `columns`) into a fact table and write what changed.

    columns: stored names, without the key, that the file gives. defaults: stored name -> SQL for new rows.
    replace: an order's row applies even where nothing says that it is newer. sort: the order of new rows.
    """
    con, (key,) = writer.con, TABLES[table].key
    stored = writer.stored(table)
    keyed = TABLES[table].rule == "keyed"
    con.execute("DROP TABLE IF EXISTS met")
    if stored is None:
        con.execute(f"CREATE TABLE met AS SELECT {table_columns(table, {})} WHERE FALSE")
        stored = [column.name for column in TABLES[table].columns]
    else:
        con.execute(f"CREATE TABLE met AS SELECT * FROM stored_{table} SEMI JOIN {incoming} USING ({quoted(key)})")
    for name in columns:
        if name not in stored:
            con.execute(f"ALTER TABLE met ADD COLUMN {quoted(name)} VARCHAR")
            stored.append(name)
    some_twice = _some_twice(writer, incoming, key)
    nothing_met = scalar(con, "SELECT count(*) FROM met") == 0
    if nothing_met and not some_twice:
        con.execute("DROP TABLE met")
        return _all_new(writer, table, incoming, key, columns, stored, dict(defaults or {}), sort)
    _judge(writer, incoming, key, columns, keyed=keyed, replace=replace, some_twice=some_twice)
    counts = con.execute(
        "SELECT count(*) FILTER (WHERE verdict = 'accepted'), count(*) FILTER (WHERE verdict = 'replaced'), "
        "count(*) FILTER (WHERE verdict = 'unchanged'), count(*) FILTER (WHERE verdict = 'unchanged' AND differs) "
        "FROM judged WHERE counted"
    ).fetchone()
    assert counts is not None
    _write(writer, table, key, columns, stored, dict(defaults or {}), sort)
    con.execute("DROP TABLE judged")
    con.execute("DROP TABLE met")
    return Merged(*counts)


def _some_twice(writer: Writer, incoming: str, key: str) -> bool:
    """Make the table `twice` of the keys that stand on several rows; whether there are any."""
    k = quoted(key)
    writer.con.execute(f"CREATE OR REPLACE TABLE twice AS SELECT {k} FROM {incoming} GROUP BY {k} HAVING count(*) > 1")
    return bool(scalar(writer.con, "SELECT count(*) > 0 FROM twice"))


def _all_new(
    writer: Writer,
    table: str,
    incoming: str,
    key: str,
    columns: list[str],
    stored: list[str],
    defaults: dict[str, str],
    sort: str,
) -> Merged:
    rows, counted = writer.con.execute(f"SELECT count(*), count(*) FILTER (WHERE counted) FROM {incoming}").fetchone()  # type: ignore[misc]
    if rows:
        _append(writer, table, incoming, key, columns, stored, defaults, sort)
    return Merged(accepted=counted)


def _judge(
    writer: Writer, incoming: str, key: str, columns: list[str], *, keyed: bool, replace: bool, some_twice: bool
) -> None:
    """Make the table `judged`: incoming's rows with `applies`, `differs`, `verdict`."""
    con, k = writer.con, quoted(key)
    once = f"SELECT * FROM {incoming} ANTI JOIN twice USING ({k})" if some_twice else f"SELECT * FROM {incoming}"
    queries = [_verdicts(once, key, columns, keyed=keyed, replace=replace, repeated=False)]
    if some_twice:
        again = f"SELECT * FROM {incoming} SEMI JOIN twice USING ({k})"
        queries.append(_verdicts(again, key, columns, keyed=keyed, replace=replace, repeated=True))
    con.execute(f"CREATE TABLE judged AS {' UNION ALL '.join(queries)}")
    if some_twice:
        _settle(writer, key, columns)
    con.execute("DROP TABLE twice")


def _settle(writer: Writer, key: str, columns: list[str]) -> None:
    """Rows of a key that stands more than once replace nothing where the last of them come to what is stored."""
    k, names = quoted(key), [name for name in columns if name != "known_from"]

    def other(row: str) -> str:
        each = [f"({row}.{name} IS NOT NULL AND {row}.{name} IS DISTINCT FROM m.{name})" for name in map(quoted, names)]
        return " OR ".join(each) or "FALSE"

    last = "".join(f", {_final(name)}" for name in names)
    together = f"SELECT {k}{last} FROM judged SEMI JOIN twice USING ({k}) GROUP BY {k}"
    same = f"SELECT {k} FROM ({together}) f JOIN met m USING ({k}) WHERE NOT ({other('f')})"
    writer.con.execute(
        f"UPDATE judged SET verdict = 'unchanged', differs = ({other('judged')}) FROM met m "
        f"WHERE judged.{k} = m.{k} AND judged.{k} IN ({same})"
    )


def _verdicts(rows: str, key: str, columns: list[str], *, keyed: bool, replace: bool, repeated: bool) -> str:
    k = quoted(key)
    before = f"OVER (PARTITION BY i.{k} ORDER BY i.rid ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    seen = f"(m.{k} IS NOT NULL{f' OR count(*) {before} > 0' if repeated else ''})"
    if "updated_at" in columns:
        earlier = f"max(i.updated_at) {before}" if repeated else "NULL"
        newest = f"greatest(m.updated_at, {earlier})"
        if keyed:
            applies = f"coalesce(i.updated_at >= {newest}, TRUE)"
        else:
            applies = f"NOT {seen} OR (i.updated_at IS NOT NULL AND coalesce(i.updated_at > {newest}, TRUE))"
    else:
        applies = "TRUE" if keyed else f"NOT {seen}"
    if replace:
        applies = "TRUE"
    first = f"SELECT i.*, {seen} AS seen, {applies} AS applies FROM ({rows}) i LEFT JOIN met m USING ({k})"
    differs = []
    for name in columns:
        column = quoted(name)
        previous = f"m.{column}"
        if repeated:
            previous = (
                f"coalesce(last_value(CASE WHEN i.applies THEN i.{column} END IGNORE NULLS) {before}, {previous})"
            )
        if name == "known_from":
            # The earliest day that any source knows; it never moves forward, and says nothing new about the row.
            continue
        differs.append(f"(i.{column} IS NOT NULL AND i.{column} IS DISTINCT FROM {previous})")
    second = f"SELECT i.*, ({' OR '.join(differs) or 'FALSE'}) AS differs FROM ({first}) i LEFT JOIN met m USING ({k})"
    return (
        "SELECT *, CASE WHEN NOT seen THEN 'accepted' WHEN applies AND differs THEN 'replaced' ELSE 'unchanged' END "
        f"AS verdict FROM ({second})"
    )


def _write(
    writer: Writer, table: str, key: str, columns: list[str], stored: list[str], defaults: dict[str, str], sort: str
) -> None:
    k = quoted(key)
    last = ", ".join(_final(name) for name in columns)
    earlier = ""
    if "known_from" in columns:
        was = f"m.known_from AS was_known_from, m.{k} IS NOT NULL AS was"
        judged = f"(SELECT j.*, {was} FROM judged j LEFT JOIN met m USING ({k}))"
        earlier = (
            "OR (bool_or(was) AND coalesce(min(known_from) < any_value(was_known_from), min(known_from) IS NOT NULL))"
        )
    else:
        judged = "judged"
    con = writer.con
    con.execute(
        f"CREATE OR REPLACE TABLE final AS SELECT {k}{', ' if last else ''}{last}, "
        f"bool_or(verdict = 'accepted') AS is_new, bool_or(verdict = 'replaced') {earlier} AS is_changed "
        f"FROM {judged} GROUP BY {k}"
    )
    if scalar(con, "SELECT count(*) FROM final WHERE is_new"):
        _append(writer, table, "(FROM final WHERE is_new)", key, columns, stored, defaults, sort)
    merged = {name: f"m.{quoted(name)}" for name in stored}
    merged |= {name: f"coalesce(f.{quoted(name)}, m.{quoted(name)})" for name in columns}
    if "known_from" in columns:
        merged["known_from"] = "least(f.known_from, m.known_from)"
    extra = {name: merged[name] for name in _traits(table, stored)}
    writer.upsert(
        table,
        f"SELECT {table_columns(table, merged, extra)} FROM final f JOIN met m USING ({k}) "
        "WHERE f.is_changed AND NOT f.is_new",
    )
    con.execute("DROP TABLE final")


def _append(
    writer: Writer,
    table: str,
    rows: str,
    key: str,
    columns: list[str],
    stored: list[str],
    defaults: dict[str, str],
    sort: str,
) -> None:
    given = {
        name: f"coalesce({quoted(name)}, {defaults[name]})" if name in defaults else quoted(name) for name in columns
    }
    new = {key: quoted(key), **defaults, **given}
    extra = {name: new.get(name, "NULL") for name in _traits(table, stored)}
    order = f" ORDER BY {sort}" if sort else ""
    writer.append(table, f"SELECT {table_columns(table, new, extra)} FROM {rows}{order}")


def _traits(table: str, stored: list[str]) -> list[str]:
    contract = {column.name for column in TABLES[table].columns}
    return [name for name in stored if name not in contract]


def _final(name: str) -> str:
    column = quoted(name)
    if name == "known_from":
        return "min(known_from) AS known_from"
    return f"arg_max({column}, rid) FILTER (WHERE applies AND {column} IS NOT NULL) AS {column}"
