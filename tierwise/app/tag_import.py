"""Tags by hand from a file: every row is accepted, or refused with its line and the reason."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.app.known_customers import Customers
from tierwise.app.tags import consent_problem, manual_tag_named, value_of
from tierwise.definitions.mapping import Mapping as FileMapping
from tierwise.definitions.tag import Tag
from tierwise.facts.headers import normalised, recognise
from tierwise.ingest.quarantine_export import BESIDE
from tierwise.ingest.records import numbered_rows
from tierwise.ingest.source import open_source
from tierwise.ingest.source_file import SourceFile
from tierwise.kernel import clock
from tierwise.kernel.errors import Problem, TierwiseError, did_you_mean
from tierwise.kernel.windows import parse_day
from tierwise.state import audit, imports, manual_tags, quarantine
from tierwise.state.manual_tags import Outcome, Verdict

_T = TypeVar("_T")

HEADERS: dict[str, tuple[str, ...]] = {
    "tag": ("tag", "tag name", "标签", "标签名", "标签名称"),
    "value": ("value", "tag value", "值", "标签值", "取值"),
    "reason": ("reason", "why", "原因", "理由", "说明"),
    "expires_on": ("expires_on", "expires", "until", "到期", "到期日", "有效期", "有效期至"),
}
"""Columns of the file besides customer_id, and the headers that mean them."""

NEEDED = ("customer_id", "tag", "reason")

_SAID = {
    "bad_id": "digits of the id are lost (1.2E+10): no id",
    "missing_id": "no customer",
    "unknown_customer": "no source knows this customer",
}


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken. line counts from 1, the header included."""

    line: int
    column: str | None
    code: str
    message: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class TagImport:
    """What came of a file. read = accepted + replaced + unchanged + refused.

    refusals: the first of them (`SHOWN`); all can be had as a file by `quarantine --to` with this import_id.
    """

    file: str
    read: int
    accepted: int
    replaced: int
    unchanged: int
    refused: int
    refusals: tuple[RefusedRow, ...]
    import_id: int


SHOWN = 200
"""So many refused rows are told with the answer."""


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: tuple[str, ...]
    texts: dict[str, str]


def import_tags(ctx: Context, path: Path) -> TagImport:
    """Give tags by hand from a file of any format that import reads, with the columns customer_id, tag, reason, and
    value and expires_on where needed, under English or Chinese headers. Audited.

    The same file again gives nothing twice, also where a tag was taken back since. A row that says the same as one
    above it is unchanged, one that says something else is refused. Refused rows are kept in quarantine. Raises
    `missing_column`, and what a file that cannot be read raises.
    """
    ctx.principal.require("tag")
    with ctx.database.connect() as connection:
        definitions = current_definitions(connection)
    tags = definitions.of(Tag)
    today = clock.today(clock.zone(definitions.project.timezone))
    ctx.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tags-", dir=ctx.scratch) as folder:
        source = open_source(path, FileMapping(table="customers"), Path(folder), copied=True)
        columns = _columns(source)
        rows = list(_rows(source, columns))
    verdicts, refusals, repeated = _judged(ctx, rows, tags, today)
    rater = ctx.principal.name
    renew = [tag.name for tag in tags if tag.ttl_days is not None]
    with ctx.database.begin() as connection:
        outcomes = manual_tags.add_batch(
            connection, list(verdicts.values()), rater=rater, batch=f"sha256:{source.sha256}", renew=renew
        )
        counts: Counter[Outcome] = Counter(outcomes)
        unchanged = counts["unchanged"] + repeated
        import_id = imports.add(
            connection,
            table_name="tags",
            path=str(path),
            sha256=source.sha256,
            size_bytes=source.bytes,
            counts=imports.ImportCounts(len(rows), counts["accepted"], counts["replaced"], unchanged, 0, len(refusals)),
            mapping={
                "table": "tags",
                "columns": {name: source.headers[at] for name, at in columns.items()},
                "file": {
                    "headers": list(source.headers),
                    "encoding": source.encoding,
                    "delimiter": source.delimiter,
                },
            },
        )
        quarantine.supersede(connection, import_id)
        quarantine.resolve(connection, _mended(rows, verdicts, source.headers), table_name="tags")
        by_line = {row.line: row for row in rows}
        quarantine.add_many(
            connection, import_id, (_kept(path, by_line[each.line], each, source.headers) for each in refusals)
        )
        told = {
            "read": len(rows),
            "accepted": counts["accepted"],
            "replaced": counts["replaced"],
            "unchanged": unchanged,
            "refused": len(refusals),
        }
        audit.write(connection, rater, "tag.import", "tags", {**told, "import": import_id})
    return TagImport(str(path), **told, refusals=tuple(refusals[:SHOWN]), import_id=import_id)


