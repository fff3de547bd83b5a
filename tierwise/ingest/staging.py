"""Rows of a file, typed and checked, in a DuckDB table `staged` whose rowid is the row's place in the file.

Two readers of text, one meaning: DuckDB's own for files that it takes without complaint, else Python's `csv`, row by
row, into a clean copy that DuckDB reads. Other formats come as such a copy, or as Parquet. The same query types all.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from tierwise.facts.conform import MENDS, Binding, Field
from tierwise.facts.conform_columns import quoted
from tierwise.facts.conform_money import disagreement
from tierwise.facts.conform_sql import Staging, staging
from tierwise.facts.text_sql import BLANKS, cleaned, sql_text
from tierwise.ingest.parquet import damaged, parquet_rows
from tierwise.ingest.record import BadRecord, Record
from tierwise.ingest.records import records
from tierwise.ingest.source_file import LONGEST_LINE, SourceFile
from tierwise.ingest.writer import scalar
from tierwise.kernel.errors import Problem, TierwiseError

Row = Callable[[int], None]
"""Called with rows read so far by the slow reader; may raise to stop."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A source row that cannot be taken in. column: the file's own name of it; None where it is the whole row."""

    line: int
    column: str | None
    code: str
    message: str
    cells: list[str]


@dataclass(slots=True)
class Staged:
    """What came of reading. read = good + ignored + len(refusals). columns: staged column -> field.

    mends: numbers of quarantined rows that the file's rows are, told anew. notes: sentences for a person. refunds: of
    the good rows, by the mapping's rule.
    """

    read: int
    good: int
    ignored: int
    mended: int
    refusals: list[Refusal]
    columns: dict[str, Field]
    binding: Binding
    fast: bool
    mends: list[int]
    notes: tuple[str, ...] = ()
    refunds: int = 0


def stage(
    con: duckdb.DuckDBPyConnection,
    source: SourceFile,
    binding: Binding,
    temporary: Path,
    *,
    today: date,
    on_row: Row | None = None,
) -> Staged:
    """Make the tables `staged` (every row that is one), `good` (those to take in) and `told_of` (good or ignored).

    Raises `ambiguous_dates` where nothing in a column tells day from month.
    """
    fast, bad = source.plain, list(source.bad)
    text, lined = source.text, source.rows == "numbered"
    while True:
        if not fast and not lined:
            text, lined = temporary / "rows.csv", True
            bad = clean_copy(source, text, on_row)
        query = staging(binding, today=today, numbered_lines=lined)
        try:
            _create(con, source, text, lined, query, binding.comma)
        except duckdb.Error as error:
            if source.rows == "parquet" and not isinstance(error, duckdb.InterruptException):
                raise damaged(source.path, error) from error
            if lined or not isinstance(error, duckdb.InvalidInputException):
                raise
            fast = False
            continue
        told = _tell_day_from_month(con, source, query, binding)
        if told is binding:
            break
        binding = told
    con.execute("ALTER TABLE fresh RENAME TO staged")
    read, refused, ignored, mended = con.execute(
        "SELECT count(*), count(problems), count(*) FILTER (WHERE ignored), coalesce(sum(mended), 0)::BIGINT "
        "FROM staged"
    ).fetchone()  # type: ignore[misc]
    refusals = [Refusal(each.line, None, each.code, each.message, each.cells) for each in bad]
    if refused:
        refusals += _refusals(con, source, query, read, lined)
    refusals.sort(key=lambda each: each.line)
    if refused or ignored:
        con.execute(
            "CREATE TABLE good AS SELECT * EXCLUDE (problems, raw, ignored) FROM staged "
            "WHERE problems IS NULL AND NOT ignored"
        )
    else:
        con.execute("CREATE VIEW good AS SELECT *, rowid FROM staged")
    con.execute("CREATE VIEW told_of AS SELECT *, rowid FROM staged WHERE problems IS NULL")
    good = read - refused - ignored
    mends = []
    if MENDS in binding.headers:
        mends = [at for (at,) in con.execute(f"SELECT {MENDS} FROM staged WHERE {MENDS} IS NOT NULL").fetchall()]
    notes = binding.notes
    if apart := disagreement(binding):
        rows = scalar(con, "SELECT count(*) FROM good WHERE disagrees")
        notes += (f"{rows:,} rows: {apart[1]}",) if rows else ()
    refunds = 0 if binding.refunds is None else scalar(con, "SELECT count(*) FROM good WHERE refund")
    return Staged(
        read + len(bad), good, ignored, mended, refusals, query.columns, binding, not lined, mends, notes, refunds
    )


def _create(
    con: duckdb.DuckDBPyConnection, source: SourceFile, text: Path, lined: bool, query: Staging, comma: bool
) -> None:
    con.execute("DROP TABLE IF EXISTS fresh")
    con.execute(f"CREATE TABLE fresh AS WITH source AS ({rows_sql(con, source, text, lined, comma)}) {query.query}")


