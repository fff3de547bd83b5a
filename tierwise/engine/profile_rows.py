"""The profile while a run widens it: a base of metrics, and a table of each tier's columns.

The view `profile_rows` is all of it, for whoever comes after the steps. A step is given a narrow table of what it reads
instead: each expression on a wide view of many joins is bound anew with all of its columns, which took half of a small
run's time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.graph import reads
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.rfm import Rfm
from tierwise.engine.duckdb_session import quoted
from tierwise.engine.plan import KEY
from tierwise.engine.workshop import Workshop
from tierwise.metrics.activity import activity_inputs
from tierwise.metrics.cleaning import CLEANING_INPUTS
from tierwise.metrics.frame import Frame
from tierwise.metrics.lifecycle import silence_inputs
from tierwise.metrics.population import COUNTED
from tierwise.metrics.rfm import rfm_inputs
from tierwise.metrics.rules import RuleColumn, RuleType

ALL = "profile_rows"


@dataclass
class ProfileRows:
    """The profile so far. base: the view or table of the metrics; added: what tiers gave, table -> columns."""

    shop: Workshop
    base: str = ""
    added: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def begin(self, base: str) -> None:
        """Take this view as all that is known so far: one row per customer of the profile."""
        self.base = base
        self._tell()

    def without(self, table: str) -> None:
        """Leave out the customers of that table; before any tier is added."""
        remaining, whole = f"{self.base}_without_{table}", quoted(self.base)
        self.shop.view(remaining, f"SELECT b.* FROM {whole} b ANTI JOIN {quoted(table)} t ON t.{KEY} = b.{KEY}")
        self.begin(remaining)

    def add(self, table: str) -> None:
        """Widen the profile by the columns of that table or view: one row of a customer at most, else nulls."""
        self.added[table] = tuple(name for name in self.shop.columns(table) if name != KEY)
        self._tell()

    def narrow(self, name: str, columns: Collection[str]) -> Frame:
        """A table of that name with the key, and those of the columns that are there."""
        wanted = {KEY, *columns}
        self.shop.table(name, self._rows(wanted))
        return self.shop.frame(name)

    def _tell(self) -> None:
        self.shop.view(ALL, self._rows(None))

    def _rows(self, wanted: Collection[str] | None) -> str:
        there = self.shop.columns(self.base)
        listed = [f"b.{quoted(name)}" for name in there if wanted is None or name in wanted]
        joins = []
        for place, (table, given) in enumerate(self.added.items()):
            of_table = [f"t{place}.{quoted(name)}" for name in given if wanted is None or name in wanted]
            if of_table:
                listed += of_table
                joins.append(f"LEFT JOIN {quoted(table)} t{place} ON t{place}.{KEY} = b.{KEY}")
        return f"SELECT {', '.join(listed)} FROM {quoted(self.base)} b {' '.join(joins)}"


def columns_read(definitions: Iterable[Definition], schema: dict[str, RuleColumn | RuleType]) -> set[str]:
    """The profile's columns that these definitions read, and names that may be none of its columns besides.

    schema: what rules call an attribute -> its column.
    """
    found: set[str] = set()
    for each in definitions:
        for read in reads(each):
            if read.what == "attribute":
                column = schema.get(read.name)
                found |= {read.name, f"{read.name}_minor"}
                if isinstance(column, RuleColumn):
                    found.add(column.column)
        match each:
            case Rfm():
                found |= set(rfm_inputs(each))
            case Activity():
                found |= set(activity_inputs(each))
            case Lifecycle():
                found |= set(silence_inputs(each.silence))
            case Deciles():
                found.add("customer_id")  # it breaks ties
            case Cleaning():
                found |= set(CLEANING_INPUTS)
    return found | {COUNTED}