def _columns(source: SourceFile) -> dict[str, int]:
    """Column -> position. Raises `missing_column` for all that are needed and lacking."""
    by_word = {normalised(header): at for at, header in reversed(list(enumerate(source.headers)))}
    found: dict[str, int] = {}
    customer = recognise(source.headers, "customers").columns.get("customer_id")
    if customer is not None:
        found["customer_id"] = customer
    for name, words in HEADERS.items():
        at = next((by_word[normalised(word)] for word in words if normalised(word) in by_word), None)
        if at is not None and at not in found.values():
            found[name] = at
    lacking = [name for name in NEEDED if name not in found]
    if lacking:
        there = ", ".join(source.headers)
        raise TierwiseError.of(
            [
                Problem(
                    "missing_column",
                    f'no column means "{name}"',
                    f"{source.path}:1",
                    did_you_mean(name, source.headers) or f"name it {name}; there are: {there}",
                )
                for name in lacking
            ]
        )
    return found


def _rows(source: SourceFile, columns: Mapping[str, int]) -> Iterator[_Row]:
    """The rows that hold anything."""
    if source.rows == "numbered":
        for each in numbered_rows(source, header=False):
            found = {name: each.cells[at].strip() if at < len(each.cells) else "" for name, at in columns.items()}
            yield _Row(source.place(each.line)[1], tuple(each.cells), found)
        return
    delimiter = " " if source.delimiter == "space" else source.delimiter
    with source.text.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=True)
        before = 0
        try:
            for cells in reader:
                if before >= source.header_lines and any(cell.strip() for cell in cells):
                    texts = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
                    yield _Row(before + 1, tuple(cells), texts)
                before = reader.line_num
        except csv.Error as error:
            place = f"{source.path}:{before + 1}"
            raise TierwiseError("unreadable", f"the line cannot be read: {error}", place=place) from error


def _judged(
    ctx: Context, rows: Sequence[_Row], tags: Sequence[Tag], today: date
) -> tuple[dict[int, Verdict], list[RefusedRow], int]:
    """Verdicts by line, refused rows, and how many rows repeat one above them."""
    purposes = [tag.needs_consent for tag in tags if tag.manual is not None and tag.needs_consent is not None]
    with Customers(ctx) as customers:
        found = customers.found([row.texts["customer_id"] for row in rows])
        consents = customers.consented(purposes, today)
    verdicts: dict[int, Verdict] = {}
    refusals: list[RefusedRow] = []
    first: dict[tuple[int, str], int] = {}
    repeated = 0
    for row, customer in zip(rows, found, strict=True):
        if customer.source_key is None or customer.customer_key is None:
            refusals.append(RefusedRow(row.line, "customer_id", customer.verdict, _SAID[customer.verdict]))
            continue
        try:
            tag, verdict = _verdict(row, customer.source_key, tags, today)
            purpose = tag.needs_consent
            if purpose is not None and (customer.customer_key, purpose) not in consents:
                raise TierwiseError.of([consent_problem(tag, purpose)])
        except TierwiseError as error:
            refusals.append(RefusedRow(row.line, error.place, error.code, error.message, error.remedy))
            continue
        line = first.setdefault((verdict.source_key, verdict.tag), row.line)
        if line == row.line:
            verdicts[row.line] = verdict
        elif (verdicts[line].value, verdicts[line].expires_on) == (verdict.value, verdict.expires_on):
            repeated += 1
        else:
            said = f"line {line} says something else of this customer and tag"
            refusals.append(RefusedRow(row.line, "value", "contradicts", said, "leave one of them"))
    return verdicts, refusals, repeated


def _verdict(row: _Row, source_key: int, tags: Sequence[Tag], today: date) -> tuple[Tag, Verdict]:
    """What the row says. Raises with the column as place."""
    texts = row.texts
    tag = _at("tag", lambda: manual_tag_named(tags, texts["tag"]))
    value = _at("value", lambda: value_of(tag, texts.get("value")))
    if not texts["reason"]:
        raise TierwiseError("missing_reason", "no reason is given", place="reason")
    expires_on = None
    if texts.get("expires_on"):
        expires_on = _at("expires_on", lambda: parse_day(texts["expires_on"]))
        if expires_on < today:
            raise TierwiseError("bad_date", f"{expires_on} is over", place="expires_on")
    return tag, Verdict(source_key, tag.name, value, texts["reason"], expires_on)


def _at(column: str, act: Callable[[], _T]) -> _T:
    """What the act gives; its error says the column."""
    try:
        return act()
    except TierwiseError as error:
        raise TierwiseError(error.code, error.message, place=column, remedy=error.remedy) from error


def _kept(path: Path, row: _Row, refused: RefusedRow, headers: Sequence[str]) -> quarantine.Refused:
    cells = list(row.cells)
    whole = len(cells) == len(headers) == len(set(headers))
    kept = dict(zip(headers, cells, strict=True)) if whole else cells
    return quarantine.Refused(path.name, row.line, refused.column, refused.code, refused.message, kept)


def _mended(rows: Sequence[_Row], verdicts: Mapping[int, Verdict], headers: Sequence[str]) -> list[int]:
    """The quarantined rows that lines of a mended file close."""
    if BESIDE[0] not in headers:
        return []
    at = list(headers).index(BESIDE[0])
    cells = (row.cells[at] for row in rows if row.line in verdicts and at < len(row.cells))
    return [int(cell) for cell in cells if cell.isascii() and cell.isdigit()]
