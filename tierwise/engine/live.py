"""What some customers are now, beside a run that is done: their rows computed anew from facts that came after it.

The run's own steps are executed, over the facts of these customers alone. What comes of a customer's own facts is
therefore what a run of this day would find. What comes of all customers together is taken from the run: the cuts of
scores, levels, matrices and parts of equal size (deciles), by which these customers are placed anew; the typical
interval of a category; and price bands, composite tags and models' scores as they were.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import duckdb
import narwhals as nw

from tierwise.definitions.base import Definition
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.graph import label_of, links
from tierwise.definitions.level import Level
from tierwise.definitions.matrix import Matrix
from tierwise.definitions.price_band import PriceBand
from tierwise.definitions.rfm import Rfm
from tierwise.definitions.tag import Tag
from tierwise.engine import bought_lines
from tierwise.engine.bought_lines import LINES, ORDERS
from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.execute import Inputs, execute, trait_schema
from tierwise.engine.given import columns_given, live_names
from tierwise.engine.history import states
from tierwise.engine.incremental import OF_METRICS, changes, customers_of, joined_or_parted
from tierwise.engine.lake import Lake
from tierwise.engine.plan import KEY, AnyStep, Compute, Learnt, RuleStep, Step, learn, place
from tierwise.engine.profile_rows import ALL
from tierwise.engine.rules_of_run import Rules
from tierwise.engine.sources import frame
from tierwise.facts.contract import OF_RUNS
from tierwise.kernel.money import exponent
from tierwise.metrics.breadth import category_intervals
from tierwise.metrics.customer import CATEGORY_DAYS, Keep
from tierwise.metrics.deciles import metric_column
from tierwise.metrics.frame import Frame, rows_of
from tierwise.metrics.population import ranked_by

MOST = 20_000
"""So many customers are told live at once; what touches more waits for the next run."""

_UNNARROWED = ("list_members", "manual_tags", "releases")
"""Which lists there are is told by all of their rows; these tables are of the size of what people decide."""

_LIVE = "live_keys"
_INTERVALS = "live_intervals"


@dataclass
class Cuts:
    """What a run's customers give together, learnt when it is first needed; of one run, kept from batch to batch."""

    run_id: int
    of: dict[str, Learnt] = field(default_factory=dict)
    lowest: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    intervals: list[tuple[str, float | None]] | None = None


@dataclass(frozen=True)
class Beside:
    """The run that is done. outputs: its tables. as_of: its day."""

    as_of: date
    outputs: Mapping[str, int]
    currency: str
    cuts: Cuts


@dataclass(frozen=True, slots=True)
class LiveRow:
    """One customer. profile: columns as text, nulls left out; None where there is no such customer any more.

    states, before: `kind:name:value` of segments and stages, now and in the run.
    """

    key: int
    customer_id: str | None
    profile: Mapping[str, str] | None
    states: frozenset[str]
    before: frozenset[str]


def touched(
    connection: duckdb.DuckDBPyConnection, lake: Lake, before: Mapping[str, int], now: Mapping[str, int]
) -> set[int] | None:
    """The keys of customers of whom a fact has changed between two versions; None where they are more than `MOST`.

    Of a product that is described otherwise nobody is: that is the next run's to tell. Whose ids were joined or parted,
    under their new key and their old one. The connection has the facts of `now` registered (`register_facts`).
    """
    same = {"products": now["products"]} if "products" in now else {}
    changed = changes(connection, lake, {**before, **same}, now)
    if changed is None:
        return None
    asked = [customers_of(name) for name in changed if name not in (LINES, "products")]
    if LINES in changed:
        lines = "SELECT key AS order_id FROM changed_order_lines"
        if changed.get(ORDERS):  # new orders' customers are there already, and to look all lines up takes long
            lines += " EXCEPT SELECT order_id FROM added_orders"
        connection.execute(f"CREATE TABLE lines_of_known AS {lines}")
        if connection.execute("SELECT 1 FROM lines_of_known LIMIT 1").fetchone() is not None:
            asked.append(f"SELECT {KEY} FROM orders SEMI JOIN lines_of_known USING (order_id)")
    if joined_or_parted(connection, lake, before, now):
        asked.append(f"SELECT {KEY} FROM moved")
    if not asked:
        return set()
    every = " UNION ".join(f"({query})" for query in asked)
    rows = connection.execute(f"SELECT {KEY} FROM ({every}) WHERE {KEY} IS NOT NULL LIMIT {MOST + 1}").fetchall()
    return {int(key) for (key,) in rows} if len(rows) <= MOST else None


