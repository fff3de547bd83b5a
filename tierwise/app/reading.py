"""What every reader of a run needs: which run, its snapshot opened, its project and the names of its columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import duckdb
from sqlalchemy import Connection, Engine

from tierwise.app.context import Context
from tierwise.app.defining import Definitions, current_definitions, gather
from tierwise.app.tier_titles import tier_titles
from tierwise.app.views import Label
from tierwise.definitions.base import Text
from tierwise.definitions.project import Project
from tierwise.definitions.read import parse_definition
from tierwise.engine.duckdb_session import quoted
from tierwise.engine.edges import money_sql, outside_name
from tierwise.engine.plan import HISTORY, windows_of_profile
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics.attributes import Attribute, attributes
from tierwise.metrics.lifecycle import lifecycle_columns
from tierwise.metrics.rfm import rfm_columns
from tierwise.state import definitions as stored
from tierwise.state import runs, traits

_RFM_TITLES = {
    "r": Label("R 得分", "R score"),
    "f": Label("F 得分", "F score"),
    "m": Label("M 得分", "M score"),
    "score": Label("RFM 得分", "RFM score"),
    "cell": Label("RFM 分组", "RFM cell"),
}
_SILENCE_TITLES = {
    "silent": Label("沉默天数", "Days of silence"),
    "normal": Label("正常沉默天数", "Normal days of silence"),
    "overdue": Label("逾期天数", "Days overdue"),
}


@dataclass(frozen=True)
class Reader:
    """One run's snapshot, open. `connection` has a view for each snapshot table."""

    ctx: Context
    run: runs.Run
    definitions: Definitions
    connection: duckdb.DuckDBPyConnection
    trait_labels: dict[str, str]

    @property
    def project(self) -> Project:
        return self.definitions.project

    @property
    def currency(self) -> str:
        """The currency of the run's money."""
        return str((self.run.counts or {}).get("currency", self.project.currency))

    @property
    def windows(self) -> tuple[int, ...]:
        """The windows in days that the profile counts."""
        return windows_of_profile(self.definitions.of_profile, self.project.windows_days)

    @cached_property
    def columns(self) -> dict[str, str]:
        """Outside name -> inside column, in the profile's order."""
        inside = self.connection.view("profile").columns
        return {self.outside(column): column for column in inside if column != "customer_key"}

    def outside(self, column: str) -> str:
        label = self.trait_labels.get(column)
        return f"trait.{label}" if label is not None else outside_name(column)

    def column(self, name: str) -> str:
        """The inside column of an attribute; a trait by its plain name too. Raises `unknown_attribute`."""
        found = self.columns.get(name) or self.columns.get(f"trait.{name}")
        if found is None:
            raise TierwiseError.of([unknown_name("attribute", name, self.columns)])
        return found

    def value_sql(self, column: str) -> str:
        """The column as the outside sees it."""
        return money_sql(column, self.currency) if column.endswith("_minor") else quoted(column)

    def unit(self, name: str) -> str:
        """The attribute's unit: the currency of money, else days, orders, …; empty where it has none."""
        known = self.attributes.get(name)
        if known is None:
            given = name in self._given
            return "days" if given and name.endswith("_days") else "points" if given and "_points" in name else ""
        return self.currency if known.type == "money" else known.unit

    @cached_property
    def attributes(self) -> dict[str, Attribute]:
        """The attributes that the profile's own metrics give, by name."""
        return {attribute.name: attribute for attribute in attributes(self.windows)}

    @cached_property
    def _given(self) -> dict[str, Label]:
        """Titles of what definitions give beside the column of their name."""
        titles = {"gender": Label("性别", "Gender")}
        for scoring in self.definitions.rfm:
            names = rfm_columns(scoring)
            titles |= {names[part]: title for part, title in _RFM_TITLES.items()}
        for ladder in self.definitions.lifecycle:
            columns = lifecycle_columns(ladder)
            titles |= {columns[part]: title for part, title in _SILENCE_TITLES.items()}
        return titles | tier_titles(self.definitions.all)

    def label(self, name: str) -> Label:
        """The attribute's title in both languages."""
        if name in self.attributes:
            return label_of(self.attributes[name].title, name)
        for definition in self.definitions.all:
            if definition.name == name:
                return label_of(definition.title, name)
        if name in self._given:
            return self._given[name]
        plain = name.removeprefix("trait.")
        return Label(plain, plain)


def label_of(text: Text, fallback: str = "") -> Label:
    """A text of a definition as a view has it."""
    return Label(text.in_language("zh") or fallback, text.in_language("en") or fallback)


@contextmanager
def reading(ctx: Context, run_id: int | None = None) -> Iterator[Reader]:
    """The current run, or a kept one. Raises `no_run`, `unknown_run`, `run_not_kept`."""
    opened = opened_run(ctx, run_id)
    connection = ctx.duckdb()
    try:
        for name, version in (opened.run.outputs or {}).items():
            if name != HISTORY:
                ctx.lake.read(connection, name, version).create_view(name)
        yield opened.reader(connection)
    finally:
        connection.close()


@dataclass(frozen=True)
class OpenedRun:
    """What the operational state tells of a run that is done."""

    ctx: Context
    run: runs.Run
    definitions: Definitions
    trait_labels: dict[str, str]

    def reader(self, connection: duckdb.DuckDBPyConnection) -> Reader:
        """connection: with the views of the snapshots that are going to be read."""
        return Reader(self.ctx, self.run, self.definitions, connection, self.trait_labels)


def opened_run(ctx: Context, run_id: int | None) -> OpenedRun:
    """The current run, or a kept one, its snapshots not opened yet. Raises `no_run`, `unknown_run`, `run_not_kept`."""
    with ctx.database.connect() as state:
        run = runs.current(state) if run_id is None else runs.get(state, run_id)
        if run is None:
            raise TierwiseError("no_run", "no run yet", remedy="import a file, then `tierwise run`")
        if run.state != "done" or run.outputs is None:
            raise TierwiseError("run_not_kept", f"run {run.id} is {run.state}: it has no profile")
        labels = {trait.column_name: trait.name for trait in traits.list_traits(state)}
        return OpenedRun(ctx, run, definitions_of(state, run), labels)


_KNOWN: WeakKeyDictionary[Engine, dict[int, Definitions]] = WeakKeyDictionary()
"""Of each database the definitions of the runs asked about last: those of a run that is done never change."""

_KNOWN_RUNS = 4


def definitions_of(state: Connection, run: runs.Run) -> Definitions:
    """The definitions in the versions that the run used, not today's."""
    known = _KNOWN.setdefault(state.engine, {})
    if run.id in known:
        return known[run.id]
    kept = stored.at_versions(state, run.definitions)
    found = [parse_definition(each.body or {}, f"{each.kind} {each.name}") for each in kept]
    if not found:
        return current_definitions(state)
    known[run.id] = definitions = gather(found, dict(run.definitions))
    for old in list(known)[:-_KNOWN_RUNS]:
        known.pop(old, None)
    return definitions
