"""What reading a table of either database shares: what is asked, the password, what may be said of what went wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tierwise.definitions.import_source import DatabaseTable
from tierwise.ingest.mark import Mark, MarkValue
from tierwise.kernel.errors import TierwiseError

TIMEOUT_SECONDS = 15
"""For a connection to come about."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a reading brought: how many rows, the mark it came to (of the rows that are not of the future), how many
    rows have nothing in the watermark's column, and the files that were there, where it goes by files."""

    rows: int
    mark: Mark | None = None
    without_mark: int = 0
    files: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A query with its parameters, in the style of psycopg and PyMySQL."""

    query: str
    parameters: tuple[MarkValue, ...] = ()


def relation(origin: DatabaseTable, quote: str) -> str:
    """The table or the query, as it stands behind FROM."""
    if origin.table is not None:
        return ".".join(_quoted(part, quote) for part in origin.table.split("."))
    return f"({(origin.query or '').rstrip().rstrip(';')}\n) AS source_query"


def rows_asked(from_: str, column: str | None, together: str | None, quote: str, first: MarkValue | None) -> Asked:
    """Rows from `first` on and those without a mark; with `together`, all rows that share it with one of them."""
    from_ = from_.replace("%", "%%")
    if column is None or first is None:
        return Asked(f"SELECT * FROM {from_}")
    mark = _quoted(column, quote).replace("%", "%%")
    new = f"{mark} >= %s OR {mark} IS NULL"
    if together is None:
        return Asked(f"SELECT * FROM {from_} WHERE {new}", (first,))
    whole = _quoted(together, quote).replace("%", "%%")
    shared = f"SELECT {whole} FROM {from_} WHERE {new}"
    return Asked(f"SELECT * FROM {from_} WHERE {new} OR {whole} IN ({shared})", (first, first))


def mark_asked(from_: str, column: str, quote: str, first: MarkValue | None, last: MarkValue | None) -> Asked:
    """The highest mark from `first` up to `last`."""
    mark = _quoted(column, quote).replace("%", "%%")
    bounds = [(f"{mark} >= %s", first), (f"{mark} <= %s", last)]
    wanted = [(told, bound) for told, bound in bounds if bound is not None]
    where = f" WHERE {' AND '.join(told for told, _ in wanted)}" if wanted else ""
    return Asked(f"SELECT max({mark}) FROM {from_.replace('%', '%%')}{where}", tuple(bound for _, bound in wanted))


def kind_asked(from_: str, column: str, quote: str) -> Asked:
    """No row, and the column's type."""
    return Asked(f"SELECT {_quoted(column, quote)} FROM {from_} LIMIT 0".replace("%", "%%"))


def _quoted(name: str, quote: str) -> str:
    return f"{quote}{name.replace(quote, quote * 2)}{quote}"


def password_of(
    origin: DatabaseTable, secrets: Path, environment: Mapping[str, str] = os.environ, *, source: str
) -> str | None:
    """The password from where the definition says; None where it names none. Raises `no_password`."""
    if origin.password_env is not None:
        if found := environment.get(origin.password_env):
            return found
        raise TierwiseError(
            "no_password",
            f"the environment has no {origin.password_env}",
            place=f"source {source}",
            remedy="set it where Tierwise runs, for the server and its worker too",
        )
    if origin.password_file is None:
        return None
    path = secrets / origin.password_file
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TierwiseError(
            "no_password",
            f'the password\'s file "{origin.password_file}" cannot be read',
            place=f"source {source}",
            remedy=f"put it into {secrets}, readable by its owner only",
        ) from error


def unreachable(origin: DatabaseTable, source: str, said: str) -> TierwiseError:
    """That there is no connection. said: by the driver, which names user and host and never the password."""
    return TierwiseError(
        "source_unreachable",
        f'no connection to the database "{origin.database}" at {origin.host} as {origin.user}: {said}',
        place=f"source {source}",
        remedy="look at host, port, user, password and whether the server lets this machine in",
    )


def unreadable(source: str, said: str) -> TierwiseError:
    """That the server refused the query or broke off. said: nothing that stands in rows."""
    return TierwiseError(
        "source_unreadable",
        f"the database did not give the rows: {said}",
        place=f"source {source}",
        remedy="look at table, query and columns, and at the rights of the user",
    )
