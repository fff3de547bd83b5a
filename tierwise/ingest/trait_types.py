"""What kind of values a trait holds, told by all its texts."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from tierwise.engine.duckdb_session import quoted
from tierwise.state.traits import TraitType

_YES_NO = "'true', 'false', 'yes', 'no', 'y', 'n', '是', '否'"


def infer_types(con: duckdb.DuckDBPyConnection, rows: str, columns: Mapping[str, str]) -> dict[str, TraitType]:
    """Trait -> type by the staged column of each; traits without any value are left out.

    integer: whole numbers without leading zeros (those are codes: text). number: decimals. date: 2026-06-30.
    boolean: true/false, yes/no, 是/否; 1 and 0 are integers.
    """
    found: dict[str, TraitType] = {}
    for name, column in columns.items():
        text = quoted(column)
        count, integers, numbers, dates, booleans = con.execute(
            f"SELECT count({text}), "
            f"count(*) FILTER (WHERE regexp_full_match({text}, '-?(0|[1-9][0-9]{{0,17}})')), "
            f"count(*) FILTER (WHERE regexp_full_match({text}, '-?(0|[1-9][0-9]{{0,14}})(\\.[0-9]{{1,9}})?')), "
            f"count(*) FILTER (WHERE regexp_full_match({text}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') "
            f"AND TRY_CAST({text} AS DATE) IS NOT NULL), "
            f"count(*) FILTER (WHERE lower({text}) IN ({_YES_NO})) FROM {rows}"
        ).fetchone()  # type: ignore[misc]
        if not count:
            continue
        kinds: tuple[tuple[TraitType, int], ...] = (
            ("integer", integers),
            ("number", numbers),
            ("date", dates),
            ("boolean", booleans),
        )
        found[name] = next((kind for kind, matching in kinds if matching == count), "text")
    return found


def widened(one: TraitType, other: TraitType) -> TraitType:
    """The type that holds both: number for integers and decimals, else text."""
    if one == other:
        return one
    return "number" if {one, other} == {"integer", "number"} else "text"
