"""How many of the customers that one sees have which value: for lists that are narrowed by a tap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import narwhals as nw

from tierwise.app.context import Context
from tierwise.app.own_customers import own_rule
from tierwise.app.rule_world import ground_of
from tierwise.engine.current import KEY
from tierwise.engine.duckdb_session import quoted


@dataclass(frozen=True, slots=True)
class HeadCounts:
    """As of a run. of: the customers whom one who asks may see. values: of each attribute its values with their
    head-counts, the most first; those who have none are not in it."""

    run_id: int
    as_of: date
    of: int
    values: Mapping[str, Mapping[Any, int]]


def head_counts(ctx: Context, attributes: Sequence[str]) -> HeadCounts:
    """Of the current run, each customer counted once under each attribute. Raises `unknown_attribute`, `no_run`,
    `nobodys_customers`."""
    ctx.principal.require_of_own("view_customer")
    own = own_rule(ctx)
    with ground_of(ctx, [] if own is None else [own], attributes) as ground:
        where = ""
        if own is not None:
            native: duckdb.DuckDBPyRelation = nw.to_native(ground.members(own))
            native.create("members")
            where = f"WHERE {KEY} IN (FROM members)"
        columns = {name: quoted(ground.column(name).column) for name in dict.fromkeys(attributes)}
        found = {
            name: dict(
                ground.connection.execute(
                    f"SELECT {column}, count(*) FROM profile {where} GROUP BY 1 HAVING {column} IS NOT NULL "
                    "ORDER BY 2 DESC, 1"
                ).fetchall()
            )
            for name, column in columns.items()
        }
        of = ground.connection.execute(f"SELECT count(*) FROM profile {where}").fetchone()
        return HeadCounts(ground.run.id, ground.run.as_of, int(of[0]) if of else 0, found)