def later_than(connection: duckdb.DuckDBPyConnection, versions: Mapping[str, int], day: date) -> set[int] | None:
    """The keys of customers of whom a fact is later than that day; None where they are more than `MOST`.

    The connection has the facts registered.
    """
    after = f"> DATE {literal(day.isoformat())}"
    asked = [
        f"SELECT DISTINCT {KEY} FROM {name} WHERE {table.day} {after}"
        for name, table in OF_RUNS.items()
        if table.day is not None and name in versions and KEY in connection.view(name).columns
    ]
    if "customers" in versions:
        asked.append(f"SELECT {KEY} FROM customers WHERE known_from {after} OR CAST(registered_at AS DATE) {after}")
    if not asked:
        return set()
    every = " UNION ".join(asked)
    rows = connection.execute(f"SELECT {KEY} FROM ({every}) WHERE {KEY} IS NOT NULL LIMIT {MOST + 1}").fetchall()
    return {int(key) for (key,) in rows} if len(rows) <= MOST else None


def live_rows(
    connection: duckdb.DuckDBPyConnection, lake: Lake, inputs: Inputs, beside: Beside, keys: Collection[int]
) -> list[LiveRow]:
    """These customers as of `inputs.as_of`, by the definitions and facts of `inputs`; by key.

    connection: one of its own, in which nothing is registered. Raises what a run's steps raise.
    """
    inputs = replace(inputs, definitions=needed(inputs.definitions))
    connection.execute(f"CREATE TABLE {_LIVE} ({KEY} BIGINT)")
    listed = ", ".join(f"({int(key)})" for key in sorted(keys))
    if listed:
        connection.execute(f"INSERT INTO {_LIVE} VALUES {listed}")
    for name in ("profile", "segments", "tags"):
        lake.read(connection, name, beside.outputs[name]).create_view(f"all_{name}")
    connection.execute(f"CREATE TABLE base_tags AS SELECT t.* FROM all_tags t SEMI JOIN {_LIVE} USING ({KEY})")
    steps = _LiveSteps(connection, lake, inputs, beside)
    executed = execute(
        connection,
        lake,
        inputs,
        lambda done, total, step: None,
        registered=lambda _: _narrow(connection, inputs),
        leave_out=("totals_of_stores",),
        otherwise=steps.instead,
        currency=beside.currency,
    )
    assert executed.currency == beside.currency
    return _rows(connection, inputs.definitions)


def needed(definitions: Sequence[Definition]) -> tuple[Definition, ...]:
    """All but the tags that nothing else reads: no column of the profile, no segment and no stage comes of these."""
    read: dict[str, set[str]] = {}
    for link in links(definitions):
        read.setdefault(label_of(link.reader), set()).add(label_of(link.giver))
    waiting = [label_of(each) for each in definitions if not isinstance(each, Tag)]
    found = set(waiting)
    while waiting:
        more = read.get(waiting.pop(), set()) - found
        found |= more
        waiting += more
    return tuple(each for each in definitions if label_of(each) in found)


