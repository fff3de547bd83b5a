"""The facts that an insight reads: those of a run, at the versions that it read, without the junk that it left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import count
from typing import Any

import duckdb
import pyarrow as pa

from tierwise.app.group_reading import Names
from tierwise.app.insights.known import Known, known_attributes
from tierwise.app.reading import Reader
from tierwise.app.rule_world import Ground, ground_of
from tierwise.app.views import Label
from tierwise.definitions.base import Definition
from tierwise.definitions.due_rules import DueRules
from tierwise.definitions.kpi import Kpi
from tierwise.definitions.read import parse_definition
from tierwise.definitions.rule import AnyRule
from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.sources import frame, keep, register_facts, register_people
from tierwise.facts.contract import OF_RUNS
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.kernel.money import exponent
from tierwise.metrics.frame import Frame
from tierwise.metrics.group_profile import GroupRow, Value
from tierwise.state import definitions as stored
from tierwise.state import runs

CLEAN = "clean_"
"""Before the name of a view without junk."""

_LINES = f"""
CREATE OR REPLACE VIEW bought_lines AS
SELECT l.*, o.customer_key, o.ordered_day, o.channel, o.store_id,
       (l.discount_minor > 0 OR o.coupon_minor > 0 OR o.discount_minor > coalesce(d.of_lines, 0)) AS promoted,
       p.product_name, p.category, p.brand
FROM order_lines l JOIN {CLEAN}orders o USING (order_id) LEFT JOIN products p USING (product_id)
LEFT JOIN (
    SELECT order_id, sum(discount_minor) AS of_lines FROM order_lines WHERE discount_minor > 0 GROUP BY order_id
) d USING (order_id)
"""
"""promoted: as `metrics/item_days.py`'s `bought_items` has it."""


@dataclass(frozen=True)
class Facts:
    """As `insight.Asked` says, over an open run. values: of the parameters."""

    reader: Reader
    as_of: date
    values: Mapping[str, Any]
    _numbers: Any = field(default_factory=lambda: count(1), repr=False)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        return self.reader.connection

    @property
    def digits(self) -> int:
        return exponent(self.reader.currency)

    @property
    def of_run(self) -> date:
        return self.reader.run.as_of

    @property
    def definitions(self) -> tuple[Definition, ...]:
        return self.reader.definitions.of_profile

    def __getitem__(self, parameter: str) -> Any:
        return self.values[parameter]

    def frame(self, name: str) -> Frame:
        views = {row[0] for row in self.connection.execute("SELECT view_name FROM duckdb_views()").fetchall()}
        if f"{CLEAN}{name}" in views:
            return frame(self.connection, f"{CLEAN}{name}")
        if name not in views:
            raise TierwiseError.of([unknown_name("table", name, OF_RUNS)])
        return frame(self.connection, name)

    def with_junk(self, name: str) -> Frame:
        return frame(self.connection, name)

    def given(self, name: str, table: pa.Table) -> Frame:
        self.connection.register(f"given_{name}", table)
        return frame(self.connection, f"given_{name}")

    def kpis(self) -> tuple[Kpi, ...]:
        return tuple(sorted((each for each in self._defined("kpi") if isinstance(each, Kpi)), key=lambda kpi: kpi.name))

    def due_rules(self) -> DueRules | None:
        return next((each for each in self._defined("due_rules") if isinstance(each, DueRules)), None)

    def _defined(self, kind: str) -> list[Definition]:
        with self.reader.ctx.database.connect() as state:
            found = stored.current(state, kind)
        return [parse_definition(each.body, f"{kind} {each.name}") for each in found if each.body is not None]

    @contextmanager
    def rules(
        self, rules: Sequence[AnyRule], columns: Iterable[str], *, before: bool = False
    ) -> Iterator[Ground | None]:
        run: runs.Run | None = self.reader.run
        if before:
            with self.reader.ctx.database.connect() as state:
                run = runs.newest_before(state, self.reader.run.as_of)
        if run is None or run.outputs is None:
            yield None
            return
        with ground_of(self.reader.ctx, rules, columns, run.id) as ground:
            yield ground

    def column(self, attribute: str) -> str:
        return self.reader.column(attribute)

    @cached_property
    def attributes(self) -> Mapping[str, Known]:
        return known_attributes(self.reader)

    @cached_property
    def _names(self) -> Names:
        return Names(self.reader, against_all=False)

    def called(self, attribute: str, value: Value) -> Label:
        return self._names.value(attribute, value)

    def text(self, row: GroupRow) -> Label:
        return self._names.text(row)

    def keep(self, name: str, computed: Frame) -> Frame:
        return keep(self.connection, f"kept_{name}_{next(self._numbers)}", computed)

    def has(self, name: str) -> bool:
        return bool(self.connection.execute(f"SELECT 1 FROM {quoted(name)} LIMIT 1").fetchone())

    def titles(self, of: str) -> dict[str, str]:
        table = {"product": "products", "store": "stores"}[of]
        found = self.connection.execute(
            f"SELECT {of}_id, {of}_name FROM {table} WHERE {of}_name IS NOT NULL ORDER BY ALL"
        ).fetchall()
        return dict(found)


def open_facts(reader: Reader, as_of: date, values: Mapping[str, Any]) -> Facts:
    """Make the views: of each fact table, and without junk of those that have customers."""
    connection = reader.connection
    register_facts(connection, reader.ctx.lake, reader.run.inputs)
    register_people(connection, reader.project.timezone, {}, as_of)
    there = set(connection.view("junk").columns) if "junk" in (reader.run.outputs or {}) else set()
    for name in (*OF_RUNS, "people"):
        if "customer_key" in connection.view(name).columns and "customer_key" in there:
            connection.execute(
                f"CREATE OR REPLACE VIEW {CLEAN}{name} AS SELECT *{_hour(name, reader)} FROM {quoted(name)} f "
                "WHERE NOT EXISTS (SELECT 1 FROM junk j WHERE j.customer_key = f.customer_key)"
            )
        else:
            connection.execute(
                f"CREATE OR REPLACE VIEW {CLEAN}{name} AS SELECT *{_hour(name, reader)} FROM {quoted(name)}"
            )
    connection.execute(_LINES)
    return Facts(reader, as_of, values)


def _hour(name: str, reader: Reader) -> str:
    """One column more of orders and interactions: the hour of the business's day."""
    instants = {"orders": "ordered_at", "interactions": "occurred_at"}
    if name not in instants:
        return ""
    return f", hour(timezone({literal(reader.project.timezone)}, {instants[name]})) AS hour"