def rows_sql(con: duckdb.DuckDBPyConnection, source: SourceFile, text: Path, lined: bool, comma: bool) -> str:
    """A query of the file's rows as texts, r0, r1, …; with `line` before them where `text` is a clean copy."""
    if source.rows == "parquet":
        return parquet_rows(con, text, comma=comma)
    names = [f"r{at}" for at in range(len(source.headers))]
    columns = {**({"line": "BIGINT"} if lined else {}), **dict.fromkeys(names, "VARCHAR")}
    listed = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    delimiter, skip = (",", 0) if lined else (source.delimiter, source.header_lines)
    # Else a line end within the first cells would be taken for that of the rows.
    line_end = r", new_line = '\n'" if lined else ""
    return (
        f"SELECT * FROM read_csv({sql_text(str(text))}, auto_detect = false, header = false, skip = {skip}, "
        f"delim = {sql_text(delimiter)}, quote = '\"', escape = '\"', strict_mode = true, null_padding = false, "
        f"max_line_size = {LONGEST_LINE * (3 if lined else 1)}, columns = {{{listed}}}{line_end})"
    )


def clean_copy(source: SourceFile, copy: Path, on_row: Row | None) -> list[BadRecord]:
    """Write rows with their line number in front, every cell in quotes; those that are no rows are given back."""
    bad: list[BadRecord] = []
    with copy.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for count, record in enumerate(records(source), 1):
            if isinstance(record, Record):
                writer.writerow([record.line, *record.cells])
            else:
                bad.append(record)
            if on_row and count % 20_000 == 0:
                on_row(count)
    return bad


def _tell_day_from_month(
    con: duckdb.DuckDBPyConnection, source: SourceFile, query: Staging, binding: Binding
) -> Binding:
    """The binding with `dmy` or `mdy` for the columns whose dates need it; itself where none does."""
    numbers = {at: problem for at, problem in enumerate(query.problems, 1) if problem.code == "ambiguous_date"}
    listed = ", ".join(map(str, numbers))
    if not numbers or not scalar(
        con, f"SELECT count(*) FROM fresh WHERE problems IS NOT NULL AND list_has_any(problems, [{listed}])"
    ):
        return binding
    told: dict[str, str] = {}
    problems: list[Problem] = []
    for each in query.day_month:
        form, needed = _order_of(con, each)
        if form:
            told[each.canonical] = form
        elif needed:
            problems.append(
                Problem(
                    "ambiguous_dates",
                    f'"{each.header}" has dates such as {needed}, and nothing tells day from month',
                    str(source.path),
                    f'say "formats: {{{each.canonical}: "%d/%m/%Y"}}" or "%m/%d/%Y" in the mapping, '
                    'with " %H:%M" where there are times',
                )
            )
    if problems:
        raise TierwiseError.of(problems)
    fields = tuple(replace(each, form=told.get(each.canonical, each.form)) for each in binding.fields)
    return replace(binding, fields=fields)


def _order_of(con: duckdb.DuckDBPyConnection, each: Field) -> tuple[str | None, str | None]:
    """The order that the whole column shows, or None with an example where it shows none though it has such dates."""
    cell = cleaned(f"raw[{(each.position or 0) + 1}]")
    form = "'([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})([ ]+[0-9].*)?'"
    found = con.execute(
        f"""SELECT count(*) FILTER (WHERE a > 12 AND b <= 12), count(*) FILTER (WHERE b > 12 AND a <= 12),
                   count(*), arg_min(cell, place) FILTER (WHERE a <> b)
        FROM (SELECT cell, place, TRY_CAST(regexp_extract(cell, {form}, 1) AS INTEGER) AS a,
                     TRY_CAST(regexp_extract(cell, {form}, 2) AS INTEGER) AS b
              FROM (SELECT ({cell}) AS cell, rowid AS place FROM fresh WHERE raw IS NOT NULL)
              WHERE regexp_full_match(cell, {form}))"""
    ).fetchone()
    assert found is not None
    day_first, month_first, count, example = found
    if not count:
        return None, None
    if day_first and not month_first:
        return "dmy", None
    if (month_first and not day_first) or example is None:
        return "mdy", None
    return None, example


def _refusals(
    con: duckdb.DuckDBPyConnection, source: SourceFile, query: Staging, read: int, lined: bool
) -> list[Refusal]:
    line = "line" if lined else "rowid"
    rows = con.execute(f"SELECT {line}, problems, raw FROM staged WHERE problems IS NOT NULL ORDER BY rowid").fetchall()
    lines = {at: at for at, _, _ in rows} if lined else _lines_of(source, [at for at, _, _ in rows], read)
    made = []
    for at, numbers, raw in rows:
        found = [query.problems[number - 1] for number in numbers]
        message = "; ".join(dict.fromkeys(problem.message for problem in found))
        made.append(
            Refusal(lines[at], found[0].column, found[0].code, message, [(cell or "").strip(BLANKS) for cell in raw])
        )
    return made


def _lines_of(source: SourceFile, places: list[int], read: int) -> dict[int, int]:
    """The physical line of each row: counted where every line is a row, else looked up in the file."""
    if source.lines == source.header_lines + read:
        return {at: at + source.header_lines + 1 for at in places}
    wanted, found = set(places), {}
    rows = (record for record in records(source) if isinstance(record, Record))
    for at, record in enumerate(rows):
        if at in wanted:
            found[at] = record.line
            if len(found) == len(wanted):
                break
    return found


def staged_name(table: str, name: str) -> str:
    """The staged column of a contract column, as SQL."""
    return quoted(f"{table}__{name}")