def _rows(connection: duckdb.DuckDBPyConnection, definitions: tuple[Definition, ...]) -> list[LiveRow]:
    ladders, segments = live_names(definitions)
    columns = ", ".join(["customer_id", KEY, *map(quoted, ladders)])
    connection.execute(f"CREATE TABLE base_rows AS SELECT {columns} FROM all_profile SEMI JOIN {_LIVE} USING ({KEY})")
    connection.execute(f"CREATE TABLE base_segments AS SELECT * FROM all_segments SEMI JOIN {_LIVE} USING ({KEY})")
    connection.execute(f"CREATE TABLE live_profile AS SELECT * FROM {ALL} SEMI JOIN {_LIVE} USING ({KEY})")
    found: dict[str, dict[int, set[str]]] = {}
    for when, profile, rows in (("now", "live_profile", "segment_rows"), ("before", "base_rows", "base_segments")):
        held = states(connection, ladders, profile=profile, segment_rows=rows, segments=segments)
        by_key = found.setdefault(when, {})
        for key, kind, name, value in held.fetchall():
            by_key.setdefault(key, set()).add(f"{kind}:{name}:{value or 'yes'}")
    names = connection.table("live_profile").columns
    texts = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in names)
    profiles = {}
    for row in connection.execute(f"SELECT {KEY}, {texts} FROM live_profile").fetchall():
        profiles[row[0]] = {name: value for name, value in zip(names, row[1:], strict=True) if value is not None}
    before = dict(connection.execute(f"SELECT {KEY}, customer_id FROM base_rows").fetchall())
    keys = [key for (key,) in connection.execute(f"SELECT {KEY} FROM {_LIVE} ORDER BY 1").fetchall()]
    return [
        LiveRow(
            key,
            profiles[key].get("customer_id") if key in profiles else before.get(key),
            profiles.get(key),
            frozenset(found["now"].get(key, ())) if key in profiles else frozenset(),
            frozenset(found["before"].get(key, ())),
        )
        for key in keys
    ]


def _narrow(connection: duckdb.DuckDBPyConnection, inputs: Inputs) -> None:
    """Leave these customers' rows of the facts that metrics and rules read. Views read them by name."""
    connection.execute(
        f"CREATE TABLE live_sources AS SELECT COALESCE(m.source_key, k.{KEY}) AS source_key FROM {_LIVE} k "
        f"LEFT JOIN stored_customer_map m USING ({KEY}) UNION "
        f"SELECT {KEY} FROM {_LIVE} k ANTI JOIN stored_customer_map m ON m.source_key = k.{KEY}"
    )
    read = {*OF_METRICS, "customer_map", "identities", "consents", "model_scores", "refund_lines", "answers"}
    read |= bought_lines.columns_of_rules(connection, inputs.definitions, inputs.as_of).keys()
    heads = {LINES: (ORDERS, "order_id"), "refund_lines": ("refunds", "refund_id")}
    for name in sorted(read, key=lambda name: (name in heads, name)):
        if name not in inputs.versions or name in _UNNARROWED:
            continue
        stored = f"stored_{name}"
        if name in heads:
            head, link = heads[name]
            among = f"SEMI JOIN stored_{head} USING ({link})"
        elif "source_key" in connection.view(stored).columns:
            among = "SEMI JOIN live_sources USING (source_key)"
        else:
            continue
        connection.execute(f"CREATE TABLE narrowed_{name} AS SELECT * FROM {stored} {among}")
        connection.execute(f"CREATE OR REPLACE VIEW {stored} AS SELECT * FROM narrowed_{name}")


