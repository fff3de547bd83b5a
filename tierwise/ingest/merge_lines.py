"""Merge lines of documents (orders, refunds), and keep each document's header the sum of its lines.

A line is told by its document and, where mapped, its line number; else by (product, price, quantity) and the how
manieth of that kind it is in the document. Unseen lines are added, seen ones unchanged. A document is replaced, as a
whole, only where the file says that it is newer or where all are to be replaced; of one that the file says is older
than what is stored, nothing is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from tierwise.engine.duckdb_session import quoted
from tierwise.facts.contract import TABLES
from tierwise.ingest.merge_rows import Merged
from tierwise.ingest.writer import Writer, scalar, table_columns


@dataclass(frozen=True, slots=True)
class Document:
    """What lines belong to. money: header column -> the lines' column of which it is the sum."""

    head: str
    lines: str
    id: str
    day: str
    money: Mapping[str, str]


ORDER = Document(
    "orders",
    "order_lines",
    "order_id",
    "ordered_day",
    {"gross_minor": "amount_minor", "discount_minor": "discount_minor", "cost_minor": "cost_minor"},
)
REFUND = Document("refunds", "refund_lines", "refund_id", "refunded_day", {"amount_minor": "amount_minor"})


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a file. rows: a table with rid, counted, the document's id and every column of `columns`.

    columns: stored columns of the line that the file gives (`line_no` among them where it is mapped). head: stored
    header columns -> SQL over the document's first row; None where the file cannot make headers. summed: those of
    them that are made of all rows, stored column -> SQL aggregate. has_customer: the rows have `customer`, the text
    that the keymap turns into the header's source_key.
    """

    document: Document
    rows: str
    columns: list[str]
    head: Mapping[str, str] | None
    summed: Mapping[str, str]
    has_customer: bool

    @property
    def table(self) -> str:
        return f"documents_{self.document.head}"

    @property
    def money(self) -> dict[str, str]:
        return {head: column for head, column in self.document.money.items() if column in self.columns}

    @property
    def head_columns(self) -> list[str]:
        """The header columns that the file gives, money apart."""
        if self.head is None:
            return []
        return [*self.head, *self.summed, *(["source_key"] if self.has_customer else [])]


def make_documents(con: duckdb.DuckDBPyConnection, lines: Lines) -> None:
    """Make the table of the file's documents: id, first and last rid, n, sums of money, the header's columns."""
    id_ = quoted(lines.document.id)
    sums = [f"{_sum(column)} AS {quoted(head)}" for head, column in lines.money.items()]
    sums += [f"{sql} AS {quoted(name)}" for name, sql in lines.summed.items()]
    con.execute(
        f"CREATE TABLE grouped AS SELECT {id_}, min(rid) AS first, max(rid) AS last, count(*) AS n"
        f"{''.join(', ' + each for each in sums)} FROM {lines.rows} GROUP BY {id_}"
    )
    head = "".join(f", {sql} AS {quoted(name)}" for name, sql in (lines.head or {}).items())
    head += ", r.customer" if lines.has_customer else ""
    if lines.head is None and not lines.has_customer:
        con.execute(f"ALTER TABLE grouped RENAME TO {lines.table}")
        return
    con.execute(f"CREATE TABLE {lines.table} AS SELECT d.*{head} FROM {lines.rows} r JOIN grouped d ON r.rid = d.first")
    con.execute("DROP TABLE grouped")


def add_keys(con: duckdb.DuckDBPyConnection, lines: Lines) -> None:
    """Put the customer's source_key in the place of its text."""
    if lines.has_customer:
        con.execute(
            f"CREATE TABLE keyed AS SELECT d.* EXCLUDE (customer), k.source_key FROM {lines.table} d "
            f"LEFT JOIN keymap k ON k.id = d.customer"
        )
        con.execute(f"DROP TABLE {lines.table}")
        con.execute(f"ALTER TABLE keyed RENAME TO {lines.table}")


def merge_lines(writer: Writer, lines: Lines, *, replace: bool) -> Merged:
    """Merge, write what changed, and count the counted rows. `make_documents` and `add_keys` come before."""
    con, doc, id_ = writer.con, lines.document, quoted(lines.document.id)
    if writer.stored(doc.lines) is not None:
        con.execute(
            f"CREATE TABLE seen AS SELECT DISTINCT {id_} FROM stored_{doc.lines} SEMI JOIN {lines.table} USING ({id_})"
        )
    else:
        con.execute(f"CREATE TABLE seen AS SELECT {id_} FROM {lines.table} WHERE FALSE")
    if writer.stored(doc.head) is not None:
        con.execute(f"CREATE TABLE heads_met AS SELECT * FROM stored_{doc.head} SEMI JOIN {lines.table} USING ({id_})")
    else:
        con.execute(f"CREATE TABLE heads_met AS SELECT {table_columns(doc.head, {})} WHERE FALSE")
    total = scalar(con, f"SELECT count(*) FILTER (WHERE counted) FROM {lines.rows}")
    if scalar(con, "SELECT (SELECT count(*) FROM seen) + (SELECT count(*) FROM heads_met)") == 0:
        merged = _all_new(writer, lines, total)
    else:
        merged = _some_seen(writer, lines, replace=replace, total=total)
    con.execute("DROP TABLE seen")
    con.execute("DROP TABLE heads_met")
    return merged


