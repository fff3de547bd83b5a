"""A mapping proposed from a file's headers, as YAML to look over, mend and save."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tierwise.definitions.mapping import Mapping, Sheets
from tierwise.definitions.write import data_of, mapping_to_yaml
from tierwise.engine.duckdb_session import connect
from tierwise.facts.conform import bind, check_table
from tierwise.facts.contract import TABLES
from tierwise.facts.headers import recognise
from tierwise.ingest.source import open_source
from tierwise.ingest.source_file import SourceFile, how_read
from tierwise.ingest.survey import Survey, survey
from tierwise.kernel.errors import TierwiseError

_ANY = "CNY"
"""A currency for what is counted in rows alone."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping that takes every header that was recognised. notes: what a person should look at, in sentences."""

    mapping: Mapping
    notes: tuple[str, ...]
    yaml: str


def propose_mapping(path: Path, table: str, temporary: Path, *, sheet: Sheets | None = None) -> Proposal:
    """Propose a mapping for a file as rows of `table`. temporary: where a copy may stand for a while.

    In a customers file every header that is not recognised becomes a trait under its own name; elsewhere it stands
    in the YAML as a comment. A header that stands twice is mapped by its position. Raises what `open_source` raises,
    and `unknown_table`.
    """
    check_table(table)
    temporary.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="propose-", dir=temporary) as folder:
        source = open_source(path, Mapping(table=table, sheet=sheet), Path(folder))
        seen = recognise(source.headers, table)
        below = _below(source, table, set(seen.columns), Path(folder))
    headers = source.headers
    columns: dict[str, str | int] = {name: _by_name(headers, at) for name, at in seen.columns.items()}
    notes: list[str] = []
    left = [at for at in seen.unknown if headers[at]]
    if table == "customers":
        for at in left:
            columns.setdefault(headers[at], _by_name(headers, at))
        left = []
    mapping = Mapping(table=table, columns=columns, sheet=sheet)
    how = how_read(source.format, source.encoding, source.delimiter, packed=source.packed)
    lines = [
        f"# Proposed for {path.name}; {'; '.join(how)}.",
        "# Look it over, save it, and give it with --map.",
        "# Left: our name. Right: the file's header, or its place counted from 1.",
        mapping_to_yaml(mapping).rstrip(),
    ]
    missing = missing_in(table, set(columns))
    if missing:
        notes.append(f"not found, and needed: {', '.join(missing)}")
        lines += ["", "# Needed, and not recognised; write it under columns:"]
        lines += [f"#   {name}: THE FILE'S HEADER" for name in missing]
    if left:
        notes.append(f"not recognised: {', '.join(headers[at] for at in left)}")
        lines += ["", "# Not recognised, and so not imported:"]
        lines += [f"#   {headers[at]}" for at in left]
    if below is not None and below.less:
        notes.append(
            f"{below.less:,} rows are less than nothing: without a refunds or an ignore rule they are quarantined"
        )
        lines += ["", f"# {below.less:,} rows are less than nothing. What is true of these rules belongs here:"]
        for each in below.suggestions:
            rule = json.dumps(data_of(each.rule), ensure_ascii=False)
            lines.append(f"# {each.role}: {rule}   # {each.rows:,} rows")
    return Proposal(mapping, tuple(notes), "\n".join(lines) + "\n")


def _below(source: SourceFile, table: str, mapped: set[str], folder: Path) -> Survey | None:
    """What is less than nothing in a file whose columns tell enough."""
    if table not in ("orders", "order_lines") or set(missing_in(table, mapped)) - {"ordered_at"}:
        return None
    try:
        binding = bind(Mapping(table=table), source.headers, zone="UTC", currency=_ANY, place=source.path.name)
    except TierwiseError:
        return None
    with closing(connect(folder / "spill")) as con:
        return survey(con, source, binding, folder)


def _by_name(headers: tuple[str, ...], at: int) -> str | int:
    return at + 1 if headers.count(headers[at]) > 1 else headers[at]


def missing_in(table: str, mapped: set[str]) -> list[str]:
    """Columns without which no row can be taken in; of several that would do, the first."""
    if table == "orders":
        wanted = [("order_id",), ("ordered_at",), ("gross", "paid")]
    elif table == "order_lines":
        wanted = [("order_id",), ("ordered_at",), ("product_id",), ("quantity",), ("unit_price", "amount", "paid")]
    else:
        wanted = [
            (column.outside,)
            for column in TABLES[table].columns
            if column.outside and not column.nullable and column.outside != "currency"
        ]
    return [names[0] for names in wanted if not set(names) & mapped]