@dataclass
class _LiveSteps:
    """Which steps of a run are done otherwise."""

    connection: duckdb.DuckDBPyConnection
    lake: Lake
    inputs: Inputs
    beside: Beside

    def instead(self, step: AnyStep, rules: Rules) -> AnyStep | None:
        """The step to be executed; None where it is done."""
        if isinstance(step, RuleStep):
            rules.as_before |= {each.name for each in step.tags if each.composite or each.model}
            return step
        if not isinstance(step, Step):
            return step
        if step.definition is None:
            if step.writes == "completed":
                self._begin(rules)
            return step
        match step.definition:
            case PriceBand():
                self._as_it_was(step.definition, rules)
                return None
            case Deciles():
                return replace(step, compute=self._parting(step.definition))
            case Rfm() | Level() | Matrix():
                if rules.leaves_to_tell(step.definition):
                    self._as_it_was(step.definition, rules)
                    return None
                return replace(step, compute=self._placing(step.definition), again=None)
        return step

    def _begin(self, rules: Rules) -> None:
        """Leave these customers' tags of before, and take the intervals of categories from the run."""
        if rules.has_previous:
            self.connection.execute(
                f"CREATE TABLE live_previous AS SELECT t.* FROM previous_tags t SEMI JOIN {_LIVE} USING ({KEY})"
            )
            self.connection.execute("CREATE OR REPLACE VIEW previous_tags AS SELECT * FROM live_previous")
        if "category_interval_days" not in rules.shop.columns(rules.profile.base):
            return
        self.connection.execute(f"CREATE TABLE {_INTERVALS} (main_category VARCHAR, days DOUBLE)")
        if rows := self._intervals():
            self.connection.executemany(f"INSERT INTO {_INTERVALS} VALUES (?, ?)", rows)
        base = quoted(rules.profile.base)
        rules.shop.view(
            "live_metrics",
            f"SELECT m.* REPLACE (i.days AS category_interval_days) FROM {base} m "
            f"LEFT JOIN {_INTERVALS} i USING (main_category)",
        )
        rules.profile.begin("live_metrics")

    def _intervals(self) -> list[tuple[str, float | None]]:
        cuts = self.beside.cuts
        if cuts.intervals is None:
            cuts.intervals = []
            if CATEGORY_DAYS in self.beside.outputs:
                version = self.beside.outputs[CATEGORY_DAYS]
                self.lake.read(self.connection, CATEGORY_DAYS, version).create_view("all_category_days")
                found = rows_of(category_intervals(frame(self.connection, "all_category_days")))
                cuts.intervals = [(str(category), days) for category, days in found]
        return cuts.intervals

    def _as_it_was(self, definition: Definition, rules: Rules) -> None:
        table = f"kept_{definition.name}"
        there = self.connection.view("all_profile").columns
        columns = ", ".join(quoted(column) for column in columns_given(definition) if column in there)
        rules.shop.table(table, f"SELECT {KEY}, {columns} FROM all_profile SEMI JOIN {_LIVE} USING ({KEY})")
        rules.profile.add(table)

    def _parting(self, definition: Deciles) -> Compute:
        """The part that a customer had whose metric is what it was, else the first whose lowest is not above it."""
        label, part = label_of(definition), definition.name

        def compute(tables: Mapping[str, Frame], keep: Keep) -> Frame:
            everybody = frame(self.connection, "all_profile")
            column = metric_column(everybody, definition.metric)
            lowest = self.beside.cuts.lowest.get(label)
            if lowest is None:
                parted = everybody.filter(~nw.col(part).is_null())
                lowest = rows_of(parted.group_by(part).agg(nw.col(column).min()).sort(part))
                self.beside.cuts.lowest[label] = lowest
            metric = nw.col(column)
            by_cuts = nw.lit(definition.parts if lowest else None).cast(nw.Int64)
            for number, bound in reversed(lowest):
                by_cuts = nw.when(metric >= bound).then(nw.lit(number).cast(nw.Int64)).otherwise(by_cuts)
            then = everybody.select(KEY, nw.col(column).alias("then__"), nw.col(part).alias("part__"))
            ranked = ranked_by(tables[ALL], definition.metric).join(then, on=KEY, how="left")
            same = (metric == nw.col("then__")).fill_null(False) & ~nw.col("part__").is_null()
            found = nw.when(same).then(nw.col("part__")).otherwise(by_cuts)
            given = nw.when(~metric.is_null()).then(found).alias(part)
            return ranked.with_columns(given).drop("then__", "part__")

        return compute

    def _placing(self, definition: Rfm | Level | Matrix) -> Compute:
        traits = trait_schema(self.inputs)
        digits = exponent(self.beside.currency)

        def compute(tables: Mapping[str, Frame], keep: Keep) -> Frame:
            learnt = self.beside.cuts.of.get(label_of(definition))
            if learnt is None:
                population = frame(self.connection, "all_profile")
                learnt = learn(definition, population, as_of=self.beside.as_of, digits=digits, traits=traits, keep=keep)
                self.beside.cuts.of[label_of(definition)] = learnt
            return place(definition, learnt, tables[ALL], as_of=self.inputs.as_of, digits=digits, traits=traits)

        return compute