def _sum(column: str) -> str:
    """A sum in minor units; of costs null where one of them is not known."""
    q = quoted(column)
    return (
        f"CASE WHEN count(*) = count({q}) THEN sum({q})::BIGINT END" if column == "cost_minor" else f"sum({q})::BIGINT"
    )


def _numbered(writer: Writer, lines: Lines) -> str:
    """The rows with `line_no`; a second row of one mapped line number is left out."""
    id_ = quoted(lines.document.id)
    if "line_no" in lines.columns:
        return f"SELECT * FROM {lines.rows} QUALIFY row_number() OVER (PARTITION BY {id_}, line_no ORDER BY rid) = 1"
    scattered = scalar(writer.con, f"SELECT count(*) FROM {lines.table} WHERE last - first + 1 <> n")
    if not scattered:
        # A join by all threads: a running maximum over the file, which one thread counts, takes twice as long.
        return f"SELECT r.*, r.rid - d.first + 1 AS line_no FROM {lines.rows} r JOIN {lines.table} d USING ({id_})"
    return (
        f"SELECT r.*, row_number() OVER (PARTITION BY r.{id_} ORDER BY r.rid) AS line_no, d.first "
        f"FROM {lines.rows} r JOIN {lines.table} d USING ({id_}) ORDER BY d.first, r.rid"
    )


def _line_columns(lines: Lines, line_no: str = "line_no") -> str:
    given = {name: quoted(name) for name in lines.columns} | {
        lines.document.id: quoted(lines.document.id),
        "line_no": line_no,
    }
    if lines.document.lines == "order_lines":
        given.setdefault("discount_minor", "0")
    return table_columns(lines.document.lines, given)


def _all_new(writer: Writer, lines: Lines, total: int) -> Merged:
    doc, id_ = lines.document, quoted(lines.document.id)
    rows = _numbered(writer, lines)
    dropped, differing = _doubled_numbers(writer, lines) if "line_no" in lines.columns else (0, 0)
    writer.append(doc.lines, f"SELECT {_line_columns(lines)} FROM ({rows})")
    if lines.head is not None:
        sums = lines.table
        if dropped:
            summed = ", ".join(f"{_sum(column)} AS {quoted(head)}" for head, column in lines.money.items())
            sums = f"(SELECT {id_}, {summed} FROM ({rows}) GROUP BY {id_})"
        given = {name: f"d.{quoted(name)}" for name in lines.head_columns}
        given |= {name: f"s.{quoted(name)}" for name in lines.money}
        source = f"{lines.table} d JOIN {sums} s USING ({id_})" if dropped else f"{lines.table} d"
        if not dropped:
            given |= {name: f"d.{quoted(name)}" for name in lines.money}
        writer.append(
            doc.head, f"SELECT {table_columns(doc.head, _head(lines, given))} FROM {source} ORDER BY {quoted(doc.day)}"
        )
    return Merged(accepted=total - dropped, unchanged=dropped, differing=differing)


def _head(lines: Lines, given: dict[str, str]) -> dict[str, str]:
    """Header columns complete with what a new header has where the file says nothing."""
    made = {**given, lines.document.id: f"d.{quoted(lines.document.id)}", "from_lines": "TRUE"}
    if lines.document.head == "orders":
        made = {"discount_minor": "0", "coupon_minor": "0", **made}
    return made


def _doubled_numbers(writer: Writer, lines: Lines) -> tuple[int, int]:
    """(rows whose line number stood before in their document, those of them that say something else)."""
    id_ = quoted(lines.document.id)
    others = [quoted(name) for name in lines.columns if name != "line_no"]
    order = f"OVER (PARTITION BY {id_}, line_no ORDER BY rid)"
    differs = " OR ".join(f"{name} IS DISTINCT FROM first_value({name}) {order}" for name in others)
    found = writer.con.execute(
        f"SELECT count(*) FILTER (WHERE k > 1 AND counted), count(*) FILTER (WHERE k > 1 AND counted AND differs) FROM "
        f"(SELECT counted, row_number() {order} AS k, ({differs}) AS differs FROM {lines.rows})"
    ).fetchone()
    assert found is not None
    return found[0], found[1]


def _some_seen(writer: Writer, lines: Lines, *, replace: bool, total: int) -> Merged:
    con, doc, id_ = writer.con, lines.document, quoted(lines.document.id)
    newer = older = "FALSE"
    if "updated_at" in lines.summed:
        newer = "coalesce(d.updated_at > m.updated_at, d.updated_at IS NOT NULL AND m.updated_at IS NULL)"
        older = "FALSE" if replace else "coalesce(d.updated_at < m.updated_at, FALSE)"
    con.execute(
        f"CREATE TABLE fate AS SELECT d.{id_}, s.{id_} IS NOT NULL AS has_lines, m.{id_} IS NOT NULL AS has_head, "
        f"(s.{id_} IS NOT NULL OR m.{id_} IS NOT NULL) AND ({'TRUE' if replace else newer}) AS again, "
        f"{older} AS stale "
        f"FROM {lines.table} d LEFT JOIN seen s USING ({id_}) LEFT JOIN heads_met m USING ({id_})"
    )
    if writer.stored(doc.lines) is not None:
        con.execute(f"CREATE TABLE lines_met AS SELECT * FROM stored_{doc.lines} SEMI JOIN seen USING ({id_})")
    else:
        con.execute(f"CREATE TABLE lines_met AS SELECT {table_columns(doc.lines, {})} WHERE FALSE")
    identity = _identity(lines)
    con.execute(f"CREATE TABLE lines_in AS SELECT *, {_occurrence(identity, 'rid')} AS k FROM {lines.rows}")
    con.execute(f"CREATE TABLE lines_old AS SELECT *, {_occurrence(identity, 'line_no')} AS k FROM lines_met")
    same = " AND ".join(f"i.{name} IS NOT DISTINCT FROM o.{name}" for name in identity)
    others = [quoted(name) for name in lines.columns if quoted(name) not in identity and name != "line_no"]
    differs = (
        " OR ".join(f"(i.{name} IS NOT NULL AND i.{name} IS DISTINCT FROM o.{name})" for name in others) or "FALSE"
    )
    matched = "i.k = o.k" if "line_no" not in lines.columns else "TRUE"
    con.execute(
        f"CREATE TABLE pairs AS SELECT i.*, f.again, o.{id_} IS NOT NULL OR f.stale AS seen_line, "
        f"({differs}) OR o.{id_} IS NULL AS differs "
        f"FROM lines_in i JOIN fate f USING ({id_}) LEFT JOIN lines_old o ON {same} AND {matched}"
    )
    if "line_no" in lines.columns:
        con.execute("UPDATE pairs SET seen_line = TRUE WHERE k > 1")
    _unchanged_documents(writer, lines)
    counts = con.execute(
        "SELECT count(*) FILTER (WHERE NOT again AND NOT seen_line), count(*) FILTER (WHERE again), "
        "count(*) FILTER (WHERE NOT again AND seen_line AND differs) FROM pairs WHERE counted"
    ).fetchone()
    assert counts is not None
    _write_seen(writer, lines)
    for table in ("fate", "lines_met", "lines_in", "lines_old", "pairs"):
        con.execute(f"DROP TABLE {table}")
    accepted, replaced, differing = counts
    return Merged(accepted, replaced, total - accepted - replaced, differing)


def _identity(lines: Lines) -> list[str]:
    id_ = quoted(lines.document.id)
    return [id_, "line_no"] if "line_no" in lines.columns else [id_, "product_id", "unit_price", "quantity"]


def _occurrence(identity: list[str], order: str) -> str:
    return f"row_number() OVER (PARTITION BY {', '.join(identity)} ORDER BY {order})"


def _unchanged_documents(writer: Writer, lines: Lines) -> None:
    """Of the documents to replace, those that would come out the same are left alone."""
    con, id_ = writer.con, quoted(lines.document.id)
    differs = [
        f"(d.{quoted(name)} IS NOT NULL AND d.{quoted(name)} IS DISTINCT FROM m.{quoted(name)})"
        for name in lines.head_columns
    ]
    con.execute(
        f"CREATE TABLE same AS SELECT {id_} FROM "
        f"(SELECT {id_}, count(*) AS n, bool_and(seen_line AND NOT differs) AS all_seen "
        f"FROM pairs WHERE again GROUP BY {id_}) "
        f"JOIN (SELECT {id_}, count(*) AS n_old FROM lines_met GROUP BY {id_}) USING ({id_}) "
        f"WHERE all_seen AND n = n_old"
    )
    con.execute(
        f"DELETE FROM same WHERE {id_} IN (SELECT d.{id_} FROM {lines.table} d JOIN heads_met m USING ({id_}) "
        f"WHERE {' OR '.join(differs) or 'FALSE'})"
    )
    con.execute(f"UPDATE pairs SET again = FALSE, differs = FALSE WHERE {id_} IN (FROM same)")
    con.execute(f"UPDATE fate SET again = FALSE WHERE {id_} IN (FROM same)")
    con.execute("DROP TABLE same")


def _write_seen(writer: Writer, lines: Lines) -> None:
    con, doc, id_ = writer.con, lines.document, quoted(lines.document.id)
    writer.delete(doc.lines, f"SELECT {id_} FROM fate WHERE again AND has_lines", doc.id)
    first = "AND k = 1" if "line_no" in lines.columns else ""
    number = (
        "line_no"
        if "line_no" in lines.columns
        else (f"row_number() OVER (PARTITION BY p.{id_} ORDER BY p.rid) + coalesce(l.last_no, 0)")
    )
    names = ", ".join(f"p.{quoted(name)}" for name in lines.columns if name != "line_no")
    con.execute(
        f"CREATE TABLE fresh_lines AS SELECT p.{id_}, p.rid, {names}, {number} AS line_no FROM pairs p LEFT JOIN "
        f"(SELECT {id_}, max(line_no) AS last_no FROM lines_met ANTI JOIN (FROM fate WHERE again) USING ({id_}) "
        f"GROUP BY {id_}) l "
        f"USING ({id_}) WHERE (again OR NOT seen_line) {first}"
    )
    if scalar(con, "SELECT count(*) FROM fresh_lines"):
        writer.append(doc.lines, f"SELECT {_line_columns(lines)} FROM fresh_lines ORDER BY {id_}, line_no")
    _write_heads(writer, lines)
    con.execute("DROP TABLE fresh_lines")


def _write_heads(writer: Writer, lines: Lines) -> None:
    """Headers of new and replaced documents from the file; of those that got lines, the sums anew."""
    con, doc, id_ = writer.con, lines.document, quoted(lines.document.id)
    money = doc.money
    columns = ", ".join(f"{quoted(column)}" for column in dict.fromkeys(money.values()))
    fresh = ", ".join(_given(lines, column) for column in dict.fromkeys(money.values()))
    sums = ", ".join(f"{_sum(column)} AS {quoted(head)}" for head, column in money.items())
    con.execute(
        f"CREATE TABLE totals AS SELECT {id_}, {sums} FROM ("
        f"SELECT {id_}, {columns} FROM lines_met ANTI JOIN (FROM fate WHERE again) USING ({id_}) "
        f"UNION ALL SELECT {id_}, {fresh} FROM fresh_lines) GROUP BY {id_}"
    )
    source = f"FROM {lines.table} d JOIN totals t USING ({id_}) JOIN fate f USING ({id_})"
    if lines.head is not None:
        given = {name: f"d.{quoted(name)}" for name in lines.head_columns} | {
            name: f"t.{quoted(name)}" for name in money
        }
        made = _head(lines, given)
        if scalar(con, "SELECT count(*) FROM fate WHERE NOT has_head"):
            query = f"SELECT {table_columns(doc.head, made)} {source} WHERE NOT f.has_head ORDER BY {quoted(doc.day)}"
            writer.append(doc.head, query)
        kept = {column.name: f"m.{quoted(column.name)}" for column in TABLES[doc.head].columns}
        kept |= {name: f"coalesce({made[name]}, {kept[name]})" for name in (*given, "from_lines")}
        writer.upsert(
            doc.head, f"SELECT {table_columns(doc.head, kept)} {source} JOIN heads_met m USING ({id_}) WHERE f.again"
        )
    touched = f"(SELECT DISTINCT {id_} FROM fresh_lines)"
    summed = {column.name: f"m.{quoted(column.name)}" for column in TABLES[doc.head].columns}
    summed |= {name: f"t.{quoted(name)}" for name in money}
    writer.upsert(
        doc.head,
        f"SELECT {table_columns(doc.head, summed)} FROM heads_met m "
        f"JOIN totals t USING ({id_}) JOIN {touched} USING ({id_}) "
        f"JOIN fate f USING ({id_}) WHERE m.from_lines AND NOT f.again",
    )
    con.execute("DROP TABLE totals")


def _given(lines: Lines, column: str) -> str:
    """A money column of the file's lines, or what stands for it where the file has none."""
    if column in lines.columns:
        return quoted(column)
    return "0" if column == "discount_minor" else "NULL::BIGINT"
